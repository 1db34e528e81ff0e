#include "base/check.h"
#include "io/net/address.h"
#include "io/net/http.h"
#include "io/net/http_negotiation.h"
#include "io/net/http_router.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// The glue of HTTP request handling: "path?query" on the first line, a header value on the second.
// Decoding must undo encoding, errors must be kInvalidArgument, and matching must find the route
// that its own parameters spell out.

namespace {

using namespace binnacle;

const HttpRouter& router() {
  static const HttpRouter made = [] {
    HttpRouter r;
    for (const char* pattern :
         {"/", "/api/traces", "/api/traces/{id}", "/api/services/{service}/operations",
          "/api/traces/{id}/spans/{span}", "/assets/{file...}"}) {
      r.add(HttpMethod::kGet, pattern, [](HttpRequest&&, HttpResponder) {});
    }
    return r;
  }();
  return made;
}

void check_query(std::string_view text) {
  const Result<QueryParameters> query = parse_query(text);
  if (!query) {
    BINNACLE_CHECK(query.error().code == ErrorCode::kInvalidArgument, "bad input is named so");
    return;
  }
  std::string again;
  for (const auto& [name, value] : query->entries()) {
    if (!again.empty()) again += '&';
    again += encode_percent(name) + "=" + encode_percent(value);
  }
  const Result<QueryParameters> twice = parse_query(again);
  BINNACLE_CHECK(twice && twice->entries() == query->entries(), "encoding undoes decoding");
}

void check_path(std::string_view path) {
  const Result<HttpRouteMatch> match = router().match(HttpMethod::kGet, path);
  if (!match || match->route == nullptr) return;
  // The pattern with its parameters filled in leads to the same route again.
  std::string spelled = match->route->pattern;
  for (const auto& [name, value] : match->parameters.entries()) {
    if (spelled.find("...}") != std::string::npos) return;
    const std::size_t at = spelled.find('{' + name + '}');
    BINNACLE_CHECK(at != std::string::npos, "parameters are the pattern's");
    spelled.replace(at, name.size() + 2, encode_percent(value));
  }
  const Result<HttpRouteMatch> again = router().match(HttpMethod::kGet, spelled);
  BINNACLE_CHECK(again && again->route != nullptr, "a spelled out pattern matches");
  BINNACLE_CHECK(again->route == match->route || spelled != path, "and is the same route");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  const std::string_view target = input.substr(0, line);
  const std::string_view value = line == std::string_view::npos ? "" : input.substr(line + 1);
  const std::size_t question = target.find('?');
  check_path(target.substr(0, question));
  if (question != std::string_view::npos) check_query(target.substr(question + 1));
  const Result<std::string> decoded = decode_percent(target);
  if (decoded) {
    BINNACLE_CHECK(decode_percent(encode_percent(*decoded)) == *decoded, "escapes round-trip");
  }
  const CorsConfig cors{.allowed_origins = {"https://app.example"}};
  (void)accepts_gzip(value);
  (void)etag_matches(value, "\"abc\"");
  (void)compressible(value);
  (void)judge_origin(value, "localhost:4318", cors);
  if (host_allowed(value, {})) {
    const Result<HostPort> parsed = parse_host_port(value);
    BINNACLE_CHECK(parsed && is_loopback(parsed->host), "only loopback names are let in");
  }
  return 0;
}
