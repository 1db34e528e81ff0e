#pragma once

#include <cstddef>
#include <cstdint>

// The SDK's metrics about itself, made of sdk_stats() and destination_stats() when they are
// collected. Names and attributes: OpenTelemetry semantic conventions, otel/sdk-metrics.md; listed
// in docs/reference/instruments.md. Internally locked.

namespace binnacle::sdk {

/// Registers or unregisters them. `max_spans` is the capacity to tell.
void describe_sdk(bool is_on, std::size_t max_spans);

/// How long a collection took; recorded while they are registered.
void record_collection(std::int64_t duration_ns) noexcept;

}  // namespace binnacle::sdk
