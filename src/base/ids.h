#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

// Identifiers of traces and spans (W3C Trace Context, OpenTelemetry trace specification). Plain
// values.

namespace binnacle {

/// 16 bytes, big-endian in `high` then `low`. All zero means "no trace". A 64-bit id of older
/// senders has `high == 0`.
struct TraceId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  [[nodiscard]] constexpr bool valid() const noexcept { return (high | low) != 0; }
  friend constexpr auto operator<=>(const TraceId&, const TraceId&) = default;
  friend constexpr bool operator==(const TraceId&, const TraceId&) = default;
};

/// 8 bytes, big-endian value. Zero means "no span" (a root's parent).
struct SpanId {
  std::uint64_t value = 0;

  [[nodiscard]] constexpr bool valid() const noexcept { return value != 0; }
  friend constexpr auto operator<=>(const SpanId&, const SpanId&) = default;
  friend constexpr bool operator==(const SpanId&, const SpanId&) = default;
};

/// From 16 / 8 big-endian bytes as they stand on the wire; `bytes` must hold that many.
[[nodiscard]] TraceId trace_id_from_bytes(const char* bytes) noexcept;
[[nodiscard]] SpanId span_id_from_bytes(const char* bytes) noexcept;
/// Writes 16 / 8 big-endian bytes.
void to_bytes(TraceId id, char* out) noexcept;
void to_bytes(SpanId id, char* out) noexcept;

/// Lowercase hexadecimal, 32 and 16 digits.
[[nodiscard]] std::string to_hex(TraceId id);
[[nodiscard]] std::string to_hex(SpanId id);

/// Parses 1 to 32 (1 to 16) hexadecimal digits of either case; shorter ones are padded with zeros
/// on the left, as Jaeger and Zipkin do. nullopt on anything else. The result may be the invalid
/// zero id.
[[nodiscard]] std::optional<TraceId> parse_trace_id(std::string_view hex) noexcept;
[[nodiscard]] std::optional<SpanId> parse_span_id(std::string_view hex) noexcept;

/// Which customer's data. Opaque; the single-tenant default is "default". Values are validated
/// where they enter (auth); inside, equal strings are the same tenant.
struct TenantId {
  std::string value = "default";
  friend bool operator==(const TenantId&, const TenantId&) = default;
};

}  // namespace binnacle

template <>
struct std::hash<binnacle::TraceId> {
  // Ids are random on at least their low half (W3C Trace Context level 2), so mixing is enough.
  std::size_t operator()(const binnacle::TraceId& id) const noexcept {
    return static_cast<std::size_t>((id.low ^ (id.high * 0x9E3779B97F4A7C15ULL)) *
                                    0xFF51AFD7ED558CCDULL);
  }
};
template <>
struct std::hash<binnacle::SpanId> {
  std::size_t operator()(const binnacle::SpanId& id) const noexcept {
    return static_cast<std::size_t>(id.value * 0x9E3779B97F4A7C15ULL);
  }
};
