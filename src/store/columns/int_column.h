#pragma once

#include "store/columns/byte_io.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// A column of 64-bit integers, in the smallest of four layouts (docs/formats/span_part.md):
// constant; byte planes of (value - smallest); byte planes of zig-zag deltas; raw. Planes, not
// varints or packed bits, because every column is compressed with zstd afterwards: a plane of high
// bytes is nearly constant and costs nothing, a plane of random bytes costs its entropy, and
// decoding is a handful of vectorisable loops. Pure functions.
//
//   append_ints(out, values, IntShape::kRising);
//   if (!read_ints(reader, rows, values)) return corrupt;

namespace binnacle::columns {

/// What the writer knows about the numbers; only the choice of layout depends on it.
enum class IntShape : std::uint8_t {
  kAny,     ///< planes
  kRising,  ///< deltas are tried: times, numbers given in order of first use
  kRandom,  ///< identifiers: planes would be wasted work
};

void append_ints(std::string& out, std::span<const std::uint64_t> values,
                 IntShape shape = IntShape::kAny);

/// Replaces `values` with the column's `count` numbers; false (and the reader failed) if the bytes
/// are not such a column. `count` must be bounded by the caller: a constant column of any length
/// takes three bytes.
[[nodiscard]] bool read_ints(ByteReader& reader, std::size_t count,
                             std::vector<std::uint64_t>& values);

/// Passes over a column.
[[nodiscard]] bool skip_ints(ByteReader& reader, std::size_t count);

}  // namespace binnacle::columns
