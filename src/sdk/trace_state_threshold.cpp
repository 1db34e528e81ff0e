#include "sdk/start_policy.h"
#include "sdk/w3c_headers.h"

#include <charconv>
#include <cstring>

// The `ot` entry of W3C tracestate: `ot=th:c;rv:0123456789abcd`. Source: OpenTelemetry
// specification, "TraceState: Probability Sampling" and "TraceState Handling".

namespace binnacle::sdk {

namespace {

constexpr std::string_view kKey = "ot=";
constexpr std::size_t kDigits = 14;  // of 56 bits

/// The value of the `ot` entry; empty if there is none.
std::string_view ot_value(std::string_view trace_state) noexcept {
  while (!trace_state.empty()) {
    const std::string_view member = next_member(trace_state);
    if (member.starts_with(kKey)) return member.substr(kKey.size());
  }
  return {};
}

/// Takes "key:value" off the front of an `ot` value.
std::string_view next_field(std::string_view& value) noexcept {
  const std::size_t end = value.find(';');
  const std::string_view field = value.substr(0, end);
  value = end == std::string_view::npos ? std::string_view() : value.substr(end + 1);
  return field;
}

/// The 14 hexadecimal digits without the zeros at their end; one zero stands for none.
void append_threshold(std::string& out, std::uint64_t threshold) {
  char digits[kDigits];
  for (std::size_t i = 0; i < kDigits; ++i) {
    digits[kDigits - 1 - i] = "0123456789abcdef"[threshold >> (4 * i) & 0xFU];
  }
  std::size_t used = kDigits;
  while (used > 1 && digits[used - 1] == '0') --used;
  out.append(digits, used);
}

}  // namespace

std::uint64_t randomness_of(const TraceId& id, std::string_view trace_state) noexcept {
  std::string_view fields = ot_value(trace_state);
  while (!fields.empty()) {
    const std::string_view field = next_field(fields);
    if (!field.starts_with("rv:") || field.size() != 3 + kDigits) continue;
    std::uint64_t value = 0;
    const auto [end, failed] =
        std::from_chars(field.data() + 3, field.data() + field.size(), value, 16);
    if (failed == std::errc{} && end == field.data() + field.size()) return value;
  }
  std::uint64_t low = 0;
  for (std::size_t i = 9; i < sizeof id.bytes; ++i) low = low << 8U | id.bytes[i];
  return low;
}

std::string with_threshold(std::string_view trace_state, std::optional<std::uint64_t> threshold) {
  std::string entry;
  if (threshold) {
    entry = "ot=th:";
    append_threshold(entry, *threshold);
  }
  std::string_view fields = ot_value(trace_state);
  while (!fields.empty()) {
    const std::string_view field = next_field(fields);
    if (field.empty() || field.starts_with("th:")) continue;
    entry += entry.empty() ? "ot=" : ";";
    entry += field;
  }
  // Changed entries go to the front (W3C Trace Context, 3.3.1.3), and at most 32 are allowed.
  constexpr int kMaxMembers = 32;
  int members = entry.empty() ? 0 : 1;
  std::string list = std::move(entry);
  while (!trace_state.empty()) {
    const std::string_view member = next_member(trace_state);
    if (member.empty() || member.starts_with(kKey) || ++members > kMaxMembers) continue;
    if (!list.empty()) list += ',';
    list += member;
  }
  return list;
}

}  // namespace binnacle::sdk
