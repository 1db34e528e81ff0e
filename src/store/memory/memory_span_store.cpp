#include "store/memory/memory_span_store.h"

#include "store/predicate/span_matcher.h"

#include <algorithm>
#include <compare>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace binnacle {
namespace {

// Spans per cursor batch: inside the interface's "a few thousand".
constexpr std::size_t kCursorSpans = 1024;
// Rough cost of one entry of a node-based container, charged to the query's budget.
constexpr std::uint64_t kNodeBytes = 96;

using SpanKey = std::tuple<TraceId, SpanId, SpanKind, std::uint64_t>;

SpanKey key_of(const SpanBatch& b, std::size_t i) {
  return {b.trace_ids[i], b.span_ids[i], b.kinds[i], b.start_unix_ns[i]};
}

// What one tenant has, and what a read pins: batches in arrival order, and per hidden trace how
// many of the batches the removal covers.
struct TenantSpans {
  std::vector<std::shared_ptr<const SpanBatch>> batches;
  std::unordered_map<TraceId, std::size_t> hidden_before;

  [[nodiscard]] bool hidden(std::size_t batch, const TraceId& id) const {
    const auto it = hidden_before.find(id);
    return it != hidden_before.end() && batch < it->second;
  }
};

// Cancellation, deadline and memory of one read.
class ReadGuard {
 public:
  ReadGuard(const ReadContext& context, const Clock& clock) : context_(context), clock_(clock) {}

  Status check() const {
    if (context_.cancel.cancelled()) return fail(ErrorCode::kCancelled, "read was cancelled");
    if (context_.deadline_steady_ns != 0 && clock_.steady_now_ns() >= context_.deadline_steady_ns) {
      return fail(ErrorCode::kDeadlineExceeded, "read passed its deadline");
    }
    return {};
  }
  Status charge(std::uint64_t bytes) {
    if (held_.bytes() == 0) {
      auto taken = MemoryReservation::take(context_.budget, bytes);
      if (!taken) return std::unexpected(taken.error());
      held_ = std::move(*taken);
      return {};
    }
    return held_.grow(bytes);
  }

 private:
  ReadContext context_;
  const Clock& clock_;
  MemoryReservation held_;
};

// Walks every visible, distinct span of a tenant once, in arrival order.
class Walk {
 public:
  Walk(TenantSpans spans, const ReadContext& context, const Clock& clock)
      : spans_(std::move(spans)), guard_(context, clock) {}

  // False at the end. `batch()` and `index()` then say which span.
  Result<bool> next() {
    while (batch_ < spans_.batches.size()) {
      const SpanBatch& b = *spans_.batches[batch_];
      if (index_ == 0) {
        if (auto ok = guard_.check(); !ok) return std::unexpected(ok.error());
      }
      if (index_ == b.size()) {
        ++batch_;
        index_ = 0;
        continue;
      }
      const std::size_t i = index_++;
      if (spans_.hidden(batch_, b.trace_ids[i]) || seen_.contains(key_of(b, i))) continue;
      if (auto ok = guard_.charge(kNodeBytes); !ok) return std::unexpected(ok.error());
      seen_.insert(key_of(b, i));
      return true;
    }
    if (auto ok = guard_.check(); !ok) return std::unexpected(ok.error());
    return false;
  }
  [[nodiscard]] const SpanBatch& batch() const { return *spans_.batches[batch_]; }
  [[nodiscard]] std::size_t index() const { return index_ - 1; }
  ReadGuard& guard() { return guard_; }

 private:
  TenantSpans spans_;
  ReadGuard guard_;
  std::set<SpanKey> seen_;
  std::size_t batch_ = 0;
  std::size_t index_ = 0;
};

// Walks the spans that a selection holds for.
class SelectedWalk {
 public:
  SelectedWalk(Walk walk, TimeRange time, SpanMatcher matcher)
      : walk_(std::move(walk)), time_(time), matcher_(std::move(matcher)) {}

  Result<bool> next() {
    for (;;) {
      auto more = walk_.next();
      if (!more || !*more) return more;
      const SpanBatch& b = walk_.batch();
      if (!time_.contains(b.start_unix_ns[walk_.index()])) continue;
      if (matcher_.bind(b).matches(walk_.index())) return true;
    }
  }
  [[nodiscard]] const SpanBatch& batch() const { return walk_.batch(); }
  [[nodiscard]] std::size_t index() const { return walk_.index(); }
  ReadGuard& guard() { return walk_.guard(); }

 private:
  Walk walk_;
  TimeRange time_;
  SpanMatcher matcher_;
};

class MemoryCursor final : public SpanCursor {
 public:
  MemoryCursor(SelectedWalk walk, std::optional<std::unordered_set<TraceId>> only)
      : walk_(std::move(walk)), only_(std::move(only)) {}

