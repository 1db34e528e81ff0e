#pragma once

#include "sdk/formats/encoded_batch.h"
#include "sdk/formats/span_format.h"

#include <cstddef>
#include <string>
#include <string_view>

// Jaeger's Batch in thrift's binary protocol, as its collector takes it on 14268
// (jaegertracing/jaeger-idl thrift/jaeger.thrift). Translated as OpenTelemetry's specification
// "OpenTelemetry to Jaeger Transformation" says. Thread-confined.
//
// - The resource is the process: service.name its name, everything else its tags.
// - span.kind (not for internal spans), error, otel.status_code, otel.status_description,
//   otel.scope.*, otel.dropped_*_count and w3c.tracestate are tags. Arrays are JSON text.
// - Events are logs with the field `event`. Links are FOLLOWS_FROM references; their attributes
//   have no place there and are left out.
// - Times are whole microseconds.

namespace binnacle::sdk {

class JaegerThriftEncoder final : public SpanEncoder {
 public:
  static constexpr SpanFormat kFormat{.content_type = "application/vnd.apache.thrift.binary",
                                      .default_endpoint = "http://localhost:14268",
                                      .path = "/api/traces?format=jaeger.thrift"};

  /// `resource` is an encoded Resource message (sdk/resource.h).
  explicit JaegerThriftEncoder(std::string_view resource);

  void add(const FinishedSpan& span) override;
  std::size_t span_count() const noexcept override { return batch_.items; }
  std::size_t byte_count() const noexcept override { return batch_.bytes.size(); }
  EncodedBatch finish() override;

 private:
  std::string head_;        // the batch up to its first span
  std::string scope_tags_;  // encoded, of every span
  ByteBuffer scratch_;      // a value's text
  EncodedBatch batch_;
};

}  // namespace binnacle::sdk
