#pragma once

#include "base/error.h"
#include "base/ids.h"
#include "model/span_batch.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How Jaeger's HTTP APIs write small values in parameters and answers. Pure functions.

namespace binnacle {

/// "server", "client" and so on in any case; nullopt for anything else.
[[nodiscard]] std::optional<SpanKind> parse_span_kind(std::string_view text) noexcept;
/// Jaeger's name of the kind; "" for kUnspecified.
[[nodiscard]] std::string_view jaeger_kind_name(SpanKind kind) noexcept;

/// 1 to 32 hexadecimal digits or the base64 (standard or URL alphabet, padded or not) of 8 or 16
/// bytes. kInvalidArgument with the text.
[[nodiscard]] Result<TraceId> parse_jaeger_trace_id(std::string_view text);
/// As Jaeger writes ids: 16 digits when the high half is zero, else 32.
[[nodiscard]] std::string jaeger_trace_id(TraceId id);

/// Go's strconv.ParseBool: 1, t, T, true, True, TRUE and their opposites.
[[nodiscard]] std::optional<bool> parse_go_bool(std::string_view text) noexcept;
/// "2024-05-01T10:00:00.123456789Z" or with an offset (+02:00), in Unix nanoseconds. A blank where
/// the offset's + was is taken for the +: Grafana sends it unescaped.
[[nodiscard]] Result<std::uint64_t> parse_rfc3339(std::string_view text);

/// {"key":"value",...}: the members in order, the last of equal keys wins. Numbers and booleans
/// become their text. kInvalidArgument for anything else, and above `members_limit`.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> parse_text_map(
    std::string_view json, std::size_t members_limit);

}  // namespace binnacle
