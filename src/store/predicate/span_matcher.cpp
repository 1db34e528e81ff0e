#include "store/predicate/span_matcher.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <compare>
#include <utility>

namespace binnacle {
namespace {

// Memory an expression's automata may take before RE2 falls back to its slower search; its own
// default, stated so that one query's cost is bounded by clauses times this.
constexpr std::int64_t kRegexMemoryBytes = 8 << 20;

bool is_negation(CompareOp op) {
  return op == CompareOp::kNe || op == CompareOp::kNotRegex || op == CompareOp::kNotExists;
}

CompareOp opposite(CompareOp op) {
  switch (op) {
    case CompareOp::kNe:
      return CompareOp::kEq;
    case CompareOp::kNotRegex:
      return CompareOp::kRegex;
    case CompareOp::kNotExists:
      return CompareOp::kExists;
    default:
      return op;
  }
}

bool ordered(CompareOp op, std::partial_ordering order) {
  switch (op) {
    case CompareOp::kEq:
      return order == 0;
    case CompareOp::kLt:
      return order < 0;
    case CompareOp::kLe:
      return order <= 0;
    case CompareOp::kGt:
      return order > 0;
    case CompareOp::kGe:
      return order >= 0;
    default:
      return false;
  }
}

// long double holds every int64 and every double exactly on the machines we run on (64 or more bits
// of mantissa), so that 2^53 + 1 as int differs from 2^53 as double.
static_assert(__LDBL_MANT_DIG__ >= 64);

std::partial_ordering compare_numbers(Value v, const Operand& operand) {
  if (v.type() == ValueType::kInt) {
    if (const auto* n = std::get_if<std::int64_t>(&operand)) return v.as_int() <=> *n;
    return static_cast<long double>(v.as_int()) <=>
           static_cast<long double>(std::get<double>(operand));
  }
  if (const auto* n = std::get_if<std::int64_t>(&operand)) {
    return static_cast<long double>(v.as_double()) <=> static_cast<long double>(*n);
  }
  return v.as_double() <=> std::get<double>(operand);
}

bool typed(CompareOp op, const FieldValue& v, const Operand& operand) {
  switch (v.value.type()) {
    case ValueType::kInt:
    case ValueType::kDouble:
      if (!std::holds_alternative<std::int64_t>(operand) &&
          !std::holds_alternative<double>(operand)) {
        return false;
      }
      return ordered(op, compare_numbers(v.value, operand));
    case ValueType::kString: {
      const auto* text = std::get_if<std::string>(&operand);
      return text != nullptr && ordered(op, v.text <=> std::string_view(*text));
    }
    case ValueType::kBool: {
      const auto* b = std::get_if<bool>(&operand);
      return b != nullptr && op == CompareOp::kEq && v.value.as_bool() == *b;
    }
    case ValueType::kEmpty:
      return op == CompareOp::kEq && std::holds_alternative<std::monostate>(operand);
    default:  // bytes, arrays and maps have no operand of their type: only their text compares
      return false;
  }
}

}  // namespace

struct SpanMatcher::Compiled {
  Comparison comparison;
  CompareOp positive = CompareOp::kEq;  ///< the comparison, or its opposite if it is a negation
  bool negated = false;
  std::unique_ptr<RE2> regex;

