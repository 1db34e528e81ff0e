#pragma once

#include "sdk/destination.h"
#include "sdk/http_client.h"

#include <binnacle/config.h>

#include <string>
#include <vector>

// From Config to destinations: which encoder and which exporter make up each of Config::exporters.

namespace binnacle::sdk {

/// One that cannot be set up is warned of and left out. `resource` is an encoded Resource message
/// (resource.h), the same for all.
std::vector<DestinationSetup> make_destinations(const Config& config, HttpClient& client,
                                                const std::string& resource);

/// The URL for one signal's OTLP/HTTP requests.
std::string otlp_http_url(const ExporterConfig& config, Signal signal);

}  // namespace binnacle::sdk
