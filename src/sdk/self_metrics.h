#pragma once

#include <cstddef>
#include <cstdint>

// The SDK's metrics about itself, made of the runtime's counters and destination_stats() when they
// are collected; recording counts nothing for them. Names and attributes: OpenTelemetry semantic
// conventions, otel/sdk-metrics.md; listed in docs/reference/instruments.md. Internally locked.

namespace binnacle::sdk {

/// Registers or unregisters them. The slots are the capacities to tell.
void describe_sdk(bool is_on, std::size_t span_slots, std::size_t log_slots);

/// How long a collection took; recorded while they are registered.
void record_collection(std::int64_t duration_ns) noexcept;

}  // namespace binnacle::sdk
