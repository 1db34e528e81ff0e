#include "sdk/w3c_headers.h"

#include "sdk/hex.h"

#include <binnacle/propagation.h>

#include <algorithm>
#include <cstdint>

namespace binnacle::sdk {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }

/// A part of a tracestate key after its first character.
bool is_key_tail(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
  });
}

/// key = simple-key / tenant-id "@" system-id (Trace Context 3.3.1.3.1).
bool is_trace_state_key(std::string_view key) noexcept {
  if (key.empty()) return false;
  const std::size_t at = key.find('@');
  if (at == std::string_view::npos) {
    return key.size() <= 256 && (is_lower(key[0]) || is_digit(key[0])) && is_key_tail(key);
  }
  const std::string_view tenant = key.substr(0, at);
  const std::string_view system = key.substr(at + 1);
  return !tenant.empty() && tenant.size() <= 241 && (is_lower(tenant[0]) || is_digit(tenant[0])) &&
         is_key_tail(tenant) && !system.empty() && system.size() <= 14 && is_lower(system[0]) &&
         is_key_tail(system);
}

/// Printable ASCII but comma and equals, up to 256, not ending in a space (3.3.1.3.2).
bool is_trace_state_value(std::string_view value) noexcept {
  return !value.empty() && value.size() <= 256 && value.back() != ' ' &&
         std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= 0x20 && c <= 0x7E && c != ',' && c != '='; });
}

/// baggage-octet (Baggage 3.3.1): printable ASCII but space, quotes, comma, semicolon, backslash.
bool is_baggage_octet(char c) noexcept {
  return c > 0x20 && c < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\';
}

bool is_baggage_member(std::string_view member) noexcept {
  const std::string_view pair = trim(member.substr(0, member.find(';')));  // properties pass
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view value = trim(pair.substr(equals + 1));
  const bool is_printable = std::all_of(
      member.begin(), member.end(), [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7F); });
  return is_printable && is_token(trim(pair.substr(0, equals))) &&
         std::all_of(value.begin(), value.end(), is_baggage_octet);
}

/// "01" to "fe", and after what version 00 has nothing or a dash (Trace Context 3.2.4).
bool is_later_version(std::string_view value) noexcept {
  if (hex_value(value[0]) < 0 || hex_value(value[1]) < 0 || value.substr(0, 2) == "ff") {
    return false;
  }
  return value.size() == kTraceparentLength || value[kTraceparentLength] == '-';
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<SpanContext> parse_traceparent(std::string_view value) noexcept {
  if (value.size() != kTraceparentLength) value = trim(value);
  if (value.size() < kTraceparentLength) return std::nullopt;
  // "vv-<trace id>-<span id>-ff": what every version starts with.
  const char* const text = value.data();
  SpanContext context;
  HexCheck check;
  take_hex(context.trace_id.bytes, text + 3, sizeof context.trace_id.bytes, check);
  take_hex(context.span_id.bytes, text + 36, sizeof context.span_id.bytes, check);
  const int flags = hex_value(text[54]);
  if (!check.is_good() || text[2] != '-' || text[35] != '-' || text[52] != '-' || flags < 0 ||
      hex_value(text[53]) < 0 || !context.is_valid()) {
    return std::nullopt;
  }
  const bool is_version_0 = text[0] == '0' && text[1] == '0';
  if (is_version_0 ? value.size() != kTraceparentLength : !is_later_version(value)) {
    return std::nullopt;
  }
  context.flags = static_cast<std::uint8_t>(flags) & (kTraceFlagSampled | kTraceFlagRandom);
  context.is_remote = true;
  return context;
}

std::string_view next_member(std::string_view& list) noexcept {
  const std::size_t comma = list.find(',');
  const std::string_view member = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return trim(member);
}

std::string_view baggage_key(std::string_view member) noexcept {
  return trim(member.substr(0, member.find('=')));
}

std::string_view baggage_value(std::string_view member) noexcept {
  const std::string_view pair = member.substr(0, member.find(';'));
  return trim(pair.substr(pair.find('=') + 1));
}

bool is_valid_trace_state(std::string_view list) noexcept {
  if (list.size() > kMaxTraceStateBytes) return false;
  std::string_view keys[kMaxTraceStateMembers];
  std::size_t count = 0;
  while (!list.empty()) {
    const std::string_view member = next_member(list);
    if (member.empty()) continue;  // empty members are allowed
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos || count == kMaxTraceStateMembers) return false;
    const std::string_view key = member.substr(0, equals);
    if (!is_trace_state_key(key) || !is_trace_state_value(member.substr(equals + 1))) return false;
    if (std::find(keys, keys + count, key) != keys + count) return false;
    keys[count++] = key;
  }
  return true;
}

bool is_valid_baggage(std::string_view list) noexcept {
  if (list.size() > kMaxBaggageBytes) return false;
  std::size_t count = 0;
  while (!list.empty()) {
    const std::string_view member = next_member(list);
    if (++count > kMaxBaggageMembers || !is_baggage_member(member)) return false;
  }
  return true;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace binnacle::sdk
