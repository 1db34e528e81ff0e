#include "sdk/scrape/prometheus_names.h"

#include <algorithm>
#include <iterator>

namespace binnacle::sdk {

namespace {

struct UnitName {
  std::string_view unit;
  std::string_view name;
};

// UCUM's case-sensitive codes that the specification names.
constexpr UnitName kUnits[] = {
    {"d", "days"},          {"h", "hours"},         {"min", "minutes"},    {"s", "seconds"},
    {"ms", "milliseconds"}, {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},
    {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},  {"GiBy", "gibibytes"}, {"TiBy", "tibibytes"},
    {"KBy", "kilobytes"},   {"MBy", "megabytes"},   {"GBy", "gigabytes"},  {"TBy", "terabytes"},
    {"m", "meters"},        {"V", "volts"},         {"A", "amperes"},      {"J", "joules"},
    {"W", "watts"},         {"g", "grams"},         {"Cel", "celsius"},    {"Hz", "hertz"},
    {"%", "percent"},
};
constexpr UnitName kPerUnits[] = {
    {"s", "second"}, {"m", "minute"}, {"h", "hour"}, {"d", "day"},
    {"w", "week"},   {"mo", "month"}, {"y", "year"},
};

template <std::size_t N>
std::string_view look_up(const UnitName (&table)[N], std::string_view unit) noexcept {
  const auto* found = std::ranges::find(table, unit, &UnitName::unit);
  return found == std::end(table) ? unit : found->name;
}

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_name_character(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == ':';
}

/// Every run of other characters becomes one underscore; none at the ends.
std::string clean(std::string_view text) {
  std::string result;
  bool is_gap = false;
  for (const char c : text) {
    if (!is_name_character(c)) {
      is_gap = true;
      continue;
    }
    if (is_gap && !result.empty()) result += '_';
    is_gap = false;
    result += c;
  }
  return result;
}

/// "{request}" says what is counted, not in what.
std::string without_annotations(std::string_view unit) {
  std::string result;
  bool is_inside = false;
  for (const char c : unit) {
    if (c == '{') is_inside = true;
    if (!is_inside) result += c;
    if (c == '}') is_inside = false;
  }
  return result;
}

/// Whether `word` stands in `name` as a whole, between underscores.
bool has_word(std::string_view name, std::string_view word) noexcept {
  for (std::size_t at = name.find(word); at != std::string_view::npos;
       at = name.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || name[at - 1] == '_') && (end == name.size() || name[end] == '_')) return true;
  }
  return false;
}

void append_word(std::string& name, std::string_view word) {
  if (word.empty() || has_word(name, word)) return;
  if (!name.empty()) name += '_';
  name += word;
}

constexpr std::string_view kTotal = "total";

/// A name's own "_total" is moved behind the unit.
void drop_total(std::string& name) {
  if (name == kTotal) {
    name.clear();
  } else if (name.ends_with("_total")) {
    name.resize(name.size() - kTotal.size() - 1);
  }
}

}  // namespace

std::string prometheus_unit(std::string_view unit) {
  const std::string plain = without_annotations(unit);
  if (plain == "1") return "";
  const std::size_t slash = plain.find('/');
  if (slash == std::string::npos) return clean(look_up(kUnits, plain));
  std::string name = clean(look_up(kUnits, std::string_view(plain).substr(0, slash)));
  const std::string per = clean(look_up(kPerUnits, std::string_view(plain).substr(slash + 1)));
  if (per.empty()) return name;
  if (!name.empty()) name += '_';
  return name + "per_" + per;
}

std::string prometheus_name(std::string_view name, std::string_view unit, MetricKind kind) {
  std::string result = clean(name);
  if (kind == MetricKind::kCounter) drop_total(result);
  append_word(result, prometheus_unit(unit));
  if (kind == MetricKind::kGauge && unit == "1") append_word(result, "ratio");
  if (kind == MetricKind::kCounter) result += result.empty() ? "total" : "_total";
  if (result.empty() || is_digit(result.front())) result.insert(0, "_");
  return result;
}

std::string prometheus_label(std::string_view key) {
  std::string result = clean(key);
  std::erase(result, ':');  // allowed in metric names only
  if (result.empty() || is_digit(result.front())) result.insert(0, "key_");
  return result;
}

}  // namespace binnacle::sdk
