#pragma once

#include "io/net/http.h"
#include "query/trace/trace_assembly.h"
#include "server/api/jaeger_answers.h"

#include <vector>

// Traces as the answer of Jaeger's v1 API. Pure.

namespace binnacle {

/// v1's answer with traces. Small answers are one body; large ones leave in pieces, so that
/// their JSON is never in memory at once. `traces` lives until the last piece is sent.
[[nodiscard]] HttpResponse jaeger_traces(TraceSet&& traces, std::vector<JaegerError> errors,
                                         bool pretty);

}  // namespace binnacle
