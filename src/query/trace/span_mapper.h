#pragma once

#include "model/span_batch.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

// Copies spans of one batch into others by renumbering: each distinct string, resource and scope is
// looked up once per pair of batches, so that a further span costs array reads, not hashing. Made
// by the assembly of traces from cursor batches. Thread-confined; the source must outlive it.
//
//   SpanMapper mapper(cursor_batch);
//   mapper.aim(trace.spans, trace_shared);
//   mapper.copy(row);

namespace binnacle {

/// Which resources and scopes a target batch already holds, by content, so that equal ones of
/// several source batches become one. Belongs to one target batch.
struct SharedIndex {
  std::unordered_multimap<std::uint64_t, std::uint32_t> resources;
  std::unordered_multimap<std::uint64_t, std::uint32_t> scopes;
};

class SpanMapper {
 public:
  explicit SpanMapper(const SpanBatch& from);

  /// Following copies go to `to`, whose index is `shared`. O(1): earlier numbers are forgotten by
  /// their epoch.
  void aim(SpanBatch& to, SharedIndex& shared);
  /// Appends span `row` to the target. O(its attributes, events and links).
  void copy(std::size_t row);

  /// Heap memory in use, for budgets.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

 private:
  /// What a number of the source became in the target of `epoch`; older entries are void.
  struct Mapped {
    std::uint32_t epoch = 0;
    std::uint32_t number = 0;
  };

  StringId string(StringId id);
  void attributes(std::span<const Attribute> in, std::vector<Attribute>& out);
  std::uint32_t resource(std::uint32_t index);
  std::uint32_t scope(std::uint32_t index);
  void events(std::size_t row);
  void links(std::size_t row);

  const SpanBatch* from_;
  SpanBatch* to_ = nullptr;
  SharedIndex* shared_ = nullptr;
  std::uint32_t epoch_ = 0;
  std::vector<Mapped> strings_;
  std::vector<Mapped> resources_;
  std::vector<Mapped> scopes_;
};

}  // namespace binnacle
