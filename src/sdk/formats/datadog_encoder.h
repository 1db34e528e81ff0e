#pragma once

#include "sdk/formats/encoded_batch.h"
#include "sdk/formats/span_format.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Traces for a Datadog agent, API v0.4: an array of traces, each an array of spans, in MessagePack
// (datadog-agent, pkg/proto/datadog/trace/span.proto; docs.datadoghq.com, "Trace API"). The spans
// of a batch are put together by trace; how many traces there are stands in EncodedBatch::traces,
// for the X-Datadog-Trace-Count header. Thread-confined.
//
// - `service` is service.name, `resource` the span's name, `name` and `type` follow from its
//   attributes and kind (datadog_names.h).
// - Numbers become metrics (doubles), everything else is text in meta, arrays as JSON. What is
//   neither finite is text. The most common HTTP attributes get Datadog's names.
// - Ids are the low 64 bits; `_dd.p.tid` holds the trace id's high ones, on every span, so that
//   spans may be read one by one.
// - The resource is meta of every span: env, version, runtime-id, language and whatever else there
//   is, but telemetry.sdk.*.
// - An error's `error.message`, `error.type` and `error.stack` are those of the last exception
//   event, else the status description. Events and links are JSON in `events` and
//   `_dd.span_links`.

namespace binnacle::sdk {

class BatchAppender;

class DatadogEncoder final : public SpanEncoder {
 public:
  static constexpr SpanFormat kFormat{.content_type = "application/msgpack",
                                      .default_endpoint = "http://localhost:8126",
                                      .path = "/v0.4/traces"};

  /// `resource` is an encoded Resource message (sdk/resource.h).
  explicit DatadogEncoder(std::string_view resource);

  void add(const FinishedSpan& span) override;
  std::size_t span_count() const noexcept override { return spans_.size(); }
  std::size_t byte_count() const noexcept override { return bytes_.size(); }
  EncodedBatch finish() override;

 private:
  struct Encoded {  // a span in bytes_
    std::uint64_t trace_high;
    std::uint64_t trace_low;
    std::size_t begin;
    std::size_t size;
  };
  struct Survey;
  struct MetaPass;
  struct MetricsPass;

  void add_resource(std::string_view resource);
  void append_span(BatchAppender& out, const FinishedSpan& span);
  void append_meta(BatchAppender& out, const FinishedSpan& span, const Survey& survey);
  void append_metrics(BatchAppender& out, const FinishedSpan& span);

  std::string service_;  // "service" and its value, encoded
  std::string meta_;     // encoded pairs of every span's meta
  std::size_t meta_count_ = 0;
  std::string metrics_;  // and of its metrics
  std::size_t metrics_count_ = 0;
  ByteBuffer scratch_;  // a text whose length must be known first
  ByteBuffer bytes_;    // encoded spans, in the order in which they came
  ByteBuffer body_;     // where finish() puts them in order; has room at any time
  std::vector<Encoded> spans_;
};

}  // namespace binnacle::sdk
