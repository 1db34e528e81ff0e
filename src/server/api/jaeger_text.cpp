#include "server/api/jaeger_text.h"

#include "base/clock.h"
#include "codec/json_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>

namespace binnacle {
namespace {

struct KindName {
  std::string_view name;
  SpanKind kind;
};

constexpr std::array<KindName, 5> kKinds = {{{"internal", SpanKind::kInternal},
                                             {"server", SpanKind::kServer},
                                             {"client", SpanKind::kClient},
                                             {"producer", SpanKind::kProducer},
                                             {"consumer", SpanKind::kConsumer}}};

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+' || c == '-') return 62;
  if (c == '/' || c == '_') return 63;
  return -1;
}

// Ids are 8 or 16 bytes: 11 or 22 digits, padded to 12 or 24.
std::optional<TraceId> trace_id_from_base64(std::string_view text) {
  while (text.ends_with('=') && text.size() % 4 == 0) text.remove_suffix(1);
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() != 11 && text.size() != 22) return std::nullopt;
  std::array<char, 16> bytes{};
  const std::size_t size = text.size() == 11 ? 8 : 16;
  std::size_t filled = 16 - size;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const int digit = base64_digit(c);
    if (digit < 0) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    have += 6;
    if (have >= 8 && filled < bytes.size()) {
      have -= 8;
      bytes[filled++] = static_cast<char>(static_cast<unsigned char>(bits >> have));
    }
  }
  return trace_id_from_bytes(bytes.data());
}

// Reads exactly `digits` decimal digits from the front of `rest`.
std::optional<int> take_number(std::string_view& rest, std::size_t digits) {
  if (rest.size() < digits) return std::nullopt;
  int out = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + digits, out);
  if (error != std::errc{} || end != rest.data() + digits || rest.front() == '-') {
    return std::nullopt;
  }
  rest.remove_prefix(digits);
  return out;
}

bool take_char(std::string_view& rest, char c) {
  if (!rest.starts_with(c)) return false;
  rest.remove_prefix(1);
  return true;
}

