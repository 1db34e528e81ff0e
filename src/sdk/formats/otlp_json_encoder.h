#pragma once

#include "sdk/formats/encoded_batch.h"
#include "sdk/formats/span_format.h"

#include <cstddef>
#include <string>
#include <string_view>

// OTLP/JSON's ExportTraceServiceRequest, on one line: ids in hexadecimal, 64-bit integers as
// strings, enums as numbers (OTLP specification 1.x, "JSON Protobuf Encoding"). What OTLP/HTTP
// receivers take as application/json, and what is written to files. Thread-confined.

namespace binnacle::sdk {

class OtlpJsonEncoder final : public SpanEncoder {
 public:
  static constexpr SpanFormat kFormat{.content_type = "application/json",
                                      .default_endpoint = "http://localhost:4318",
                                      .path = "/v1/traces"};

  /// `resource` is an encoded Resource message (sdk/resource.h).
  explicit OtlpJsonEncoder(std::string_view resource);

  void add(const FinishedSpan& span) override;
  std::size_t span_count() const noexcept override { return batch_.items; }
  std::size_t byte_count() const noexcept override { return batch_.bytes.size(); }
  EncodedBatch finish() override;

 private:
  std::string head_;  // all that stands before the first span
  EncodedBatch batch_;
};

}  // namespace binnacle::sdk
