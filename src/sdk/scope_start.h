#pragma once

#include "sdk/content_policy.h"
#include "sdk/url_parts.h"

#include <binnacle/span.h>

#include <string_view>

// How the scopes begin.

namespace binnacle::sdk {

inline SpanOptions scope_options(SpanKind kind, const Context* parent = nullptr) noexcept {
  SpanOptions options;
  options.kind = kind;
  options.parent = parent;
  return options;
}

/// The kind of span that Phoenix and Arize go by, if their attributes are wanted.
inline void set_openinference_kind(const SpanRef& span, std::string_view kind) noexcept {
  if (uses_openinference()) span.set_attribute("openinference.span.kind", kind);
}

inline constexpr ContentKey kUrlContent{"url.full", "content.url.length", "content.url.hash"};

/// server.address and server.port, url.scheme, and the URL as far as the content policy allows:
/// what it captures has no user name, password, query, fragment and parameters either.
void set_url(const SpanRef& span, std::string_view url, const UrlParts& parts) noexcept;

/// "404".
class StatusText {
 public:
  explicit StatusText(int code) noexcept {
    const unsigned value = code < 0 ? 0 : code > 999 ? 999 : static_cast<unsigned>(code);
    text_[0] = static_cast<char>('0' + value / 100);
    text_[1] = static_cast<char>('0' + value / 10 % 10);
    text_[2] = static_cast<char>('0' + value % 10);
  }
  std::string_view view() const noexcept { return {text_, sizeof text_}; }

 private:
  char text_[3];
};

}  // namespace binnacle::sdk