  Result<bool> next(SpanBatch& out) override {
    out.clear();
    std::map<std::pair<const SpanBatch*, std::uint32_t>, std::uint32_t> resources;
    std::map<std::pair<const SpanBatch*, std::uint32_t>, std::uint32_t> scopes;
    while (out.size() < kCursorSpans) {
      auto more = walk_.next();
      if (!more) return more;
      if (!*more) break;
      const SpanBatch& b = walk_.batch();
      const std::size_t i = walk_.index();
      if (only_ && !only_->contains(b.trace_ids[i])) continue;
      const std::pair resource_key{&b, b.resource_of[i]};
      if (!resources.contains(resource_key)) {
        resources[resource_key] = copy_resource(b, b.resource_of[i], out);
      }
      const std::pair scope_key{&b, b.scope_of[i]};
      if (!scopes.contains(scope_key)) scopes[scope_key] = copy_scope(b, b.scope_of[i], out);
      copy_span(b, i, resources[resource_key], scopes[scope_key], out);
    }
    return !out.empty();
  }
  [[nodiscard]] const Predicate& residual() const noexcept override { return residual_; }
  [[nodiscard]] Warnings warnings() const override { return {}; }

 private:
  SelectedWalk walk_;
  std::optional<std::unordered_set<TraceId>> only_;
  Predicate residual_;
};

// The better of two matching spans comes first under the search's order; what the order leaves open
// is decided by the other quantity.
auto rank(TraceSearch::Order order, const TraceHit& hit) {
  return order == TraceSearch::Order::kNewestFirst ? std::pair(hit.start_unix_ns, hit.duration_ns)
                                                   : std::pair(hit.duration_ns, hit.start_unix_ns);
}

class MemorySpanStore final : public SpanStore {
 public:
  explicit MemorySpanStore(const Clock& clock) : clock_(clock) {}

  void append(const WriteContext& context, SpanBatch&& batch, AppendCompletion done) override {
    if (auto ok = startable(context); !ok) return done(std::unexpected(ok.error()));
    const std::uint64_t spans = batch.size();
    {
      const std::scoped_lock lock(mutex_);
      auto stored = std::make_shared<const SpanBatch>(std::move(batch));
      if (spans > 0) tenants_[context.tenant.value].batches.push_back(std::move(stored));
    }
    done(AppendResult{spans});
  }

  Result<std::unique_ptr<SpanCursor>> scan(const ReadContext& context,
                                           Selection selection) override {
    auto walk = select(context, selection);
    if (!walk) return std::unexpected(walk.error());
    return std::make_unique<MemoryCursor>(std::move(*walk), std::nullopt);
  }

  Result<std::unique_ptr<SpanCursor>> read_traces(const ReadContext& context,
                                                  std::span<const TraceId> trace_ids) override {
    auto walk = select(context, Selection{});
    if (!walk) return std::unexpected(walk.error());
    return std::make_unique<MemoryCursor>(
        std::move(*walk), std::unordered_set<TraceId>(trace_ids.begin(), trace_ids.end()));
  }

  Result<TraceHits> find_traces(const ReadContext& context, const TraceSearch& search) override;
  Result<FieldValues> values(const ReadContext& context, const Field& field,
                             const Selection& selection, std::uint32_t limit) override;
  Result<AggregateResult> aggregate(const ReadContext& context,
                                    const SpanAggregation& aggregation) override;

  void verdict(const WriteContext& context, std::vector<TraceVerdict> verdicts,
               WriteCompletion done) override {
    std::vector<TraceId> dropped;
    for (const TraceVerdict& v : verdicts) {
      if (v.decision == TraceVerdict::Decision::kDrop) dropped.push_back(v.trace_id);
    }
    remove(context, std::move(dropped), std::move(done));
  }

  void remove(const WriteContext& context, std::vector<TraceId> trace_ids,
              WriteCompletion done) override {
    if (auto ok = startable(context); !ok) return done(ok);
    {
      const std::scoped_lock lock(mutex_);
      TenantSpans& tenant = tenants_[context.tenant.value];
      for (const TraceId& id : trace_ids) tenant.hidden_before[id] = tenant.batches.size();
    }
    done({});
  }

  [[nodiscard]] SpanStoreStats stats() const override;

  [[nodiscard]] Status snapshot_to(const std::string&) override {
    return fail(ErrorCode::kUnimplemented, "the memory store has nothing on disk to copy");
  }
  [[nodiscard]] std::vector<Descriptor> describe() const override { return {}; }

