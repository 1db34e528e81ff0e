#pragma once

#include <binnacle/config.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

// The environment variables of the SDK, read into a Config. Pure: the environment and the place for
// warnings are given.
//
// Which wins: what the code sets in Config, then OTEL_* (set by platforms that run many services),
// then the APM's own names, then the default. A traces-specific OTEL_EXPORTER_OTLP_TRACES_* wins
// over its general form.

namespace binnacle::sdk {

struct Environment {
  /// The value of a variable; nullopt if unset. OpenTelemetry: empty means unset.
  std::function<std::optional<std::string>(const char* name)> get;
  std::function<void(std::string_view)> warn;
};

Config read_environment(const Environment& environment);

}  // namespace binnacle::sdk
