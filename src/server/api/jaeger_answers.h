#pragma once

#include "base/error.h"
#include "base/ids.h"
#include "codec/json_writer.h"
#include "io/net/http.h"
#include "query/trace/trace_summary.h"
#include "store/context.h"

#include <string>
#include <string_view>
#include <vector>

// The JSON of Jaeger's HTTP APIs. v1 wraps everything in {data,total,limit,offset,errors}; v3 is
// the protobuf JSON mapping of jaeger.api_v3. Pure functions.

namespace binnacle {

/// One element of v1's `errors`. `code` 0 and an invalid `trace_id` are left out.
struct JaegerError {
  int code = 0;
  std::string message;
  TraceId trace_id;
};

/// `,"total":..,"limit":0,"offset":0,"errors":..}`: what follows the value of `data`. Warnings, a
/// member of our own that Jaeger's clients ignore, appear only when there are some.
void append_envelope_end(std::size_t total, const std::vector<JaegerError>& errors,
                         const Warnings& warnings, std::string& out);

/// v1's failure: data null and the one error; the status is the error's.
[[nodiscard]] HttpResponse jaeger_failure(const Error& error);
[[nodiscard]] HttpResponse jaeger_failure(int status, std::string_view message);
/// v3's failure: {"error":{"httpCode":404,"message":"..."}}.
[[nodiscard]] HttpResponse jaeger_failure_v3(const Error& error);

/// A whole v1 body, indented when `pretty`.
[[nodiscard]] HttpResponse jaeger_answer(std::string body, bool pretty);

/// One element of v3's `summaries`. Zero counts and empty names are left out, as the mapping does.
void append_summary_v3(const TraceSummary& summary, codec::JsonWriter& json);

}  // namespace binnacle
