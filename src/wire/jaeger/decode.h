#pragma once

#include "base/error.h"
#include "wire/decoded_spans.h"

#include <string_view>

// Jaeger's formats to SpanBatch (jaegertracing/jaeger-idl thrift/jaeger.thrift; Jaeger's UI JSON),
// translated to OpenTelemetry as the OpenTelemetry Collector does (translate.h). Pure functions;
// any thread.
//
//   Result<DecodedSpans> spans = jaeger::decode_thrift_binary(body);
//
// A broken message is an error of the whole (kInvalidArgument with place and byte offset); a span
// whose trace or span id is zero is left out and counted. Text that is no UTF-8 is repaired.

namespace binnacle::jaeger {

/// Largest body that is decoded at all; receivers set lower limits.
constexpr std::size_t kMaxBodyBytes = 1U << 30U;

/// A Batch struct in the binary protocol without a message around it: what clients POST to
/// /api/traces on port 14268.
[[nodiscard]] Result<DecodedSpans> decode_thrift_binary(std::string_view body);

/// An emitBatch message, one UDP datagram: compact or binary, told apart by the first byte, because
/// clients send either to either port.
[[nodiscard]] Result<DecodedSpans> decode_thrift_datagram(std::string_view datagram);

/// The JSON of Jaeger's query API and UI: `{"data":[trace...]}`, an array of traces, or one trace
/// `{"traceID","spans","processes"}`. Ids that are no hexadecimal numbers are replaced by a hash of
/// their text, so that what refers to them still does.
[[nodiscard]] Result<DecodedSpans> decode_json(std::string_view text);

}  // namespace binnacle::jaeger
