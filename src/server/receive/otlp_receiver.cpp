#include "server/receive/otlp_receiver.h"

#include "io/net/rpc_status.h"
#include "server/receive/http_span_endpoint.h"
#include "wire/otlp/decode.h"
#include "wire/otlp/response.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace binnacle {
namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";

HttpResponse refused_protobuf(int status, const Error& error) {
  return HttpResponse::with_type(status, kProtobuf, encode_rpc_status(error));
}

HttpResponse refused_json(int status, const Error& error) {
  return HttpResponse::with_type(status, kJson, otlp::encode_status_json(error));
}

otlp::PartialSuccess partial_success(const IngestOutcome& outcome) {
  return {.rejected = outcome.rejected, .message = outcome.rejected_reason};
}

constexpr HttpSpanProtocol kOtlpProtobuf{
    .source = SpanSource::kOtlpHttp,
    .decode = [](std::string&& body,
                 const HttpHeaders& /*headers*/) { return otlp::decode_protobuf(body); },
    .accepted =
        [](const IngestOutcome& outcome) {
          return HttpResponse::with_type(200, kProtobuf,
                                         otlp::encode_response_protobuf(partial_success(outcome)));
        },
    .refused = refused_protobuf,
};

constexpr HttpSpanProtocol kOtlpJson{
    .source = SpanSource::kOtlpHttp,
    .decode = [](std::string&& body,
                 const HttpHeaders& /*headers*/) { return otlp::decode_json(body); },
    .accepted =
        [](const IngestOutcome& outcome) {
          return HttpResponse::with_type(200, kJson,
                                         otlp::encode_response_json(partial_success(outcome)));
        },
    .refused = refused_json,
};

/// Null for content types that OTLP does not have.
const HttpSpanProtocol* protocol_of(const HttpRequest& request) {
  const std::string type = media_type(request.headers.get("Content-Type"));
  if (type == kProtobuf || type == "application/protobuf") return &kOtlpProtobuf;
  if (type == kJson) return &kOtlpJson;
  return nullptr;
}

/// In the request's own content type; plain text where that is none of ours.
HttpResponse refusal(const HttpRequest& request, int status, const Error& error) {
  if (const HttpSpanProtocol* protocol = protocol_of(request)) {
    return refuse(*protocol, status, error);
  }
  return HttpResponse::text(status, error.message + "\n");
}

}  // namespace

Error signal_not_stored(std::string_view signal, std::string_view variable) {
  return {ErrorCode::kUnimplemented,
          fmt::format("{} are not stored yet by this version; send traces only or set "
                      "OTEL_{}_EXPORTER=none",
                      signal, variable)};
}

void OtlpHttpReceiver::add_routes(HttpRouter& router) {
  const HttpRouteOptions options{.run = HttpRun::kInline,
                                 .body_limit_bytes = limits_.body_bytes,
                                 .needs_body = true,
                                 .render_refusal = refusal};
  router.add(
      HttpMethod::kPost, "/v1/traces",
      [this](HttpRequest&& request, HttpResponder responder) {
        receive_traces(std::move(request), std::move(responder));
      },
      options);
  for (const auto& [path, signal, variable] :
       {std::tuple("/v1/metrics", "metrics", "METRICS"), std::tuple("/v1/logs", "logs", "LOGS")}) {
    router.add(
        HttpMethod::kPost, path,
        [error = signal_not_stored(signal, variable)](HttpRequest&& request,
                                                      HttpResponder responder) {
          responder.send(refusal(request, 501, error));
        },
        options);
  }
}

void OtlpHttpReceiver::receive_traces(HttpRequest&& request, HttpResponder responder) const {
  const HttpSpanProtocol* protocol = protocol_of(request);
  if (protocol == nullptr) {
    return responder.send(
        refusal(request, 415,
                unsupported_content_type(request.headers.get("Content-Type"),
                                         "application/x-protobuf or application/json")));
  }
  receive_spans(ingest_, limits_, *protocol, std::move(request), std::move(responder));
}

}  // namespace binnacle
