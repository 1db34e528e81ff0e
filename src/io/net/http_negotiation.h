#pragma once

#include "io/net/http.h"
#include "io/net/http_server.h"

#include <string>
#include <string_view>
#include <vector>

// The decisions HTTP asks for that depend on header values alone: content coding, entity tags, who
// may talk to a loopback listener, CORS. Pure functions, any thread.

namespace binnacle {

/// Accept-Encoding allows gzip (RFC 9110, 12.5.3): named, or "*", with a weight above 0.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding) noexcept;

/// If-None-Match lists `etag` (weak comparison) or is "*".
[[nodiscard]] bool etag_matches(std::string_view if_none_match, std::string_view etag) noexcept;

/// Worth compressing: JSON, text, JavaScript, CSS, SVG. Not protobuf (already dense) or images.
[[nodiscard]] bool compressible(std::string_view content_type);

/// Whether a loopback listener answers a request with this Host: localhost, a loopback address or
/// one of `allowed` (without port, any case). A browser tricked by DNS rebinding sends the
/// attacker's name here.
[[nodiscard]] bool host_allowed(std::string_view host, const std::vector<std::string>& allowed);

/// What to do about the Origin of a request.
enum class OriginVerdict : unsigned char {
  kSame,     ///< none, or the listener's own origin: nothing to add
  kAllowed,  ///< answer with Access-Control-Allow-Origin
  kForeign,  ///< not allowed: no CORS headers; refuse what changes state
};
[[nodiscard]] OriginVerdict judge_origin(std::string_view origin, std::string_view host,
                                         const std::optional<CorsConfig>& cors);

/// Adds the response headers of an allowed origin.
void add_cors_headers(std::string_view origin, HttpHeaders& headers);

/// The answer to a preflight (OPTIONS with Access-Control-Request-Method): 204 with what is
/// allowed, 403 when the origin is not.
[[nodiscard]] HttpResponse preflight_response(const HttpRequest& request, OriginVerdict verdict);

}  // namespace binnacle
