#pragma once

#include "base/error.h"
#include "model/predicate.h"
#include "model/span_batch.h"
#include "store/predicate/span_fields.h"

#include <cstdint>
#include <memory>
#include <vector>

// Says whether a span satisfies a predicate: the meaning of model/predicate.h, used by every engine
// and by the query layer for residual clauses, so that an answer never depends on who applied a
// clause.
//
//   auto matcher = SpanMatcher::compile(selection.predicate);
//   BoundMatcher bound = matcher->bind(batch);
//   for (std::size_t i = 0; i < batch.size(); ++i) if (bound.matches(i)) ...
//
// SpanMatcher is immutable and may be shared; BoundMatcher is thread-confined and must not outlive
// its batch or its matcher.

namespace binnacle {

class BoundMatcher;

class SpanMatcher {
 public:
  /// kInvalidArgument for a bad regular expression, or an operand that the operator cannot take
  /// (kTextEq and the regular expressions take strings; the message names the field).
  static Result<SpanMatcher> compile(const Predicate& predicate);
  SpanMatcher(SpanMatcher&&) noexcept;
  SpanMatcher& operator=(SpanMatcher&&) noexcept;
  ~SpanMatcher();

  [[nodiscard]] bool always_true() const noexcept;
  /// Looks keys and operands up in the batch's strings once: O(comparisons).
  [[nodiscard]] BoundMatcher bind(const SpanBatch& batch) const;
  /// True if `comparison` holds for a field that has exactly this value. For engines that test
  /// dictionary entries instead of spans. `clause` and `index` say which comparison.
  [[nodiscard]] bool holds(std::size_t clause, std::size_t index, const StringTable& strings,
                           const FieldValue& value) const;

 private:
  friend class BoundMatcher;
  struct Compiled;
  SpanMatcher();
  std::vector<std::vector<std::unique_ptr<Compiled>>> clauses_;
};

class BoundMatcher {
 public:
  [[nodiscard]] bool matches(std::size_t i);

 private:
  friend class SpanMatcher;
  struct Bound {
    const SpanMatcher::Compiled* compiled;
    FieldReader reader;
    StringId operand;  ///< a string operand's number in the batch, or kAbsent
    /// Per string of the batch: 0 not asked yet, 1 does not satisfy, 2 does. Filled on demand: an
    /// expression runs once per distinct string, not once per span.
    std::vector<std::uint8_t> memo;
  };
  explicit BoundMatcher(const SpanBatch& batch) : batch_(&batch) {}
  bool comparison(Bound& bound, std::size_t i);
  bool value(Bound& bound, const FieldValue& v);

  const SpanBatch* batch_;
  std::vector<std::vector<Bound>> clauses_;
};

}  // namespace binnacle
