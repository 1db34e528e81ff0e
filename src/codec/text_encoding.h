#pragma once

#include <optional>
#include <string>
#include <string_view>

// Bytes as text and back: base64 (RFC 4648) and hexadecimal. Pure functions.
//
//   std::string body = base64_encode(raw);
//   std::optional<std::string> raw = base64_decode(body);

namespace binnacle::codec {

/// Standard alphabet, padded.
[[nodiscard]] std::string base64_encode(std::string_view bytes);
void base64_append(std::string_view bytes, std::string& out);

/// Either alphabet (standard or URL-safe), padded or not; nullopt on anything else, including bits
/// that no encoder leaves behind.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

/// Lowercase.
[[nodiscard]] std::string hex_encode(std::string_view bytes);
/// Either case; nullopt if the length is odd or a digit is no digit.
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);

}  // namespace binnacle::codec
