#pragma once

#include "codec/json_writer.h"
#include "model/span_batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Spans as the JSON of Jaeger's query API (jaegertracing/jaeger model/json, the shape jaeger-ui and
// Grafana read), translated as Jaeger translates OTLP (OpenTelemetry specification, "OpenTelemetry
// to Jaeger Transformation"). One pass, straight into the output string: a trace of 50,000 spans is
// written at some hundred MB/s. Pure functions; any thread.
//
//   std::string out;
//   codec::JsonWriter w(out);
//   w.begin_object().key("data").begin_array();
//   for (...) jaeger::write_trace(batch, spans_of_one_trace, w);
//   w.end_array()...
//
// What becomes what:
// - resource: a process per distinct resource, p1 to pn in order of first use; service.name is its
//   serviceName, the other attributes its tags.
// - parent and links: references; a link is FOLLOWS_FROM unless its opentracing.ref_type says
//   child_of. Links' other attributes and trace state have no place in Jaeger's model.
// - scope, kind, status, trace state: tags otel.scope.name, otel.scope.version and scope
// attributes,
//   span.kind, otel.status_code, otel.status_description, error=true, w3c.tracestate.
// - events: logs, whose field `event` is the event's name.
// - times: microseconds, rounded down. Strings, booleans, int64 and float64 keep their types; bytes
//   are base64 "binary"; arrays and maps are JSON text.

namespace binnacle::jaeger {

/// One element of `data`: spans `rows` of `batch`, all of one trace, in this order. `warnings` of
/// the trace (null if empty); `span_warnings` is empty or pairs with `rows`.
void write_trace(const SpanBatch& batch, std::span<const std::uint32_t> rows,
                 codec::JsonWriter& out, std::span<const std::string> warnings = {},
                 std::span<const std::vector<std::string>> span_warnings = {});

/// The same object in pieces, for traces whose JSON is too large to be in memory at once. Refers to
/// `batch`, `rows` and `warnings`, which must outlive it. Thread-confined.
class TracePieces {
 public:
  TracePieces(const SpanBatch& batch, std::span<const std::uint32_t> rows,
              std::span<const std::string> warnings = {});
  TracePieces(TracePieces&&) noexcept;
  TracePieces& operator=(TracePieces&&) noexcept;
  ~TracePieces();

  /// Appends whole spans to `out` until about `about_bytes` (at least one). False once the object
  /// is complete.
  bool next(std::string& out, std::size_t about_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The whole answer of /api/traces/{id} and /api/traces: `{"data":[...],"total":n,"limit":0,
/// "offset":0,"errors":null}`. Groups the batch's spans by trace id, in order of first appearance.
[[nodiscard]] std::string encode_traces(const SpanBatch& batch);

}  // namespace binnacle::jaeger
