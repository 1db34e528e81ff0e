#pragma once

#include "sdk/metrics/metric_data.h"
#include "sdk/metrics/series.h"

#include <cstddef>
#include <cstdint>
#include <vector>

// The steps of a collection for one series: reading cells, adding them up, and making the point
// that a reader is to see. Under the collection lock.

namespace binnacle::sdk {

/// One collection, and the reader it is for.
struct Collection {
  std::uint64_t period = 0;       ///< the interval that it ends
  std::size_t reader = 0;         ///< place in Collected::readers
  std::uint64_t last_period = 0;  ///< of this reader's last collection
  std::int64_t interval_start_unix_ns = 0;
  std::int64_t time_unix_ns = 0;
  bool uses_exemplars = false;
};

/// What all cells of a series come to.
struct SeriesState {
  Totals totals;
  Extremes interval;  ///< since the last collection, whoever's it was
  Extremes ever;
};

/// Reads cells of one stream's layout while their threads record.
class CellReader {
 public:
  CellReader(const Stream& stream, const Collection& collection) noexcept
      : stream_(stream), collection_(collection) {}

  void add(Word* cell, Totals& totals, Extremes& ever, Extremes& interval) const;
  /// Lets the next measurement of every bucket be considered as an exemplar.
  void rearm(Word* cell) const noexcept;

 private:
  const Stream& stream_;
  const Collection& collection_;
};

/// The stream without points.
MetricData describe(const Stream& stream, Temporality temporality);

/// Appends the series' point, if there is something to tell: always in cumulative temporality once
/// anything was recorded or the series was bound; as a delta if something was recorded since the
/// reader's last collection.
void make_point(Series& series, const SeriesState& state, const Collection& collection,
                Temporality temporality, std::vector<Point>& points);

}  // namespace binnacle::sdk
