#pragma once

#include "sdk/formats/span_reader.h"

#include <string_view>

// What Datadog calls things that OpenTelemetry spans only say by their attributes: the operation
// (a span's `name`, as Datadog means it) and the type. Follows Datadog's published mapping of
// OpenTelemetry spans (docs.datadoghq.com/opentelemetry/mapping, "operation names"). Pure; views
// into the span.

namespace binnacle::sdk {

class BatchAppender;

/// Attributes that decide, gathered in one pass over a span's attributes.
struct DatadogNames {
  std::string_view operation;  ///< operation.name: as it stands
  std::string_view resource;   ///< resource.name
  std::string_view type;       ///< span.type
  std::string_view db_system;
  std::string_view messaging_system;
  std::string_view messaging_operation;
  std::string_view rpc_system;
  std::string_view protocol;  ///< network.protocol.name
  bool is_http = false;

  void take(const AttributeView& attribute) noexcept;

  /// "http.server.request", "postgresql.query", "internal" and so on. `kind` is a SpanKind.
  void append_operation(BatchAppender& out, std::uint8_t kind) const noexcept;
  /// "web", "http", "db", "cache", "custom" and so on.
  std::string_view span_type(std::uint8_t kind) const noexcept;
};

/// Datadog's name of an HTTP attribute of OpenTelemetry; `key` itself for any other.
std::string_view datadog_key(std::string_view key) noexcept;

}  // namespace binnacle::sdk
