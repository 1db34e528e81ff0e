#pragma once

#include <binnacle/propagation.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

// The headers that the built-in propagators read, and which of them reads which.

namespace binnacle::sdk {

enum HeaderName : std::uint8_t {
  kTraceparent,
  kTracestate,
  kBaggage,
  kB3,
  kB3TraceId,
  kB3SpanId,
  kB3Sampled,
  kB3Flags,
  kUberTraceId,
  kJaegerBaggage,
  kDatadogTraceId,
  kDatadogParentId,
  kDatadogPriority,
  kDatadogOrigin,
  kDatadogTags,
};

inline constexpr std::array<std::string_view, 15> kHeaderNames = {
    "traceparent",
    "tracestate",
    "baggage",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-sampled",
    "x-b3-flags",
    "uber-trace-id",
    "jaeger-baggage",
    "x-datadog-trace-id",
    "x-datadog-parent-id",
    "x-datadog-sampling-priority",
    "x-datadog-origin",
    "x-datadog-tags",
};

/// Before the key of a baggage entry in Jaeger's format.
inline constexpr std::string_view kJaegerBaggagePrefix = "uberctx-";

constexpr std::uint32_t bit_of(HeaderName name) noexcept { return std::uint32_t{1} << name; }

/// A bit per name that a propagator reads.
constexpr std::uint32_t names_of(PropagatorKind kind) noexcept {
  switch (kind) {
    case PropagatorKind::kTraceContext:
      return bit_of(kTraceparent) | bit_of(kTracestate);
    case PropagatorKind::kBaggage:
      return bit_of(kBaggage);
    case PropagatorKind::kB3:
    case PropagatorKind::kB3Multi:
      return bit_of(kB3) | bit_of(kB3TraceId) | bit_of(kB3SpanId) | bit_of(kB3Sampled) |
             bit_of(kB3Flags);
    case PropagatorKind::kJaeger:
      return bit_of(kUberTraceId) | bit_of(kJaegerBaggage);
    case PropagatorKind::kDatadog:
      return bit_of(kDatadogTraceId) | bit_of(kDatadogParentId) | bit_of(kDatadogPriority) |
             bit_of(kDatadogOrigin) | bit_of(kDatadogTags);
    case PropagatorKind::kCustom:
      break;  // reads for itself
  }
  return 0;
}

/// All lengths of these names, a bit each.
constexpr std::uint32_t lengths_of(std::uint32_t names) noexcept {
  std::uint32_t lengths = 0;
  for (std::size_t i = 0; i < kHeaderNames.size(); ++i) {
    if ((names >> i & 1U) != 0) lengths |= std::uint32_t{1} << kHeaderNames[i].size();
  }
  return lengths;
}

}  // namespace binnacle::sdk
