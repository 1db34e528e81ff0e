#include "config/units.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace binnacle::config {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

// Longest names first, so that "ms" is not read as "m".
constexpr std::array<Unit, 8> kDurations{{{"ns", 1},
                                          {"us", 1e3},
                                          {"ms", 1e6},
                                          {"s", 1e9},
                                          {"m", 60e9},
                                          {"h", 3600e9},
                                          {"d", 86400e9},
                                          {"w", 604800e9}}};
constexpr std::array<Unit, 9> kSizes{{{"KiB", 1024.0},
                                      {"MiB", 1024.0 * 1024},
                                      {"GiB", 1024.0 * 1024 * 1024},
                                      {"TiB", 1024.0 * 1024 * 1024 * 1024},
                                      {"KB", 1e3},
                                      {"MB", 1e6},
                                      {"GB", 1e9},
                                      {"TB", 1e12},
                                      {"B", 1}}};

// Doubles hold every integer to 2^53; beyond that a size or duration is not meant seriously.
constexpr double kLargest = 9.0e18;

// Reads a decimal number from the front of `text`; false if there is none.
bool take_number(std::string_view& text, double& out) {
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), out, std::chars_format::fixed);
  if (error != std::errc() || out < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

template <std::size_t N>
const Unit* take_unit(std::string_view& text, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (text.starts_with(unit.name)) {
      text.remove_prefix(unit.name.size());
      return &unit;
    }
  }
  return nullptr;
}

}  // namespace

Result<std::int64_t> parse_duration_ns(std::string_view text) {
  const auto bad = [&] {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("\"{}\" is no duration; write for example 250ms, 30s, 1h30m or 7d", text));
  };
  if (text == "0") return 0;
  std::string_view rest = text;
  double total = 0;
  while (!rest.empty()) {
    double number = 0;
    if (!take_number(rest, number)) return bad();
    const Unit* unit = take_unit(rest, kDurations);
    if (unit == nullptr) return bad();
    total += number * unit->factor;
  }
  if (text.empty() || !(total < kLargest)) return bad();
  return static_cast<std::int64_t>(std::llround(total));
}

std::string format_duration(std::int64_t ns) {
  if (ns == 0) return "0";
  for (auto unit = kDurations.rbegin(); unit != kDurations.rend(); ++unit) {
    const auto factor = static_cast<std::int64_t>(unit->factor);
    if (ns % factor == 0) return fmt::format("{}{}", ns / factor, unit->name);
  }
  return fmt::format("{}ns", ns);
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  const auto bad = [&] {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("\"{}\" is no size; write for example 4096, 64KiB, 1.5GiB or 10MB", text));
  };
  std::string_view rest = text;
  double number = 0;
  if (!take_number(rest, number)) return bad();
  double factor = 1;
  if (!rest.empty()) {
    const Unit* unit = take_unit(rest, kSizes);
    if (unit == nullptr || !rest.empty()) return bad();
    factor = unit->factor;
  }
  if (!(number * factor < kLargest)) return bad();
  return static_cast<std::uint64_t>(std::llround(number * factor));
}

std::string format_bytes(std::uint64_t bytes) {
  for (std::size_t i = 4; i-- > 0;) {
    const auto factor = static_cast<std::uint64_t>(kSizes[i].factor);
    if (bytes >= factor && bytes % factor == 0) {
      return fmt::format("{}{}", bytes / factor, kSizes[i].name);
    }
  }
  return fmt::format("{}", bytes);
}

Result<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (text == no) return false;
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is neither true nor false", text));
}

Result<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t min, std::uint64_t max) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" is no whole number from {} to {}", text, min, max));
  }
  return value;
}

}  // namespace binnacle::config
