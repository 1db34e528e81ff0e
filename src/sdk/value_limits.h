#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The limits on attributes that are applied on the export thread, so that recording pays nothing
// for them: the length of text, and the attributes of events and links. (OpenTelemetry, "Attribute
// Limits" and "Span Limits".) Works on the encoded fields of a Span. Pure functions.

namespace binnacle::sdk {

struct ValueLimits {
  std::uint32_t text_bytes = UINT32_MAX;  ///< longer text is cut, at a whole UTF-8 character
  std::uint32_t event_attributes = 128;
  std::uint32_t link_attributes = 128;

  /// Whether apply() could change fields of this size: an attribute takes at least 4 bytes.
  bool may_apply(std::size_t fields_bytes) const noexcept {
    constexpr std::size_t kLeastBytes = 4;
    const std::uint32_t fewest =
        event_attributes < link_attributes ? event_attributes : link_attributes;
    return text_bytes != UINT32_MAX || fields_bytes / kLeastBytes > fewest;
  }
};

/// Writes `fields` within the limits to `out`. Events and links say in their own count what they
/// lost. Bytes that are no fields are kept as they are.
void apply_value_limits(std::string_view fields, const ValueLimits& limits, std::string& out);

}  // namespace binnacle::sdk
