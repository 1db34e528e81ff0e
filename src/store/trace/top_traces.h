#pragma once

#include "store/span_store.h"
#include "store/trace/keyed_hash.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

// The best spans of distinct traces, as a search finds them: keeps a few times the limit and
// prunes. Thread-confined.

namespace binnacle::trace {

class TopTraces {
 public:
  TopTraces(TraceSearch::Order order, std::uint32_t limit) : order_(order), limit_(limit) {}

  void add(const TraceHit& hit);
  /// True if no span whose rank (start or duration, by the order) is at most `rank` can change the
  /// answer. Spans of equal rank can: traces tie by id.
  [[nodiscard]] bool full_beyond(std::uint64_t rank);
  [[nodiscard]] std::uint64_t memory_bytes() const noexcept {
    return best_.size() * (sizeof(TraceHit) + 48);
  }
  /// The answer, in order. Call once.
  [[nodiscard]] std::vector<TraceHit> take();

 private:
  [[nodiscard]] std::uint64_t rank(const TraceHit& hit) const noexcept {
    return order_ == TraceSearch::Order::kNewestFirst ? hit.start_unix_ns : hit.duration_ns;
  }
  /// A trace's better span: by rank, then by the other quantity.
  [[nodiscard]] bool better(const TraceHit& a, const TraceHit& b) const noexcept;
  [[nodiscard]] bool before(const TraceHit& a, const TraceHit& b) const noexcept;
  void prune();

  TraceSearch::Order order_;
  std::uint32_t limit_;
  std::unordered_map<TraceId, TraceHit, KeyedTraceIdHash> best_;
  bool has_threshold_ = false;
  std::uint64_t threshold_ = 0;  ///< rank of the last of `limit_` traces when last pruned
};

}  // namespace binnacle::trace
