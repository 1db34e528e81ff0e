#include "server/receive/datadog_receiver.h"

#include "server/receive/http_span_endpoint.h"
#include "wire/datadog/decode.h"

#include <string>
#include <utility>

namespace binnacle {
namespace {

constexpr std::string_view kMsgpack = "application/msgpack";

// What is not named here, tracers do without.
constexpr std::string_view kInfo =
    R"({"endpoints":["/v0.3/traces","/v0.4/traces","/v0.5/traces","/telemetry/proxy/"],)"
    R"("feature_flags":[],"client_drop_p0s":false,"span_meta_structs":false,"span_events":true,)"
    R"("config":{"statsd_port":0}})";

// Tracers sample by these from then on: everything, from every service.
constexpr std::string_view kRates = R"({"rate_by_service":{"service:,env:":1}})";

datadog::Sender sender_of(const HttpHeaders& headers) {
  return {.language = headers.get("Datadog-Meta-Lang"),
          .language_version = headers.get("Datadog-Meta-Lang-Version"),
          .interpreter = headers.get("Datadog-Meta-Lang-Interpreter"),
          .tracer_version = headers.get("Datadog-Meta-Tracer-Version"),
          .container_id = headers.get("Datadog-Container-ID")};
}

Result<DecodedSpans> decode_msgpack(std::string&& body, const HttpHeaders& headers) {
  return datadog::decode_msgpack(body, sender_of(headers));
}
Result<DecodedSpans> decode_json(std::string&& body, const HttpHeaders& headers) {
  return datadog::decode_json(std::move(body), sender_of(headers));
}
Result<DecodedSpans> decode_string_table(std::string&& body, const HttpHeaders& headers) {
  return datadog::decode_string_table(body, sender_of(headers));
}

HttpResponse answer_ok(const IngestOutcome&) { return HttpResponse::text(200, "OK\n"); }
HttpResponse answer_rates(const IngestOutcome&) {
  return HttpResponse::json(200, std::string(kRates));
}
HttpResponse refused(int status, const Error& error) {
  return HttpResponse::text(status, error.message + "\n");
}

constexpr SpanSource kSource = SpanSource::kDatadogHttp;

/// One version of the API; null where it does not have a form.
struct Version {
  std::string_view path;
  HttpSpanProtocol msgpack;
  HttpSpanProtocol json;
};
constexpr Version kVersions[] = {
    {"/v0.3/traces",
     {kSource, decode_msgpack, answer_ok, refused},
     {kSource, decode_json, answer_ok, refused}},
    {"/v0.4/traces",
     {kSource, decode_msgpack, answer_rates, refused},
     {kSource, decode_json, answer_rates, refused}},
    {"/v0.5/traces", {kSource, decode_string_table, answer_rates, refused}, {}},
};

/// Null for content types that the version does not have. Old tracers send JSON without a type.
const HttpSpanProtocol* protocol_of(const Version& version, const std::string& type) {
  if (type == kMsgpack) return &version.msgpack;
  const bool is_json = type.empty() || type == "application/json" || type == "text/json";
  return is_json && version.json.decode != nullptr ? &version.json : nullptr;
}

}  // namespace

void DatadogReceiver::add_routes(HttpRouter& router) {
  for (const Version& version : kVersions) {
    for (const HttpMethod method : {HttpMethod::kPut, HttpMethod::kPost}) {
      router.add(method, version.path,
                 [this, &version](HttpRequest&& request, HttpResponder responder) {
                   const std::string type = media_type(request.headers.get("Content-Type"));
                   const HttpSpanProtocol* protocol = protocol_of(version, type);
                   if (protocol == nullptr) {
                     return responder.send(
                         refuse(version.msgpack, 415, unsupported_content_type(type, kMsgpack)));
                   }
                   receive_spans(ingest_, limits_, *protocol, std::move(request),
                                 std::move(responder));
                 },
                 {.body_limit_bytes = limits_.body_bytes, .needs_body = true});
    }
  }
  router.add(HttpMethod::kGet, "/info", [](HttpRequest&&, HttpResponder responder) {
    responder.send(HttpResponse::json(200, std::string(kInfo)));
  });
  router.add(
      HttpMethod::kPost, "/telemetry/proxy/{path...}",
      [](HttpRequest&&, HttpResponder responder) { responder.send(HttpResponse::empty(202)); });
}

}  // namespace binnacle
