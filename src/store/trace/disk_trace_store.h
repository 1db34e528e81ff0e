#pragma once

#include "store/disk/block_cache.h"
#include "store/disk/disk_probe.h"
#include "store/disk/merge_scheduler.h"
#include "store/disk/store_directory.h"
#include "store/disk/wal.h"
#include "store/trace/part_rewrite.h"
#include "store/trace/removals.h"
#include "store/trace/span_head.h"
#include "store/trace/span_log.h"
#include "store/trace/span_part.h"
#include "store/trace/span_walk.h"
#include "store/trace/trace_probe.h"
#include "store/trace/trace_store.h"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

// The implementation behind trace_store.h, in three files: disk_trace_store.cpp (opening, writing),
// trace_reads.cpp (reading), trace_upkeep.cpp (flush, merge, retention).

namespace binnacle::trace {

class DiskTraceStore final : public TraceStore, private JobSource {
 public:
  static Result<std::unique_ptr<TraceStore>> open(FileSystem& fs, const Clock& clock,
                                                  TraceStoreOptions options);
  DiskTraceStore(FileSystem& fs, const Clock& clock, TraceStoreOptions options);
  ~DiskTraceStore() override;

  void append(const WriteContext& context, SpanBatch&& batch, AppendCompletion done) override;
  Result<std::unique_ptr<SpanCursor>> scan(const ReadContext& context,
                                           Selection selection) override;
  Result<TraceHits> find_traces(const ReadContext& context, const TraceSearch& search) override;
  Result<std::unique_ptr<SpanCursor>> read_traces(const ReadContext& context,
                                                  std::span<const TraceId> trace_ids) override;
  Result<FieldValues> values(const ReadContext& context, const Field& field,
                             const Selection& selection, std::uint32_t limit) override;
  Result<AggregateResult> aggregate(const ReadContext& context,
                                    const SpanAggregation& aggregation) override;
  void verdict(const WriteContext& context, std::vector<TraceVerdict> verdicts,
               WriteCompletion done) override;
  void remove(const WriteContext& context, std::vector<TraceId> trace_ids,
              WriteCompletion done) override;
  [[nodiscard]] SpanStoreStats stats() const override;
  [[nodiscard]] Status snapshot_to(const std::string& directory) override;
  [[nodiscard]] std::vector<Descriptor> describe() const override;

  Status flush() override;
  Status merge_all() override;
  Status expire() override;

 private:
  using Parts = std::vector<std::shared_ptr<const SpanPart>>;

  // Opening and writing.
  Status start();
  Result<ReplayOutcome> replay(const WalRecord& record);
  Status load_parts();
  [[nodiscard]] Status startable(const WriteContext& context) const;
  [[nodiscard]] Status admit_append(std::uint64_t bytes);
  void append_removals(const WriteContext& context, LoggedRemovals removals, WriteCompletion done);
  void accept_spans(std::shared_ptr<HeadBatch> batch, WalSequence sequence);
  void accept_removals(const LoggedRemovals& removals, WalSequence sequence);
  void report(const std::string& message) const;

  // Reading.
  [[nodiscard]] StoreSnapshot snapshot() const;
  [[nodiscard]] Result<std::unique_ptr<SpanWalk>> walk(const ReadContext& context, WalkPlan plan);
  [[nodiscard]] Result<std::unique_ptr<SpanWalk>> walk(StoreSnapshot snapshot,
                                                       const ReadContext& context, WalkPlan plan);
  void part_damaged(std::uint64_t part_id, const Error& error);
  Status count_catalogues(const ReadContext& context, const Field& field,
                          const Selection& selection, StoreSnapshot& snapshot,
                          class ValueCounts& counts);

  // Upkeep.
  std::optional<Job> next_job(JobKind kind) override;
  [[nodiscard]] bool flush_due() const;
  Status flush_once(const CancelToken& cancel);
  [[nodiscard]] Removals::Table removals_still_needed(const Removals& removals,
                                                      std::uint64_t through,
                                                      const Parts& parts) const;
  [[nodiscard]] Parts choose_merge(bool all) const;
  [[nodiscard]] Parts choose_purge() const;
  Status merge_once(const Parts& parts, const CancelToken& cancel);
  [[nodiscard]] std::vector<std::uint64_t> expired_parts() const;
  Status expire_once();
  void replace_parts(const std::vector<std::uint64_t>& gone, std::shared_ptr<const SpanPart> added);

  FileSystem& fs_;
  const Clock& clock_;
  const TraceStoreOptions options_;
  TraceProbe probe_;
  DiskProbe disk_probe_;
  BlockCache cache_;
  DiskReserve reserve_;
  std::unique_ptr<StoreDirectory> directory_;
  std::unique_ptr<Wal> wal_;
  std::unique_ptr<MergeScheduler> scheduler_;
  /// Bytes of batches between append() and the log's completion.
  std::atomic<std::uint64_t> in_flight_bytes_{0};

  // One of each at a time; taken before mutex_, held across I/O, never by reads or appends.
  std::mutex flush_mutex_;
  std::mutex merge_mutex_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  SpanHead head_;
  Parts parts_;  ///< by ascending sequence
  Removals removals_;
  WalSequence last_sequence_ = 0;
  std::uint64_t unflushed_removals_ = 0;
  bool flushing_ = false;
  bool merging_ = false;
};

}  // namespace binnacle::trace
