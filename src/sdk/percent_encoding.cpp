#include "sdk/percent_encoding.h"

#include <cstddef>

namespace binnacle::sdk {

namespace {

int digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string percent_encode(std::string_view value) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\' && c != '%') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4U];
      encoded += kDigits[byte & 0xFU];
    }
  }
  return encoded;
}

std::string percent_decode(std::string_view text, bool has_plus) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit_value(text[i + 1]) >= 0 &&
        digit_value(text[i + 2]) >= 0) {
      decoded += static_cast<char>(digit_value(text[i + 1]) << 4 | digit_value(text[i + 2]));
      i += 2;
    } else {
      decoded += has_plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

}  // namespace binnacle::sdk
