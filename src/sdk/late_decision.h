#pragma once

#include "sdk/span_record.h"

#include <binnacle/context.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <list>
#include <unordered_map>
#include <vector>

// keep-errors: holds back the spans of traces that were not sampled until the part of the trace
// that runs in this process has ended, and lets them pass if anything in it failed. A span's local
// root is the span without a parent here: a root, or one whose parent came out of a header.
//
// Children may be swept up to one sweep after their root, since a sweep does not see all slots at
// the same moment. So a trace is decided one sweep after its root was seen, and at once in the
// sweep of a flush or shutdown. What ends later still follows the decision, as far as it is
// remembered. Thread-confined (the export thread).

namespace binnacle::sdk {

struct LateDecisionCounters {
  std::atomic<std::uint64_t> kept{0};           ///< spans let pass because their trace failed
  std::atomic<std::uint64_t> dropped{0};        ///< spans of traces in which nothing failed
  std::atomic<std::uint64_t> dropped_limit{0};  ///< spans dropped undecided, for lack of room
  std::atomic<std::uint64_t> waiting_bytes{0};  ///< a gauge
};

class LateDecision {
 public:
  /// Decided traces that are remembered for spans that end after their root.
  static constexpr std::size_t kRemembered = 4096;

  LateDecision(std::size_t limit_bytes, LateDecisionCounters& counters)
      : limit_bytes_(limit_bytes), counters_(counters) {}

  /// A span that is not sampled: kept for later, or handed to `next`, or dropped.
  void add(const FinishedSpan& span, SpanSink& next);
  /// All spans of a sweep were added. `is_final`: decide everything that can be decided now.
  void end_sweep(bool is_final, SpanSink& next);

 private:
  using TraceKey = TraceId;
  struct Hash {
    std::size_t operator()(const TraceKey& id) const noexcept {
      std::uint64_t low = 0;
      std::memcpy(&low, id.bytes + 8, sizeof low);
      return low;
    }
  };
  struct Trace {
    std::vector<StoredSpan> spans;
    std::size_t bytes = 0;
    bool has_failed = false;
    bool has_ended = false;      ///< its local root has
    std::uint64_t ended_in = 0;  ///< the sweep in which that was seen
    std::list<TraceKey>::iterator age;
  };

  void decide(const TraceKey& id, SpanSink& next);
  void remember(const TraceKey& id, bool is_kept);
  void make_room(std::size_t bytes, const TraceKey& except);
  void forget(const TraceKey& id);

  const std::size_t limit_bytes_;
  LateDecisionCounters& counters_;
  std::unordered_map<TraceKey, Trace, Hash> traces_;
  std::list<TraceKey> ages_;  // oldest first
  std::vector<TraceKey> ended_;
  std::size_t bytes_ = 0;
  std::uint64_t sweep_ = 0;
  std::unordered_map<TraceKey, bool, Hash> decided_;
  std::deque<TraceKey> decided_order_;
};

/// Error status, or an event named "exception".
bool has_failed(const FinishedSpan& span) noexcept;

}  // namespace binnacle::sdk
