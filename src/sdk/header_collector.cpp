#include "sdk/header_names.h"
#include "sdk/propagators.h"

#include <array>
#include <cstring>

namespace binnacle::sdk {

namespace {

/// A bit per name, for each length.
constexpr auto kNamesOfLength = [] {
  std::array<std::uint32_t, 32> names{};
  for (std::size_t i = 0; i < kHeaderNames.size(); ++i) {
    names[kHeaderNames[i].size()] |= std::uint32_t{1} << i;
  }
  return names;
}();

/// Whether eight characters are the same but for capitals in `name`: they may differ in bit 5 where
/// `lowercase` has a letter (bit 6).
bool equals_8(const char* name, const char* lowercase) noexcept {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::memcpy(&a, name, sizeof a);
  std::memcpy(&b, lowercase, sizeof b);
  return ((a ^ b) & ~(b >> 1U & 0x2020202020202020)) == 0;
}

bool equals_1(char name, char lowercase) noexcept {
  return ((name ^ lowercase) & ~(lowercase >> 1 & 0x20)) == 0;
}

}  // namespace

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {

namespace detail {

bool equals_ignoring_case(std::string_view name, std::string_view lowercase) noexcept {
  const std::size_t size = lowercase.size();
  if (name.size() != size) return false;
  if (size < 8) {
    for (std::size_t i = 0; i < size; ++i) {
      if (!sdk::equals_1(name[i], lowercase[i])) return false;
    }
    return true;
  }
  for (std::size_t i = 0; i + 8 < size; i += 8) {
    if (!sdk::equals_8(name.data() + i, lowercase.data() + i)) return false;
  }
  return sdk::equals_8(name.data() + size - 8, lowercase.data() + size - 8);
}

// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): values are written before they are read
HeaderCollector::HeaderCollector(const Propagators& propagators) noexcept
    : propagators_(&propagators),
      wanted_lengths_(propagators.wanted_lengths),
      wanted_(propagators.wanted_names) {}

std::string_view HeaderCollector::lowest_name(std::uint32_t names) noexcept {
  return sdk::kHeaderNames[static_cast<std::size_t>(__builtin_ctz(names))];
}

void HeaderCollector::take(std::string_view name, std::string_view value) noexcept {
  static_assert(sdk::kHeaderNames.size() == kNames && sdk::kTracestate + 1 == sdk::kBaggage);
  std::uint32_t left = sdk::kNamesOfLength[name.size() % kLengths] & wanted_;
  for (; left != 0; left &= left - 1) {
    if (equals_ignoring_case(name, lowest_name(left))) break;
  }
  if (left == 0) return;
  const auto index = static_cast<std::size_t>(__builtin_ctz(left));
  const std::uint32_t bit = std::uint32_t{1} << index;
  if ((seen_ & bit) == 0) {
    seen_ |= bit;
    values_[index] = {value.data(), value.size()};
    return;
  }
  repeated_ |= bit;
  if (index != sdk::kTracestate && index != sdk::kBaggage) return;
  const std::size_t list = index - sdk::kTracestate;
  const std::size_t line = more_lines_[list]++;
  if (line < kMaxLines - 1) lines_[list][line] = {value.data(), value.size()};
}

}  // namespace detail

std::string_view HeaderReader::get(std::string_view name) const {
  if (get_ != nullptr) return get_(headers_, name);
  std::string_view found;
  bool is_found = false;
  for_each([&](std::string_view known, std::string_view value) {
    if (is_found || !detail::equals_ignoring_case(known, name)) return;
    is_found = true;
    found = value;
  });
  return found;
}

}  // namespace v1
}  // namespace binnacle
