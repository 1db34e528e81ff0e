#pragma once

#include "base/ids.h"

#include <cstdint>

// Hashes for tables in memory whose keys come from the network: ids and numbers that a sender could
// choose so that they share a bucket, which makes a table quadratic. They depend on a key of this
// process; never store them. Pure; any thread.

namespace binnacle::trace {

/// Of two words: one 128-bit multiplication, folded (as in wyhash, Wang Yi 2019).
[[nodiscard]] std::uint64_t keyed_hash(std::uint64_t a, std::uint64_t b = 0) noexcept;

struct KeyedTraceIdHash {
  std::size_t operator()(const TraceId& id) const noexcept { return keyed_hash(id.high, id.low); }
};
struct KeyedNumberHash {
  std::size_t operator()(std::uint64_t n) const noexcept { return keyed_hash(n); }
};

}  // namespace binnacle::trace
