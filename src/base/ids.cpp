#include "base/ids.h"

#include <bit>
#include <cstring>

namespace binnacle {
namespace {

std::uint64_t load_big_endian(const char* bytes) noexcept {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  return value;
}

void store_big_endian(std::uint64_t value, char* out) noexcept {
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  std::memcpy(out, &value, sizeof value);
}

void append_hex(std::uint64_t value, char* out) noexcept {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 15; i >= 0; --i, value >>= 4) out[i] = kDigits[value & 0xF];
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

TraceId trace_id_from_bytes(const char* bytes) noexcept {
  return TraceId{load_big_endian(bytes), load_big_endian(bytes + 8)};
}

SpanId span_id_from_bytes(const char* bytes) noexcept { return SpanId{load_big_endian(bytes)}; }

void to_bytes(TraceId id, char* out) noexcept {
  store_big_endian(id.high, out);
  store_big_endian(id.low, out + 8);
}

void to_bytes(SpanId id, char* out) noexcept { store_big_endian(id.value, out); }

std::string to_hex(TraceId id) {
  std::string out(32, '0');
  append_hex(id.high, out.data());
  append_hex(id.low, out.data() + 16);
  return out;
}

std::string to_hex(SpanId id) {
  std::string out(16, '0');
  append_hex(id.value, out.data());
  return out;
}

std::optional<TraceId> parse_trace_id(std::string_view hex) noexcept {
  if (hex.empty() || hex.size() > 32) return std::nullopt;
  TraceId id;
  for (const char c : hex) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    id.high = (id.high << 4) | (id.low >> 60);
    id.low = (id.low << 4) | static_cast<std::uint64_t>(digit);
  }
  return id;
}

std::optional<SpanId> parse_span_id(std::string_view hex) noexcept {
  if (hex.size() > 16) return std::nullopt;
  const auto id = parse_trace_id(hex);
  if (!id) return std::nullopt;
  return SpanId{id->low};
}

}  // namespace binnacle
