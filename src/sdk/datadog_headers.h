#pragma once

#include "sdk/remote_context.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// The headers of Datadog's tracers. What they say beyond ids and the sampled flag (priority,
// origin, propagation tags) is kept as Datadog keeps it in W3C headers, in the tracestate member
// "dd", so that it goes on in either format. Pure functions.
//
// Sources: docs.datadoghq.com "Trace Context Propagation"; the headers as dd-trace-cpp and
// dd-trace-go read and write them.

namespace binnacle::sdk {

/// Empty means absent.
struct DatadogHeaders {
  std::string_view trace_id;   ///< the low 64 bits, in decimal
  std::string_view parent_id;  ///< the caller's span, in decimal
  std::string_view priority;   ///< -1 user reject, 0 auto reject, 1 auto keep, 2 user keep
  std::string_view origin;
  std::string_view tags;  ///< "_dd.p.<key>=<value>,..."; _dd.p.tid has the high 64 bits, in hex
};

struct DatadogContext {
  RemoteContext remote;
  std::string trace_state;  ///< "dd=..." or empty
};

/// x-datadog-tags longer than this are not read or written (Datadog's own limit).
inline constexpr std::size_t kMaxDatadogTagsBytes = 512;

/// nullopt if malformed: an id that is zero or no decimal number of 64 bits. A bad priority is as
/// if absent (the decision is ours); bad tags are dropped, a bad _dd.p.tid alone.
std::optional<DatadogContext> parse_datadog(const DatadogHeaders& headers);

/// The values of the headers of a valid context; empty ones are not sent.
struct DatadogValues {
  std::string trace_id;
  std::string parent_id;
  std::string priority;
  std::string origin;
  std::string tags;
};
DatadogValues format_datadog(const SpanContext& context, std::string_view trace_state);

}  // namespace binnacle::sdk
