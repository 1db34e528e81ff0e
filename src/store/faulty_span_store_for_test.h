#pragma once

#include "store/span_store.h"

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

// A SpanStore in front of another that injects faults into appends: refuses them, or holds their
// completions back until released. Everything else is passed on. For tests. Internally locked.
//
//   FaultySpanStore store(*memory);
//   store.refuse_with({ErrorCode::kUnavailable, "disk full", 5 * kNanosPerSecond});

namespace binnacle {

class FaultySpanStore final : public SpanStore {
 public:
  explicit FaultySpanStore(SpanStore& behind) : behind_(behind) {}

  /// The next append fails so.
  void refuse_with(Error error) {
    const std::lock_guard lock(mutex_);
    refusal_ = std::move(error);
  }
  /// Appends are stored, but complete only at release().
  void hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }
  /// Completes what was held, on this thread; later appends complete at once.
  void release() {
    std::vector<AppendCompletion> held;
    {
      const std::lock_guard lock(mutex_);
      holding_ = false;
      held.swap(held_);
    }
    for (AppendCompletion& done : held) done(AppendResult{});
  }
  /// Completions being held now.
  [[nodiscard]] std::size_t held() const {
    const std::lock_guard lock(mutex_);
    return held_.size();
  }
  [[nodiscard]] WriteContext last_context() const {
    const std::lock_guard lock(mutex_);
    return last_context_;
  }

  void append(const WriteContext& context, SpanBatch&& batch, AppendCompletion done) override {
    std::unique_lock lock(mutex_);
    last_context_ = context;
    if (refusal_) {
      Error error = *std::move(refusal_);
      refusal_.reset();
      lock.unlock();
      return done(std::unexpected(std::move(error)));
    }
    if (holding_) {
      held_.push_back(std::move(done));
      lock.unlock();
      return behind_.append(context, std::move(batch), [](const Result<AppendResult>&) {});
    }
    lock.unlock();
    behind_.append(context, std::move(batch), std::move(done));
  }

  Result<std::unique_ptr<SpanCursor>> scan(const ReadContext& context,
                                           Selection selection) override {
    return behind_.scan(context, std::move(selection));
  }
  Result<TraceHits> find_traces(const ReadContext& context, const TraceSearch& search) override {
    return behind_.find_traces(context, search);
  }
  Result<std::unique_ptr<SpanCursor>> read_traces(const ReadContext& context,
                                                  std::span<const TraceId> ids) override {
    return behind_.read_traces(context, ids);
  }
  Result<FieldValues> values(const ReadContext& context, const Field& field,
                             const Selection& selection, std::uint32_t limit) override {
    return behind_.values(context, field, selection, limit);
  }
  Result<AggregateResult> aggregate(const ReadContext& context,
                                    const SpanAggregation& aggregation) override {
    return behind_.aggregate(context, aggregation);
  }
  void verdict(const WriteContext& context, std::vector<TraceVerdict> verdicts,
               WriteCompletion done) override {
    behind_.verdict(context, std::move(verdicts), std::move(done));
  }
  void remove(const WriteContext& context, std::vector<TraceId> ids,
              WriteCompletion done) override {
    behind_.remove(context, std::move(ids), std::move(done));
  }
  [[nodiscard]] SpanStoreStats stats() const override { return behind_.stats(); }
  [[nodiscard]] Status snapshot_to(const std::string& directory) override {
    return behind_.snapshot_to(directory);
  }
  [[nodiscard]] std::vector<Descriptor> describe() const override { return behind_.describe(); }

 private:
  SpanStore& behind_;
  mutable std::mutex mutex_;
  std::optional<Error> refusal_;
  bool holding_ = false;
  std::vector<AppendCompletion> held_;
  WriteContext last_context_;
};

}  // namespace binnacle
