#include "sdk/jaeger_headers.h"

#include "sdk/context_extras.h"
#include "sdk/hex.h"
#include "sdk/percent_encoding.h"
#include "sdk/w3c_headers.h"

#include <array>
#include <string>

namespace binnacle::sdk {

namespace {

constexpr unsigned kSampled = 1;
constexpr unsigned kDebug = 2;

int digit_value(char c) noexcept {
  return hex_value(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
}

/// A number of up to 2 * `size` digits, padded with zeros on the left.
bool read_padded(std::string_view text, std::uint8_t* out, std::size_t size) noexcept {
  if (text.empty() || text.size() > 2 * size) return false;
  std::size_t place = 0;  // from the right, in digits
  for (std::size_t i = text.size(); i-- > 0; ++place) {
    const int value = digit_value(text[i]);
    if (value < 0) return false;
    out[size - 1 - place / 2] |= static_cast<std::uint8_t>(place % 2 == 0 ? value : value << 4);
  }
  return true;
}

bool split(std::string_view text, std::array<std::string_view, 4>& parts) noexcept {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t colon = text.find(':');
    if ((colon == std::string_view::npos) != (i == parts.size() - 1)) return false;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
  return true;
}

}  // namespace

std::optional<RemoteContext> parse_uber_trace_id(std::string_view value) {
  value = trim(value);
  if (value.size() > kMaxUberTraceIdBytes) return std::nullopt;
  std::string decoded;
  if (value.find('%') != std::string_view::npos) {
    decoded = percent_decode(value);
    value = decoded;
  }
  std::array<std::string_view, 4> parts;
  RemoteContext remote;
  SpanContext& ids = remote.span_context;
  std::uint8_t flags = 0;
  if (!split(value, parts) ||
      !read_padded(parts[0], ids.trace_id.bytes, sizeof ids.trace_id.bytes) ||
      !read_padded(parts[1], ids.span_id.bytes, sizeof ids.span_id.bytes) ||
      !read_padded(parts[3], &flags, 1) || !ids.is_valid()) {
    return std::nullopt;
  }
  ids.is_remote = true;
  if ((flags & (kSampled | kDebug)) != 0) ids.flags = kTraceFlagSampled;
  if ((flags & kDebug) != 0) remote.marks = detail::kMarkDebug;
  return remote;
}

void format_uber_trace_id(const SpanContext& context, std::uint8_t marks, char* out) noexcept {
  put_hex(out, context.trace_id.bytes, sizeof context.trace_id.bytes);
  out[32] = ':';
  put_hex(out + 33, context.span_id.bytes, sizeof context.span_id.bytes);
  out[49] = ':';
  out[50] = '0';  // the parent span: not used any more
  out[51] = ':';
  const bool is_debug = (marks & detail::kMarkDebug) != 0;
  out[52] = is_debug ? '3' : (context.is_sampled() ? '1' : '0');
}

}  // namespace binnacle::sdk
