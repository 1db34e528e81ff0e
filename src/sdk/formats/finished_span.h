#pragma once

#include <binnacle/span.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

// An ended span as exporters see it. Borrowed: valid during the call it is passed to.

namespace binnacle::sdk {

struct FinishedSpan {
  const std::uint8_t* trace_id = nullptr;        ///< 16 bytes
  const std::uint8_t* span_id = nullptr;         ///< 8 bytes
  const std::uint8_t* parent_span_id = nullptr;  ///< 8 bytes; null if the span has no parent
  std::uint64_t start_unix_ns = 0;
  std::uint64_t end_unix_ns = 0;  ///< never before the start
  /// Encoded fields of OTLP's Span message: name, attributes (keys unique), events, links and, if
  /// is_status_in_fields, the status. In the order in which they were recorded.
  std::string_view fields;
  std::string_view trace_state;
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  std::uint8_t kind = 0;    ///< SpanKind
  std::uint8_t status = 0;  ///< StatusCode
  std::uint8_t trace_flags = 0;
  bool is_parent_remote = false;
  bool is_status_in_fields = false;
};

/// A span's kind as OpenTelemetry's mappings to other formats write it; "internal" for what is none
/// of the other four.
constexpr std::string_view span_kind_text(std::uint8_t kind) noexcept {
  switch (static_cast<SpanKind>(kind)) {
    case SpanKind::kServer:
      return "server";
    case SpanKind::kClient:
      return "client";
    case SpanKind::kProducer:
      return "producer";
    case SpanKind::kConsumer:
      return "consumer";
    default:
      return "internal";
  }
}

/// Takes the spans of a sweep, one by one.
class SpanSink {
 public:
  SpanSink() = default;
  SpanSink(const SpanSink&) = delete;
  SpanSink& operator=(const SpanSink&) = delete;
  virtual ~SpanSink() = default;
  virtual void add(const FinishedSpan& span) = 0;
};

}  // namespace binnacle::sdk
