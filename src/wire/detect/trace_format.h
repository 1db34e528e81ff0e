#pragma once

#include <cstdint>
#include <string_view>

// Tells by content in which format a file of traces is. Pure function; any thread.
//
//   switch (detect_trace_format(bytes)) { case TraceFormat::kOtlpJson: ...

namespace binnacle::wire {

enum class TraceFormat : std::uint8_t {
  kUnknown,
  kEmpty,         ///< nothing but white space
  kOtlpJson,      ///< {"resourceSpans":..}, also Tempo's {"batches":..} and {"trace":{..}}
  kOtlpProtobuf,  ///< ExportTraceServiceRequest or TracesData
  kOtlpSignal,    ///< OTLP JSON of another signal: resourceMetrics or resourceLogs
  kJaegerJson,    ///< {"data":[..]}, one trace object, or an array of them
  kZipkinJson,    ///< array of v2 spans, or an array of such arrays
};

/// Looks at keys only, in O(position of the first telling key); a document is not checked, so a
/// decoder may still refuse it. `bytes` may be the first part of a file: 64 KiB always suffice for
/// what real tools write. A byte order mark is skipped.
[[nodiscard]] TraceFormat detect_trace_format(std::string_view bytes) noexcept;

/// "Jaeger JSON" and so on, for messages.
[[nodiscard]] std::string_view to_string(TraceFormat format) noexcept;

}  // namespace binnacle::wire
