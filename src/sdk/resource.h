#pragma once

#include <binnacle/config.h>

#include <string>

// Who sends: the resource of this process as an encoded OTLP Resource message.

namespace binnacle::sdk {

/// service.*, deployment.environment.name, telemetry.sdk.*, a random service.instance.id, what the
/// resource detectors find (resource_detectors.h), and the configured attributes, which win over
/// these. New ones for every process, forked children included.
std::string encode_resource(const Config& config);

}  // namespace binnacle::sdk
