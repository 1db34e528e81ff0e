#pragma once

#include <cstdint>
#include <string_view>

// What may be said about a URL: where it leads, never who goes there or what is asked. Lenient (a
// scope is given what the host's HTTP client is given, or a bare host), after RFC 3986; where the
// authority is unclear, nothing of it is believed. Pure; the parts point into the text.

namespace binnacle::sdk {

struct UrlParts {
  std::string_view scheme;     ///< "https"; empty if there is none
  std::string_view host;       ///< without user name, password, port and brackets; empty if odd
  std::uint16_t port = 0;      ///< 0: neither given nor known from the scheme
  std::string_view authority;  ///< host and port as they stand there
  std::string_view path;       ///< without query, fragment and parameters (";"); may be empty
};

UrlParts split_url(std::string_view url) noexcept;

}  // namespace binnacle::sdk
