#include "sdk/context_extras.h"
#include "sdk/hex.h"
#include "sdk/percent_encoding.h"
#include "sdk/w3c_headers.h"

#include <binnacle/propagation.h>

#include <cstring>
#include <exception>
#include <string>

namespace binnacle {
inline namespace v1 {

bool format_traceparent(const SpanContext& context, char* out) noexcept {
  if (!context.is_valid()) return false;
  std::memcpy(out, "00-", 3);
  sdk::put_hex(out + 3, context.trace_id.bytes, sizeof context.trace_id.bytes);
  out[35] = '-';
  sdk::put_hex(out + 36, context.span_id.bytes, sizeof context.span_id.bytes);
  out[52] = '-';
  out[53] = '0';
  out[54] = static_cast<char>('0' + (context.flags & (kTraceFlagSampled | kTraceFlagRandom)));
  return true;
}

Context extract_trace_context(std::string_view traceparent, std::string_view tracestate,
                              std::string_view baggage) noexcept {
  const auto span_context = sdk::parse_traceparent(traceparent);
  if (tracestate.empty() && baggage.empty()) {
    return Context(span_context.value_or(SpanContext{}));
  }
  tracestate = sdk::trim(tracestate);
  baggage = sdk::trim(baggage);
  if (!span_context || !sdk::is_valid_trace_state(tracestate)) tracestate = {};
  if (!sdk::is_valid_baggage(baggage)) baggage = {};
  return Context(span_context.value_or(SpanContext{}), detail::make_extras(tracestate, baggage));
}

bool Context::has_baggage(std::string_view key) const noexcept {
  for (std::string_view list = baggage_header(); !list.empty();) {
    if (sdk::baggage_key(sdk::next_member(list)) == key) return true;
  }
  return false;
}

std::string_view Context::baggage(std::string_view key) const noexcept {
  for (std::string_view list = baggage_header(); !list.empty();) {
    const std::string_view member = sdk::next_member(list);
    if (sdk::baggage_key(member) == key) return sdk::baggage_value(member);
  }
  return {};
}

Context Context::with_baggage(std::string_view key, std::string_view value) const noexcept try {
  std::string all;
  std::string_view list = baggage_header();
  while (!list.empty()) {
    const std::string_view member = sdk::next_member(list);
    if (sdk::baggage_key(member) == key) continue;
    all.append(member).append(",");
  }
  all.append(key).append("=").append(sdk::percent_encode(value));
  if (!sdk::is_token(key) || !sdk::is_valid_baggage(all)) return *this;
  return Context(span_context_, detail::make_extras(trace_state(), all, detail::marks_of(extras_)));
} catch (const std::exception&) {  // out of memory
  return *this;
}

}  // namespace v1
}  // namespace binnacle
