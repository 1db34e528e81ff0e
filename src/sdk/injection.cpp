#include "sdk/b3_headers.h"
#include "sdk/context_extras.h"
#include "sdk/datadog_headers.h"
#include "sdk/header_names.h"
#include "sdk/jaeger_headers.h"
#include "sdk/propagators.h"
#include "sdk/w3c_headers.h"

#include <string>

// Out of a context into headers: each configured format in turn.

namespace binnacle {
inline namespace v1 {
namespace detail {

namespace {

void put_trace_context(const Context& context, const HeaderWriter& headers) {
  char traceparent[kTraceparentLength];
  if (!format_traceparent(context.span_context(), traceparent)) return;
  headers.set("traceparent", {traceparent, sizeof traceparent});
  if (const auto state = context.trace_state(); !state.empty()) headers.set("tracestate", state);
}

void put_w3c_baggage(const Context& context, const HeaderWriter& headers) {
  if (const auto list = context.baggage_header(); !list.empty()) headers.set("baggage", list);
}

void put_b3(const Context& context, const HeaderWriter& headers) {
  char value[sdk::kMaxB3Length];
  const std::size_t size =
      sdk::format_b3(context.span_context(), marks_of(context.extras()), value);
  if (size != 0) headers.set("b3", {value, size});
}

void put_b3_multi(const Context& context, const HeaderWriter& headers) {
  const SpanContext& ids = context.span_context();
  if (ids.is_valid()) {
    char trace_id[32];
    char span_id[16];
    ids.trace_id.to_hex(trace_id);
    ids.span_id.to_hex(span_id);
    headers.set("x-b3-traceid", {trace_id, sizeof trace_id});
    headers.set("x-b3-spanid", {span_id, sizeof span_id});
  }
  const std::string_view state = sdk::b3_state(ids, marks_of(context.extras()));
  if (state == "d") {
    headers.set("x-b3-flags", "1");  // implies sampled
  } else if (!state.empty()) {
    headers.set("x-b3-sampled", state);
  }
}

/// A value of W3C baggage, percent-encoded already, for those who read '+' as a space.
std::string encode_plus(std::string_view value) {
  std::string encoded;
  for (const char c : value) {
    if (c == '+') {
      encoded += "%2B";
    } else {
      encoded += c;
    }
  }
  return encoded;
}

void put_jaeger(const Context& context, const HeaderWriter& headers) {
  if (context.is_valid()) {
    char value[sdk::kUberTraceIdLength];
    sdk::format_uber_trace_id(context.span_context(), marks_of(context.extras()), value);
    headers.set("uber-trace-id", {value, sizeof value});
  }
  for (std::string_view list = context.baggage_header(); !list.empty();) {
    const std::string_view member = sdk::next_member(list);
    std::string name(sdk::kJaegerBaggagePrefix);
    name.append(sdk::baggage_key(member));
    headers.set(name, encode_plus(sdk::baggage_value(member)));
  }
}

void put_datadog(const Context& context, const HeaderWriter& headers) {
  if (!context.is_valid()) return;
  const sdk::DatadogValues values =
      sdk::format_datadog(context.span_context(), context.trace_state());
  const auto set = [&](sdk::HeaderName name, const std::string& value) {
    if (!value.empty()) headers.set(sdk::kHeaderNames[name], value);
  };
  set(sdk::kDatadogTraceId, values.trace_id);
  set(sdk::kDatadogParentId, values.parent_id);
  set(sdk::kDatadogPriority, values.priority);
  set(sdk::kDatadogOrigin, values.origin);
  set(sdk::kDatadogTags, values.tags);
}

void ask_custom(const TextMapPropagator* propagator, const Context& context,
                const HeaderWriter& headers) noexcept {
  if (propagator == nullptr) return;
  try {
    propagator->inject(context, headers);
  } catch (...) {  // see extraction.cpp
  }
}

void run_step(const Propagators::Step& step, const Context& context, const HeaderWriter& headers) {
  switch (step.kind) {
    case PropagatorKind::kTraceContext:
      return put_trace_context(context, headers);
    case PropagatorKind::kBaggage:
      return put_w3c_baggage(context, headers);
    case PropagatorKind::kB3:
      return put_b3(context, headers);
    case PropagatorKind::kB3Multi:
      return put_b3_multi(context, headers);
    case PropagatorKind::kJaeger:
      return put_jaeger(context, headers);
    case PropagatorKind::kDatadog:
      return put_datadog(context, headers);
    case PropagatorKind::kCustom:
      break;
  }
  ask_custom(step.custom, context, headers);
}

}  // namespace

void inject_context(const Propagators& propagators, const Context& context,
                    const HeaderWriter& headers) {
  if (propagators.is_w3c) [[likely]] {
    put_trace_context(context, headers);
    if (context.extras() != nullptr) put_w3c_baggage(context, headers);
    return;
  }
  for (std::size_t i = 0; i < propagators.count; ++i) {
    run_step(propagators.steps[i], context, headers);
  }
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
