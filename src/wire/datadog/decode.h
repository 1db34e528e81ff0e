#pragma once

#include "base/error.h"
#include "wire/decoded_spans.h"

#include <string>
#include <string_view>

// What tracers send to a Datadog agent, to SpanBatch: API v0.3 and v0.4 (an array of traces, each
// an array of spans, in msgpack or JSON) and v0.5 (a string table, and spans as arrays of twelve)
// (datadog-agent, pkg/proto/datadog/trace/span.proto and pkg/trace/api/version.go). Translated as
// the OpenTelemetry Collector's Datadog receiver does (translate.h). Pure functions; any thread.
//
//   Result<DecodedSpans> spans = datadog::decode_msgpack(body, sender);
//
// A broken message is an error of the whole (kInvalidArgument with place and byte offset); a span
// whose trace or span id is zero is left out and counted. Text that is no UTF-8 is repaired.

namespace binnacle::datadog {

/// What stands in the headers of a request. Borrowed for the call.
struct Sender {
  std::string_view language = {};          ///< Datadog-Meta-Lang
  std::string_view language_version = {};  ///< Datadog-Meta-Lang-Version
  std::string_view interpreter = {};       ///< Datadog-Meta-Lang-Interpreter
  std::string_view tracer_version = {};    ///< Datadog-Meta-Tracer-Version
  std::string_view container_id = {};      ///< Datadog-Container-ID
};

/// Tags of one span beyond these are counted as dropped attributes. Tracers send a few dozen.
constexpr std::size_t kMaxTags = 65'536;

/// v0.3 and v0.4, application/msgpack.
[[nodiscard]] Result<DecodedSpans> decode_msgpack(std::string_view body, const Sender& sender);
/// v0.3 and v0.4, application/json.
[[nodiscard]] Result<DecodedSpans> decode_json(std::string body, const Sender& sender);
/// v0.5, application/msgpack.
[[nodiscard]] Result<DecodedSpans> decode_string_table(std::string_view body, const Sender& sender);

}  // namespace binnacle::datadog
