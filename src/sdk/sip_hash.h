#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a keyed hash whose
// results tell nothing about their input to whoever does not have the key. Pure.

namespace binnacle::sdk {

struct SipKey {
  std::uint64_t low = 0;   ///< bytes 0 to 7 of the key, little-endian
  std::uint64_t high = 0;  ///< bytes 8 to 15
};

namespace sip {

constexpr std::uint64_t rotate(std::uint64_t x, unsigned by) noexcept {
  return x << by | x >> (64U - by);
}

struct State {
  std::uint64_t a, b, c, d;

  constexpr void round() noexcept {
    a += b;
    c += d;
    b = rotate(b, 13) ^ a;
    d = rotate(d, 16) ^ c;
    a = rotate(a, 32);
    c += b;
    a += d;
    b = rotate(b, 17) ^ c;
    d = rotate(d, 21) ^ a;
    c = rotate(c, 32);
  }
  constexpr void absorb(std::uint64_t word) noexcept {
    d ^= word;
    round();
    round();
    a ^= word;
  }
};

/// Up to eight bytes, little-endian.
inline std::uint64_t load(const char* bytes, std::size_t count) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8U * i);
  }
  return word;
}

}  // namespace sip

inline std::uint64_t sip_hash(SipKey key, std::string_view bytes) noexcept {
  sip::State state{key.low ^ 0x736f6d6570736575ULL, key.high ^ 0x646f72616e646f6dULL,
                   key.low ^ 0x6c7967656e657261ULL, key.high ^ 0x7465646279746573ULL};
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) state.absorb(sip::load(bytes.data() + at, 8));
  const std::uint64_t size = std::uint64_t{bytes.size()} << 56U;
  state.absorb(sip::load(bytes.data() + at, bytes.size() - at) | size);
  state.c ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.a ^ state.b ^ state.c ^ state.d;
}

}  // namespace binnacle::sdk
