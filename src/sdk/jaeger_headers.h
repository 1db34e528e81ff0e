#pragma once

#include "sdk/remote_context.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// The grammar of Jaeger's uber-trace-id (jaegertracing.io, "Propagation Format"). Pure functions.

namespace binnacle::sdk {

/// No client writes more; what is longer is not read.
inline constexpr std::size_t kMaxUberTraceIdBytes = 256;

/// "{trace id}:{span id}:{parent span id}:{flags}", perhaps percent-encoded. Ids may lack leading
/// zeros; the parent is ignored, as Jaeger does. nullopt if malformed.
std::optional<RemoteContext> parse_uber_trace_id(std::string_view value);

inline constexpr std::size_t kUberTraceIdLength = 53;
/// Writes the header of a valid context, with the ids in full.
void format_uber_trace_id(const SpanContext& context, std::uint8_t marks, char* out) noexcept;

}  // namespace binnacle::sdk
