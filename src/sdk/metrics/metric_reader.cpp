#include "sdk/metrics/metric_reader.h"

#include "sdk/metrics/point_maker.h"
#include "sdk/metrics/registry.h"
#include "sdk/metrics/wall_clock.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <utility>

namespace binnacle::sdk {

namespace {

/// Puts what callbacks observe into the series. The last value of a set of attributes counts, but
/// what a view has made one series of several sets is added up.
class Observations final : public ObservationSink {
 public:
  explicit Observations(std::uint64_t period) noexcept : period_(period) {}

  void observe(MetricInstrument& instrument, const Measurement& measurement,
               const KeyValue* attributes, std::size_t count) override {
    if (!std::isfinite(measurement.real)) return MetricRegistry::instance().count_invalid();
    const StreamList& streams = *instrument.streams.load(std::memory_order_acquire);
    for (Stream* stream : streams) {
      NormalAttributes kept(attributes, count);
      kept.filter([stream](std::string_view key) { return stream->keeps(key); });
      Series* series = MetricRegistry::instance().series_of(*stream, kept);
      if (series == nullptr) continue;
      Collected& collected = *series->collected;
      const bool is_merged = stream->has_filter || series->is_overflow;
      if (collected.observed_period == period_ && is_merged &&
          stream->aggregation == Aggregation::kSum) {
        collected.observed.is_integer = collected.observed.is_integer && measurement.is_integer;
        collected.observed.integer += measurement.integer;
        collected.observed.real += measurement.real;
      } else {
        collected.observed = measurement;
      }
      collected.observed_period = period_;
    }
  }

 private:
  const std::uint64_t period_;
};

/// The threads whose cells count in a collection. Exited ones are folded: their cells are added to
/// the totals that stay, and taken back.
class CollectedThreads {
 public:
  explicit CollectedThreads(std::uint32_t epoch) : memory_(*g_cell_memory.load()) {
    exited_ = memory_.claim_exited();
    for (MetricThread* thread : memory_.threads_of_run(epoch)) {
      const bool has_exited = std::find(exited_.begin(), exited_.end(), thread) != exited_.end();
      (has_exited ? exited_of_run_ : live_).push_back(thread);
    }
  }
  CollectedThreads(const CollectedThreads&) = delete;
  CollectedThreads& operator=(const CollectedThreads&) = delete;
  ~CollectedThreads() { memory_.release_claimed(exited_); }

  const std::vector<MetricThread*>& live() const noexcept { return live_; }
  const std::vector<MetricThread*>& exited() const noexcept { return exited_of_run_; }

 private:
  CellMemory& memory_;
  std::vector<MetricThread*> exited_;
  std::vector<MetricThread*> exited_of_run_;
  std::vector<MetricThread*> live_;
};

Word* cell_in(const MetricThread& thread, const Series& series) noexcept {
  Word* block = thread.blocks[series.place.block].load(std::memory_order_acquire);
  return block == nullptr ? nullptr : block + series.place.word;
}

Temporality temporality_of(TemporalityPreference preference, InstrumentKind kind) noexcept {
  switch (kind) {
    case InstrumentKind::kCounter:
    case InstrumentKind::kHistogram:
      return preference == TemporalityPreference::kCumulative ? Temporality::kCumulative
                                                              : Temporality::kDelta;
    case InstrumentKind::kObservableCounter:
      return preference == TemporalityPreference::kDelta ? Temporality::kDelta
                                                         : Temporality::kCumulative;
    default:
      return Temporality::kCumulative;
  }
}

/// Adds up one series.
SeriesState gather(Series& series, const CollectedThreads& threads, const Collection& collection) {
  Collected& collected = *series.collected;
  SeriesState state;
  if (series.stream->cell_words() == 0) return state;
  const CellReader reader(*series.stream, collection);
  for (const MetricThread* thread : threads.exited()) {
    Word* cell = cell_in(*thread, series);
    if (cell == nullptr) continue;
    reader.add(cell, collected.folded, collected.folded_extremes, state.interval);
  }
  state.totals = collected.folded;
  state.ever = collected.folded_extremes;
  for (const MetricThread* thread : threads.live()) {
    Word* cell = cell_in(*thread, series);
    if (cell == nullptr) continue;
    reader.add(cell, state.totals, state.ever, state.interval);
    if (collection.uses_exemplars) reader.rearm(cell);
  }
  if (Word* cell = series.shared_cell.load(std::memory_order_acquire)) {
    const std::lock_guard lock(MetricRegistry::instance().shared_mutex());
    reader.add(cell, state.totals, state.ever, state.interval);
    if (collection.uses_exemplars) reader.rearm(cell);
  }
  return state;
}

}  // namespace

MetricReader::MetricReader(TemporalityPreference preference) noexcept : preference_(preference) {
  MetricRegistry& registry = MetricRegistry::instance();
  const std::lock_guard lock(registry.collection_mutex());
  index_ = registry.claim_reader();
}

MetricReader::~MetricReader() {
  MetricRegistry& registry = MetricRegistry::instance();
  const std::lock_guard lock(registry.collection_mutex());
  if (index_ >= 0) registry.release_reader(index_);
}

std::vector<MetricData> MetricReader::collect() {
  MetricRegistry& registry = MetricRegistry::instance();
  const std::lock_guard lock(registry.collection_mutex());
  if (index_ < 0 || registry.run_epoch() == 0) return {};
  if (run_epoch_ != registry.run_epoch()) {
    run_epoch_ = registry.run_epoch();
    last_period_ = g_metric_period.load(std::memory_order_relaxed) - 1;
    last_collection_unix_ns_ = registry.run_start_unix_ns();
  }
  Collection collection;
  collection.period = g_metric_period.load(std::memory_order_relaxed);
  Observations observations(collection.period);
  registry.callbacks().run(observations);
  collection.reader = static_cast<std::size_t>(index_);
  collection.last_period = last_period_;
  collection.interval_start_unix_ns = last_collection_unix_ns_;
  collection.time_unix_ns = unix_now_ns();
  collection.uses_exemplars = registry.uses_exemplars();
  // From here on threads record into the next interval; what comes late into this one is seen
  // anyway.
  g_metric_period.store(collection.period + 1, std::memory_order_release);

  const CollectedThreads threads(run_epoch_);
  std::vector<MetricData> metrics;
  for (const MetricRegistry::StreamSnapshot& snapshot : registry.snapshot()) {
    const Temporality temporality = temporality_of(preference_, snapshot.stream->kind);
    MetricData metric = describe(*snapshot.stream, temporality);
    for (Series* series : snapshot.series) {
      const SeriesState state = gather(*series, threads, collection);
      make_point(*series, state, collection, temporality, metric.points);
    }
    if (!metric.points.empty()) metrics.push_back(std::move(metric));
  }
  last_period_ = collection.period;
  last_collection_unix_ns_ = collection.time_unix_ns;
  return metrics;
}

}  // namespace binnacle::sdk