  [[nodiscard]] bool holds(const StringTable& strings, const FieldValue& v) const {
    switch (positive) {
      case CompareOp::kExists:
        return true;
      case CompareOp::kTextEq: {
        const auto& want = std::get<std::string>(comparison.operand);
        return v.value.type() == ValueType::kString ? v.text == want
                                                    : field_value_text(strings, v) == want;
      }
      case CompareOp::kRegex:
        if (v.value.type() == ValueType::kString) return RE2::FullMatch(v.text, *regex);
        return RE2::FullMatch(field_value_text(strings, v), *regex);
      default:
        return typed(positive, v, comparison.operand);
    }
  }
};

std::string field_value_text(const StringTable& strings, const FieldValue& value) {
  if (value.value.type() == ValueType::kString) return std::string(value.text);
  return value_text(strings, value.value);
}

SpanMatcher::SpanMatcher() = default;
SpanMatcher::SpanMatcher(SpanMatcher&&) noexcept = default;
SpanMatcher& SpanMatcher::operator=(SpanMatcher&&) noexcept = default;
SpanMatcher::~SpanMatcher() = default;

Result<SpanMatcher> SpanMatcher::compile(const Predicate& predicate) {
  SpanMatcher out;
  for (const Clause& clause : predicate.clauses) {
    auto& compiled_clause = out.clauses_.emplace_back();
    for (const Comparison& comparison : clause) {
      auto c = std::make_unique<Compiled>();
      c->comparison = comparison;
      c->positive = opposite(comparison.op);
      c->negated = is_negation(comparison.op);
      const bool wants_text = c->positive == CompareOp::kTextEq || c->positive == CompareOp::kRegex;
      const auto* text = std::get_if<std::string>(&comparison.operand);
      if (wants_text && text == nullptr) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("predicate on field {} \"{}\": this operator takes a string",
                                static_cast<int>(comparison.field.kind), comparison.field.key));
      }
      if (c->positive == CompareOp::kRegex) {
        RE2::Options options;
        options.set_max_mem(kRegexMemoryBytes);
        options.set_log_errors(false);
        options.set_dot_nl(true);  // as in Prometheus and Tempo: `.` is any character
        c->regex = std::make_unique<RE2>(*text, options);
        if (!c->regex->ok()) {
          return fail(ErrorCode::kInvalidArgument,
                      fmt::format("regular expression \"{}\": {}", *text, c->regex->error()));
        }
      }
      compiled_clause.push_back(std::move(c));
    }
  }
  return out;
}

bool SpanMatcher::always_true() const noexcept { return clauses_.empty(); }

bool SpanMatcher::holds(std::size_t clause, std::size_t index, const StringTable& strings,
                        const FieldValue& value) const {
  const Compiled& c = *clauses_[clause][index];
  return c.holds(strings, value) != c.negated;
}

BoundMatcher SpanMatcher::bind(const SpanBatch& batch) const {
  BoundMatcher out(batch);
  out.clauses_.reserve(clauses_.size());
  for (const auto& clause : clauses_) {
    auto& bound = out.clauses_.emplace_back();
    bound.reserve(clause.size());
    for (const auto& c : clause) {
      const auto* text = std::get_if<std::string>(&c->comparison.operand);
      bound.push_back({c.get(),
                       FieldReader(batch, c->comparison.field),
                       text == nullptr ? StringTable::kAbsent : batch.strings.find(*text),
                       {}});
    }
  }
  return out;
}

bool BoundMatcher::value(Bound& bound, const FieldValue& v) {
  const auto& c = *bound.compiled;
  const bool in_table =
      v.value.type() == ValueType::kString && v.value.as_string() != StringTable::kAbsent;
  if (!in_table || c.positive == CompareOp::kExists) return c.holds(batch_->strings, v);
  if (c.positive == CompareOp::kTextEq ||
      (c.positive == CompareOp::kEq && std::holds_alternative<std::string>(c.comparison.operand))) {
    return v.value.as_string() == bound.operand;
  }
  if (bound.memo.empty()) bound.memo.resize(batch_->strings.size());
  std::uint8_t& known = bound.memo[v.value.as_string().value];
  if (known == 0) known = c.holds(batch_->strings, v) ? 2 : 1;
  return known == 2;
}

bool BoundMatcher::comparison(Bound& bound, std::size_t i) {
  bool found = false;
  bound.reader.each(i, [&](const FieldValue& v) {
    found = value(bound, v);
    return !found;
  });
  return found != bound.compiled->negated;
}

bool BoundMatcher::matches(std::size_t i) {
  for (auto& clause : clauses_) {
    bool any = false;
    for (Bound& bound : clause) {
      if (comparison(bound, i)) {
        any = true;
        break;
      }
    }
    if (!any) return false;
  }
  return true;
}

}  // namespace binnacle
