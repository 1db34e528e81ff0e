#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>

// Text of settings <-> numbers with units. Pure functions. Errors are kInvalidArgument with the
// offending text and an example of the right form.

namespace binnacle::config {

/// "250ms", "1.5s", "72h", "7d", "2w", or several together ("1h30m"); units ns us ms s m h d w. "0"
/// needs none. Nanoseconds, >= 0, at most 292 years.
[[nodiscard]] Result<std::int64_t> parse_duration_ns(std::string_view text);
/// The shortest exact form that parse_duration_ns reads.
[[nodiscard]] std::string format_duration(std::int64_t ns);

/// "4096", "64KiB", "1.5GiB", "10MB": B, KB MB GB TB (powers of 1000), KiB MiB GiB TiB (of 1024).
[[nodiscard]] Result<std::uint64_t> parse_bytes(std::string_view text);
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

/// true/false, yes/no, on/off, 1/0.
[[nodiscard]] Result<bool> parse_bool(std::string_view text);
/// Decimal within [min, max].
[[nodiscard]] Result<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t min,
                                                   std::uint64_t max);

}  // namespace binnacle::config
