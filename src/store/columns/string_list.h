#pragma once

#include "store/columns/byte_io.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A list of strings: count, a column of lengths, the bytes one after the other. Dictionaries of
// parts, strings of one row group or log record. Pure functions; views point into the block.

namespace binnacle::columns {

void append_strings(std::string& out, std::span<const std::string_view> strings);

/// Replaces `strings`; false if the bytes are no such list or it has more than `limit` entries.
[[nodiscard]] bool read_strings(ByteReader& reader, std::uint64_t limit,
                                std::vector<std::string_view>& strings);

}  // namespace binnacle::columns
