#pragma once

#include "base/counter.h"
#include "base/error.h"
#include "model/predicate.h"
#include "model/span_batch.h"
#include "store/context.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The interface between those who write or ask for spans and those who keep them. Engines:
// store/trace (on disk), store/memory (the oracle), later store/clickhouse. tests/conformance runs
// on every engine and defines the meaning where these comments are short. Created by `app`, which
// alone names engines. Internally locked: any thread may call any method at any time.
//
// What every engine guarantees:
// - A completed append is durable (as the engine defines it) and visible to every read that starts
// after
//   its completion; a span is never visible before it is durable.
// - One append is atomic: after a crash all of its spans are there or none.
// - Retried appends are harmless: spans equal in (tenant, trace id, span id, kind, start) count
// once in
//   every answer. (Kind, because Zipkin's shared spans use one id for client and server.)
// - Tenants never see each other's spans.

namespace binnacle {

/// What an append did.
struct AppendResult {
  std::uint64_t spans = 0;
};

/// Called exactly once per append, on any thread, possibly before append returns. Must not block
/// and not call back into the store. Errors: kResourceExhausted / kUnavailable carry
/// retry_after_ns.
using AppendCompletion = std::move_only_function<void(Result<AppendResult>)>;

/// Pulls spans in columnar batches. Thread-confined. Pins a snapshot: parts and log it reads stay
/// until it is destroyed, so destroy it soon.
class SpanCursor {
 public:
  SpanCursor() = default;
  SpanCursor(const SpanCursor&) = delete;
  SpanCursor& operator=(const SpanCursor&) = delete;
  virtual ~SpanCursor() = default;

  /// Fills `out` (cleared first) with the next spans, at most a few thousand. False at the end.
  /// Order is the engine's. After an error only destruction is allowed.
  [[nodiscard]] virtual Result<bool> next(SpanBatch& out) = 0;
  /// The clauses that the engine did not apply: the caller must, on every span it got. Fixed from
  /// the start.
  [[nodiscard]] virtual const Predicate& residual() const noexcept = 0;
  /// Complete after next() returned false.
  [[nodiscard]] virtual Warnings warnings() const = 0;
};

/// Which traces to find: those with at least one span that satisfies `selection` as a whole (all
/// clauses on the same span, as Jaeger's search does).
struct TraceSearch {
  Selection selection;
  std::uint32_t limit = 20;  ///< top k, by `order`
  enum class Order : std::uint8_t {
    kNewestFirst,   ///< by the matching span's start, latest first
    kLongestFirst,  ///< by the matching span's duration
  } order = Order::kNewestFirst;
};

struct TraceHit {
  TraceId trace_id;
  std::uint64_t start_unix_ns = 0;  ///< of the best matching span
  std::uint64_t duration_ns = 0;    ///< of the best matching span
};

struct TraceHits {
  std::vector<TraceHit> hits;  ///< distinct traces, in order; ties by trace id ascending
  Warnings warnings;
};

/// Distinct values of a field among the selected spans, most frequent first (ties by text
/// ascending).
struct FieldValues {
  struct Entry {
    std::string text;  ///< value_text
    ValueType type = ValueType::kString;
    std::uint64_t spans = 0;  ///< spans that carry it; retried duplicates may count until merged
  };
  std::vector<Entry> entries;
  bool truncated = false;  ///< there were more than `limit`
  Warnings warnings;
};

/// Exact grouped counts. Engines that cannot answer exactly return kUnimplemented, and the caller
/// scans.
struct SpanAggregation {
  Selection selection;
  std::vector<Field> group_by;         ///< by value_text of each; absent is ""
  std::uint64_t step_ns = 0;           ///< 0: one bucket over all time; else buckets by start time
  std::uint32_t group_limit = 10'000;  ///< more groups: kResourceExhausted
};

struct AggregateRow {
  std::vector<std::string> group;    ///< pairs with SpanAggregation::group_by
  std::uint64_t bucket_unix_ns = 0;  ///< start of the bucket
  std::uint64_t spans = 0;
  std::uint64_t errors = 0;  ///< with StatusCode::kError
  std::uint64_t duration_sum_ns = 0;
  std::uint64_t duration_max_ns = 0;
};

struct AggregateResult {
  std::vector<AggregateRow> rows;  ///< sorted by group, then bucket
  Warnings warnings;
};

/// A tail-sampling decision. kDrop hides the trace's spans received so far from reads once durable
/// and removes them at flush or first merge; kKeep is remembered so that late spans are kept.
struct TraceVerdict {
  TraceId trace_id;
  enum class Decision : std::uint8_t { kKeep = 1, kDrop = 2 } decision = Decision::kKeep;
};

/// Called once when a verdict or removal is durable.
using WriteCompletion = std::move_only_function<void(Status)>;

struct SpanStoreStats {
  std::uint64_t spans = 0;       ///< stored, duplicates included until merged
  std::uint64_t disk_bytes = 0;  ///< log and parts
  std::uint64_t log_bytes = 0;
  std::uint64_t memory_bytes = 0;  ///< head and caches
  std::uint64_t parts = 0;
  std::uint64_t set_aside_parts = 0;       ///< found damaged, not served
  std::uint64_t oldest_start_unix_ns = 0;  ///< 0 when empty
  std::uint64_t newest_start_unix_ns = 0;
};

class SpanStore {
 public:
  SpanStore() = default;
  SpanStore(const SpanStore&) = delete;
  SpanStore& operator=(const SpanStore&) = delete;
  virtual ~SpanStore() = default;

