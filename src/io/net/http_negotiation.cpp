#include "io/net/http_negotiation.h"

#include "io/net/address.h"

#include <algorithm>

namespace binnacle {
namespace {

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The next element of a comma-separated list, trimmed; removes it from `list`.
std::string_view next_element(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view element = trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return element;
}

/// ";q=0", ";q=0.0" and so on: the coding is refused.
bool weight_is_zero(std::string_view parameters) noexcept {
  const std::size_t q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  const std::string_view weight = trim(parameters.substr(q + 2));
  return !weight.empty() && weight.find_first_not_of("0.") == std::string_view::npos;
}

/// "http://localhost:3000" without the scheme; "" for "null" and anything without "://".
std::string_view authority_of(std::string_view origin) noexcept {
  const std::size_t at = origin.find("://");
  return at == std::string_view::npos ? std::string_view{} : origin.substr(at + 3);
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  bool any = false;
  while (!accept_encoding.empty()) {
    const std::string_view element = next_element(accept_encoding);
    const std::size_t semicolon = std::min(element.find(';'), element.size());
    const std::string_view coding = trim(element.substr(0, semicolon));
    const bool wanted = !weight_is_zero(element.substr(semicolon));
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) return wanted;
    if (coding == "*") any = wanted;
  }
  return any;
}

bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept {
  while (!if_none_match.empty()) {
    std::string_view tag = next_element(if_none_match);
    if (tag == "*") return true;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
  }
  return false;
}

bool compressible(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type.starts_with("text/") || type == "application/json" || type.ends_with("+json") ||
         type == "application/javascript" || type == "image/svg+xml";
}

bool host_allowed(std::string_view host, const std::vector<std::string>& allowed) {
  const Result<HostPort> parsed = parse_host_port(host);
  if (!parsed) return false;
  if (is_loopback(parsed->host)) return true;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& name) {
    return equal_ignoring_case(name, parsed->host);
  });
}

OriginVerdict judge_origin(std::string_view origin, std::string_view host,
                           const std::optional<CorsConfig>& cors) {
  const std::string_view authority = authority_of(origin);
  if (origin.empty() || (!authority.empty() && equal_ignoring_case(authority, host))) {
    return OriginVerdict::kSame;
  }
  if (!cors) return OriginVerdict::kForeign;
  for (const std::string& allowed : cors->allowed_origins) {
    if (allowed == "*" || equal_ignoring_case(allowed, origin)) return OriginVerdict::kAllowed;
  }
  if (cors->allow_loopback_origins) {
    const Result<HostPort> parsed = parse_host_port(authority);
    if (parsed && is_loopback(parsed->host)) return OriginVerdict::kAllowed;
  }
  return OriginVerdict::kForeign;
}

void add_cors_headers(std::string_view origin, HttpHeaders& headers) {
  headers.set("Access-Control-Allow-Origin", origin);
  headers.add("Vary", "Origin");
}

HttpResponse preflight_response(const HttpRequest& request, OriginVerdict verdict) {
  if (verdict == OriginVerdict::kForeign) {
    return HttpResponse::text(
        403, "this origin may not send requests here; add it to the allowed CORS origins\n");
  }
  HttpResponse response = HttpResponse::empty(204);
  add_cors_headers(request.headers.get("Origin"), response.headers);
  response.headers.add("Access-Control-Allow-Methods",
                       request.headers.get("Access-Control-Request-Method"));
  // Senders add headers of their own (x-tenant, authorization): whatever is asked for is allowed,
  // the gate decides about their values.
  const std::string_view wanted = request.headers.get("Access-Control-Request-Headers");
  if (!wanted.empty()) response.headers.add("Access-Control-Allow-Headers", wanted);
  // Two hours: the longest that Chromium keeps a preflight.
  response.headers.add("Access-Control-Max-Age", "7200");
  return response;
}

}  // namespace binnacle
