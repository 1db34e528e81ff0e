#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "io/file/file_system.h"
#include "store/disk/disk_reserve.h"
#include "store/disk/merge_scheduler.h"
#include "store/disk/wal.h"
#include "store/span_store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

// The span store on disk: a log, a head of what is not yet in a part, immutable parts, background
// flushes, merges and retention (docs/design/storing.md tells the life of a span). Made by `app`;
// internally locked, no lock is held across I/O, reads never block appends.
//
//   auto store = open_trace_store(fs, clock, {.directory = "/var/lib/binnacle/spans"});

namespace binnacle {

struct TraceStoreOptions {
  /// Made if it is not there (one level).
  std::string directory;
  /// Decoded-block cache. A million spans are some 30 MB of blocks.
  std::uint64_t cache_bytes = 256ULL << 20;
  /// The head becomes a part when it takes this much memory, about 150,000 spans: replaying that
  /// many takes some 100 ms at start.
  std::uint64_t flush_bytes = 64ULL << 20;
  /// ... or this much log,
  std::uint64_t flush_log_bytes = 32ULL << 20;
  /// ... or is this old.
  std::int64_t flush_age_ns = 600LL * kNanosPerSecond;
  /// Appends are refused with kResourceExhausted beyond this much unflushed: flushing has fallen
  /// behind by several times its size.
  std::uint64_t head_limit_bytes = 512ULL << 20;
  /// Spans are deleted this long after they arrived, a part at a time; 0: never.
  std::int64_t retention_ns = 0;
  /// Oldest parts are deleted while all parts take more than this; 0: no limit.
  std::uint64_t retention_bytes = 0;
  /// Largest part that merging makes, in spans.
  std::uint64_t merge_limit_spans = 2'000'000;
  /// Removals that are not yet applied to all parts; more are refused with kResourceExhausted.
  std::uint64_t removals_limit = 1'000'000;
  WalOptions wal;
  DiskReserveOptions reserve;
  /// threads = 0: nothing happens in the background, tests call flush() and merge_all().
  MergeSchedulerOptions scheduler;
  /// Told of damage and failed background work, for the log. Any thread; must not block.
  std::function<void(std::string_view message)> report;
};

/// What the engine can do besides SpanStore: for operators, tests and benches.
class TraceStore : public SpanStore {
 public:
  /// Writes everything that is acknowledged now into a part, and waits.
  [[nodiscard]] virtual Status flush() = 0;
  /// Merges until every run of adjacent parts is one part (within merge_limit_spans), and waits.
  [[nodiscard]] virtual Status merge_all() = 0;
  /// Deletes what retention says, and waits.
  [[nodiscard]] virtual Status expire() = 0;
};

/// Opens or creates. Replays the log from the last flush; damaged parts and log records are set
/// aside and reported, the rest is served. `fs` and `clock` must outlive the store. Errors are
/// those of StoreDirectory::open and Wal::open.
[[nodiscard]] Result<std::unique_ptr<TraceStore>> open_trace_store(FileSystem& fs,
                                                                   const Clock& clock,
                                                                   TraceStoreOptions options);

}  // namespace binnacle
