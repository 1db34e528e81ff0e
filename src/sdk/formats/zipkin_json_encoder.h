#pragma once

#include "sdk/formats/encoded_batch.h"
#include "sdk/formats/span_format.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Zipkin v2 JSON, as its collector takes it on 9411 (zipkin.io/zipkin-api). Translated as
// OpenTelemetry's specification "OpenTelemetry to Zipkin Transformation" says. Thread-confined.
//
// - service.name is the local endpoint; the resource's other attributes are tags of every span, the
//   span's own winning over them. So are otel.scope.*, otel.status_code, otel.dropped_*_count.
// - The tag `error` is there if the status is Error, with its description, or if the span has an
//   attribute of that name which is not false.
// - CLIENT and PRODUCER spans have a remote endpoint: the first of peer.service, server.address and
//   so on that there is.
// - Tags are text, arrays JSON text. Events are annotations: name, or "name": {attributes}.
// - Times are whole microseconds; a duration is 1 at least, as Zipkin wants it.
// - Zipkin has no place for links and tracestate.

namespace binnacle::sdk {

class BatchAppender;

class ZipkinJsonEncoder final : public SpanEncoder {
 public:
  static constexpr SpanFormat kFormat{.content_type = "application/json",
                                      .default_endpoint = "http://localhost:9411",
                                      .path = "/api/v2/spans"};

  /// `resource` is an encoded Resource message (sdk/resource.h).
  explicit ZipkinJsonEncoder(std::string_view resource);

  void add(const FinishedSpan& span) override;
  std::size_t span_count() const noexcept override { return batch_.items; }
  std::size_t byte_count() const noexcept override { return batch_.bytes.size(); }
  EncodedBatch finish() override;

 private:
  struct ResourceTag {
    std::string key;
    std::string json;  // ,"key":"value"
  };
  struct TagPass;

  void append_span(BatchAppender& out, const FinishedSpan& span);
  void append_resource_tags(BatchAppender& out, const FinishedSpan& span) const;
  bool may_be_of_resource(std::string_view key) const noexcept {
    return (resource_key_sizes_ >> (key.size() & 63U) & 1U) != 0;
  }

  std::string endpoint_;  // ,"localEndpoint":{..},"tags":{ and the scope's tags
  std::vector<ResourceTag> resource_tags_;
  std::string all_resource_tags_;
  std::uint64_t resource_key_sizes_ = 0;  // bit n: a resource tag's key has n bytes, modulo 64
  ByteBuffer scratch_;                    // a text that is then quoted
  EncodedBatch batch_;
};

}  // namespace binnacle::sdk
