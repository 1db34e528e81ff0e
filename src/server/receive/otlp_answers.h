#pragma once

#include "ingest/span_ingest.h"

#include <string>

// Answers to OTLP trace requests (opentelemetry-proto, collector/trace/v1). Pure functions.

namespace binnacle {

/// ExportTraceServiceResponse as protobuf: empty when all spans were taken, else partial_success
/// with their number and the first reason (OTLP specification, "Partial Success").
[[nodiscard]] std::string encode_export_response(const IngestOutcome& outcome);

/// The same as OTLP/JSON.
[[nodiscard]] std::string encode_export_response_json(const IngestOutcome& outcome);

}  // namespace binnacle
