#include "sdk/context_extras.h"
#include "sdk/w3c_headers.h"

#include <binnacle/propagation.h>

#include <cstring>
#include <exception>
#include <string>

namespace binnacle {
inline namespace v1 {

namespace {

bool equals_ignoring_case(std::string_view name, std::string_view lowercase) noexcept {
  if (name.size() != lowercase.size()) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c != lowercase[i]) return false;
  }
  return true;
}

std::string join(const std::string_view* lines, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) all += ',';
    all += lines[i];
  }
  return all;
}

/// `value` as baggage-octets: everything else percent-encoded.
std::string percent_encode(std::string_view value) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7F && c != '"' && c != ',' && c != ';' && c != '\\' && c != '%') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte >> 4U];
      encoded += kDigits[byte & 0xFU];
    }
  }
  return encoded;
}

std::string_view baggage_key(std::string_view member) noexcept {
  return sdk::trim(member.substr(0, member.find('=')));
}

}  // namespace

bool format_traceparent(const SpanContext& context, char* out) noexcept {
  if (!context.is_valid()) return false;
  std::memcpy(out, "00-", 3);
  context.trace_id.to_hex(out + 3);
  out[35] = '-';
  context.span_id.to_hex(out + 36);
  out[52] = '-';
  out[53] = '0';
  out[54] = static_cast<char>('0' + (context.flags & (kTraceFlagSampled | kTraceFlagRandom)));
  return true;
}

Context extract_trace_context(std::string_view traceparent, std::string_view tracestate,
                              std::string_view baggage) noexcept {
  const auto span_context = sdk::parse_traceparent(traceparent);
  tracestate = sdk::trim(tracestate);
  baggage = sdk::trim(baggage);
  if (!span_context || !sdk::is_valid_trace_state(tracestate)) tracestate = {};
  if (!sdk::is_valid_baggage(baggage)) baggage = {};
  return Context(span_context.value_or(SpanContext{}), detail::make_extras(tracestate, baggage));
}

std::string_view Context::baggage(std::string_view key) const noexcept {
  std::string_view list = baggage_header();
  while (!list.empty()) {
    const std::string_view member = sdk::next_member(list);
    if (baggage_key(member) != key) continue;
    const std::string_view pair = member.substr(0, member.find(';'));
    return sdk::trim(pair.substr(pair.find('=') + 1));
  }
  return {};
}

Context Context::with_baggage(std::string_view key, std::string_view value) const noexcept try {
  std::string all;
  std::string_view list = baggage_header();
  while (!list.empty()) {
    const std::string_view member = sdk::next_member(list);
    if (baggage_key(member) == key) continue;
    all.append(member).append(",");
  }
  all.append(key).append("=").append(percent_encode(value));
  if (!sdk::is_token(key) || !sdk::is_valid_baggage(all)) return *this;
  return Context(span_context_, detail::make_extras(trace_state(), all));
} catch (const std::exception&) {  // out of memory
  return *this;
}

namespace detail {

void HeaderCollector::offer(std::string_view name, std::string_view value) noexcept {
  if (equals_ignoring_case(name, "traceparent")) {
    traceparent_ = value;
    ++traceparent_count_;
  } else if (equals_ignoring_case(name, "tracestate")) {
    if (tracestate_count_ < kMaxLines) tracestate_[tracestate_count_] = value;
    ++tracestate_count_;
  } else if (equals_ignoring_case(name, "baggage")) {
    if (baggage_count_ < kMaxLines) baggage_[baggage_count_] = value;
    ++baggage_count_;
  }
}

Context HeaderCollector::context() const noexcept try {
  if (traceparent_count_ > 1) return Context();
  if (tracestate_count_ <= 1 && baggage_count_ <= 1) {
    return extract_trace_context(traceparent_, tracestate_[0], baggage_[0]);
  }
  // Too many lines: as malformed as too many members.
  const auto all = [](const std::string_view* lines, std::size_t count) {
    return count > kMaxLines ? std::string() : join(lines, count);
  };
  return extract_trace_context(traceparent_, all(tracestate_, tracestate_count_),
                               all(baggage_, baggage_count_));
} catch (const std::exception&) {  // out of memory
  return extract_trace_context(traceparent_);
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
