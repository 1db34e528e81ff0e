#pragma once

#include "sdk/metrics/callbacks.h"
#include "sdk/metrics/cell_memory.h"
#include "sdk/metrics/series.h"

#include <binnacle/views.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// All instruments of the process, and whether they record. There is one, it exists from the first
// use on and is never destroyed, so that instruments may be statics, made before the SDK starts and
// used after it has stopped. Recording does not come here, except for the first measurement of a
// series. Internally locked: `mutex_` for making things, `collection_mutex_` (always taken first)
// for collecting; neither is held while a callback of the host runs under `mutex_`.

namespace binnacle::sdk {

/// What a run of the SDK wants of metrics.
struct MetricSettings {
  std::vector<View> views;
  /// Histograms without bounds of their own get exponential buckets.
  bool is_exponential_default = false;
  ExemplarPolicy exemplars = ExemplarPolicy::kTraceBased;
  std::size_t cell_limit_bytes = CellMemory::kDefaultLimitBytes;
};

/// What was lost or took a slow way, since the process started. In measurements unless the name
/// says otherwise.
struct MetricCounts {
  std::uint64_t invalid = 0;             ///< negative for a counter, or not finite
  std::uint64_t attributes_dropped = 0;  ///< attributes past kMaxMetricAttributes
  std::uint64_t in_shared_cells = 0;     ///< counted under a lock, for lack of a cell
  std::uint64_t lost = 0;                ///< no memory for anything
  std::uint64_t callbacks_failed = 0;    ///< calls of callbacks that threw
  std::uint64_t memory_bytes = 0;        ///< of cells, now
};

class [[gnu::visibility("hidden")]] MetricRegistry {
 public:
  /// More instruments than this record nothing (one notice).
  static constexpr std::size_t kMaxInstruments = 1000;
  /// Series of all instruments together; further ones are counted in overflow series.
  static constexpr std::size_t kMaxSeries = 20'000;
  /// Measurements whose keys and texts take more are counted in the overflow series.
  static constexpr std::size_t kMaxAttributeBytes = 4096;
  /// Orders of one set of attributes that are found at once; others are sorted first.
  static constexpr std::uint32_t kMaxOrders = 8;

  static MetricRegistry& instance() noexcept;
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  MetricInstrument* create(InstrumentKind kind, bool is_integer, std::string_view name,
                           const InstrumentOptions& options) noexcept;
  /// The series of these attributes, exported from now on. Null if memory lacks.
  BoundSeries* bind(MetricInstrument& instrument, const KeyValue* attributes,
                    std::size_t count) noexcept;
  /// The series of one measurement, made if there is room; null if it has to be looked for stream
  /// by stream (series_of).
  BoundSeries* find(MetricInstrument& instrument, const NormalAttributes& attributes,
                    const KeyValue* as_passed, std::size_t count) noexcept;
  /// The series of a stream for a measurement's attributes, made if there is room, else the
  /// overflow series. Null if memory lacks.
  Series* series_of(Stream& stream, const NormalAttributes& attributes) noexcept;

  /// What stands for sets of attributes without a series of their own; null if memory lacks.
  const BoundSeries* overflow_for(MetricInstrument& instrument) noexcept;

  /// Starts recording from zero. False if memory lacks. In a forked child what the parent counted
  /// is left behind.
  bool begin_run(const MetricSettings& settings) noexcept;
  /// Stops recording. What was recorded can still be collected.
  void end_run() noexcept;

