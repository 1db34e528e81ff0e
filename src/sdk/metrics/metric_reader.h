#pragma once

#include "sdk/metrics/metric_data.h"

#include <cstdint>
#include <vector>

// One consumer of metrics: an OTLP exporter, the Prometheus page. Each reader has its own
// temporality and its own memory of what it was told last, so that they do not disturb each other.
// Collecting asks the callbacks of observable instruments and adds up the cells of all threads
// while these go on recording. Internally locked (one collection at a time in the process).
//
//   MetricReader reader(TemporalityPreference::kCumulative);
//   std::vector<MetricData> metrics = reader.collect();

namespace binnacle::sdk {

/// OTLP's preferences. Up-down counters are cumulative with all of them; kLowMemory tells counters
/// and histograms as deltas but observable counters cumulatively.
enum class TemporalityPreference : std::uint8_t { kCumulative, kDelta, kLowMemory };

class MetricReader {
 public:
  explicit MetricReader(TemporalityPreference preference) noexcept;
  MetricReader(const MetricReader&) = delete;
  MetricReader& operator=(const MetricReader&) = delete;
  ~MetricReader();

  /// All streams that have something to tell, ordered by when their instruments were made; points
  /// in the order in which their series came up. Empty before the SDK starts, and if there are more
  /// than Collected::kMaxReaders readers. ~100 ns per series and thread. Throws std::bad_alloc.
  std::vector<MetricData> collect();

 private:
  const TemporalityPreference preference_;
  int index_ = -1;
  std::uint32_t run_epoch_ = 0;    // the run that the rest belongs to
  std::uint64_t last_period_ = 0;  // of the last collection
  std::int64_t last_collection_unix_ns_ = 0;
};

}  // namespace binnacle::sdk
