#include "sdk/metrics/registry.h"

#include "sdk/metrics/notice.h"
#include "sdk/metrics/wall_clock.h"

#include <pthread.h>

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

namespace binnacle::sdk {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_same_name(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

/// metrics/api.md, "Instrument name syntax".
bool is_valid_name(std::string_view name) noexcept {
  constexpr std::size_t kLongest = 255;
  const auto is_letter = [](char c) { return lower(c) >= 'a' && lower(c) <= 'z'; };
  if (name.empty() || name.size() > kLongest || !is_letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '/';
  });
}

/// metrics/api.md, "Instrument unit".
bool is_valid_unit(std::string_view unit) noexcept {
  constexpr std::size_t kLongest = 63;
  return unit.size() <= kLongest && std::all_of(unit.begin(), unit.end(), [](char c) {
           return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F;
         });
}

bool has_same_views(const MetricSettings& a, const MetricSettings& b) {
  const auto same = [](const View& x, const View& y) {
    return x.instrument_name == y.instrument_name && x.instrument_unit == y.instrument_unit &&
           x.meter_name == y.meter_name && x.meter_version == y.meter_version && x.name == y.name &&
           x.description == y.description && x.aggregation == y.aggregation &&
           x.bounds == y.bounds && x.has_attribute_keys == y.has_attribute_keys &&
           x.attribute_keys == y.attribute_keys && x.excluded_keys == y.excluded_keys &&
           x.cardinality_limit == y.cardinality_limit;
  };
  return a.is_exponential_default == b.is_exponential_default &&
         std::equal(a.views.begin(), a.views.end(), b.views.begin(), b.views.end(), same);
}

}  // namespace

std::atomic<bool (*)() noexcept> g_restart_in_child{nullptr};

MetricRegistry& MetricRegistry::instance() noexcept {
  alignas(MetricRegistry) static std::byte memory[sizeof(MetricRegistry)];
  static MetricRegistry* const registry = new (memory) MetricRegistry;  // never destroyed
  return *registry;
}

MetricRegistry::MetricRegistry() noexcept {
  seed_attribute_hash();
  pthread_atfork([] { instance().lock_for_fork(); }, [] { instance().unlock_after_fork(); },
                 [] { instance().renew_in_child(); });
}

/// The collection lock is not among them: it is held while callbacks run, which may take long, or
/// fork. What it guards is made anew in the child (reset_series).
void MetricRegistry::lock_for_fork() noexcept {
  mutex_.lock();
  callbacks_.lock();
  shared_mutex_.lock();
}

void MetricRegistry::unlock_after_fork() noexcept {
  shared_mutex_.unlock();
  callbacks_.unlock();
  mutex_.unlock();
}

void MetricRegistry::renew_in_child() noexcept {
  new (&shared_mutex_) std::mutex;
  new (&mutex_) std::mutex;
  new (&collection_mutex_) std::mutex;
  callbacks_.renew_in_child();
  if (CellMemory* inherited = g_cell_memory.load(std::memory_order_relaxed)) {
    inherited->forget_in_child();
  }
  if (t_metrics->memory != nullptr) t_metrics->epoch = 0;
}

MetricInstrument* MetricRegistry::create(InstrumentKind kind, bool is_integer,
                                         std::string_view name,
                                         const InstrumentOptions& options) noexcept try {
  if (!is_valid_name(name)) {
    notice("metric name '" + std::string(name.substr(0, 256)) +
           "' is not valid (a letter, then letters, digits and _.-/, 255 at most): nothing is "
           "recorded under it");
    return nullptr;
  }
  const std::lock_guard lock(mutex_);
  return create_locked(kind, is_integer, name, options);
} catch (const std::exception&) {
  return nullptr;
}

