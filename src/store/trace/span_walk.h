#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "model/predicate.h"
#include "store/context.h"
#include "store/predicate/span_matcher.h"
#include "store/trace/keyed_hash.h"
#include "store/trace/removals.h"
#include "store/trace/span_codec.h"
#include "store/trace/span_head.h"
#include "store/trace/span_part.h"
#include "store/trace/span_terms.h"
#include "store/trace/trace_probe.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_set>
#include <vector>

// How every read of the span store goes over the spans: unit by unit (a head batch or a row group),
// pruned by zone maps and filters, decoding first what the predicate needs and the rest only of
// units with a match. Made by the trace store per read. Thread-confined.

namespace binnacle::trace {

/// What a read sees: immutable, shared with other reads.
struct StoreSnapshot {
  SpanHead::Snapshot head;
  std::vector<std::shared_ptr<const SpanPart>> parts;
  Removals removals;
  Warnings warnings;
};

/// Told of a part that turned out damaged, so that the store sets it aside.
using PartDamage = std::function<void(const SpanPart& part, const Error& error)>;

/// Cancellation, deadline and memory of one read.
class ReadGuard {
 public:
  ReadGuard(const ReadContext& context, const Clock& clock) : context_(context), clock_(&clock) {}
  [[nodiscard]] Status check() const;
  /// Takes more of the budget, until the guard goes.
  [[nodiscard]] Status charge(std::uint64_t bytes);
  /// Takes more if the read has never had this much for its current unit.
  [[nodiscard]] Status charge_unit(std::uint64_t bytes);

 private:
  ReadContext context_;
  const Clock* clock_;
  MemoryReservation held_;
  bool took_ = false;
  std::uint64_t unit_bytes_ = 0;
};

enum class UnitOrder : std::uint8_t { kNewestFirst, kLongestFirst };

struct WalkPlan {
  TimeRange time;
  Predicate predicate;
  /// Only these traces; null for all.
  std::optional<std::vector<TraceId>> traces;
  /// What the caller reads of matching spans; ids and times always.
  WantedSections output;
  UnitOrder order = UnitOrder::kNewestFirst;
  /// Leave retried duplicates out. Searches for traces need not.
  bool distinct = true;
  /// Asked before each unit; true ends the walk, because no unit from there on is of interest
  /// (units come in `order`, by their zone map).
  std::function<bool(const ZoneMap&)> enough;
};

class SpanWalk {
 public:
  /// kInvalidArgument for a bad predicate.
  static Result<std::unique_ptr<SpanWalk>> start(StoreSnapshot snapshot, const ReadContext& context,
                                                 WalkPlan plan, const Clock& clock,
                                                 TraceProbe& probe, PartDamage damage);

  /// Moves to the next unit with a match; false at the end.
  [[nodiscard]] Result<bool> next();
  /// The unit's spans (those not matching too) and which of them match. Valid until next().
  [[nodiscard]] const SpanBatch& batch() const noexcept { return *batch_; }
  [[nodiscard]] const std::vector<std::uint32_t>& rows() const noexcept { return rows_; }
  /// A number for this unit, for SpanCopier.
  [[nodiscard]] std::uint64_t unit_number() const noexcept { return next_unit_; }
  /// The decoded batch, if it is the walk's own and not the head's: the caller may take it.
  [[nodiscard]] SpanBatch* own_batch() noexcept {
    return batch_ == &decoded_ ? &decoded_ : nullptr;
  }
  [[nodiscard]] ReadGuard& guard() noexcept { return guard_; }
  [[nodiscard]] const Warnings& warnings() const noexcept { return snapshot_.warnings; }

 private:
  struct Unit {
    ZoneMap zone;
    std::uint32_t part = kHead;
    std::uint32_t index = 0;  ///< head batch or row group
  };
  static constexpr std::uint32_t kHead = 0xFFFF'FFFF;
  struct SpanKey {
    TraceId trace;
    SpanId span;
    std::uint64_t start = 0;
    SpanKind kind{};
    friend bool operator==(const SpanKey&, const SpanKey&) = default;
  };
  struct SpanKeyHash {
    std::size_t operator()(const SpanKey& k) const noexcept {
      return keyed_hash(keyed_hash(k.trace.high, k.trace.low),
                        keyed_hash(k.span.value, k.start + static_cast<std::uint64_t>(k.kind)));
    }
  };

  SpanWalk(StoreSnapshot snapshot, const ReadContext& context, WalkPlan plan, SpanMatcher matcher,
           const Clock& clock, TraceProbe& probe, PartDamage damage);

  Status plan_sections();
  Status list_units();
  Status list_part(std::uint32_t part);
  Status list_groups(std::uint32_t part, const PartDirectory& directory,
                     const std::vector<std::uint32_t>* groups);
  Result<bool> visit(const Unit& unit);
  Result<bool> visit_head(const Unit& unit);
  Result<bool> visit_group(const Unit& unit);
  Result<bool> pruned(const Unit& unit);
  Status read(const Unit& unit, const WantedSections& wanted);
  void match(const SpanBatch& batch, std::uint64_t sequence, bool all_in_time);
  Status keep_distinct(const SpanBatch& batch, const Unit& unit);
  Result<bool> elsewhere(const TraceId& id, const Unit& unit);
  void note_head_traces();
  /// Sets the part aside and goes on without it, or gives back an error that is not its fault.
  Status lose_part(std::uint32_t part, const Error& error);

  StoreSnapshot snapshot_;
  std::string tenant_;
  WalkPlan plan_;
  SpanMatcher matcher_;
  PrunePlan prune_;
  RemovalView removed_;
  ReadGuard guard_;
  TraceProbe& probe_;
  PartDamage damage_;

  WantedSections predicate_sections_;
  WantedKeys predicate_keys_;
  bool two_phases_ = false;
  std::unordered_set<TraceId, KeyedTraceIdHash> traces_;
  std::vector<Unit> units_;
  std::size_t next_unit_ = 0;
  std::vector<bool> lost_;

  const SpanBatch* batch_ = nullptr;
  SpanBatch decoded_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint32_t> kept_rows_;       // keep_distinct's
  std::vector<std::uint32_t> scratch_groups_;  // elsewhere's
  std::unordered_set<SpanKey, SpanKeyHash> seen_;
  std::unordered_set<std::uint32_t, KeyedNumberHash> head_traces_;
};

/// Which sections (and attribute keys) evaluating these fields needs.
void want_field(const Field& field, WantedSections& sections, WantedKeys& keys);

}  // namespace binnacle::trace
