#pragma once

#include "sdk/formats/encoded_batch.h"

#include <binnacle/stats.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

// What became of the batches for each destination. The cells of a destination are written by the
// export thread alone and read by anybody; they outlive the run that made them, so that counts
// never go back.

namespace binnacle::sdk {

struct SignalCounters {
  std::atomic<std::uint64_t> encoded{0};
  std::atomic<std::uint64_t> exported{0};
  std::atomic<std::uint64_t> dropped_queue_full{0};
  std::atomic<std::uint64_t> dropped_export_failed{0};
  std::atomic<std::uint64_t> dropped_rejected{0};
  std::atomic<std::uint64_t> dropped_at_shutdown{0};
  std::atomic<std::uint64_t> dropped_unsupported{0};
  std::atomic<std::uint64_t> spooled{0};
  std::atomic<std::uint64_t> inflight{0};  ///< a gauge

  SignalStats read() const noexcept;
};

struct DestinationCounters {
  SignalCounters signals[kSignalCount];
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> retries{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> queued_bytes{0};  ///< a gauge: encoded, waiting to be sent

  SignalCounters& of(Signal signal) noexcept { return signals[index_of(signal)]; }
  /// Everything that did not arrive though the receiver takes its like, of all signals.
  std::uint64_t losses() const noexcept;
};

/// The cells of all destinations, by name. Internally locked.
class DestinationTable {
 public:
  /// Before the claims of a new run: cells of earlier ones may be given away.
  void begin_run() noexcept;
  /// The cells of this destination: those of an earlier run if it had the same name. Null if
  /// kMaxDestinations are taken in this run already. `name` is cut to fit.
  DestinationCounters* claim(std::string_view name) noexcept;

  /// Adds the counts of spans, requests and bytes of all destinations, forgotten ones included.
  void add_to(SdkStats& stats) const noexcept;
  std::size_t read(DestinationStats* out, std::size_t capacity) const noexcept;

 private:
  struct Entry {
    DestinationCounters counters;
    char name[sizeof(DestinationStats::name)] = {};
    bool is_claimed = false;  // in this run
  };
  static DestinationStats read(const Entry& entry) noexcept;
  static void add(const DestinationStats& more, SdkStats& stats) noexcept;
  void forget(Entry& entry) noexcept;

  mutable std::mutex mutex_;  // guards what follows, but not the cells
  Entry entries_[kMaxDestinations];
  SdkStats forgotten_;  // of entries that were given away
};

}  // namespace binnacle::sdk