MetricInstrument* MetricRegistry::create_locked(InstrumentKind kind, bool is_integer,
                                                std::string_view name,
                                                const InstrumentOptions& options) {
  std::string unit(options.unit);
  if (!is_valid_unit(unit)) {
    notice("the unit of metric '" + std::string(name) +
           "' is left out: it has more than 63 characters or some beyond ASCII");
    unit.clear();
  }
  bool is_conflict = false;
  for (const auto& other : instruments_) {
    if (other->scope.name != options.meter_name || other->scope.version != options.meter_version ||
        !is_same_name(other->name, name)) {
      continue;
    }
    if (other->kind == kind && other->unit == unit && other->is_integer == is_integer) {
      return other.get();
    }
    is_conflict = true;
  }
  if (instruments_.size() >= kMaxInstruments) {
    notice("metric '" + std::string(name) + "' is not recorded: there are " +
           std::to_string(kMaxInstruments) + " instruments already");
    return nullptr;
  }
  if (is_conflict) {
    notice("metric '" + std::string(name) +
           "' was created before with another kind or unit; both are exported");
  }
  auto made = std::make_unique<MetricInstrument>();
  made->name = name;
  made->unit = std::move(unit);
  made->description = options.description;
  made->scope = {std::string(options.meter_name), std::string(options.meter_version)};
  made->kind = kind;
  made->is_integer = is_integer;
  made->is_exponential = options.is_exponential;
  made->has_bounds = options.has_bounds;
  if (options.has_bounds && options.bounds != nullptr) {
    made->bounds.assign(options.bounds, options.bounds + options.bound_count);
  }
  make_streams(*made);
  instruments_.push_back(std::move(made));
  return instruments_.back().get();
}

bool MetricRegistry::begin_run(const MetricSettings& settings) noexcept try {
  const std::lock_guard collection_lock(collection_mutex_);
  const std::lock_guard lock(mutex_);
  const CellMemory* memory = g_cell_memory.load(std::memory_order_acquire);
  const bool is_child = memory != nullptr && memory->is_inherited();
  if (!take_memory(settings.cell_limit_bytes)) return false;
  apply_views(settings);
  run_start_unix_ns_ = unix_now_ns();
  reset_series(is_child);
  if (is_child) reader_mask_ = 0;
  g_exemplar_policy.store(settings.exemplars, std::memory_order_relaxed);
  run_epoch_ = std::max(run_epoch_, kMetricEpochOff) + 1;
  g_metric_epoch.store(run_epoch_, std::memory_order_release);
  return true;
} catch (const std::exception&) {
  return false;
}

void MetricRegistry::end_run() noexcept {
  g_metric_epoch.store(kMetricEpochOff, std::memory_order_release);
}

bool MetricRegistry::take_memory(std::size_t cell_limit_bytes) noexcept {
  CellMemory* memory = g_cell_memory.load(std::memory_order_acquire);
  if (memory != nullptr && !memory->is_inherited()) return true;
  memory = CellMemory::create(cell_limit_bytes);
  if (memory == nullptr) return false;
  g_cell_memory.store(memory, std::memory_order_release);
  return true;
}

/// Other views than in the last run: new streams for the instruments that they select, with new
/// series and cells. The old ones are left alone, since a thread may be recording into them at this
/// moment.
void MetricRegistry::apply_views(const MetricSettings& settings) {
  const MetricSettings before = std::exchange(settings_, settings);
  if (has_same_views(before, settings)) return;
  for (const auto& instrument : instruments_) {
    if (before.is_exponential_default == settings.is_exponential_default &&
        !is_selected(*instrument, before.views) && !is_selected(*instrument, settings.views)) {
      continue;
    }
    const StreamList& old = *instrument->streams.load(std::memory_order_relaxed);
    for (const Stream* stream : old) series_count_ -= stream->series.size();
    make_streams(*instrument);
    for (BoundSeries* bound : instrument->bound) resolve(*bound);
    if (BoundSeries* overflow = instrument->overflow.load(std::memory_order_relaxed)) {
      resolve(*overflow);
    }
  }
}

