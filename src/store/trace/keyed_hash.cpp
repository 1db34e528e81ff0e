#include "store/trace/keyed_hash.h"

#include "base/random.h"

#include <array>

namespace binnacle::trace {

std::uint64_t keyed_hash(std::uint64_t a, std::uint64_t b) noexcept {
  static const std::array<std::uint64_t, 2> keys = [] {
    Random random = Random::from_system();
    return std::array<std::uint64_t, 2>{random.next(), random.next()};
  }();
  __extension__ using Wide = unsigned __int128;
  const auto fold = [](std::uint64_t x, std::uint64_t y) {
    const Wide product = static_cast<Wide>(x) * y;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  // Twice: a zero factor must not lose the other word.
  return fold(fold(a ^ keys[0], 0x9E3779B97F4A7C15ULL) ^ b, keys[1] | 1);
}

}  // namespace binnacle::trace
