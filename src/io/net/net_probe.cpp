#include "io/net/net_probe.h"

#include <iterator>

namespace binnacle {

void HttpProbe::describe(std::vector<Descriptor>& out) const {
  constexpr const char* kResponses = "binnacle_http_responses_total";
  constexpr const char* kResponsesHelp = "Responses sent, by class of status.";
  constexpr const char* kRefused = "binnacle_http_refused_total";
  constexpr const char* kRefusedHelp = "Requests and connections refused by a limit or check.";
  const Descriptor table[] = {
      {"binnacle_http_connections_total", "Connections accepted.", "", &connections_accepted},
      {"binnacle_http_connections_open", "Connections open now.", "", nullptr, &connections_open},
      {"binnacle_http_requests_total", "Requests whose header was read.", "", &requests},
      {"binnacle_http_requests_in_flight", "Requests being handled now.", "", nullptr,
       &requests_in_flight},
      {kResponses, kResponsesHelp, "class=\"2xx\"", &responses_2xx},
      {kResponses, kResponsesHelp, "class=\"3xx\"", &responses_3xx},
      {kResponses, kResponsesHelp, "class=\"4xx\"", &responses_4xx},
      {kResponses, kResponsesHelp, "class=\"5xx\"", &responses_5xx},
      {"binnacle_http_received_bytes_total", "Body bytes received.", "", &received_bytes},
      {"binnacle_http_sent_bytes_total", "Bytes of headers and bodies sent.", "", &sent_bytes},
      {kRefused, kRefusedHelp, "reason=\"connection_limit\"", &connections_refused},
      {kRefused, kRefusedHelp, "reason=\"malformed\"", &malformed},
      {kRefused, kRefusedHelp, "reason=\"header_limit\"", &header_too_large},
      {kRefused, kRefusedHelp, "reason=\"body_limit\"", &body_too_large},
      {kRefused, kRefusedHelp, "reason=\"bodies_budget\"", &bodies_over_budget},
      {kRefused, kRefusedHelp, "reason=\"worker_queue\"", &worker_queue_full},
      {kRefused, kRefusedHelp, "reason=\"timeout\"", &timeouts},
      {kRefused, kRefusedHelp, "reason=\"host\"", &forbidden_hosts},
      {"binnacle_http_clients_gone_total", "Clients that left before their answer.", "",
       &clients_gone},
  };
  out.insert(out.end(), std::begin(table), std::end(table));
}

void GrpcProbe::describe(std::vector<Descriptor>& out) const {
  const Descriptor table[] = {
      {"binnacle_grpc_calls_total", "Calls received.", "", &calls},
      {"binnacle_grpc_calls_finished_total", "Calls finished.", "outcome=\"ok\"", &calls_ok},
      {"binnacle_grpc_calls_finished_total", "Calls finished.", "outcome=\"error\"", &calls_failed},
      {"binnacle_grpc_refused_total", "Calls refused.", "reason=\"unknown_method\"",
       &unknown_methods},
      {"binnacle_grpc_refused_total", "Calls refused.", "reason=\"limit\"", &over_limit},
      {"binnacle_grpc_calls_in_flight", "Calls being handled now.", "", nullptr, &calls_in_flight},
      {"binnacle_grpc_received_bytes_total", "Message bytes received, decompressed.", "",
       &received_bytes},
  };
  out.insert(out.end(), std::begin(table), std::end(table));
}

}  // namespace binnacle
