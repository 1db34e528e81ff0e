#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "io/file/file_system.h"
#include "store/disk/disk_probe.h"
#include "store/disk/disk_reserve.h"
#include "store/disk/wal_replay.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// The write-ahead log: opaque records, in one stream of segment files, acknowledged only when an
// fdatasync has covered them (docs/formats/wal.md has the bytes). Made and owned by an engine.
// Internally locked: any thread may append.
//
//   auto wal = Wal::open(fs, dir + "/wal", options, clock, reserve, probe, checkpoint, replay);
//   (*wal)->append({.type = 1, .payload = bytes}, [](Result<WalSequence> durable) { ... });
//
// Group commit. Appenders queue their payloads; one committer thread (the only thread this folder
// starts besides the scheduler's, because it spends its life inside fdatasync, which no event loop
// can wait for) takes all that is queued, writes it with one gathered write and one fdatasync.
// While that runs the queue fills, and is the next group. There is no timer: an append to an idle
// log waits for exactly one sync.
//
// One stream for all producers, rather than a file for each core: one fdatasync costs 50 us to
// several ms whatever its size, and costs it per file, so one file acknowledges every shard for the
// price of one. A producer's records keep its order because sequences are given under one lock,
// which is held for a push to a queue only (checksums are computed by the appender before, and the
// bytes are copied by nobody but the kernel).
//
// Failure. A failed write or sync poisons its segment: nothing is retried, every record in it that
// was not acknowledged fails with kUnavailable, later ones go to a new segment, whose header says
// up to where the earlier ones count, so that replay never brings back a refused record. While no
// segment can be opened appends are refused with kUnavailable; the log recovers by itself.

namespace binnacle {

/// Called exactly once per accepted append: the record's sequence once it is durable, or
/// kUnavailable with retry_after_ns. Calls come in order of sequence, one at a time, on the
/// committer thread, after durable_sequence() has moved past a success and before any later record
/// becomes durable after a failure. Must not block and not call the Wal.
using WalCompletion = std::move_only_function<void(Result<WalSequence>)>;

struct WalOptions {
  /// A segment ends after the group that reaches this. 64 MB: replay of the last one stays under
  /// 100 ms, and creating one (two fsyncs) every 64 MB is noise.
  std::uint64_t segment_bytes = 64ULL << 20;
  /// Payload limit of one record; larger appends fail with kInvalidArgument.
  std::uint32_t record_limit_bytes = 64U << 20;
  /// Limits of the queue, each with kResourceExhausted beyond. Bytes: two seconds of a 100 MB/s
  /// disk, less than a client's time-out.
  std::uint64_t queue_limit_bytes = 128ULL << 20;
  std::uint32_t queue_limit_records = 65'536;
  /// Most bytes of one group, so that one sync does not hold up the first in the queue.
  std::uint64_t group_limit_bytes = 16ULL << 20;
  /// A segment's file grows by this much at a time, so that most syncs change no metadata, and an
  /// idle store does not hold a whole segment's space.
  std::uint64_t preallocate_bytes = 16ULL << 20;
  /// Wait before opening a new segment is tried again after it failed.
  std::int64_t reopen_wait_ns = 1'000'000'000;
  /// Seeds the segments' salts; 0: from the kernel.
  std::uint64_t salt_seed = 0;
  /// False: no thread; the owner calls commit_queued() (deterministic tests).
  bool commit_on_thread = true;
};

struct WalAppend {
  std::uint8_t type = 0;
  std::uint16_t producer = 0;
  /// The segment this payload was encoded for (its dictionary deltas build on that segment's
  /// earlier records), or 0 if it stands alone.
  WalSegment segment = 0;
  std::string payload{};
};

class Wal {
 public:
  /// Opens the log in `directory` (which exists, durably: StoreDirectory made it). Replays every
  /// readable record
  /// with a sequence above `checkpoint`; then new records go to a new segment. A torn tail (records
  /// that were written, never acknowledged) is dropped silently; damage to acknowledged records is
  /// reported in damage(), later records are delivered with `after_damage`, and the segment is
  /// linked into `set_aside_directory` (which exists). Time: one pass over the segments.
  [[nodiscard]] static Result<std::unique_ptr<Wal>> open(
      FileSystem& fs, const std::string& directory, const std::string& set_aside_directory,
      const WalOptions& options, const Clock& clock, DiskReserve& reserve, DiskProbe& probe,
      WalSequence checkpoint, const WalReplay& replay);
  Wal(const Wal&) = delete;
  Wal& operator=(const Wal&) = delete;
  /// As close().
  ~Wal();