  /// Adds to a series' shared cell, under a lock: `record` gets the cell. False if memory lacks.
  template <typename Record>
  bool record_shared(Series& series, Record record) noexcept {
    const std::lock_guard lock(shared_mutex_);
    Word* cell = shared_cell_of(series);
    if (cell == nullptr) return false;
    record(cell);
    counts_.in_shared_cells.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  /// Shared cells do not change while it is held.
  std::mutex& shared_mutex() noexcept { return shared_mutex_; }

  void count_invalid() noexcept { counts_.invalid.fetch_add(1, std::memory_order_relaxed); }
  void count_lost() noexcept { counts_.lost.fetch_add(1, std::memory_order_relaxed); }
  void count_dropped_attributes(std::size_t n) noexcept {
    counts_.attributes_dropped.fetch_add(n, std::memory_order_relaxed);
  }
  MetricCounts counts() noexcept;

  CallbackList& callbacks() noexcept { return callbacks_; }

  // For collecting (metric_reader.cpp).
  std::mutex& collection_mutex() noexcept { return collection_mutex_; }
  std::uint32_t run_epoch() const noexcept { return run_epoch_; }
  std::int64_t run_start_unix_ns() const noexcept { return run_start_unix_ns_; }
  bool uses_exemplars() const noexcept { return settings_.exemplars != ExemplarPolicy::kAlwaysOff; }
  struct StreamSnapshot {
    Stream* stream;
    SeriesList series;
  };
  std::vector<StreamSnapshot> snapshot();
  /// A reader's place in Collected::readers; -1 if there are too many.
  int claim_reader() noexcept;
  void release_reader(int index) noexcept;

  // Fork handlers.
  void lock_for_fork() noexcept;
  void unlock_after_fork() noexcept;
  void renew_in_child() noexcept;

 private:
  struct Counts {
    std::atomic<std::uint64_t> invalid{0};
    std::atomic<std::uint64_t> attributes_dropped{0};
    std::atomic<std::uint64_t> in_shared_cells{0};
    std::atomic<std::uint64_t> lost{0};
  };

  MetricRegistry() noexcept;

  MetricInstrument* create_locked(InstrumentKind kind, bool is_integer, std::string_view name,
                                  const InstrumentOptions& options);
  BoundSeries* add_bound(MetricInstrument& instrument, const NormalAttributes& attributes);
  BoundSeries* overflow_of(MetricInstrument& instrument);
  BoundSeries* make_bound(MetricInstrument& instrument, const AttributeSet* attributes);
  void resolve(BoundSeries& bound);
  static const CellPlace* fast_place(const BoundSeries& bound, const SeriesList& list) noexcept;
  void remember_order(MetricInstrument& instrument, BoundSeries& target, const KeyValue* attributes,
                      std::size_t count);
  void make_streams(MetricInstrument& instrument);
  static bool is_selected(const MetricInstrument& instrument,
                          const std::vector<View>& views) noexcept;
  Series* add_series(Stream& stream, const NormalAttributes& attributes);
  Series* overflow_series(Stream& stream);
  Series* make_series(Stream& stream, const AttributeSet* attributes);
  Word* shared_cell_of(Series& series) noexcept;
  void place_cell(Series& series, std::size_t words) noexcept;
  bool take_memory(std::size_t cell_limit_bytes) noexcept;
  void apply_views(const MetricSettings& settings);
  void reset_series(bool is_child);

  Counts counts_;
  CallbackList callbacks_;
  std::mutex shared_mutex_;

  std::mutex collection_mutex_;  // guards Series::collected and what follows
  std::uint32_t run_epoch_ = 0;
  std::int64_t run_start_unix_ns_ = 0;
  std::uint32_t reader_mask_ = 0;

  std::mutex mutex_;  // guards what follows, and all streams and series
  MetricSettings settings_;
  std::vector<std::unique_ptr<MetricInstrument>> instruments_;
  std::size_t series_count_ = 0;
  // What other views made of instruments: left for threads that are recording into it.
  std::vector<std::unique_ptr<const StreamList>> retired_streams_;
  std::vector<std::unique_ptr<const SeriesList>> retired_series_;
  /// Where the next cell goes: small ones and large ones in blocks of their own.
  struct Cursor {
    std::uint32_t block = kNoBlock;
    std::size_t word = kBlockWords;
  };
  Cursor cursors_[2];
  std::uint32_t next_block_ = 0;
};

/// The calling thread, ready to record; null if nothing is recorded or there is no room for it. In
/// a forked child the SDK restarts here.
MetricThread* enter_metric_thread() noexcept;
/// Restarts the SDK in a forked child; set by whoever starts it.
extern std::atomic<bool (*)() noexcept> g_restart_in_child;

}  // namespace binnacle::sdk
