#include "sdk/metrics/registry.h"

#include <cmath>
#include <exception>

// The recording path. Every function here runs on the threads of the host: no lock, no allocation,
// no read-modify-write of shared memory, except in those named *_slow, which are for the first
// measurement of a series in a thread and for series without a place.

namespace binnacle {
inline namespace v1 {
namespace detail {

using sdk::Aggregation;
using sdk::CellPlace;
using sdk::Measurement;
using sdk::MetricRegistry;
using sdk::MetricThread;
using sdk::NormalAttributes;
using sdk::Series;
using sdk::Stream;
using sdk::Word;

namespace {

/// The thread's cell of a series, if it may record and has one; null: the slow way.
[[gnu::always_inline]] inline Word* cell_at(const CellPlace& place) noexcept {
  const MetricThread& thread = *sdk::t_metrics;
  if (thread.epoch != sdk::g_metric_epoch.load(std::memory_order_relaxed)) [[unlikely]]
    return nullptr;
  Word* block = thread.blocks[place.block].load(std::memory_order_relaxed);
  if (block == nullptr) [[unlikely]]
    return nullptr;
  return block + place.word;
}

// The ways out of the fast paths take their arguments in registers and are called last, so that a
// fast path saves none.

template <typename T>
[[gnu::noinline]] void consider_slow(const BoundSeries& bound, Series& series,
                                     sdk::ExemplarSkip& skip, std::size_t at, T value) noexcept {
  sdk::consider_exemplar(series.exemplars, series.stream->exemplar_places(), at, skip,
                         Measurement::of(value), bound);
}

/// The first measurement of a bucket after a collection, or one whose turn it is.
[[gnu::noinline]] void take_turn(const BoundSeries& bound, const CellPlace& place, Word* cell,
                                 std::size_t bucket, double value) noexcept {
  sdk::record_extremes(sdk::HistogramShape::extremes(cell),
                       sdk::g_metric_period.load(std::memory_order_relaxed), value);
  consider_slow(bound, *place.series, place.shape->skips(cell)[bucket], bucket, value);
}

/// Records into a cell of any aggregation that has cells.
void record_in_cell(Word* cell, Series& series, const Measurement& measurement,
                    const BoundSeries& source) noexcept {
  const Stream& stream = *series.stream;
  const std::uint64_t period = sdk::g_metric_period.load(std::memory_order_relaxed);
  sdk::ExemplarSkip* skip = nullptr;
  std::size_t place = 0;
  switch (stream.aggregation) {
    case Aggregation::kSum:
      if (stream.is_integer) {
        sdk::add_to(*cell, static_cast<std::uint64_t>(measurement.integer));
      } else {
        sdk::add_real_to(*cell, measurement.real);
      }
      skip = &sdk::sum_skip(cell);
      break;
    case Aggregation::kHistogram:
      place = stream.shape->find(measurement.real);
      sdk::add_real_to(*cell, measurement.real);
      sdk::add_to(cell[sdk::HistogramShape::kBucketsAt + place], 1);
      sdk::record_extremes(sdk::HistogramShape::extremes(cell), period, measurement.real);
      skip = stream.shape->skips(cell) + place;
      break;
    case Aggregation::kExponential: {
      auto& exponential = *reinterpret_cast<sdk::ExponentialCell*>(cell);
      sdk::record_exponential(exponential, period, measurement.real);
      skip = reinterpret_cast<sdk::ExemplarSkip*>(&exponential.skip);
      // Neighbouring values share a place; magnitudes are spread over all.
      place =
          static_cast<std::size_t>(sdk::exponential_index(std::fabs(measurement.real), 1) + 4096);
      break;
    }
    case Aggregation::kLastValue:
      return;
  }
  if (sdk::count_down(*skip)) {
    sdk::consider_exemplar(series.exemplars, stream.exemplar_places(), place, *skip, measurement,
                           source);
  }
}

void set_gauge(Series& series, const Measurement& measurement, const BoundSeries& source) noexcept {
  sdk::GaugeCell& gauge = series.gauge;
  const std::uint64_t bits = measurement.is_integer
                                 ? static_cast<std::uint64_t>(measurement.integer)
                                 : std::bit_cast<std::uint64_t>(measurement.real);
  gauge.value.store(bits, std::memory_order_relaxed);
  gauge.period.store(sdk::g_metric_period.load(std::memory_order_relaxed),
                     std::memory_order_release);
  if (sdk::count_down(gauge.skip)) {
    sdk::consider_exemplar(series.exemplars, 1, 0, gauge.skip, measurement, source);
  }
}

/// `thread` is null if it has no room of its own.
void record_in_series(MetricThread* thread, Series& series, const Measurement& measurement,
                      const BoundSeries& source) noexcept {
  if (series.stream->aggregation == Aggregation::kLastValue) {
    return set_gauge(series, measurement, source);
  }
  Word* block = nullptr;
  if (thread != nullptr) {
    block = thread->blocks[series.place.block].load(std::memory_order_relaxed);
    if (block == nullptr) block = thread->memory->block_of(*thread, series.place.block);
  }
  if (block != nullptr)
    return record_in_cell(block + series.place.word, series, measurement, source);
  MetricRegistry& registry = MetricRegistry::instance();
  const bool is_recorded = registry.record_shared(
      series, [&](Word* cell) { record_in_cell(cell, series, measurement, source); });
  if (!is_recorded) registry.count_lost();
}

bool is_acceptable(const MetricInstrument& instrument, const Measurement& measurement) noexcept {
  if (!std::isfinite(measurement.real)) return false;
  return instrument.kind != InstrumentKind::kCounter || measurement.real >= 0;
}

/// This thread, if it has room; null also if nothing is recorded, which `is_off` tells.
MetricThread* recording_thread(bool& is_off) noexcept {
  MetricThread* thread = sdk::t_metrics;
  if (thread->epoch != sdk::g_metric_epoch.load(std::memory_order_relaxed)) {
    thread = sdk::enter_metric_thread();
  }
  is_off = thread == nullptr &&
           sdk::g_metric_epoch.load(std::memory_order_relaxed) == sdk::kMetricEpochOff;
  return thread;
}

template <typename T>
[[gnu::noinline]] void record_slow(BoundSeries& bound, T value) noexcept {
  const Measurement measurement = Measurement::of(value);
  bool is_off = false;
  MetricThread* thread = recording_thread(is_off);
  if (is_off) return;
  if (!is_acceptable(*bound.instrument, measurement)) {
    return MetricRegistry::instance().count_invalid();
  }
  const sdk::SeriesList& list = *bound.series.load(std::memory_order_acquire);
  for (Series* series : list) {
    record_in_series(thread, *series, measurement, bound);
  }
}

/// Attributes that have no series of their own to be found at once: looked for stream by stream.
void record_by_stream(MetricThread* thread, MetricInstrument& instrument,
                      const Measurement& measurement, const NormalAttributes& attributes) {
  MetricRegistry& registry = MetricRegistry::instance();
  const BoundSeries* source = registry.overflow_for(instrument);
  const sdk::StreamList& streams = *instrument.streams.load(std::memory_order_acquire);
  for (Stream* stream : streams) {
    NormalAttributes kept(attributes.data(), attributes.size());
    kept.filter([stream](std::string_view key) { return stream->keeps(key); });
    Series* series = registry.series_of(*stream, kept);
    if (series == nullptr || source == nullptr) {
      registry.count_lost();
    } else {
      record_in_series(thread, *series, measurement, *source);
    }
  }
}

/// Not found as passed: in another order, new, or beyond the limit.
[[gnu::noinline]] BoundSeries* find_slow(MetricInstrument& instrument, Measurement measurement,
                                         const KeyValue* attributes, std::size_t count) noexcept {
  bool is_off = false;
  MetricThread* thread = recording_thread(is_off);
  if (is_off) return nullptr;
  MetricRegistry& registry = MetricRegistry::instance();
  if (!is_acceptable(instrument, measurement)) {
    registry.count_invalid();
    return nullptr;
  }
  try {
    const NormalAttributes normal(attributes, count);
    BoundSeries* bound = registry.find(instrument, normal, attributes, count);
    if (bound == nullptr) record_by_stream(thread, instrument, measurement, normal);
    return bound;
  } catch (const std::exception&) {
    registry.count_lost();
    return nullptr;
  }
}

/// The series of these attributes; null: `measurement` has been taken care of.
[[gnu::always_inline]] inline BoundSeries* find(MetricInstrument& instrument,
                                                Measurement measurement, const KeyValue* attributes,
                                                std::size_t count) noexcept {
  if (sdk::g_metric_epoch.load(std::memory_order_relaxed) == sdk::kMetricEpochOff) return nullptr;
  if (count == 0) {
    BoundSeries* bound = instrument.without_attributes.load(std::memory_order_acquire);
    if (bound != nullptr) [[likely]]
      return bound;
  } else {
    const sdk::AttributeOrder* order =
        instrument.orders.find(sdk::hash_attributes(attributes, count), attributes, count);
    if (order != nullptr) [[likely]]
      return order->target;
  }
  return find_slow(instrument, measurement, attributes, count);
}

}  // namespace

void add_integer(BoundSeries* series, std::int64_t value) noexcept {
  const CellPlace& place = *series->place.load(std::memory_order_acquire);
  Word* cell = cell_at(place);
  if (cell == nullptr || value < series->least_integer) [[unlikely]]
    return record_slow(*series, value);
  sdk::add_to(*cell, static_cast<std::uint64_t>(value));
  if (sdk::count_down(sdk::sum_skip(cell))) [[unlikely]]
    consider_slow(*series, *place.series, sdk::sum_skip(cell), 0, value);
}

void add_real(BoundSeries* series, double value) noexcept {
  const CellPlace& place = *series->place.load(std::memory_order_acquire);
  Word* cell = cell_at(place);
  // False for NaN too.
  if (cell == nullptr || !(value >= series->least_real && value <= DBL_MAX)) [[unlikely]]
    return record_slow(*series, value);
  sdk::add_real_to(*cell, value);
  if (sdk::count_down(sdk::sum_skip(cell))) [[unlikely]]
    consider_slow(*series, *place.series, sdk::sum_skip(cell), 0, value);
}

namespace {

/// The rest of record_value(): the cell and the value's bucket are known, the value is finite.
[[gnu::always_inline]] inline void record_in_bucket(const BoundSeries& bound,
                                                    const CellPlace& place, Word* cell,
                                                    std::size_t bucket, double value) noexcept {
  sdk::ExemplarSkip& skip = place.shape->skips(cell)[bucket];
  sdk::add_real_to(*cell, value);
  sdk::add_to(cell[sdk::HistogramShape::kBucketsAt + bucket], 1);
  if (sdk::count_down(skip)) [[unlikely]]
    return take_turn(bound, place, cell, bucket, value);
  sdk::record_extremes(sdk::HistogramShape::extremes(cell),
                       sdk::g_metric_period.load(std::memory_order_relaxed), value);
}

/// For values that the shape's table does not know.
[[gnu::noinline]] void record_at_edge(BoundSeries& bound, const CellPlace& place, Word* cell,
                                      double value) noexcept {
  if (!std::isfinite(value)) return record_slow(bound, value);
  record_in_bucket(bound, place, cell, place.shape->find_at_edge(value), value);
}

}  // namespace

void record_value(BoundSeries* series, double value) noexcept {
  const CellPlace& place = *series->place.load(std::memory_order_acquire);
  Word* cell = cell_at(place);
  if (cell == nullptr) [[unlikely]]
    return record_slow(*series, value);
  const sdk::HistogramShape& shape = *place.shape;
  const std::uint64_t slot = shape.slot_of(value);
  if (!shape.is_in_table(slot)) [[unlikely]]
    return record_at_edge(*series, place, cell, value);
  record_in_bucket(*series, place, cell, shape.find_in_table(slot, value), value);
}

namespace {

template <typename T>
[[gnu::always_inline]] inline void set_bits(BoundSeries& bound, std::uint64_t bits,
                                            T value) noexcept {
  const CellPlace& place = *bound.place.load(std::memory_order_acquire);
  const bool is_ready =
      sdk::t_metrics->epoch == sdk::g_metric_epoch.load(std::memory_order_relaxed);
  if (!is_ready || place.gauge == nullptr || !std::isfinite(static_cast<double>(value)))
      [[unlikely]]
    return record_slow(bound, value);
  sdk::GaugeCell& gauge = *place.gauge;
  gauge.value.store(bits, std::memory_order_relaxed);
  gauge.period.store(sdk::g_metric_period.load(std::memory_order_relaxed),
                     std::memory_order_release);
  if (sdk::count_down(gauge.skip)) [[unlikely]]
    consider_slow(bound, *place.series, gauge.skip, 0, value);
}

}  // namespace

void set_integer(BoundSeries* series, std::int64_t value) noexcept {
  set_bits(*series, static_cast<std::uint64_t>(value), value);
}

void set_real(BoundSeries* series, double value) noexcept {
  set_bits(*series, std::bit_cast<std::uint64_t>(value), value);
}

void add_integer(MetricInstrument* instrument, std::int64_t value, const KeyValue* attributes,
                 std::size_t count) noexcept {
  BoundSeries* series = find(*instrument, Measurement::of(value), attributes, count);
  if (series != nullptr) add_integer(series, value);
}

void add_real(MetricInstrument* instrument, double value, const KeyValue* attributes,
              std::size_t count) noexcept {
  BoundSeries* series = find(*instrument, Measurement::of(value), attributes, count);
  if (series != nullptr) add_real(series, value);
}

void record_value(MetricInstrument* instrument, double value, const KeyValue* attributes,
                  std::size_t count) noexcept {
  BoundSeries* series = find(*instrument, Measurement::of(value), attributes, count);
  if (series != nullptr) record_value(series, value);
}

void set_integer(MetricInstrument* instrument, std::int64_t value, const KeyValue* attributes,
                 std::size_t count) noexcept {
  BoundSeries* series = find(*instrument, Measurement::of(value), attributes, count);
  if (series != nullptr) set_integer(series, value);
}

void set_real(MetricInstrument* instrument, double value, const KeyValue* attributes,
              std::size_t count) noexcept {
  BoundSeries* series = find(*instrument, Measurement::of(value), attributes, count);
  if (series != nullptr) set_real(series, value);
}

// ---- Making instruments -------------------------------------------------------------------------

MetricInstrument* create_instrument(InstrumentKind kind, bool is_integer, std::string_view name,
                                    const InstrumentOptions& options) noexcept {
  return MetricRegistry::instance().create(kind, is_integer, name, options);
}

BoundSeries* bind_series(MetricInstrument* instrument, const KeyValue* attributes,
                         std::size_t count) noexcept {
  return MetricRegistry::instance().bind(*instrument, attributes, count);
}

std::uint64_t register_callback(InstrumentKind kind, std::string_view name,
                                const InstrumentOptions& options,
                                const ObservableCallback& callback) noexcept {
  if (callback.state == nullptr) return 0;
  MetricRegistry& registry = MetricRegistry::instance();
  std::uint64_t id = 0;
  // Whether integers or doubles are observed is decided value by value.
  if (MetricInstrument* instrument = registry.create(kind, false, name, options)) {
    try {
      id = registry.callbacks().add(*instrument, callback);
    } catch (const std::exception&) {
      id = 0;
    }
  }
  if (id == 0) callback.destroy(callback.state);
  return id;
}

void unregister_callback(std::uint64_t id) noexcept {
  MetricRegistry::instance().callbacks().remove(id);
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
