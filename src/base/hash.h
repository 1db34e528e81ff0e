#pragma once

#include <cstdint>
#include <string_view>

// Hashes with fixed results: they are written to disk and compared across versions, so an algorithm
// never changes behind a name. XXH3 (https://github.com/Cyan4973/xxHash, specification 0.2.0).

namespace binnacle {

/// XXH3 64-bit with seed. For tables, checksums and filters. Not collision-resistant against an
/// attacker who knows the seed: anything that trusts equality of hashes uses hash128 with a secret.
[[nodiscard]] std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0) noexcept;

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
};

/// XXH3 128-bit with seed: fingerprints of label sets, whose equality stands for equality of the
/// set.
[[nodiscard]] Hash128 hash128(std::string_view bytes, std::uint64_t seed = 0) noexcept;

/// The checksum of blocks, headers and log records: hash64 with seed 0 over exactly the bytes
/// covered.
[[nodiscard]] inline std::uint64_t checksum64(std::string_view bytes) noexcept {
  return hash64(bytes);
}

}  // namespace binnacle
