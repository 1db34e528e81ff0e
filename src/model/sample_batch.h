#pragma once

#include "model/labels.h"

#include <cstdint>
#include <vector>

// Samples as they flow to and from a series store. Draft in the vocabulary of span_batch.h; native
// histograms and classic-histogram row groups join `SeriesBlock` when the series engine is built.

namespace binnacle {

/// Number of a series within one store, given by SeriesStore::create; stable while the store lives.
struct SeriesRef {
  std::uint64_t value = 0;
  friend constexpr auto operator<=>(const SeriesRef&, const SeriesRef&) = default;
};

/// Float samples of several series: entry i of each column belongs to sample i.
struct SampleBatch {
  std::vector<SeriesRef> refs;
  std::vector<std::int64_t> times_unix_ms;
  std::vector<double> values;  ///< a stale marker is the NaN with Prometheus' bit pattern
};

/// What a selected series' samples look like in memory.
enum class SeriesBlockKind : std::uint8_t { kFloat, kNativeHistogram, kClassicHistogramRows };

/// Consecutive samples of one series; times ascending, `values[i]` at `times_unix_ms[i]`.
struct SeriesBlock {
  SeriesBlockKind kind = SeriesBlockKind::kFloat;
  std::vector<std::int64_t> times_unix_ms;
  std::vector<double> values;
};

}  // namespace binnacle
