#pragma once

#include "sdk/destination.h"
#include "sdk/http_client.h"
#include "sdk/runtime.h"

#include <binnacle/config.h>

#include <functional>
#include <string>
#include <vector>

// Starting and stopping the SDK: the one place that knows all its parts. The public functions of
// apm.h are defined in lifecycle.cpp. Internally locked.

namespace binnacle::sdk {

/// Makes the destinations of a run. Called again in a forked child.
using DestinationFactory = std::function<std::vector<DestinationSetup>(
    const Config&, HttpClient&, const std::string& resource)>;

/// init_observability() with other destinations than the configured ones.
bool start_sdk(const Config& config, DestinationFactory factory) noexcept;

/// Whether a run that was shut down is not over yet: when its deadline has passed, the export
/// thread lives on for the moment that it takes to count what it gives up.
bool is_shutting_down() noexcept;

/// In a forked child, at its first span: a new runtime and export thread with the parent's
/// configuration. Null if that fails; then the SDK is off.
Runtime* restart_in_child() noexcept;

/// In a forked child: the lock may have been held by a thread that does not exist here.
void renew_lifecycle_lock() noexcept;

}  // namespace binnacle::sdk
