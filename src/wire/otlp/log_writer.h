#pragma once

#include "wire/otlp/span_writer.h"

// Tags of OTLP's log messages, for writing them as span_writer.h writes spans. The messages around
// log records (ExportLogsServiceRequest, ResourceLogs, ScopeLogs) have the field numbers of those
// around spans: kRequestResourceSpans, kResourceSpansScopeSpans, kScopeSpansSpans and so on.
//
// Source: opentelemetry-proto 1.x, logs/v1/logs.proto.

namespace binnacle::wire::otlp {

// message LogRecord
inline constexpr std::uint8_t kLogTime = tag_of(1, kFixed64);
inline constexpr std::uint8_t kLogSeverity = tag_of(2, kVarint);
inline constexpr std::uint8_t kLogSeverityText = tag_of(3, kBytes);
inline constexpr std::uint8_t kLogBody = tag_of(5, kBytes);
inline constexpr std::uint8_t kLogAttributes = tag_of(6, kBytes);
inline constexpr std::uint8_t kLogDroppedAttributes = tag_of(7, kVarint);
inline constexpr std::uint8_t kLogFlags = tag_of(8, kFixed32);
inline constexpr std::uint8_t kLogTraceId = tag_of(9, kBytes);
inline constexpr std::uint8_t kLogSpanId = tag_of(10, kBytes);
inline constexpr std::uint8_t kLogObservedTime = tag_of(11, kFixed64);
inline constexpr std::uint8_t kLogEventName = tag_of(12, kBytes);

}  // namespace binnacle::wire::otlp
