#include "sdk/scope_start.h"

#include <string>

namespace binnacle::sdk {

namespace {

void set_captured_url(const SpanRef& span, const UrlParts& parts) noexcept try {
  std::string clean(parts.scheme);
  if (!clean.empty()) clean += "://";
  clean.append(parts.authority).append(parts.path);
  set_content(span, kUrlContent, clean);
} catch (...) {
  // No memory for it: the URL is not recorded.
}

}  // namespace

void set_url(const SpanRef& span, std::string_view url, const UrlParts& parts) noexcept {
  if (!span.is_recording()) return;
  if (!parts.scheme.empty()) span.set_attribute("url.scheme", parts.scheme);
  if (!parts.host.empty()) span.set_attribute("server.address", parts.host);
  if (parts.port != 0) span.set_attribute("server.port", parts.port);
  if (captures_content() && !parts.host.empty()) return set_captured_url(span, parts);
  set_digest(span, kUrlContent, url.size(), content_hash(url));
}

}  // namespace binnacle::sdk
