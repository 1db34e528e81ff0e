#pragma once

#include "base/memory_budget.h"
#include "model/span_batch.h"
#include "store/context.h"
#include "store/span_store.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// Turns the batches that a cursor hands out (spans of many traces, in the engine's order, each
// batch with its own strings) into one batch per trace, spans in order of time. Made by TraceQuery.

namespace binnacle {

/// One whole trace. Spans by start, the longer first among equal starts (so that a parent comes
/// before a child that starts with it), then by span id: the same spans always give the same order.
struct Trace {
  TraceId id;
  SpanBatch spans;
  /// What a reader of the trace should know: spans whose parents are not there, and so on.
  std::vector<std::string> warnings;
};

/// Traces and the memory they are accounted with. Move-only; destroy it when it has been rendered.
struct TraceSet {
  std::unique_ptr<MemoryBudget> budget;  ///< the query's; outlives `held`
  MemoryReservation held;
  std::vector<Trace> traces;
  Warnings warnings;  ///< about the answer as a whole

  [[nodiscard]] std::size_t spans() const noexcept;
};

/// Collects cursor batches, then deals their spans out to traces. Thread-confined.
class TraceAssembly {
 public:
  /// Traces come out in the order of `ids`; ids without spans are left out. At most `spans_limit`
  /// spans are kept. Memory is taken from `budget` (may be null).
  TraceAssembly(std::span<const TraceId> ids, std::uint64_t spans_limit, MemoryBudget* budget);

  /// Takes the batch. kResourceExhausted when the budget does not allow it. False when spans of the
  /// wanted traces had to be left out because of spans_limit: no more need be given.
  [[nodiscard]] Result<bool> add(SpanBatch&& batch);
  /// Fills `out.traces` and `out.held`. Once. O(spans log spans).
  [[nodiscard]] Status finish(TraceSet& out);

 private:
  /// Where one span lies, with what it is sorted by.
  struct Place {
    std::uint32_t trace = 0;  ///< index in ids_
    std::uint32_t batch = 0;
    std::uint32_t row = 0;
    std::uint64_t start_unix_ns = 0;
    std::uint64_t end_unix_ns = 0;
    SpanId span_id;
  };

  std::vector<TraceId> ids_;
  std::vector<std::uint32_t> ids_by_value_;  ///< indices into ids_, sorted by id
  std::uint64_t spans_left_;
  MemoryBudget* budget_;
  MemoryReservation held_;
  std::vector<SpanBatch> batches_;
  std::vector<Place> places_;
};

/// "3 of 10 spans name a parent that is not stored, first 00f0... (span 0a...)"; nothing when all
/// parents are there. Appended to trace.warnings.
void warn_of_missing_parents(Trace& trace);

}  // namespace binnacle
