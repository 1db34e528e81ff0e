#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// A split-block Bloom filter over 64-bit hashes: says "not there" for certain or "maybe". 32-byte
// blocks, eight bits set per hash, one per 32-bit word, so a probe touches one cache line (Putze,
// Sanders and Singler 2007; the layout and salts of Apache Parquet's specification). 10 bits per
// hash give about 1% false answers. Pure functions on bytes.

namespace binnacle::columns {

/// The filter's bytes for these hashes (duplicates are fine); empty when there are none.
[[nodiscard]] std::string make_term_filter(std::span<const std::uint64_t> hashes);

/// False only if `hash` was not among them. Bytes that are no filter answer true: they cost a
/// needless look at the data, never an answer.
[[nodiscard]] bool may_contain(std::string_view filter, std::uint64_t hash) noexcept;

}  // namespace binnacle::columns
