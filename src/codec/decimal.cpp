#include "codec/decimal.h"

#include <charconv>
#include <cstddef>
#include <limits>

namespace binnacle::codec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t digit_run(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return n;
}

// A number cut into its parts; views into the text.
struct Parts {
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;
  bool negative = false;
};

// Exponents beyond this are all "far too large" or "far too small": keeps sums from overflowing.
constexpr std::int64_t kExponentBound = 1'000'000'000;

bool read_exponent(std::string_view text, std::int64_t& out) {
  bool negative = false;
  if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty() || digit_run(text) != text.size()) return false;
  std::int64_t value = 0;
  for (const char c : text) {
    if (value < kExponentBound) value = value * 10 + (c - '0');
  }
  out = negative ? -value : value;
  return true;
}

std::optional<Parts> split(std::string_view text) {
  Parts parts;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  parts.whole = text.substr(0, digit_run(text));
  if (parts.whole.empty()) return std::nullopt;
  text.remove_prefix(parts.whole.size());
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    parts.fraction = text.substr(0, digit_run(text));
    if (parts.fraction.empty()) return std::nullopt;
    text.remove_prefix(parts.fraction.size());
  }
  if (text.empty()) return parts;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  if (!read_exponent(text.substr(1), parts.exponent)) return std::nullopt;
  return parts;
}

// Digit i of whole and fraction written together; zeros beyond.
int digit_at(const Parts& parts, std::int64_t i) {
  const auto whole = static_cast<std::int64_t>(parts.whole.size());
  const auto fraction = static_cast<std::int64_t>(parts.fraction.size());
  if (i < whole) return parts.whole[static_cast<std::size_t>(i)] - '0';
  return i - whole < fraction ? parts.fraction[static_cast<std::size_t>(i - whole)] - '0' : 0;
}

bool times_ten_plus(std::uint64_t& v, int digit) {
  return !__builtin_mul_overflow(v, std::uint64_t{10}, &v) &&
         !__builtin_add_overflow(v, static_cast<std::uint64_t>(digit), &v);
}

bool equals_lower(std::string_view text, std::string_view lower) {
  if (text.size() != lower.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != lower[i]) return false;
  }
  return true;
}

}  // namespace

std::optional<std::int64_t> Decimal::to_int64() const noexcept {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (overflow || magnitude > kMax + (negative ? 1 : 0)) return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

std::optional<std::uint64_t> Decimal::to_uint64() const noexcept {
  if (overflow || (negative && magnitude != 0)) return std::nullopt;
  return magnitude;
}

std::optional<Decimal> parse_decimal(std::string_view text, int power10) noexcept {
  const std::optional<Parts> parts = split(text);
  if (!parts) return std::nullopt;
  Decimal out;
  out.negative = parts->negative;
  const auto digits = static_cast<std::int64_t>(parts->whole.size() + parts->fraction.size());
  // How many of the digits, padded with zeros, stand before the decimal point of the result.
  const std::int64_t point =
      static_cast<std::int64_t>(parts->whole.size()) + parts->exponent + power10;
  for (std::int64_t i = 0; i < point; ++i) {
    if (i >= digits && out.magnitude == 0) break;  // zero times any power of ten
    if (!times_ten_plus(out.magnitude, digit_at(*parts, i))) {
      out.magnitude = std::numeric_limits<std::uint64_t>::max();
      out.overflow = true;
      return out;
    }
  }
  for (std::int64_t i = point < 0 ? 0 : point; i < digits; ++i) {
    if (digit_at(*parts, i) != 0) out.exact = false;
  }
  if (point >= 0 && point < digits && digit_at(*parts, point) >= 5) {
    out.overflow = __builtin_add_overflow(out.magnitude, std::uint64_t{1}, &out.magnitude);
  }
  return out;
}

std::optional<double> parse_real(std::string_view text) noexcept {
  if (text.starts_with('+')) text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  const std::string_view unsigned_text = text.substr(negative ? 1 : 0);
  if (equals_lower(unsigned_text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (equals_lower(unsigned_text, "infinity") || equals_lower(unsigned_text, "inf")) {
    return negative ? -kInfinity : kInfinity;
  }
  const std::optional<Parts> parts = split(text);
  if (!parts) return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    const std::int64_t magnitude = parts->exponent + static_cast<std::int64_t>(parts->whole.size());
    value = magnitude > 0 ? kInfinity : 0.0;
    return negative ? -value : value;
  }
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value)
                                                                  : std::nullopt;
}

}  // namespace binnacle::codec
