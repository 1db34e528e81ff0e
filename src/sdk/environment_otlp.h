#pragma once

#include "sdk/environment_reader.h"
#include "sdk/formats/encoded_batch.h"

#include <binnacle/config.h>

#include <string>
#include <string_view>

// The variables of OTLP exporters, general and per signal. (OpenTelemetry, "OpenTelemetry Protocol
// Exporter".)

namespace binnacle::sdk {

class SignalSet {
 public:
  void add(Signal signal) noexcept { bits_ |= 1U << index_of(signal); }
  bool has(Signal signal) const noexcept { return (bits_ >> index_of(signal) & 1U) != 0; }
  bool is_empty() const noexcept { return bits_ == 0; }
  void apply_to(ExporterConfig& exporter) const noexcept {
    exporter.takes_traces = has(Signal::kTraces);
    exporter.takes_metrics = has(Signal::kMetrics);
    exporter.takes_logs = has(Signal::kLogs);
  }

 private:
  unsigned bits_ = 0;
};

/// An http or https URL; "http://" is added where there is no scheme. What is none is rejected and
/// `otherwise` holds.
std::string read_url(const EnvironmentReader& reader, EnvironmentReader::Names names,
                     std::string_view otherwise, std::string_view default_scheme = "http://");

/// One exporter for the signals whose settings are the same, another for those that differ.
void add_otlp(const EnvironmentReader& reader, SignalSet signals, Config& config);

}  // namespace binnacle::sdk
