#pragma once

#include "base/error.h"
#include "base/ids.h"
#include "store/trace/keyed_hash.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// Which traces are hidden, and up to which record of the log: a removal with sequence r hides the
// trace's spans that were logged before r. Kept until every span it covers has left the parts. An
// immutable value with cheap copies, so that readers take it as part of their snapshot: a few
// tables of doubling sizes, shared between versions.

namespace binnacle::trace {

struct RemovedTrace {
  std::uint64_t tenant_hash = 0;  ///< hash64 of the tenant's name
  TraceId trace_id;
  friend bool operator==(const RemovedTrace&, const RemovedTrace&) = default;
};

struct RemovedTraceHash {
  std::size_t operator()(const RemovedTrace& r) const noexcept {
    return keyed_hash(keyed_hash(r.trace_id.high, r.trace_id.low), r.tenant_hash);
  }
};

class Removals {
 public:
  using Table = std::unordered_map<RemovedTrace, std::uint64_t, RemovedTraceHash>;

  [[nodiscard]] bool empty() const noexcept { return tables_.empty(); }
  /// Entries, repeated ones counted again: for limits and gauges.
  [[nodiscard]] std::size_t size() const noexcept;
  /// Spans of the trace logged before this sequence are hidden; 0 if none are.
  [[nodiscard]] std::uint64_t hidden_before(const RemovedTrace& trace) const noexcept;
  /// Adds one record's removals, all with that sequence. Amortised O(log n) per entry.
  void add(const std::vector<RemovedTrace>& traces, std::uint64_t sequence);
  /// All entries, the latest sequence of each.
  [[nodiscard]] Table all() const;
  [[nodiscard]] static Removals of(Table table);

  /// Manifest::engine_state of the span store.
  [[nodiscard]] static std::string encode(const Table& table);
  [[nodiscard]] static Result<Table> decode(std::string_view bytes);

 private:
  std::vector<std::shared_ptr<const Table>> tables_;  ///< each at least twice the next one's size
};

/// Looks traces up for one tenant; nothing at all when there are no removals.
class RemovalView {
 public:
  RemovalView(const Removals& removals, std::string_view tenant);
  [[nodiscard]] bool empty() const noexcept { return removals_->empty(); }
  /// Whether a span of the trace that was logged with `sequence` (in a part: its last_sequence) is
  /// hidden.
  [[nodiscard]] bool hidden(const TraceId& id, std::uint64_t sequence) const noexcept {
    return !removals_->empty() && removals_->hidden_before({tenant_hash_, id}) > sequence;
  }

 private:
  const Removals* removals_;
  std::uint64_t tenant_hash_;
};

}  // namespace binnacle::trace
