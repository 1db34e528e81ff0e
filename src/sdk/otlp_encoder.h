#pragma once

#include "sdk/formats/encoded_batch.h"

#include <cstddef>
#include <string>
#include <string_view>

// OTLP's ExportTraceServiceRequest: one resource, one scope, many spans. The attributes of a span
// are in wire form since they were recorded, so that encoding is mostly one copy. Spans are written
// once: the messages around them, whose lengths come first and are known last, go into a gap left
// in front. Thread-confined.

namespace binnacle::sdk {

class OtlpEncoder final : public SpanEncoder {
 public:
  /// `resource` is an encoded Resource message (resource.h).
  explicit OtlpEncoder(std::string resource);

  /// ~40 ns for a span with 5 attributes.
  void add(const FinishedSpan& span) override;
  std::size_t span_count() const noexcept override { return batch_.items; }
  std::size_t byte_count() const noexcept override { return batch_.bytes.size(); }
  EncodedBatch finish() override;

 private:
  std::string resource_;
  std::string scope_;  // encoded InstrumentationScope
  std::size_t gap_bytes_;
  EncodedBatch batch_;
};

}  // namespace binnacle::sdk