// ".5" as 500'000'000; digits after the ninth are dropped.
std::optional<std::int64_t> take_fraction_ns(std::string_view& rest) {
  if (!take_char(rest, '.')) return 0;
  std::int64_t ns = 0;
  std::int64_t unit = kNanosPerSecond;
  std::size_t digits = 0;
  for (; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; ++digits) {
    unit /= 10;
    ns += unit * (rest.front() - '0');
    rest.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  return ns;
}

// "Z", "+02:00", "-07:30", or " 02:00" where a + was unescaped into a blank.
std::optional<std::int64_t> take_offset_seconds(std::string_view& rest) {
  if (take_char(rest, 'Z') || take_char(rest, 'z')) return 0;
  if (rest.empty()) return std::nullopt;
  const char sign = rest.front();
  if (sign != '+' && sign != '-' && sign != ' ') return std::nullopt;
  rest.remove_prefix(1);
  const auto hours = take_number(rest, 2);
  if (!hours || !take_char(rest, ':')) return std::nullopt;
  const auto minutes = take_number(rest, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::int64_t seconds = (*hours * 60 + *minutes) * 60;
  return sign == '-' ? -seconds : seconds;
}

std::optional<std::int64_t> take_date_days(std::string_view& rest) {
  const auto year = take_number(rest, 4);
  if (!year || !take_char(rest, '-')) return std::nullopt;
  const auto month = take_number(rest, 2);
  if (!month || !take_char(rest, '-')) return std::nullopt;
  const auto day = take_number(rest, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<std::int64_t> take_time_seconds(std::string_view& rest) {
  const auto hour = take_number(rest, 2);
  if (!hour || !take_char(rest, ':')) return std::nullopt;
  const auto minute = take_number(rest, 2);
  if (!minute || !take_char(rest, ':')) return std::nullopt;
  const auto second = take_number(rest, 2);
  // 60 is a leap second.
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return (*hour * 60 + *minute) * 60 + *second;
}

std::optional<std::int64_t> rfc3339_ns(std::string_view rest) {
  const auto days = take_date_days(rest);
  if (!days || !(take_char(rest, 'T') || take_char(rest, 't'))) return std::nullopt;
  const auto seconds = take_time_seconds(rest);
  if (!seconds) return std::nullopt;
  const auto fraction_ns = take_fraction_ns(rest);
  if (!fraction_ns) return std::nullopt;
  const auto offset = take_offset_seconds(rest);
  if (!offset || !rest.empty()) return std::nullopt;
  // Years 1970 to 2261: what fits both unsigned times and 64 bits of nanoseconds.
  const std::int64_t unix_seconds = *days * 86'400 + *seconds - *offset;
  constexpr std::int64_t kLastSecond = 9'223'372'035;
  if (unix_seconds < 0 || unix_seconds > kLastSecond) return std::nullopt;
  return unix_seconds * kNanosPerSecond + *fraction_ns;
}

// The text of a scalar as a tag is compared with; nullopt for objects, arrays and null.
std::optional<std::string_view> scalar_text(codec::JsonValue value) {
  switch (value.type()) {
    case codec::JsonType::kString:
      return value.string();
    case codec::JsonType::kNumber:
      return value.number_text();
    case codec::JsonType::kBool:
      return value.boolean() ? "true" : "false";
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<SpanKind> parse_span_kind(std::string_view text) noexcept {
  for (const KindName& k : kKinds) {
    if (equals_ignoring_case(text, k.name)) return k.kind;
  }
  return std::nullopt;
}

std::string_view jaeger_kind_name(SpanKind kind) noexcept {
  for (const KindName& k : kKinds) {
    if (k.kind == kind) return k.name;
  }
  return "";
}

Result<TraceId> parse_jaeger_trace_id(std::string_view text) {
  if (const auto id = parse_trace_id(text)) return *id;
  if (const auto id = trace_id_from_base64(text)) return *id;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("\"{}\" is not a trace id; give 1 to 32 hexadecimal digits", text.substr(0, 64)));
}

std::string jaeger_trace_id(TraceId id) {
  return id.high == 0 ? to_hex(SpanId{id.low}) : to_hex(id);
}

std::optional<bool> parse_go_bool(std::string_view text) noexcept {
  for (const std::string_view yes : {"1", "t", "T", "true", "True", "TRUE"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "False", "FALSE"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

Result<std::uint64_t> parse_rfc3339(std::string_view text) {
  const auto ns = rfc3339_ns(text);
  if (!ns) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" is not a time; write it like 2024-05-01T10:00:00.5Z",
                            text.substr(0, 64)));
  }
  return static_cast<std::uint64_t>(*ns);
}

Result<std::vector<std::pair<std::string, std::string>>> parse_text_map(std::string_view json,
                                                                        std::size_t members_limit) {
  const auto bad = [](std::string_view what) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("cannot unmarshal JSON: {}; write it like {{\"key\":\"value\"}}", what));
  };
  const auto document = codec::JsonDocument::parse(std::string(json));
  if (!document) return bad(document.error().message);
  if (!document->root().is_object()) return bad("not an object");
  std::vector<std::pair<std::string, std::string>> out;
  for (const codec::JsonMember& member : document->root().members()) {
    const auto text = scalar_text(member.value);
    if (!text) {
      return bad(fmt::format("the value of \"{}\" is not a string", member.name.substr(0, 64)));
    }
    const auto same =
        std::ranges::find(out, member.name, &std::pair<std::string, std::string>::first);
    if (same != out.end()) {
      same->second = *text;
      continue;
    }
    if (out.size() == members_limit) return bad(fmt::format("over {} members", members_limit));
    out.emplace_back(member.name, *text);
  }
  return out;
}

}  // namespace binnacle
