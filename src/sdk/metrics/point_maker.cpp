#include "sdk/metrics/point_maker.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>

namespace binnacle::sdk {

namespace {

/// In the order in which the owner publishes: the intervals first (cells.h, begin_interval).
void read_extremes(const ExtremesCell& cell, std::uint64_t period, Extremes& ever,
                   Extremes& interval) noexcept {
  for (const ExtremesCell::Interval& kept : cell.intervals) {
    const std::uint64_t of = kept.period.load(std::memory_order_acquire);
    if (of == 0) continue;
    const double least = std::bit_cast<double>(kept.least.load(std::memory_order_acquire));
    const double greatest = std::bit_cast<double>(kept.greatest.load(std::memory_order_acquire));
    ever.add(least, greatest);
    if (of == period) interval.add(least, greatest);
  }
  if (cell.has_earlier.load(std::memory_order_acquire) != 0) {
    ever.add(read_real(cell.earlier_least), read_real(cell.earlier_greatest));
  }
}

Label to_label(const AttributeSet::Item& item) {
  Label label{std::string(item.key_view()), item.bits};
  switch (item.kind) {
    case AttributeKind::kString:
      label.value = std::string(item.text, item.text_size);
      break;
    case AttributeKind::kDouble:
      label.value = std::bit_cast<double>(item.bits);
      break;
    case AttributeKind::kBool:
      label.value = item.bits != 0;
      break;
    default:
      label.value = item.bits;
  }
  return label;
}

std::vector<Label> to_labels(const AttributeSet& set) {
  std::vector<Label> labels;
  labels.reserve(set.size());
  for (const AttributeSet::Item& item : set) labels.push_back(to_label(item));
  return labels;
}

std::vector<Exemplar> exemplars_of(Series& series, const Collection& collection) {
  ExemplarReservoir* reservoir = series.exemplars.get();
  if (reservoir == nullptr || !collection.uses_exemplars) return {};
  std::vector<const BoundSeries*> sources;
  std::vector<Exemplar> exemplars = reservoir->after(collection.last_period, sources);
  for (std::size_t i = 0; i < exemplars.size(); ++i) {
    if (sources[i]->attributes == nullptr) continue;
    for (const AttributeSet::Item& item : *sources[i]->attributes) {
      if (series.is_overflow || !series.stream->keeps(item.key_view())) {
        exemplars[i].filtered_attributes.push_back(to_label(item));
      }
    }
  }
  return exemplars;
}

/// The reader's memory of the series, made at its first delta.
ReaderMemory& memory_of(Series& series, const SeriesState& state, const Collection& collection) {
  std::unique_ptr<ReaderMemory>& memory = series.collected->readers[collection.reader];
  if (memory == nullptr) {
    memory = std::make_unique<ReaderMemory>();
    memory->pending = state.ever;
  }
  return *memory;
}

HistogramValue to_histogram(const Stream& stream, const Totals& totals, const Totals* earlier,
                            const Extremes& extremes) {
  HistogramValue value;
  const HistogramShape& shape = *stream.shape;
  value.bounds.assign(shape.bounds(), shape.bounds() + shape.bound_count());
  value.bucket_counts = totals.buckets;
  value.sum = totals.real;
  if (earlier != nullptr && !earlier->buckets.empty()) {
    for (std::size_t i = 0; i < value.bucket_counts.size(); ++i) {
      value.bucket_counts[i] -= earlier->buckets[i];
    }
    value.sum -= earlier->real;
  }
  for (const std::uint64_t count : value.bucket_counts) value.count += count;
  value.has_min_max = value.count > 0 && extremes.has_any;
  value.min = extremes.least;
  value.max = extremes.greatest;
  return value;
}

ExponentialValue to_exponential(const Totals& totals, const Totals* earlier,
                                const Extremes& extremes) {
  ExponentialValue value = earlier == nullptr
                               ? totals.exponential.to_value()
                               : totals.exponential.minus(earlier->exponential).to_value();
  value.has_min_max = value.count > 0 && extremes.has_any;
  value.min = extremes.least;
  value.max = extremes.greatest;
  return value;
}

/// Sums of what threads added; false if there is nothing to tell.
bool fill_sum(const Series& series, const Totals& totals, const Totals* earlier, Point& point) {
  const bool is_delta = earlier != nullptr;
  if (series.stream->is_integer) {
    const std::int64_t value = totals.integer - (is_delta ? earlier->integer : 0);
    point.value = value;
    return value != 0 || (!is_delta && series.is_bound.load(std::memory_order_relaxed));
  }
  const double value = totals.real - (is_delta ? earlier->real : 0);
  point.value = value;
  return value != 0 || (!is_delta && series.is_bound.load(std::memory_order_relaxed));
}

bool fill_recorded(Series& series, const SeriesState& state, const Totals* earlier,
                   const Extremes& extremes, Point& point) {
  const bool is_shown = earlier == nullptr && series.is_bound.load(std::memory_order_relaxed);
  switch (series.stream->aggregation) {
    case Aggregation::kHistogram: {
      HistogramValue value = to_histogram(*series.stream, state.totals, earlier, extremes);
      const bool has_any = value.count > 0;
      point.value = std::move(value);
      return has_any || is_shown;
    }
    case Aggregation::kExponential: {
      ExponentialValue value = to_exponential(state.totals, earlier, extremes);
      const bool has_any = value.count > 0;
      point.value = std::move(value);
      return has_any || is_shown;
    }
    default:
      return fill_sum(series, state.totals, earlier, point);
  }
}

/// What a gauge was set to; false if it was not (for this reader).
bool fill_gauge(const Series& series, Point& point) {
  const GaugeCell& gauge = series.gauge;
  if (gauge.period.load(std::memory_order_acquire) == 0) return false;
  const std::uint64_t bits = gauge.value.load(std::memory_order_relaxed);
  if (series.stream->is_integer) {
    point.value = static_cast<std::int64_t>(bits);
  } else {
    point.value = std::bit_cast<double>(bits);
  }
  return true;
}

/// What a callback observed in this collection; false if it did not.
bool fill_observed(Series& series, const SeriesState& state, const Collection& collection,
                   bool is_delta, Point& point) {
  const Collected& collected = *series.collected;
  if (collected.observed_period != collection.period) return false;
  Measurement now = collected.observed;
  if (is_delta) {
    Totals& last = memory_of(series, state, collection).last;
    const Measurement observed = now;
    // A total that fell was reset at its source: all of it is new.
    if (observed.real >= last.real) {
      now.integer -= last.integer;
      now.real -= last.real;
    }
    last.integer = observed.integer;
    last.real = observed.real;
  }
  if (now.is_integer) {
    point.value = now.integer;
  } else {
    point.value = now.real;
  }
  return true;
}

/// Sums and histograms that threads recorded into.
bool fill_from_cells(Series& series, const SeriesState& state, const Collection& collection,
                     bool is_delta, Point& point) {
  // Whoever collects ends the interval for all: what it saw waits for the other delta readers.
  for (std::size_t i = 0; i < Collected::kMaxReaders; ++i) {
    if (ReaderMemory* other = series.collected->readers[i].get()) {
      other->pending.add(state.interval);
    }
  }
  if (!is_delta) return fill_recorded(series, state, nullptr, state.ever, point);
  ReaderMemory& memory = memory_of(series, state, collection);
  const bool has_any = fill_recorded(series, state, &memory.last, memory.pending, point);
  memory.last = state.totals;
  memory.pending = {};
  return has_any;
}

}  // namespace

void CellReader::add(Word* cell, Totals& totals, Extremes& ever, Extremes& interval) const {
  switch (stream_.aggregation) {
    case Aggregation::kSum:
      if (stream_.is_integer) {
        totals.integer += static_cast<std::int64_t>(cell->load(std::memory_order_relaxed));
      } else {
        totals.real += read_real(*cell);
      }
      break;
    case Aggregation::kHistogram: {
      totals.real += read_real(*cell);
      const std::size_t count = stream_.shape->bucket_count();
      for (std::size_t i = 0; i < count; ++i) {
        totals.buckets[i] += cell[HistogramShape::kBucketsAt + i].load(std::memory_order_relaxed);
      }
      read_extremes(HistogramShape::extremes(cell), collection_.period, ever, interval);
      break;
    }
    case Aggregation::kExponential: {
      const auto& exponential = *reinterpret_cast<const ExponentialCell*>(cell);
      totals.exponential.add(exponential);
      read_extremes(exponential.extremes, collection_.period, ever, interval);
      break;
    }
    case Aggregation::kLastValue:
      break;
  }
}

void CellReader::rearm(Word* cell) const noexcept {
  ExemplarSkip* skips = &sum_skip(cell);
  std::size_t count = 1;
  if (stream_.aggregation == Aggregation::kHistogram) {
    skips = stream_.shape->skips(cell);
    count = stream_.shape->bucket_count();
  } else if (stream_.aggregation == Aggregation::kExponential) {
    skips = reinterpret_cast<ExemplarSkip*>(&reinterpret_cast<ExponentialCell*>(cell)->skip);
  }
  for (std::size_t i = 0; i < count; ++i) {
    // Not written if it is 0 already: the line stays where it is.
    if (skips[i].load(std::memory_order_relaxed) != 0) {
      skips[i].store(0, std::memory_order_relaxed);
    }
  }
}

MetricData describe(const Stream& stream, Temporality temporality) {
  MetricData metric;
  metric.name = stream.name;
  metric.unit = stream.unit;
  metric.description = stream.description;
  metric.scope = stream.scope;
  metric.temporality = temporality;
  switch (stream.aggregation) {
    case Aggregation::kSum:
      metric.is_monotonic = stream.is_monotonic();
      metric.kind = metric.is_monotonic ? MetricKind::kCounter : MetricKind::kUpDownCounter;
      break;
    case Aggregation::kLastValue:
      metric.kind = MetricKind::kGauge;
      break;
    case Aggregation::kHistogram:
      metric.kind = MetricKind::kHistogram;
      break;
    case Aggregation::kExponential:
      metric.kind = MetricKind::kExponentialHistogram;
      break;
  }
  return metric;
}

void make_point(Series& series, const SeriesState& state, const Collection& collection,
                Temporality temporality, std::vector<Point>& points) {
  const Stream& stream = *series.stream;
  const bool is_delta = temporality == Temporality::kDelta;
  Point point;
  bool has_any = false;
  if (stream.is_observable()) {
    has_any = fill_observed(series, state, collection, is_delta, point);
  } else if (stream.aggregation == Aggregation::kLastValue) {
    has_any = fill_gauge(series, point);
  } else {
    has_any = fill_from_cells(series, state, collection, is_delta, point);
  }
  if (!has_any) return;
  point.attributes = to_labels(*series.attributes);
  point.time_unix_ns = collection.time_unix_ns;
  if (stream.aggregation != Aggregation::kLastValue) {
    point.start_unix_ns =
        is_delta ? collection.interval_start_unix_ns : series.collected->start_unix_ns;
  }
  point.exemplars = exemplars_of(series, collection);
  points.push_back(std::move(point));
}

}  // namespace binnacle::sdk
