#pragma once

#include "sdk/metrics/attribute_set.h"
#include "sdk/metrics/cells.h"
#include "sdk/metrics/exemplars.h"
#include "sdk/metrics/exponential.h"
#include "sdk/metrics/histogram_shape.h"
#include "sdk/metrics/lookup_table.h"
#include "sdk/metrics/metric_data.h"

#include <binnacle/metrics.h>

#include <array>
#include <atomic>
#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

// What stands between a recording thread's cell and an exported point:
//
//   instrument   what create_*() made: a name, a kind, and how views show it
//   stream       one of the ways it is shown (one, unless views say otherwise)
//   series       one set of attributes of a stream; its cells have one place in all threads
//   bound series one set of attributes of the instrument: the series of each stream it counts in
//
// All of them live for ever once made: handles in the host point at them. Made and changed by
// MetricRegistry, under its lock; what is atomic is read by recording threads without it.

namespace binnacle::sdk {

using ::binnacle::v1::detail::InstrumentKind;
using ::binnacle::v1::detail::MetricInstrument;

enum class Aggregation : std::uint8_t { kSum, kLastValue, kHistogram, kExponential };

/// Series of one stream, the overflow series among them, unless a view says otherwise.
inline constexpr std::size_t kDefaultCardinalityLimit = 2000;

// ---- What collecting knows of a series ----------------------------------------------------------

struct Extremes {
  bool has_any = false;
  double least = 0;
  double greatest = 0;

  void add(double low, double high) noexcept {
    least = has_any && least < low ? least : low;
    greatest = has_any && greatest > high ? greatest : high;
    has_any = true;
  }
  void add(const Extremes& other) noexcept {
    if (other.has_any) add(other.least, other.greatest);
  }
};

/// A series' aggregate; which members count depends on the aggregation.
struct Totals {
  std::int64_t integer = 0;            ///< sums of integers
  double real = 0;                     ///< sums of doubles; the sum of a histogram
  std::vector<std::uint64_t> buckets;  ///< histograms
  ExponentialTotals exponential;
};

/// What a delta reader remembers of a series.
struct ReaderMemory {
  Totals last;
  Extremes pending;
};

/// Written under the collection lock only.
struct Collected {
  static constexpr std::size_t kMaxReaders = 8;

  Totals folded;  ///< of threads that have exited
  Extremes folded_extremes;
  std::array<std::unique_ptr<ReaderMemory>, kMaxReaders> readers;
  std::int64_t start_unix_ns = 0;
  // Observable instruments: what the last collection saw.
  std::uint64_t observed_period = 0;
  Measurement observed;
};

// ---- Streams and series -------------------------------------------------------------------------

/// A gauge's value: one for all threads, so that the last one set is the one that counts.
struct alignas(64) GaugeCell {
  Word value{0};
  Word period{0};  ///< the interval it was set in; 0: never
  ExemplarSkip skip{0};
};

struct Stream;
struct Series;

/// Where a thread finds its cell of a series, and what it needs to record into it. In one piece,
/// and constant once a thread can see it: when views change, a thread that is a moment behind
/// records into the old cell by the old layout.
struct CellPlace {
  std::uint32_t block = kNoBlock;
  std::uint32_t word = 0;
  const HistogramShape* shape = nullptr;  ///< explicit histograms
  GaugeCell* gauge = nullptr;             ///< gauges
  Series* series = nullptr;
};

/// For bound series that have more than one series, none, or one of another aggregation than their
/// kind's: no thread has that block, so they take the slow way.
inline constexpr CellPlace kNoPlace{};

struct Series {
  Stream* stream = nullptr;
  const AttributeSet* attributes = nullptr;
  CellPlace place;
  bool is_overflow = false;
  std::atomic<bool> is_bound{false};        ///< exported even before something was recorded
  std::atomic<Word*> shared_cell{nullptr};  ///< for threads without a cell; guarded by a lock
  GaugeCell gauge;
  ExemplarStore exemplars;
  std::unique_ptr<Collected> collected;
};

struct Stream {
  std::string name;
  std::string unit;
  std::string description;
  MetricScope scope;
  InstrumentKind kind = InstrumentKind::kCounter;
  Aggregation aggregation = Aggregation::kSum;
  bool is_integer = false;
  bool has_filter = false;
  bool has_kept_keys = false;
  std::vector<std::string> kept_keys;
  std::vector<std::string> excluded_keys;
  std::unique_ptr<HistogramShape> shape;  ///< kHistogram
  std::size_t cardinality_limit = kDefaultCardinalityLimit;

  LookupTable<Series> by_attributes;
  std::vector<Series*> series;
  std::atomic<Series*> overflow{nullptr};
  std::atomic<bool> is_full{false};

  bool keeps(std::string_view key) const noexcept;
  bool is_observable() const noexcept { return kind >= InstrumentKind::kObservableCounter; }
  bool is_monotonic() const noexcept {
    return kind == InstrumentKind::kCounter || kind == InstrumentKind::kObservableCounter ||
           kind == InstrumentKind::kHistogram;
  }
  /// Words of a thread's cell; 0 for gauges and observable instruments, which have none.
  std::size_t cell_words() const noexcept;
  std::size_t exemplar_places() const noexcept;
};

/// The streams of an instrument; replaced as a whole when views change.
using StreamList = std::vector<Stream*>;
using SeriesList = std::vector<Series*>;

/// One order in which a set of attributes was passed.
struct AttributeOrder {
  const AttributeSet* attributes = nullptr;
  BoundSeries* target = nullptr;
};

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {
namespace detail {

struct alignas(64) BoundSeries {
  // What the fast path reads.
  std::atomic<const sdk::CellPlace*> place{&sdk::kNoPlace};
  std::int64_t least_integer = std::numeric_limits<std::int64_t>::min();
  double least_real = -DBL_MAX;
  std::atomic<const sdk::SeriesList*> series{nullptr};
  MetricInstrument* instrument = nullptr;
  // Rest.
  const sdk::AttributeSet* attributes = nullptr;
  bool is_bound = false;                 ///< somebody has a handle; written under the lock
  std::atomic<std::uint32_t> orders{0};  ///< in which they were passed; written under the lock
};

struct MetricInstrument {
  std::string name;
  std::string unit;
  std::string description;
  sdk::MetricScope scope;
  InstrumentKind kind = InstrumentKind::kCounter;
  bool is_integer = false;
  bool is_exponential = false;
  bool has_bounds = false;
  std::vector<double> bounds;

  std::atomic<const sdk::StreamList*> streams{nullptr};
  sdk::LookupTable<sdk::AttributeOrder> orders;
  std::vector<BoundSeries*> bound;
  std::size_t bound_limit = 0;
  /// No more sets of attributes get a bound series of their own.
  std::atomic<bool> is_full{false};
  std::atomic<BoundSeries*> without_attributes{nullptr};
  std::atomic<BoundSeries*> overflow{nullptr};
};

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
