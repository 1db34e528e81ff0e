#include "sdk/url_parts.h"

#include <charconv>

namespace binnacle::sdk {

namespace {

// The longest name that DNS has.
constexpr std::size_t kMaxHostBytes = 253;

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_host(std::string_view host) noexcept {
  if (host.empty() || host.size() > kMaxHostBytes) return false;
  for (const char c : host) {
    if (!is_alphanumeric(c) && c != '.' && c != '-' && c != '_' && c != ':') return false;
  }
  return true;
}

bool is_scheme(std::string_view scheme) noexcept {
  if (scheme.empty() || scheme.size() > 16) return false;
  for (const char c : scheme) {
    if (!is_alphanumeric(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

/// Splits ":8080" off; false if what follows the colon is no port.
bool take_port(std::string_view& host, std::uint16_t& port) noexcept {
  const std::size_t colon = host.rfind(':');
  const bool is_bracketed = !host.empty() && host.back() == ']';
  if (colon == std::string_view::npos || is_bracketed) return true;
  const std::string_view digits = host.substr(colon + 1);
  host = host.substr(0, colon);
  if (digits.empty()) return true;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return failed == std::errc{} && end == digits.data() + digits.size();
}

std::uint16_t default_port(std::string_view scheme) noexcept {
  if (scheme == "https" || scheme == "wss") return 443;
  if (scheme == "http" || scheme == "ws") return 80;
  return 0;
}

/// All that is believed of a URL whose authority is odd.
UrlParts only_scheme(const UrlParts& parts) noexcept {
  UrlParts little;
  little.scheme = parts.scheme;
  return little;
}

}  // namespace

UrlParts split_url(std::string_view url) noexcept {
  UrlParts parts;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end != std::string_view::npos && is_scheme(url.substr(0, scheme_end))) {
    parts.scheme = url.substr(0, scheme_end);
    url.remove_prefix(scheme_end + 3);
  }
  // Browsers read a backslash as a slash; so must whoever looks for the end of the host.
  const std::size_t authority_end = url.find_first_of("/\\?#;");
  std::string_view authority = url.substr(0, authority_end);
  std::string_view rest =
      authority_end == std::string_view::npos ? std::string_view() : url.substr(authority_end);
  // "user:12/34@host": a password with a slash that should have been escaped. By the letter the
  // host is "user"; what was meant is the other one, so nothing is said at all.
  if (authority.find(':') != std::string_view::npos && rest.find('@') != std::string_view::npos &&
      authority.find('@') == std::string_view::npos) {
    return only_scheme(parts);
  }
  const std::size_t user_end = authority.rfind('@');
  if (user_end != std::string_view::npos) authority.remove_prefix(user_end + 1);
  std::string_view host = authority;
  if (!take_port(host, parts.port)) return only_scheme(parts);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return only_scheme(parts);
  }
  if (!is_host(host)) return only_scheme(parts);
  parts.host = host;
  parts.authority = authority;
  if (parts.port == 0) parts.port = default_port(parts.scheme);
  parts.path = rest.substr(0, rest.find_first_of("?#;"));
  return parts;
}

}  // namespace binnacle::sdk
