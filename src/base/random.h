#pragma once

#include <array>
#include <cstdint>

// Pseudo-random numbers, injected. xoshiro256++ (Blackman and Vigna, 2019). Thread-confined.
// Not for secrets: keys and tokens come from OpenSSL in auth.

namespace binnacle {

class Random {
 public:
  /// Seeded from the kernel (getrandom).
  static Random from_system();
  /// Reproducible; for tests and generators.
  explicit Random(std::uint64_t seed) noexcept;

  [[nodiscard]] std::uint64_t next() noexcept;
  /// Uniform in [0, bound); bound must be > 0. Lemire's multiply-shift; bias below 2^-32 for bounds
  /// < 2^32.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept;
  /// Uniform in [0, 1).
  [[nodiscard]] double uniform() noexcept;

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace binnacle
