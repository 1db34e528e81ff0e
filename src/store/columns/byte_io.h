#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Bytes forward, bounds-checked, for everything in this folder and for the engines' blocks. A read
// past the end gives zero and sticks: decode a whole structure, then ask failed() once before using
// it. Multi-byte numbers are LEB128 or little-endian. Thread-confined, no allocation.

namespace binnacle::columns {

static_assert(std::endian::native == std::endian::little, "columns are copied as they lie on disk");

class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) noexcept : rest_(bytes) {}

  std::uint64_t varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    fail();
    return 0;
  }
  std::uint8_t byte() noexcept {
    const std::string_view b = bytes(1);
    return b.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(b[0]);
  }
  /// A view of the next `n` bytes; empty if there are fewer.
  std::string_view bytes(std::uint64_t n) noexcept {
    if (n > rest_.size()) {
      fail();
      return {};
    }
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  /// A length as varint and that many bytes.
  std::string_view chunk() noexcept { return bytes(varint()); }
  /// A varint that counts things of which each takes at least one bit-free entry in memory: larger
  /// than `limit` fails.
  std::uint64_t count(std::uint64_t limit) noexcept {
    const std::uint64_t n = varint();
    if (n <= limit) return n;
    fail();
    return 0;
  }
  void fail() noexcept {
    failed_ = true;
    rest_ = {};
  }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] std::size_t left() const noexcept { return rest_.size(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

inline void put_varint(std::string& out, std::uint64_t n) {
  while (n >= 0x80) {
    out.push_back(static_cast<char>((n & 0x7F) | 0x80));
    n >>= 7;
  }
  out.push_back(static_cast<char>(n));
}

inline void put_chunk(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out.append(bytes);
}

constexpr std::uint64_t zigzag(std::uint64_t delta) noexcept {
  return (delta << 1) ^ (0 - (delta >> 63));
}
constexpr std::uint64_t unzigzag(std::uint64_t n) noexcept { return (n >> 1) ^ (0 - (n & 1)); }

}  // namespace binnacle::columns