  /// Takes the spans; `done` is called when they are durable and visible, or refused. Never blocks
  /// on I/O; a full queue refuses with kResourceExhausted.
  virtual void append(const WriteContext& context, SpanBatch&& batch, AppendCompletion done) = 0;

  /// All spans that satisfy the selection (less the residual). Duplicates removed.
  [[nodiscard]] virtual Result<std::unique_ptr<SpanCursor>> scan(const ReadContext& context,
                                                                 Selection selection) = 0;

  /// The top traces; applies the whole predicate itself (no residual).
  [[nodiscard]] virtual Result<TraceHits> find_traces(const ReadContext& context,
                                                      const TraceSearch& search) = 0;

  /// Every stored span of the given traces, whatever their times. Unknown ids yield nothing.
  [[nodiscard]] virtual Result<std::unique_ptr<SpanCursor>> read_traces(
      const ReadContext& context, std::span<const TraceId> trace_ids) = 0;

  /// Distinct values; applies the whole predicate. Cheap (no span is read) for kServiceName, and
  /// for kName and kKind under a predicate on service name and kind alone. For those cheap forms
  /// time is applied at the engine's granularity: values of spans a little outside the range may
  /// appear.
  [[nodiscard]] virtual Result<FieldValues> values(const ReadContext& context, const Field& field,
                                                   const Selection& selection,
                                                   std::uint32_t limit) = 0;

  /// Exact or kUnimplemented.
  [[nodiscard]] virtual Result<AggregateResult> aggregate(const ReadContext& context,
                                                          const SpanAggregation& aggregation) = 0;

  /// Records decisions, durably, in the log's order with the appends.
  virtual void verdict(const WriteContext& context, std::vector<TraceVerdict> verdicts,
                       WriteCompletion done) = 0;

  /// Removes whole traces as received so far: invisible once `done` is called; bytes leave at
  /// merge.
  virtual void remove(const WriteContext& context, std::vector<TraceId> trace_ids,
                      WriteCompletion done) = 0;

  [[nodiscard]] virtual SpanStoreStats stats() const = 0;

  /// A consistent copy of everything acknowledged, openable as a store, at `directory` (absent or
  /// empty). Hard links where the file system allows.
  [[nodiscard]] virtual Status snapshot_to(const std::string& directory) = 0;

  /// The engine's counters; valid while the store lives.
  [[nodiscard]] virtual std::vector<Descriptor> describe() const = 0;
};

}  // namespace binnacle
