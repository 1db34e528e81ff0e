#pragma once

#include "model/predicate.h"
#include "model/span_batch.h"

#include <cstdint>
#include <string_view>
#include <vector>

// Which row groups can hold a match. Every distinct (key, text of value) of a row group, service
// names, span and event names are terms; their hashes fill the group's filter
// (columns/term_filter). A predicate becomes a PrunePlan that asks zone maps and filter and answers
// "no span here can match" or "look". Pure; the hashes are on disk and never change
// (docs/formats/span_part.md).

namespace binnacle::trace {

/// What a row group's directory entry says about its spans.
struct ZoneMap {
  std::uint64_t min_start_unix_ns = ~std::uint64_t{0};
  std::uint64_t max_start_unix_ns = 0;
  std::uint64_t min_duration_ns = ~std::uint64_t{0};
  std::uint64_t max_duration_ns = 0;
  std::uint8_t kinds = 0;     ///< bit per SpanKind that occurs
  std::uint8_t statuses = 0;  ///< bit per StatusCode that occurs

  void include(const SpanBatch& batch, std::size_t i) noexcept;
};

/// The hashes of all terms of the batch, each once or a few times.
[[nodiscard]] std::vector<std::uint64_t> collect_terms(const SpanBatch& batch);

class PrunePlan {
 public:
  explicit PrunePlan(const Predicate& predicate);
  /// True if the filter has a say: otherwise do not read it.
  [[nodiscard]] bool uses_terms() const noexcept { return uses_terms_; }
  /// False only if no span that the zone map covers can satisfy the predicate.
  [[nodiscard]] bool may_match(const ZoneMap& zone) const noexcept;
  /// False only if no span that the filter covers can.
  [[nodiscard]] bool may_match(const ZoneMap& zone, std::string_view filter) const noexcept;

 private:
  // What one comparison needs to be possible; one that cannot be judged is always possible.
  struct Need {
    enum class Kind : std::uint8_t { kNothing, kAnyTerm, kStart, kDuration, kKinds, kStatuses };
    Kind kind = Kind::kNothing;
    std::vector<std::uint64_t> terms;
    CompareOp op = CompareOp::kEq;
    std::int64_t operand = 0;
    [[nodiscard]] bool possible(const ZoneMap& zone, const std::string_view* filter) const noexcept;
  };
  static Need need_of(const Comparison& comparison);
  [[nodiscard]] bool judge(const ZoneMap& zone, const std::string_view* filter) const noexcept;

  std::vector<std::vector<Need>> clauses_;
  bool uses_terms_ = false;
};

}  // namespace binnacle::trace