  /// Queues one record and returns the sequence it will have; `done` is called later. On an error
  /// nothing was taken (neither argument is moved from, `done` is not called):
  ///   kFailedPrecondition  `segment` is not 0 and no longer current_segment(): encode it again
  ///   kResourceExhausted   the queue is full
  ///   kUnavailable         disk reserve reached, no segment can be opened, or closing
  ///   kInvalidArgument     payload too large
  [[nodiscard]] Result<WalSequence> append(WalAppend&& record, WalCompletion&& done);

  /// The segment that the next append will go to. Changes when a segment is full and when one is
  /// poisoned; an engine with per-segment dictionaries starts a fresh one then. One atomic load.
  [[nodiscard]] WalSegment current_segment() const noexcept {
    return current_segment_.load(std::memory_order_acquire);
  }
  /// Every accepted record up to here is durable or has failed. Readers take it as their snapshot.
  [[nodiscard]] WalSequence durable_sequence() const noexcept {
    return durable_sequence_.load(std::memory_order_acquire);
  }
  /// Ends the current segment after what is queued, even if it is not full (before a flush, so that
  /// release_through can free it).
  void end_segment();

  /// Removes the segments whose records all have sequences <= `through`. Call after a manifest edit
  /// with that checkpoint is durable.
  [[nodiscard]] Status release_through(WalSequence through);
  /// Hard-links or copies what is needed to replay everything durable now with a sequence above
  /// `checkpoint` into `directory`, which exists and is empty. Segments are not released meanwhile.
  [[nodiscard]] Status snapshot_to(const std::string& directory, WalSequence checkpoint);

  /// Bytes in segment files.
  [[nodiscard]] std::uint64_t segment_bytes() const;
  /// What open() found damaged.
  [[nodiscard]] const std::vector<WalDamage>& damage() const noexcept { return damage_; }

  /// Commits what is queued, waits for it, and refuses appends from now on. Idempotent.
  void close();
  /// One group, on this thread, if anything is queued; true if there was. Only with
  /// commit_on_thread off.
  bool commit_queued();

 private:
  struct Pending;
  struct OpenSegment;
  Wal(FileSystem& fs, std::string directory, const WalOptions& options, const Clock& clock,
      DiskReserve& reserve, DiskProbe& probe);

  [[nodiscard]] Status admit_locked(const WalAppend& record);
  void committer_loop();
  bool commit_next();
  std::vector<Pending> take_group_locked();
  [[nodiscard]] bool must_seal_locked() const;
  Status write_group(const std::vector<Pending>& group);
  Status sync_group(std::uint64_t written_bytes);
  Status open_segment(WalSegment id, WalSequence first_sequence);
  Status make_room(std::uint64_t end_bytes);
  void close_segment(bool whole_file_counts);
  void acknowledge(std::vector<Pending>& group);
  void poison(std::vector<Pending>& group, const Error& error);
  void update_gauges_locked();

  FileSystem& fs_;
  const std::string directory_;
  const WalOptions options_;
  const Clock& clock_;
  DiskReserve& reserve_;
  DiskProbe& probe_;
  Random random_;
  std::vector<WalDamage> damage_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<Pending> queue_;
  std::uint64_t queued_bytes_ = 0;    // waiting and in the group being written
  std::uint64_t queued_records_ = 0;  // likewise
  std::uint64_t assigned_bytes_ = 0;  // given to current_segment_ so far
  WalSequence next_sequence_ = 1;
  bool closing_ = false;
  std::int64_t refuse_until_steady_ns_ = 0;
  std::string refuse_reason_;
  std::vector<WalClosedSegment> closed_segments_;
  WalSegment open_segment_id_ = 0;        // 0: none
  std::uint64_t open_segment_bytes_ = 0;  // of it, durable
  int snapshots_running_ = 0;

  // The committer's own.
  std::unique_ptr<OpenSegment> open_;
  WalSequence acknowledged_ = 0;

  std::atomic<WalSegment> current_segment_{1};
  std::atomic<WalSequence> durable_sequence_{0};
  std::thread committer_;
};

}  // namespace binnacle
