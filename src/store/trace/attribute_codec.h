#pragma once

#include "model/span_batch.h"
#include "store/columns/byte_io.h"
#include "store/trace/string_numbers.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// Lists of attributes (of spans, events, links, resources, scopes) as columns: each distinct
// (key, type) is a typed column, each distinct sequence of keys and types a shape, each list a
// shape number. Spans of one instrumentation share a handful of shapes, so keys and types cost next
// to nothing and equal keys compress together. Columns carry their length: a search reads only the
// keys it asks for. Pure functions; the bytes are in docs/formats/span_part.md.

namespace binnacle::trace {

/// Most attributes of one block: 16 bytes each in memory, so 256 MB. A request of the 64 MB limit
/// could just hold that many; larger appends are refused, row groups are cut long before.
constexpr std::uint64_t kAttributesLimit = std::uint64_t{1} << 24;

/// Most distinct (key, type) pairs of one block; readers allocate some 70 bytes for each before
/// they know that the block is sound.
constexpr std::uint64_t kColumnsLimit = std::uint64_t{1} << 20;

/// `list_ends[i]` ends list i in `pool`, lists follow each other from 0. False, and `out`
/// unspecified, if there are more distinct (key, type) pairs than kColumnsLimit.
[[nodiscard]] bool append_attribute_lists(std::string& out, std::span<const Attribute> pool,
                                          std::span<const std::uint32_t> list_ends,
                                          StringNumbering& strings);

/// Which keys to read; empty pointer: all.
using WantedKeys = std::vector<std::string>;

/// Appends `lists` lists to `pool` and their ends to `list_ends`; with `wanted`, only attributes of
/// those keys. False if the bytes are damaged.
[[nodiscard]] bool read_attribute_lists(columns::ByteReader& reader, std::size_t lists,
                                        StringResolver& strings, const WantedKeys* wanted,
                                        std::vector<Attribute>& pool,
                                        std::vector<std::uint32_t>& list_ends);

}  // namespace binnacle::trace
