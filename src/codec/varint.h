#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

// LEB128 and zig-zag integers, as protobuf, thrift compact and our own formats write them. Pure
// functions; header-only because they sit in the innermost decode loops.
//
//   std::uint64_t n = 0;
//   const char* next = read_varint(p, end, n);  // nullptr: truncated or longer than 64 bits

namespace binnacle::codec {

/// Longest encoding of 64 bits: ceil(64 / 7).
constexpr std::size_t kMaxVarintBytes = 10;

constexpr std::uint64_t zigzag_encode(std::int64_t v) noexcept {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}

constexpr std::int64_t zigzag_decode(std::uint64_t v) noexcept {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}

/// Bytes that write_varint(v) takes: 1 to 10.
constexpr std::size_t varint_size(std::uint64_t v) noexcept {
  std::size_t n = 1;
  for (; v >= 0x80; v >>= 7) ++n;
  return n;
}

/// The slow path of read_varint: two bytes and more.
inline const char* read_long_varint(const char* p, const char* end, std::uint64_t& out) noexcept {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && p != end; shift += 7) {
    const auto byte = static_cast<unsigned char>(*p++);
    // The tenth byte holds one bit; protobuf drops what is above 64 bits, and so do we.
    value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
    if (byte < 0x80) {
      out = value;
      return p;
    }
  }
  return nullptr;
}

/// Reads an unsigned LEB128 from [p, end) into `out` and returns the byte after it; nullptr if the
/// bytes end first or there are more than ten.
inline const char* read_varint(const char* p, const char* end, std::uint64_t& out) noexcept {
  if (p != end && static_cast<unsigned char>(*p) < 0x80) [[likely]] {
    out = static_cast<unsigned char>(*p);
    return p + 1;
  }
  return read_long_varint(p, end, out);
}

/// Writes at most kMaxVarintBytes at `out`; returns the byte after the last written.
inline char* write_varint(char* out, std::uint64_t v) noexcept {
  while (v >= 0x80) {
    *out++ = static_cast<char>((v & 0x7F) | 0x80);
    v >>= 7;
  }
  *out++ = static_cast<char>(v);
  return out;
}

inline void append_varint(std::string& out, std::uint64_t v) {
  char raw[kMaxVarintBytes];
  out.append(raw, static_cast<std::size_t>(write_varint(raw, v) - raw));
}

}  // namespace binnacle::codec
