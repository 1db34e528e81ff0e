#pragma once

#include "sdk/batch_exporter.h"
#include "sdk/runtime.h"

#include <binnacle/config.h>

#include <functional>
#include <memory>

// Starting and stopping the SDK: the one place that knows all its parts. The public functions of
// apm.h are defined in lifecycle.cpp. Internally locked.

namespace binnacle::sdk {

/// Makes the exporter of a run; null if it cannot. Called again in a forked child.
using ExporterFactory = std::function<std::unique_ptr<BatchExporter>(const Config&)>;

/// init_observability() with another destination than the configured one.
bool start_sdk(const Config& config, ExporterFactory factory) noexcept;

/// In a forked child, at its first span: a new runtime and export thread with the parent's
/// configuration. Null if that fails; then the SDK is off.
Runtime* restart_in_child() noexcept;

/// In a forked child: the lock may have been held by a thread that does not exist here.
void renew_lifecycle_lock() noexcept;

}  // namespace binnacle::sdk
