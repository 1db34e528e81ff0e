#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

// Exact integers out of decimal text as JSON writes numbers: "1795460000123456789", "1e+21",
// "1795460000400000.2" microseconds. Going through double would lose what is beyond 2^53. Pure
// functions.
//
//   std::optional<Decimal> ns = parse_decimal("1795460000400000.2", 3);  // us -> ns, exact

namespace binnacle::codec {

/// An integer and what was lost in reading it.
struct Decimal {
  std::uint64_t magnitude = 0;  ///< 2^64-1 if `overflow`
  bool negative = false;
  bool exact = true;  ///< false: digits behind the point were rounded away (half away from zero)
  bool overflow = false;  ///< the magnitude does not fit 64 bits

  /// The value if it fits.
  [[nodiscard]] std::optional<std::int64_t> to_int64() const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> to_uint64() const noexcept;
};

/// `text` times 10^`power10`, rounded to an integer. The grammar is JSON's (RFC 8259) and leading
/// zeros and a plus sign besides; nullopt on anything else.
[[nodiscard]] std::optional<Decimal> parse_decimal(std::string_view text, int power10 = 0) noexcept;

/// `text` as the nearest double, also "NaN", "Infinity", "+Infinity", "-Infinity" (and "Inf") in
/// any case; nullopt on anything else. Numbers beyond the range become infinities.
[[nodiscard]] std::optional<double> parse_real(std::string_view text) noexcept;

}  // namespace binnacle::codec
