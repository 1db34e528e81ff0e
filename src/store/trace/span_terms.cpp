#include "store/trace/span_terms.h"

#include "base/hash.h"
#include "store/columns/term_filter.h"
#include "store/trace/keyed_hash.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

namespace binnacle::trace {
namespace {

// What a term is about. On disk (as hash seeds): never renumber.
enum class TermSpace : std::uint64_t {
  kService = 1,
  kName = 2,
  kEventName = 3,
  kKey = 4,    ///< some attribute, anywhere, has this key
  kValue = 5,  ///< seed of the key's hash, which seeds the text's
};

std::uint64_t term(TermSpace space, std::string_view text) {
  return hash64(text, static_cast<std::uint64_t>(space));
}
std::uint64_t value_term(std::string_view key, std::string_view text) {
  return hash64(text, term(TermSpace::kValue, key));
}

// Collects each distinct thing once: numbers first, texts only for new ones.
class TermCollector {
 public:
  explicit TermCollector(const SpanBatch& b) : b_(b), key_term_(b.strings.size()) {}

  std::vector<std::uint64_t> collect() {
    names(b_.names, TermSpace::kName);
    seen_names_.assign(b_.strings.size(), false);
    for (const SpanEvent& e : b_.events) name(e.name, TermSpace::kEventName);
    for (const Resource& r : b_.resources) {
      out_.push_back(
          term(TermSpace::kService, r.service.empty() ? kUnknownService : b_.strings[r.service]));
    }
    for (const auto* pool :
         {&b_.attributes, &b_.shared_attributes, &b_.event_attributes, &b_.link_attributes}) {
      for (const Attribute& a : *pool) attribute(a);
    }
    return std::move(out_);
  }

 private:
  void names(const std::vector<StringId>& ids, TermSpace space) {
    for (const StringId id : ids) name(id, space);
  }
  void name(StringId id, TermSpace space) {
    seen_names_.resize(b_.strings.size());
    if (seen_names_[id.value]) return;
    seen_names_[id.value] = true;
    out_.push_back(term(space, b_.strings[id]));
  }
  void attribute(const Attribute& a) {
    std::uint64_t& seed = key_term_[a.key().value];
    const std::string_view key = b_.strings[a.key()];
    if (seed == 0) {
      seed = term(TermSpace::kValue, key);
      out_.push_back(term(TermSpace::kKey, key));
    }
    const Value v = a.value();
    if (!seen_values_.insert(a).second) return;
    if (v.type() == ValueType::kString) {
      out_.push_back(hash64(b_.strings[v.as_string()], seed));
    } else {
      out_.push_back(hash64(value_text(b_.strings, v), seed));
    }
  }