/// All series start from zero; threads do the same with their own cells (CellMemory::refresh).
void MetricRegistry::reset_series(bool is_child) {
  const std::lock_guard lock(shared_mutex_);
  for (const auto& instrument : instruments_) {
    const StreamList& list = *instrument->streams.load(std::memory_order_relaxed);
    for (Stream* stream : list) {
      for (Series* series : stream->series) {
        auto fresh = std::make_unique<Collected>();
        fresh->start_unix_ns = run_start_unix_ns_;
        fresh->folded.buckets.resize(series->collected->folded.buckets.size());
        // In a child the old one may have been left in the middle of a change.
        if (is_child) [[maybe_unused]]
          const auto* left = series->collected.release();
        series->collected = std::move(fresh);
        series->gauge.period.store(0, std::memory_order_relaxed);
        if (is_child) series->exemplars.abandon();
        Word* shared = series->shared_cell.load(std::memory_order_relaxed);
        for (std::size_t i = 0; shared != nullptr && i < stream->cell_words(); ++i) {
          shared[i].store(0, std::memory_order_relaxed);
        }
      }
    }
  }
}

std::vector<MetricRegistry::StreamSnapshot> MetricRegistry::snapshot() {
  const std::lock_guard lock(mutex_);
  std::vector<StreamSnapshot> streams;
  for (const auto& instrument : instruments_) {
    const StreamList& list = *instrument->streams.load(std::memory_order_relaxed);
    for (Stream* stream : list) {
      if (!stream->series.empty()) streams.push_back({stream, stream->series});
    }
  }
  return streams;
}

int MetricRegistry::claim_reader() noexcept {
  for (std::size_t i = 0; i < Collected::kMaxReaders; ++i) {
    if ((reader_mask_ >> i & 1U) == 0) {
      reader_mask_ |= 1U << i;
      return static_cast<int>(i);
    }
  }
  return -1;
}

void MetricRegistry::release_reader(int index) noexcept {
  reader_mask_ &= ~(1U << static_cast<unsigned>(index));
  const std::lock_guard lock(mutex_);
  for (const auto& instrument : instruments_) {
    const StreamList& list = *instrument->streams.load(std::memory_order_relaxed);
    for (Stream* stream : list) {
      for (Series* series : stream->series) {
        series->collected->readers[static_cast<std::size_t>(index)].reset();
      }
    }
  }
}

MetricCounts MetricRegistry::counts() noexcept {
  MetricCounts counts;
  counts.invalid = counts_.invalid.load(std::memory_order_relaxed);
  counts.attributes_dropped = counts_.attributes_dropped.load(std::memory_order_relaxed);
  counts.in_shared_cells = counts_.in_shared_cells.load(std::memory_order_relaxed);
  counts.lost = counts_.lost.load(std::memory_order_relaxed);
  counts.callbacks_failed = callbacks_.failures();
  CellMemory* memory = g_cell_memory.load(std::memory_order_acquire);
  if (memory != nullptr && !memory->is_inherited()) counts.memory_bytes = memory->memory_bytes();
  return counts;
}

MetricThread* enter_metric_thread() noexcept {
  if (g_metric_epoch.load(std::memory_order_acquire) == kMetricEpochOff) return nullptr;
  CellMemory* memory = g_cell_memory.load(std::memory_order_acquire);
  if (memory == nullptr) return nullptr;
  if (memory->is_inherited()) {
    const auto restart = g_restart_in_child.load(std::memory_order_acquire);
    if (restart == nullptr || !restart()) {
      MetricRegistry::instance().end_run();
      return nullptr;
    }
    memory = g_cell_memory.load(std::memory_order_acquire);
    if (memory->is_inherited()) return nullptr;
  }
  MetricThread* thread = attach_metric_thread(*memory);
  if (thread == nullptr) return nullptr;
  if (thread->epoch != g_metric_epoch.load(std::memory_order_acquire)) memory->refresh(*thread);
  return thread->epoch != kMetricEpochOff ? thread : nullptr;
}

}  // namespace binnacle::sdk
