#include "server/receive/otlp_grpc_receiver.h"

#include "server/receive/otlp_receiver.h"
#include "wire/otlp/decode.h"
#include "wire/otlp/response.h"

#include <string>
#include <utility>

namespace binnacle {

void OtlpGrpcReceiver::add_methods(GrpcServer& server) {
  const std::string package = "/opentelemetry.proto.collector.";
  server.add_unary(package + "trace.v1.TraceService/Export",
                   [this](GrpcRequest&& call, GrpcResponder responder) {
                     receive(std::move(call), std::move(responder));
                   });
  const auto refuse_all = [&server](const std::string& method, Error error) {
    server.add_unary(method,
                     [error = std::move(error)](const GrpcRequest&, GrpcResponder responder) {
                       responder.finish(std::unexpected(error));
                     });
  };
  refuse_all(package + "metrics.v1.MetricsService/Export", signal_not_stored("metrics", "METRICS"));
  refuse_all(package + "logs.v1.LogsService/Export", signal_not_stored("logs", "LOGS"));
}

void OtlpGrpcReceiver::receive(GrpcRequest&& call, GrpcResponder responder) const {
  const std::size_t bytes = call.message().size();
  Result<IngestTicket> ticket = ingest_.admit(SpanSource::kOtlpGrpc, bytes);
  if (!ticket) return responder.finish(std::unexpected(ticket.error()));
  Result<DecodedSpans> decoded = otlp::decode_protobuf(call.message());
  if (!decoded) {
    ingest_.count_malformed(SpanSource::kOtlpGrpc);
    return responder.finish(std::unexpected(decoded.error()));
  }
  ingest_.append({.tenant = std::move(call.tenant), .deadline_steady_ns = call.deadline_steady_ns},
                 *std::move(ticket),
                 {.batch = std::move(decoded->batch),
                  .rejected = decoded->rejected,
                  .rejected_reason = std::move(decoded->first_reason),
                  .decoded_bytes = bytes},
                 [responder = std::move(responder)](Result<IngestOutcome> done) mutable {
                   if (!done) return responder.finish(std::unexpected(std::move(done.error())));
                   responder.finish(otlp::encode_response_protobuf(
                       {.rejected = done->rejected, .message = done->rejected_reason}));
                 });
}

}  // namespace binnacle
