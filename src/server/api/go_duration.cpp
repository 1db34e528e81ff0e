#include "server/api/go_duration.h"

#include "base/clock.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>

namespace binnacle {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t ns;
};

// Longest first among those with a common beginning.
constexpr std::array<Unit, 8> kUnits = {{{"ns", 1},
                                         {"us", 1'000},
                                         {"\xC2\xB5s", 1'000},
                                         {"\xCE\xBCs", 1'000},
                                         {"ms", 1'000'000},
                                         {"s", 1'000'000'000},
                                         {"m", 60ULL * 1'000'000'000},
                                         {"h", 3'600ULL * 1'000'000'000}}};

constexpr std::uint64_t kLargest =
    static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());

bool digit(char c) { return c >= '0' && c <= '9'; }

const Unit* take_unit(std::string_view& rest) {
  for (const Unit& unit : kUnits) {
    if (!rest.starts_with(unit.name)) continue;
    rest.remove_prefix(unit.name.size());
    return &unit;
  }
  return nullptr;
}

// A number and its unit from the front of `rest`, in ns. nullopt: not of that form, or too large.
std::optional<std::uint64_t> take_term(std::string_view& rest) {
  std::uint64_t whole = 0;
  bool digits = false;
  for (; !rest.empty() && digit(rest.front()); rest.remove_prefix(1), digits = true) {
    if (whole > kLargest / 10) return std::nullopt;
    whole = whole * 10 + static_cast<std::uint64_t>(rest.front() - '0');
  }
  // The fraction as numerator and scale, multiplied out in doubles as Go does; digits past what 64
  // bits hold cannot matter for the unit of an hour.
  std::uint64_t fraction = 0;
  double scale = 1;
  if (!rest.empty() && rest.front() == '.') {
    rest.remove_prefix(1);
    for (; !rest.empty() && digit(rest.front()); rest.remove_prefix(1), digits = true) {
      if (fraction > (kLargest - 9) / 10) continue;
      fraction = fraction * 10 + static_cast<std::uint64_t>(rest.front() - '0');
      scale *= 10;
    }
  }
  if (!digits) return std::nullopt;
  const Unit* unit = take_unit(rest);
  if (unit == nullptr || whole > kLargest / unit->ns) return std::nullopt;
  const auto part = static_cast<std::uint64_t>(static_cast<double>(fraction) *
                                               (static_cast<double>(unit->ns) / scale));
  const std::uint64_t ns = whole * unit->ns + part;
  if (ns > kLargest) return std::nullopt;
  return ns;
}

}  // namespace

Result<std::int64_t> parse_go_duration(std::string_view text) {
  const auto bad = [&] {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" is not a duration; write it like 1.5s, 200ms, 100us or 1h30m",
                            text.substr(0, 64)));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return 0;
  if (rest.empty()) return bad();
  std::uint64_t total = 0;
  while (!rest.empty()) {
    const auto term = take_term(rest);
    if (!term || *term > kLargest - total) return bad();
    total += *term;
  }
  const auto ns = static_cast<std::int64_t>(total);
  return negative ? -ns : ns;
}

}  // namespace binnacle