  const SpanBatch& b_;
  std::vector<std::uint64_t> out_;
  std::vector<std::uint64_t> key_term_;
  std::vector<bool> seen_names_;
  struct AttributeHash {
    std::size_t operator()(const Attribute& a) const noexcept {
      return keyed_hash(a.value().payload(), a.key().value);
    }
  };
  std::unordered_set<Attribute, AttributeHash> seen_values_;
};

// All texts that a value equal to the operand can have: 42 as int and as double, and zero's sign.
std::vector<std::string> texts_of(const Operand& operand) {
  static const StringTable kNoStrings;
  const auto of_int = [](std::int64_t n) { return value_text(kNoStrings, Value::of_int(n)); };
  const auto of_double = [](double d) { return value_text(kNoStrings, Value::of_double(d)); };
  if (const auto* text = std::get_if<std::string>(&operand)) return {*text};
  if (const auto* b = std::get_if<bool>(&operand)) return {*b ? "true" : "false"};
  if (const auto* n = std::get_if<std::int64_t>(&operand)) {
    return {of_int(*n), of_double(static_cast<double>(*n)), *n == 0 ? "-0" : of_int(*n)};
  }
  if (const auto* d = std::get_if<double>(&operand)) {
    std::vector<std::string> out = {of_double(*d)};
    if (*d == 0) out.insert(out.end(), {"0", "-0"});
    if (*d >= -0x1p63 && *d < 0x1p63) out.push_back(of_int(static_cast<std::int64_t>(*d)));
    return out;
  }
  return {""};
}

bool in_order(CompareOp op, std::uint64_t low, std::uint64_t high, std::int64_t signed_operand) {
  if (high > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return true;
  if (signed_operand < 0)
    return op != CompareOp::kEq && op != CompareOp::kLt && op != CompareOp::kLe;
  const auto operand = static_cast<std::uint64_t>(signed_operand);
  switch (op) {
    case CompareOp::kEq:
      return low <= operand && operand <= high;
    case CompareOp::kLt:
      return low < operand;
    case CompareOp::kLe:
      return low <= operand;
    case CompareOp::kGt:
      return high > operand;
    case CompareOp::kGe:
      return high >= operand;
    default:
      return true;
  }
}

bool is_positive(CompareOp op) {
  return op != CompareOp::kNe && op != CompareOp::kNotRegex && op != CompareOp::kNotExists;
}

}  // namespace

void ZoneMap::include(const SpanBatch& b, std::size_t i) noexcept {
  const std::uint64_t start = b.start_unix_ns[i];
  const std::uint64_t duration = b.duration_ns(i);
  min_start_unix_ns = std::min(min_start_unix_ns, start);
  max_start_unix_ns = std::max(max_start_unix_ns, start);
  min_duration_ns = std::min(min_duration_ns, duration);
  max_duration_ns = std::max(max_duration_ns, duration);
  kinds = static_cast<std::uint8_t>(kinds | 1U << static_cast<unsigned>(b.kinds[i]));
  statuses = static_cast<std::uint8_t>(statuses | 1U << static_cast<unsigned>(b.statuses[i]));
}

std::vector<std::uint64_t> collect_terms(const SpanBatch& batch) {
  return TermCollector(batch).collect();
}

PrunePlan::Need PrunePlan::need_of(const Comparison& c) {
  Need need;
  need.op = c.op;
  const FieldKind kind = c.field.kind;
  const bool equality = c.op == CompareOp::kEq || c.op == CompareOp::kTextEq;
  const auto* text = std::get_if<std::string>(&c.operand);
  const auto* number = std::get_if<std::int64_t>(&c.operand);
  if (!is_positive(c.op)) return need;
  if (kind >= FieldKind::kSpanAttribute) {
    need.kind = Need::Kind::kAnyTerm;
    if (!equality) {
      need.terms = {term(TermSpace::kKey, c.field.key)};
    } else {
      for (const std::string& t : texts_of(c.operand)) {
        need.terms.push_back(value_term(c.field.key, t));
      }
    }
    return need;
  }
  if (equality && text != nullptr) {
    const auto space = kind == FieldKind::kServiceName ? TermSpace::kService
                       : kind == FieldKind::kName      ? TermSpace::kName
                                                       : TermSpace::kEventName;
    if (kind == FieldKind::kServiceName || kind == FieldKind::kName ||
        kind == FieldKind::kEventName) {
      need.kind = Need::Kind::kAnyTerm;
      need.terms = {term(space, *text)};
    }
    return need;
  }
  if (number == nullptr) return need;
  need.operand = *number;
  if (kind == FieldKind::kStartTime) need.kind = Need::Kind::kStart;
  if (kind == FieldKind::kDuration) need.kind = Need::Kind::kDuration;
  if (kind == FieldKind::kKind && c.op == CompareOp::kEq) need.kind = Need::Kind::kKinds;
  if (kind == FieldKind::kStatus && c.op == CompareOp::kEq) need.kind = Need::Kind::kStatuses;
  return need;
}

bool PrunePlan::Need::possible(const ZoneMap& zone, const std::string_view* filter) const noexcept {
  const auto has_bit = [&](std::uint8_t bits) {
    return operand >= 0 && operand < 8 && ((bits >> operand) & 1) != 0;
  };
  switch (kind) {
    case Kind::kNothing:
      return true;
    case Kind::kAnyTerm:
      return filter == nullptr || std::ranges::any_of(terms, [&](std::uint64_t t) {
               return columns::may_contain(*filter, t);
             });
    case Kind::kStart:
      return in_order(op, zone.min_start_unix_ns, zone.max_start_unix_ns, operand);
    case Kind::kDuration:
      return in_order(op, zone.min_duration_ns, zone.max_duration_ns, operand);
    case Kind::kKinds:
      return has_bit(zone.kinds);
    case Kind::kStatuses:
      return has_bit(zone.statuses);
  }
  return true;
}

PrunePlan::PrunePlan(const Predicate& predicate) {
  for (const Clause& clause : predicate.clauses) {
    auto& needs = clauses_.emplace_back();
    for (const Comparison& c : clause) {
      needs.push_back(need_of(c));
      uses_terms_ = uses_terms_ || needs.back().kind == Need::Kind::kAnyTerm;
    }
  }
}

bool PrunePlan::judge(const ZoneMap& zone, const std::string_view* filter) const noexcept {
  return std::ranges::all_of(clauses_, [&](const std::vector<Need>& needs) {
    return std::ranges::any_of(needs,
                               [&](const Need& need) { return need.possible(zone, filter); });
  });
}

bool PrunePlan::may_match(const ZoneMap& zone) const noexcept { return judge(zone, nullptr); }

bool PrunePlan::may_match(const ZoneMap& zone, std::string_view filter) const noexcept {
  return judge(zone, &filter);
}

}  // namespace binnacle::trace
