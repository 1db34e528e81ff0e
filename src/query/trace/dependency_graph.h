#pragma once

#include "base/memory_budget.h"
#include "model/span_batch.h"
#include "store/context.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// Which service calls which, counted from spans: for every span whose parent is among the spans
// looked at and belongs to another service, one call from the parent's service to the span's. In
// Zipkin's model client and server share one span id: there the call is from the client's span to
// the server's, and children belong to the server's.

namespace binnacle {

struct DependencyLink {
  std::string parent;
  std::string child;
  std::uint64_t calls = 0;
  std::uint64_t errors = 0;  ///< of them, with an error on the called side
};

struct DependencyGraph {
  std::vector<DependencyLink> links;  ///< by parent, then child
  bool complete = true;               ///< false: a limit was reached, counts are of some spans only
  Warnings warnings;
};

/// Collects what is needed of each span (40 bytes), then joins. Thread-confined.
class DependencyCounter {
 public:
  /// Memory is taken from `budget` (may be null).
  explicit DependencyCounter(MemoryBudget* budget) : budget_(budget) {}

  /// kResourceExhausted when the budget does not allow it; then nothing of the batch is counted and
  /// finish() answers from what came before.
  [[nodiscard]] Status add(const SpanBatch& batch);
  [[nodiscard]] std::uint64_t spans() const noexcept { return spans_.size(); }
  /// Once. O(spans log spans).
  [[nodiscard]] std::vector<DependencyLink> finish();

 private:
  struct Row {
    TraceId trace_id;
    SpanId span_id;
    SpanId parent_span_id;
    std::uint32_t service = 0;
    bool called_side = false;  ///< server or consumer: owns the children of a shared id
    bool error = false;
  };
  struct Counts {
    std::uint64_t calls = 0;
    std::uint64_t errors = 0;
  };

  std::uint32_t service_number(std::string_view name);
  const Row* parent_of(const Row& row) const;
  const Row* twin_of(const Row& row) const;

  MemoryBudget* budget_;
  MemoryReservation held_;
  std::vector<Row> spans_;
  std::vector<std::string> services_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace binnacle
