#pragma once

#include "base/ids.h"
#include "model/span_batch.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

// What is asked of a span or log store: fields, comparisons, predicates, selections. Engines push
// down what they can and hand the rest back as the residual. Plain values; immutable once passed
// on.

namespace binnacle {

/// [begin, end) in Unix nanoseconds. Default: all time.
struct TimeRange {
  std::uint64_t begin_unix_ns = 0;
  std::uint64_t end_unix_ns = ~std::uint64_t{0};
  [[nodiscard]] constexpr bool contains(std::uint64_t t) const noexcept {
    return t >= begin_unix_ns && t < end_unix_ns;
  }
  [[nodiscard]] constexpr bool overlaps(std::uint64_t first, std::uint64_t last) const noexcept {
    return first < end_unix_ns && last >= begin_unix_ns;
  }
};

/// Which of a span's properties.
enum class FieldKind : std::uint8_t {
  kServiceName,    ///< resource service.name, kUnknownService when absent; string
  kName,           ///< string
  kKind,           ///< SpanKind; int
  kStatus,         ///< StatusCode; int
  kStatusMessage,  ///< string
  kStartTime,      ///< Unix ns; int
  kDuration,       ///< ns; int
  kTraceId,        ///< lowercase hex; string
  kSpanId,         ///< lowercase hex; string
  kParentSpanId,   ///< lowercase hex, "" for roots; string
  kTraceState,     ///< string
  kScopeName,      ///< string
  kScopeVersion,   ///< string
  kEventName,      ///< of any event
  kSpanAttribute,  ///< `key` among the span's own attributes
  kResourceAttribute,
  kScopeAttribute,
  kEventAttribute,  ///< `key` in any event
  kLinkAttribute,   ///< `key` in any link
  kAnyAttribute,    ///< `key` in span, resource, scope, events or links
};

struct Field {
  FieldKind kind = FieldKind::kName;
  std::string key;  ///< for the attribute kinds
  friend bool operator==(const Field&, const Field&) = default;
};

/// How a field is compared. A field that is absent satisfies only kNotExists and the negations kNe
/// and kNotRegex. A field with several values (events, kAnyAttribute) satisfies a positive
/// comparison if any value does, and a negation if none satisfies its opposite.
enum class CompareOp : std::uint8_t {
  kEq,  ///< typed: ints and doubles compare as numbers, others only with their own type
  kNe,
  kLt,  ///< numbers by value, strings by bytes
  kLe,
  kGt,
  kGe,
  kTextEq,  ///< the value's text (value_text) equals the operand string: Jaeger's tag search
  kRegex,   ///< RE2, anchored at both ends, on the value's text
  kNotRegex,
  kExists,
  kNotExists,
};

/// Operand: own, because a selection outlives the request that stated it.
using Operand = std::variant<std::monostate, std::string, bool, std::int64_t, double>;

struct Comparison {
  Field field;
  CompareOp op = CompareOp::kEq;
  Operand operand;
  friend bool operator==(const Comparison&, const Comparison&) = default;
};

/// True if any comparison is (a disjunction).
using Clause = std::vector<Comparison>;

/// True if every clause is (conjunctive normal form); an empty predicate is true.
struct Predicate {
  std::vector<Clause> clauses;

  [[nodiscard]] bool always_true() const noexcept { return clauses.empty(); }
  /// Adds `comparison` as a clause of its own.
  Predicate& require(Comparison comparison);
  friend bool operator==(const Predicate&, const Predicate&) = default;
};

/// Spans of one tenant: start time within `time`, all clauses true.
struct Selection {
  TimeRange time;
  Predicate predicate;
};

/// The text of a value as Jaeger shows and searches it: true/false, shortest round-trip numbers,
/// strings as they are, bytes as base64, arrays and maps as JSON.
[[nodiscard]] std::string value_text(const StringTable& strings, Value value);

}  // namespace binnacle
