#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Webhook signatures: "t=<unix seconds>,v1=<hex HMAC-SHA256 of '<t>.<body>'>", the scheme of common
// payment providers. Pure functions over OpenSSL.

namespace arbitrage {

[[nodiscard]] std::string sign(std::string_view secret, std::int64_t unix_seconds,
                               std::string_view body);

enum class Verdict : std::uint8_t { kGood, kMalformed, kExpired, kMismatch };
[[nodiscard]] const char* to_string(Verdict verdict);

/// Compares in constant time; older than `tolerance_seconds` is expired (replay).
[[nodiscard]] Verdict verify(std::string_view secret, std::string_view header,
                             std::string_view body, std::int64_t now_unix_seconds,
                             std::int64_t tolerance_seconds = 300);

}  // namespace arbitrage
