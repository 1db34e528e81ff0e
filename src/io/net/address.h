#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>

// Addresses to listen on and names that clients use for us. Pure functions.

namespace binnacle {

/// True for 127.0.0.0/8, ::1 (also bracketed, also ::ffff:127.x.y.z) and "localhost". "" and
/// wildcards are not: binding them without authentication is refused by `app`.
[[nodiscard]] bool is_loopback(std::string_view address) noexcept;

/// An authority split into host and port; [::1]:80 gives "::1" and 80. Port 0 when absent.
/// kInvalidArgument naming the text when it is neither.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

}  // namespace binnacle
