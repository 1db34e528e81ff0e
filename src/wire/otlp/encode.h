#pragma once

#include "model/span_batch.h"

#include <string>

// SpanBatch to OTLP trace requests (opentelemetry-proto 1.x): the inverse of decode.h. Used to send
// imported files on, to print traces, and by round-trip tests. Pure functions; any thread.
//
//   std::string body = otlp::encode_protobuf(batch);
//
// Spans are grouped under their resources and scopes in order of first appearance; within a group
// they keep their order. What decode.h reads back is the same batch, up to that order and the
// numbers of strings. Packed values that are damaged (only bytes from a broken disk can be) become
// empty values.

namespace binnacle::otlp {

/// ExportTraceServiceRequest as protobuf.
[[nodiscard]] std::string encode_protobuf(const SpanBatch& batch);

/// The same as OTLP/JSON on one line: camelCase, ids as lowercase hex, 64-bit integers as strings,
/// NaN and infinities as strings, bytes as base64, enums as numbers.
[[nodiscard]] std::string encode_json(const SpanBatch& batch);

}  // namespace binnacle::otlp