 private:
  [[nodiscard]] Status startable(const WriteContext& context) const {
    if (context.deadline_steady_ns != 0 && clock_.steady_now_ns() >= context.deadline_steady_ns) {
      return fail(ErrorCode::kDeadlineExceeded, "write passed its deadline before it started");
    }
    return {};
  }
  [[nodiscard]] Result<SelectedWalk> select(const ReadContext& context,
                                            const Selection& selection) const {
    auto matcher = SpanMatcher::compile(selection.predicate);
    if (!matcher) return std::unexpected(matcher.error());
    TenantSpans spans;
    {
      const std::scoped_lock lock(mutex_);
      const auto it = tenants_.find(context.tenant.value);
      if (it != tenants_.end()) spans = it->second;
    }
    return SelectedWalk(Walk(std::move(spans), context, clock_), selection.time,
                        std::move(*matcher));
  }

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, TenantSpans> tenants_;
};

Result<TraceHits> MemorySpanStore::find_traces(const ReadContext& context,
                                               const TraceSearch& search) {
  auto walk = select(context, search.selection);
  if (!walk) return std::unexpected(walk.error());
  std::map<TraceId, TraceHit> best;
  for (;;) {
    const auto more = walk->next();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    const SpanBatch& b = walk->batch();
    const std::size_t i = walk->index();
    const TraceHit hit{b.trace_ids[i], b.start_unix_ns[i], b.duration_ns(i)};
    const auto [it, added] = best.emplace(hit.trace_id, hit);
    if (!added && rank(search.order, hit) > rank(search.order, it->second)) it->second = hit;
  }
  TraceHits out;
  for (const auto& [id, hit] : best) out.hits.push_back(hit);
  const bool newest = search.order == TraceSearch::Order::kNewestFirst;
  std::ranges::stable_sort(out.hits, [&](const TraceHit& a, const TraceHit& b) {
    return newest ? a.start_unix_ns > b.start_unix_ns : a.duration_ns > b.duration_ns;
  });
  if (out.hits.size() > search.limit) out.hits.resize(search.limit);
  return out;
}

Result<FieldValues> MemorySpanStore::values(const ReadContext& context, const Field& field,
                                            const Selection& selection, std::uint32_t limit) {
  auto walk = select(context, selection);
  if (!walk) return std::unexpected(walk.error());
  std::map<std::pair<std::string, ValueType>, std::uint64_t> counts;
  for (;;) {
    const auto more = walk->next();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    const SpanBatch& b = walk->batch();
    std::set<std::pair<std::string, ValueType>> of_span;
    FieldReader(b, field).each(walk->index(), [&](const FieldValue& v) {
      of_span.emplace(field_value_text(b.strings, v), v.value.type());
      return true;
    });
    for (const auto& value : of_span) {
      if (!counts.contains(value)) {
        if (auto ok = walk->guard().charge(kNodeBytes + value.first.size()); !ok) {
          return std::unexpected(ok.error());
        }
      }
      ++counts[value];
    }
  }
  FieldValues out;
  for (const auto& [value, spans] : counts) {
    out.entries.push_back({value.first, value.second, spans});
  }
  std::ranges::stable_sort(out.entries, std::greater<>(), &FieldValues::Entry::spans);
  if (out.entries.size() > limit) {
    out.entries.resize(limit);
    out.truncated = true;
  }
  return out;
}

Result<AggregateResult> MemorySpanStore::aggregate(const ReadContext& context,
                                                   const SpanAggregation& aggregation) {
  auto walk = select(context, aggregation.selection);
  if (!walk) return std::unexpected(walk.error());
  std::map<std::pair<std::vector<std::string>, std::uint64_t>, AggregateRow> rows;
  std::set<std::vector<std::string>> groups;
  for (;;) {
    const auto more = walk->next();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    const SpanBatch& b = walk->batch();
    const std::size_t i = walk->index();
    std::vector<std::string> group;
    for (const Field& field : aggregation.group_by) {
      group.emplace_back();
      FieldReader(b, field).each(i, [&](const FieldValue& v) {
        group.back() = field_value_text(b.strings, v);
        return false;  // a field with several values is grouped by its first
      });
    }
    groups.insert(group);
    if (groups.size() > aggregation.group_limit) {
      return fail(ErrorCode::kResourceExhausted, "aggregation has more groups than its limit of " +
                                                     std::to_string(aggregation.group_limit) +
                                                     "; narrow the selection");
    }
    const std::uint64_t start = b.start_unix_ns[i];
    const std::uint64_t bucket = aggregation.step_ns == 0 ? 0 : start - start % aggregation.step_ns;
    AggregateRow& row = rows[{group, bucket}];
    row.group = group;
    row.bucket_unix_ns = bucket;
    ++row.spans;
    row.errors += b.statuses[i] == StatusCode::kError ? 1 : 0;
    row.duration_sum_ns += b.duration_ns(i);
    row.duration_max_ns = std::max(row.duration_max_ns, b.duration_ns(i));
  }
  AggregateResult out;
  for (auto& [key, row] : rows) out.rows.push_back(std::move(row));
  return out;
}

SpanStoreStats MemorySpanStore::stats() const {
  const std::scoped_lock lock(mutex_);
  SpanStoreStats out;
  for (const auto& [name, tenant] : tenants_) {
    for (const auto& batch : tenant.batches) {
      out.spans += batch->size();
      out.memory_bytes += batch->memory_bytes();
      for (const std::uint64_t start : batch->start_unix_ns) {
        if (out.oldest_start_unix_ns == 0 || start < out.oldest_start_unix_ns) {
          out.oldest_start_unix_ns = start;
        }
        out.newest_start_unix_ns = std::max(out.newest_start_unix_ns, start);
      }
    }
  }
  return out;
}

}  // namespace

std::unique_ptr<SpanStore> make_memory_span_store(const Clock& clock) {
  return std::make_unique<MemorySpanStore>(clock);
}

}  // namespace binnacle
