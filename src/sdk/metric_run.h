#pragma once

#include <binnacle/config.h>

// Starting and stopping what records metrics, with the rest of the SDK (lifecycle.cpp).

namespace binnacle::sdk {

/// Metrics are recorded from now on, from zero. `are_read`: somebody is told them, so that the SDK
/// may tell about itself. False (and a warning) if memory lacks.
bool start_metrics(const Config& config, bool are_read) noexcept;
/// No longer. What was recorded can still be collected.
void stop_metrics() noexcept;

}  // namespace binnacle::sdk
