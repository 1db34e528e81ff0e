#include <binnacle/apm.h>
#include <binnacle/scopes.h>

#include <cstdio>
#include <map>
#include <string>

// A request and its service, in one process for brevity: between them only headers, as on a wire,
// and still one trace. For libcurl and Boost.Beast see <binnacle/integrations/>.

namespace {

using Headers = std::map<std::string, std::string>;

// GET /offers/{id}
int serve_offer(const Headers& headers, const std::string& id) {
  auto request =
      binnacle::trace_http_server("GET", "/offers/{id}", binnacle::extract_trace_context(headers));
  request.scheme("http").path("/offers/" + id);
  const auto lookup = binnacle::start_active_span("look up offer");
  const int status = id == "17" ? 200 : 404;
  request.status_code(status);
  return status;
}

int get_offer(const std::string& id) {
  auto call = binnacle::trace_http_client("GET", "http://offers.example:8080/offers/" + id);
  call.url_template("/offers/{id}");
  Headers headers;
  binnacle::add_trace_context_to_headers(headers);  // the call is what is current
  const int status = serve_offer(headers, id);
  call.status_code(status);
  return status;
}

}  // namespace

int main() {
  binnacle::init_observability();
  std::printf("17: %d\n", get_offer("17"));
  std::printf("99: %d\n", get_offer("99"));
  binnacle::shutdown();
}
