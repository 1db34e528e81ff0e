#include "server/receive/zipkin_receiver.h"

#include "server/receive/http_span_endpoint.h"
#include "wire/zipkin/json_decode.h"

#include <string>
#include <utility>

namespace binnacle {
namespace {

HttpResponse refused(int status, const Error& error) {
  return HttpResponse::text(status, error.message + "\n");
}

constexpr HttpSpanProtocol kJson{
    .source = SpanSource::kZipkinHttp,
    .decode = [](std::string&& body,
                 const HttpHeaders& /*headers*/) { return zipkin::decode_json(std::move(body)); },
    .accepted = [](const IngestOutcome&) { return HttpResponse::empty(202); },
    .refused = refused,
};

}  // namespace

void ZipkinReceiver::add_routes(HttpRouter& router) {
  router.add(HttpMethod::kPost, "/api/v2/spans",
             [this](HttpRequest&& request, HttpResponder responder) {
               // Reporters of old send no content type or text/plain with the same JSON.
               const std::string type = media_type(request.headers.get("Content-Type"));
               if (!type.empty() && type != "application/json" && type != "text/plain") {
                 return responder.send(
                     refuse(kJson, 415, unsupported_content_type(type, "application/json")));
               }
               receive_spans(ingest_, limits_, kJson, std::move(request), std::move(responder));
             },
             {.body_limit_bytes = limits_.body_bytes, .needs_body = true});
}

}  // namespace binnacle
