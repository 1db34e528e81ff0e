#pragma once

#include "base/error.h"
#include "wire/decoded_spans.h"

#include <string_view>

// OTLP trace requests to SpanBatch (opentelemetry-proto 1.x: collector/trace/v1, trace/v1). The
// same bytes as ExportTraceServiceRequest and as TracesData (files). Pure functions; any thread.
//
//   Result<DecodedSpans> spans = otlp::decode_protobuf(body);
//
// What both forms have in common:
// - A broken message (wire format, types, nesting beyond kMaxValueDepth, JSON syntax) is an error
//   of the whole request, kInvalidArgument, naming the field's path and the byte offset.
// - A span with a missing, wrongly long or all-zero trace or span id, or a parent id or link id of
//   wrong length, is left out and counted; its neighbours are kept.
// - Unknown fields are ignored. Kinds and status codes out of range become unspecified and unset.
// - Times are kept as sent. Text that is no UTF-8 is kept with U+FFFD in place of what is not.
// - Fields in any order; `instrumentation_library_spans` of OTLP before 0.15 is read as
//   `scope_spans`.
//
// Memory: n bytes of input make a batch of at most 20 n bytes (its densest form is links without
// content, 40 bytes for 2), times the growth of vectors; callers bound n.

namespace binnacle::otlp {

/// Largest request that is decoded at all: offsets within a batch are 32 bits. Receivers set lower
/// limits.
constexpr std::size_t kMaxRequestBytes = 1U << 30U;

/// ExportTraceServiceRequest or TracesData as protobuf. 0.35 us for a span with 11 attributes
/// (bench/wire_rate).
[[nodiscard]] Result<DecodedSpans> decode_protobuf(std::string_view request);

/// The same as JSON (OTLP/JSON and what senders make of it): camelCase or snake_case names; ids as
/// hex of either case or base64; 64-bit integers as strings or numbers, whole numbers also with an
/// exponent; doubles also as "NaN", "Infinity", "-Infinity"; null for absent; enums as numbers or
/// names; `batches` for `resourceSpans`; a wrapping object `{"trace": ...}` as Tempo's API returns.
[[nodiscard]] Result<DecodedSpans> decode_json(std::string_view request);

}  // namespace binnacle::otlp
