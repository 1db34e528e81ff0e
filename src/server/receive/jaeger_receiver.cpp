#include "server/receive/jaeger_receiver.h"

#include "server/receive/http_span_endpoint.h"
#include "wire/jaeger/decode.h"

#include <string>
#include <utility>

namespace binnacle {
namespace {

HttpResponse refused(int status, const Error& error) {
  return HttpResponse::text(status, error.message + "\n");
}

constexpr HttpSpanProtocol kThrift{
    .source = SpanSource::kJaegerThriftHttp,
    .decode = [](std::string&& body,
                 const HttpHeaders& /*headers*/) { return jaeger::decode_thrift_binary(body); },
    .accepted = [](const IngestOutcome&) { return HttpResponse::empty(202); },
    .refused = refused,
};

}  // namespace

void JaegerThriftReceiver::add_routes(HttpRouter& router) {
  router.add(
      HttpMethod::kPost, "/api/traces",
      [this](HttpRequest&& request, HttpResponder responder) {
        const std::string type = media_type(request.headers.get("Content-Type"));
        if (type != "application/x-thrift" && type != "application/vnd.apache.thrift.binary") {
          return responder.send(
              refuse(kThrift, 400,
                     unsupported_content_type(type,
                                              "application/x-thrift or "
                                              "application/vnd.apache.thrift.binary")));
        }
        receive_spans(ingest_, limits_, kThrift, std::move(request), std::move(responder));
      },
      {.body_limit_bytes = limits_.body_bytes, .needs_body = true});
}

}  // namespace binnacle
