#pragma once

#include "sdk/metrics/metric_reader.h"
#include "sdk/signal_source.h"

#include <binnacle/config.h>

#include <cstdint>
#include <string>

// Collects metrics for the destinations that take them and encodes them in each one's format, all
// from one collection, so that they agree. A destination that does not know metrics is left alone
// while its sender pauses them; when all do, nothing is collected, and deltas wait. Thread-confined
// (the export thread).

namespace binnacle::sdk {

class MetricSource final : public SignalSource {
 public:
  /// `resource` is an encoded Resource message.
  MetricSource(const MetricsConfig& config, std::string resource);

  Signal signal() const noexcept override { return Signal::kMetrics; }
  std::int64_t interval_ns() const noexcept override { return interval_ns_; }
  void collect(std::span<Destination* const> destinations) override;

 private:
  const std::int64_t interval_ns_;
  const std::string resource_;
  const bool sends_sdk_alone_;
  bool has_others_ = false;  // what is not about the SDK has been seen
  MetricReader reader_;
};

}  // namespace binnacle::sdk
