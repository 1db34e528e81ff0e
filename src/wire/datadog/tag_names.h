#pragma once

#include <string_view>

// Datadog's tag names and OpenTelemetry's attribute names for the same thing
// (docs.datadoghq.com/opentelemetry/schema_semantics/semantic_mapping; the table of the
// OpenTelemetry Collector's Datadog receiver). Pure functions.

namespace binnacle::datadog {

/// The attribute for a tag of a span; the tag's own name if there is no other. Of headers
/// ("http.request.headers.x") only the prefix changes: see otel_header_prefix().
[[nodiscard]] std::string_view otel_key(std::string_view tag) noexcept;

/// For "http.request.headers." and "http.response.headers.": OpenTelemetry's prefix and how many
/// bytes of the tag it replaces; both empty for other tags.
struct HeaderPrefix {
  std::string_view otel;
  std::size_t replaced = 0;
};
[[nodiscard]] HeaderPrefix otel_header_prefix(std::string_view tag) noexcept;

/// The resource attribute that a tag stands for; empty if the tag is the span's own. Tags that have
/// OpenTelemetry's name already stand for themselves.
[[nodiscard]] std::string_view resource_key(std::string_view tag) noexcept;

}  // namespace binnacle::datadog
