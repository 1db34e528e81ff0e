#include "sdk/datadog_headers.h"

#include "sdk/hex.h"
#include "sdk/w3c_headers.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kTagPrefix = "_dd.p.";
constexpr std::string_view kMember = "dd=";
/// Values of tracestate members are at most 256 characters long.
constexpr std::size_t kMaxMemberBytes = 256;

template <typename T>
bool read_number(std::string_view text, T& out) noexcept {
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, out);
  return failed == std::errc{} && stop == end && !text.empty();
}

/// Calls visit(key, value) for "key=value,..." or "key:value;..."; false if a pair is none.
template <typename Visit>
bool for_each_pair(std::string_view list, char separator, char equals, Visit visit) {
  while (!list.empty()) {
    const std::size_t end = list.find(separator);
    const std::string_view pair = list.substr(0, end);
    list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
    const std::size_t middle = pair.find(equals);
    if (middle == std::string_view::npos || middle == 0) return false;
    visit(pair.substr(0, middle), pair.substr(middle + 1));
  }
  return true;
}

/// As the member "dd" holds text: no commas and semicolons, and '~' for '='.
std::string to_member_text(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c < 0x20 || c > 0x7E || c == ',' || c == ';' || c == '~') c = '_';
    if (c == '=') c = '~';
  }
  return result;
}
std::string from_member_text(std::string_view text) {
  std::string result(text);
  std::replace(result.begin(), result.end(), '~', '=');
  return result;
}
std::string to_member_key(std::string_view key) {
  std::string result(key);
  for (char& c : result) {
    if (c <= 0x20 || c > 0x7E || c == ',' || c == ';' || c == '=' || c == ':') c = '_';
  }
  return result;
}

/// The value of the tracestate member "dd".
class Member {
 public:
  void add(std::string_view key, std::string_view value) {
    if (value.empty() || value.back() == ' ') return;  // a member must not end in a space
    const std::size_t separator = value_.empty() ? 0 : 1;
    if (value_.size() + separator + key.size() + 1 + value.size() > kMaxMemberBytes) return;
    if (separator != 0) value_ += ';';
    value_.append(key).append(":").append(value);
  }
  const std::string& text() const noexcept { return value_; }
  std::string take() && { return value_.empty() ? std::string() : std::string(kMember) + value_; }

 private:
  std::string value_;
};

/// The high half of the trace id: 16 lowercase digits.
bool read_tid(std::string_view text, std::uint8_t* out) noexcept {
  if (text.size() != 16) return false;
  HexCheck check;
  std::uint8_t bytes[8];
  take_hex(bytes, text.data(), sizeof bytes, check);
  if (!check.is_good()) return false;
  std::memcpy(out, bytes, sizeof bytes);
  return true;
}

/// True if all pairs are well-formed; then `tid` and `tags` are what they say.
bool read_tags(std::string_view text, std::string_view& tid, std::string& tags) {
  if (text.size() > kMaxDatadogTagsBytes) return false;
  return for_each_pair(text, ',', '=', [&](std::string_view key, std::string_view value) {
    if (key.substr(0, kTagPrefix.size()) != kTagPrefix) return;  // not meant to travel
    key.remove_prefix(kTagPrefix.size());
    if (key == "tid") {
      tid = value;
    } else if (value = trim(value); !key.empty() && !value.empty()) {
      tags.append(tags.empty() ? "" : ";").append("t.").append(to_member_key(key));
      tags.append(":").append(to_member_text(value));
    }
  });
}

std::string_view find_member(std::string_view trace_state) noexcept {
  while (!trace_state.empty()) {
    const std::string_view member = next_member(trace_state);
    if (member.substr(0, kMember.size()) == kMember) return member.substr(kMember.size());
  }
  return {};
}

/// The caller's priority as long as it agrees with the flag, which a sampler may have changed.
std::string choose_priority(const SpanContext& context, int priority, bool is_known) {
  const bool agrees = is_known && (priority > 0) == context.is_sampled();
  return std::to_string(agrees ? priority : (context.is_sampled() ? 1 : 0));
}

}  // namespace

std::optional<DatadogContext> parse_datadog(const DatadogHeaders& headers) {
  std::uint64_t trace_id = 0;
  std::uint64_t parent_id = 0;
  if (!read_number(trim(headers.trace_id), trace_id) || trace_id == 0 ||
      !read_number(trim(headers.parent_id), parent_id) || parent_id == 0) {
    return std::nullopt;
  }
  DatadogContext result;
  SpanContext& context = result.remote.span_context;
  store_big_endian(context.trace_id.bytes + 8, trace_id);
  store_big_endian(context.span_id.bytes, parent_id);
  context.is_remote = true;
  int priority = 0;
  const bool has_priority = read_number(trim(headers.priority), priority);
  context.is_deferred = !has_priority;
  if (has_priority && priority > 0) context.flags = kTraceFlagSampled;
  std::string_view tid;
  std::string tags;
  if (!read_tags(trim(headers.tags), tid, tags)) tid = {}, tags.clear();
  read_tid(tid, context.trace_id.bytes);
  const std::string_view origin = trim(headers.origin);
  Member member;
  if (has_priority) member.add("s", std::to_string(priority));
  member.add("o", to_member_text(origin));
  for_each_pair(tags, ';', ':',
                [&](std::string_view key, std::string_view value) { member.add(key, value); });
  // A lone 0 or 1 says no more than the flag does.
  if (member.text() == "s:0" || member.text() == "s:1") return result;
  result.trace_state = std::move(member).take();
  return result;
}

DatadogValues format_datadog(const SpanContext& context, std::string_view trace_state) {
  DatadogValues values;
  values.trace_id = std::to_string(load_big_endian(context.trace_id.bytes + 8));
  values.parent_id = std::to_string(load_big_endian(context.span_id.bytes));
  if (load_big_endian(context.trace_id.bytes) != 0) {
    char tid[16];
    put_hex(tid, context.trace_id.bytes, 8);
    values.tags.append(kTagPrefix).append("tid=").append(tid, sizeof tid);
  }
  int priority = 0;
  bool is_priority_known = false;
  const auto use = [&](std::string_view key, std::string_view value) {
    if (key == "s") {
      is_priority_known = read_number(value, priority);
    } else if (key == "o") {
      values.origin = from_member_text(value);
    } else if (key.substr(0, 2) == "t." && key != "t.tid") {
      const std::string tag =
          std::string(kTagPrefix).append(key.substr(2)).append("=").append(from_member_text(value));
      const std::size_t separator = values.tags.empty() ? 0 : 1;
      if (values.tags.size() + separator + tag.size() > kMaxDatadogTagsBytes) return;
      values.tags.append(separator, ',').append(tag);
    }
  };
  for_each_pair(find_member(trace_state), ';', ':', use);
  if (!context.is_deferred) {
    values.priority = choose_priority(context, priority, is_priority_known);
  }
  return values;
}

}  // namespace binnacle::sdk
