#include "server/api/health.h"

#include <string>
#include <utility>

namespace binnacle {

void add_health_routes(HttpRouter& router, std::function<Status()> ready) {
  router.add(HttpMethod::kGet, "/healthz", [](HttpRequest&&, HttpResponder responder) {
    responder.send(HttpResponse::text(200, "ok\n"));
  });
  router.add(HttpMethod::kGet, "/ready",
             [ready = std::move(ready)](HttpRequest&&, HttpResponder responder) {
               const Status status = ready();
               if (status) {
                 responder.send(HttpResponse::text(200, "ready\n"));
                 return;
               }
               responder.send(
                   HttpResponse::text(503, status.error().message + "\n")
                       .header("Retry-After", retry_after_seconds(status.error().retry_after_ns)));
             });
}

}  // namespace binnacle
