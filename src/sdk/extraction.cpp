#include "sdk/b3_headers.h"
#include "sdk/context_extras.h"
#include "sdk/datadog_headers.h"
#include "sdk/header_names.h"
#include "sdk/jaeger_headers.h"
#include "sdk/percent_encoding.h"
#include "sdk/propagators.h"
#include "sdk/w3c_headers.h"

#include <exception>
#include <string>

// Out of collected headers into a context: each configured format in turn.

namespace binnacle {
inline namespace v1 {
namespace detail {

/// What a HeaderCollector found, by name.
struct CollectedHeaders {
  const HeaderCollector& from;

  /// A header that must not be repeated; empty if it is, or absent.
  std::string_view one(sdk::HeaderName name) const noexcept {
    const std::uint32_t bit = sdk::bit_of(name);
    if ((from.seen_ & bit) == 0 || (from.repeated_ & bit) != 0) return {};
    return {from.values_[name].data, from.values_[name].size};
  }
  bool is_repeated(sdk::HeaderName name) const noexcept {
    return (from.repeated_ & sdk::bit_of(name)) != 0;
  }
  /// A header that may come in several lines, which `memory` then joins. Too many lines are as
  /// malformed as too many members: empty.
  std::string_view list(sdk::HeaderName name, std::string& memory) const {
    if (!is_repeated(name)) return one(name);
    const std::size_t index = name - sdk::kTracestate;
    const std::uint32_t more = from.more_lines_[index];
    if (more > HeaderCollector::kMaxLines - 1) return {};
    memory.assign(from.values_[name].data, from.values_[name].size);
    for (std::uint32_t i = 0; i < more; ++i) {
      const auto& line = from.lines_[index][i];
      memory.append(",").append(line.data, line.size);
    }
    return memory;
  }
  const Propagators& propagators() const noexcept { return *from.propagators_; }
};

namespace {

/// `context` with the caller's identity, or its decision; baggage stays.
Context with_remote(const Context& context, const sdk::RemoteContext& remote,
                    std::string_view trace_state = {}) noexcept {
  if (!sdk::is_valid_trace_state(trace_state)) trace_state = {};
  return Context(remote.span_context,
                 make_extras(trace_state, context.baggage_header(), remote.marks));
}

Context add_trace_context(const Context& context, const CollectedHeaders& headers) {
  const auto span_context = sdk::parse_traceparent(headers.one(sdk::kTraceparent));
  if (!span_context) return context;
  std::string memory;
  const std::string_view list = sdk::trim(headers.list(sdk::kTracestate, memory));
  return with_remote(context, {.span_context = *span_context}, list);
}

Context add_b3(const Context& context, const CollectedHeaders& headers) {
  auto remote = sdk::parse_b3(headers.one(sdk::kB3));
  const bool is_ambiguous = headers.is_repeated(sdk::kB3TraceId) ||
                            headers.is_repeated(sdk::kB3SpanId) ||
                            headers.is_repeated(sdk::kB3Sampled);
  if (!remote && !is_ambiguous) {
    remote = sdk::parse_b3_multi({.trace_id = headers.one(sdk::kB3TraceId),
                                  .span_id = headers.one(sdk::kB3SpanId),
                                  .sampled = headers.one(sdk::kB3Sampled),
                                  .flags = headers.one(sdk::kB3Flags)});
  }
  // Who has only decided comes after who has decided before.
  const bool is_decision = remote && !remote->span_context.is_valid();
  if (!remote || (is_decision && marks_of(context.extras()) != 0)) return context;
  return with_remote(context, *remote);
}

Context add_jaeger(const Context& context, const CollectedHeaders& headers) {
  const auto remote = sdk::parse_uber_trace_id(headers.one(sdk::kUberTraceId));
  return remote ? with_remote(context, *remote) : context;
}

Context add_datadog(const Context& context, const CollectedHeaders& headers) {
  const auto datadog = sdk::parse_datadog({.trace_id = headers.one(sdk::kDatadogTraceId),
                                           .parent_id = headers.one(sdk::kDatadogParentId),
                                           .priority = headers.one(sdk::kDatadogPriority),
                                           .origin = headers.one(sdk::kDatadogOrigin),
                                           .tags = headers.one(sdk::kDatadogTags)});
  return datadog ? with_remote(context, datadog->remote, datadog->trace_state) : context;
}

Context add_w3c_baggage(const Context& context, const CollectedHeaders& headers) {
  std::string memory;
  const std::string_view list = sdk::trim(headers.list(sdk::kBaggage, memory));
  if (list.empty() || !sdk::is_valid_baggage(list)) return context;
  const std::string_view known = context.baggage_header();
  std::string both(known);
  for (std::string_view rest = list; !known.empty() && !rest.empty();) {
    const std::string_view member = sdk::next_member(rest);
    if (context.has_baggage(sdk::baggage_key(member))) continue;
    both.append(",").append(member);
  }
  const std::string_view all = known.empty() ? list : std::string_view(both);
  if (!sdk::is_valid_baggage(all)) return context;  // too much together: the first one stays
  return Context(context.span_context(),
                 make_extras(context.trace_state(), all, marks_of(context.extras())));
}

/// Entries come in headers of their own, uberctx-<key>, and from tests by hand as
/// "jaeger-baggage: key=value, key=value".
class JaegerBaggage {
 public:
  explicit JaegerBaggage(const Context& context) : context_(context) {}

  void add(std::string_view key, std::string_view value) {
    if (++count_ > sdk::kMaxBaggageMembers || context_.has_baggage(key)) return;
    context_ = context_.with_baggage(key, sdk::percent_decode(sdk::trim(value), true));
  }
  void add_list(std::string_view list) {
    while (!list.empty()) {
      const std::string_view member = sdk::next_member(list);
      const std::size_t equals = member.find('=');
      if (equals == std::string_view::npos) continue;
      add(sdk::trim(member.substr(0, equals)), member.substr(equals + 1));
    }
  }
  const Context& context() const noexcept { return context_; }

 private:
  Context context_;
  std::size_t count_ = 0;
};

Context add_jaeger_baggage(const Context& context, const CollectedHeaders& headers,
                           const HeaderReader& reader) {
  JaegerBaggage baggage(context);
  constexpr std::string_view kPrefix = sdk::kJaegerBaggagePrefix;
  reader.for_each([&](std::string_view name, std::string_view value) {
    if (name.size() > kPrefix.size() &&
        equals_ignoring_case(name.substr(0, kPrefix.size()), kPrefix)) {
      baggage.add(name.substr(kPrefix.size()), value);
    }
  });
  baggage.add_list(headers.one(sdk::kJaegerBaggage));
  return baggage.context();
}

Context ask_custom(const TextMapPropagator* propagator, const Context& context,
                   const HeaderReader& reader) noexcept {
  if (propagator == nullptr) return context;
  try {
    return propagator->extract(context, reader);
  } catch (...) {  // the host's own code: whatever it throws must not reach its request handling
    return context;
  }
}

Context run_step(const Propagators::Step& step, const Context& context,
                 const CollectedHeaders& headers, const HeaderReader& reader) {
  const bool is_open = !context.is_valid();
  switch (step.kind) {
    case PropagatorKind::kTraceContext:
      return is_open ? add_trace_context(context, headers) : context;
    case PropagatorKind::kBaggage:
      return add_w3c_baggage(context, headers);
    case PropagatorKind::kB3:
    case PropagatorKind::kB3Multi:
      return is_open ? add_b3(context, headers) : context;
    case PropagatorKind::kJaeger:
      return add_jaeger_baggage(is_open ? add_jaeger(context, headers) : context, headers, reader);
    case PropagatorKind::kDatadog:
      return is_open ? add_datadog(context, headers) : context;
    case PropagatorKind::kCustom:
      break;
  }
  return ask_custom(step.custom, context, reader);
}

}  // namespace

Context HeaderCollector::context(const HeaderReader& headers) const noexcept {
  const CollectedHeaders collected{*this};
  if (propagators_->is_w3c && (repeated_ & sdk::bit_of(sdk::kTracestate)) == 0 &&
      (repeated_ & sdk::bit_of(sdk::kBaggage)) == 0) {
    return extract_trace_context(collected.one(sdk::kTraceparent), collected.one(sdk::kTracestate),
                                 collected.one(sdk::kBaggage));
  }
  Context context;
  for (std::size_t i = 0; i < propagators_->count; ++i) {
    try {
      context = run_step(propagators_->steps[i], context, collected, headers);
    } catch (const std::exception&) {  // out of memory: what this format says is lost
    }
  }
  return context;
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
