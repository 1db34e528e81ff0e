#pragma once

#include "sdk/environment_reader.h"

#include <binnacle/config.h>

// Which backends the environment asks for, and the variables of each: Config::exporters,
// Config::prometheus, and Config::is_enabled if nothing is left.
//
// A signal goes where its OTEL_*_EXPORTER says, else where APM_BACKEND says, as far as a backend
// takes it. Without either, an explicit OTLP endpoint means otlp, else it is jaeger. Metrics that
// nobody is sent are shown to Prometheus.

namespace binnacle::sdk {

void read_exporters(const EnvironmentReader& reader, Config& config);

}  // namespace binnacle::sdk
