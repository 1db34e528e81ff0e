#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Test support: msgpack by hand, in the forms that tracers choose and in those that they do not.

namespace binnacle::datadog {

inline std::string big_endian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) {
    out.push_back(static_cast<char>(value >> (8U * static_cast<unsigned>(i))));
  }
  return out;
}
inline std::string mp_string(std::string_view text) {
  return "\xDB" + big_endian(text.size(), 4) + std::string(text);
}
inline std::string mp_uint64(std::uint64_t value) { return "\xCF" + big_endian(value, 8); }
inline std::string mp_real(double value) {
  return "\xCB" + big_endian(std::bit_cast<std::uint64_t>(value), 8);
}
inline std::string mp_array(const std::vector<std::string>& elements) {
  std::string out = "\xDD" + big_endian(elements.size(), 4);
  for (const std::string& element : elements) out += element;
  return out;
}
/// Keys are texts, values encoded.
inline std::string mp_map(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out = "\xDF" + big_endian(entries.size(), 4);
  for (const auto& [key, value] : entries) out += mp_string(key) + value;
  return out;
}

}  // namespace binnacle::datadog
