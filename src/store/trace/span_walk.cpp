#include "store/trace/span_walk.h"

#include <fmt/format.h>

#include <algorithm>

namespace binnacle::trace {
namespace {

// Memory that one entry of an unordered_set of span keys takes: node, key, its share of buckets.
constexpr std::uint64_t kSeenBytes = 80;
constexpr std::uint64_t kFingerprintBytes = 32;

bool part_is_at_fault(const Error& error) {
  switch (error.code) {
    case ErrorCode::kDataLoss:       // checksum or structure
    case ErrorCode::kNotFound:       // a block that must be there is not
    case ErrorCode::kUnimplemented:  // written by a newer version
    case ErrorCode::kInternal:       // the device failed for this file
      return true;
    default:
      return false;
  }
}

}  // namespace

Status ReadGuard::check() const {
  if (context_.cancel.cancelled()) return fail(ErrorCode::kCancelled, "read was cancelled");
  if (context_.deadline_steady_ns != 0 && clock_->steady_now_ns() >= context_.deadline_steady_ns) {
    return fail(ErrorCode::kDeadlineExceeded,
                "read passed its deadline; narrow the time range or allow more time");
  }
  return {};
}

Status ReadGuard::charge(std::uint64_t bytes) {
  if (!took_) {
    auto taken = MemoryReservation::take(context_.budget, bytes);
    if (!taken) return std::unexpected(taken.error());
    held_ = std::move(*taken);
    took_ = true;
    return {};
  }
  return held_.grow(bytes);
}

Status ReadGuard::charge_unit(std::uint64_t bytes) {
  if (bytes <= unit_bytes_) return {};
  if (auto ok = charge(bytes - unit_bytes_); !ok) return ok;
  unit_bytes_ = bytes;
  return {};
}

void want_field(const Field& field, WantedSections& sections, WantedKeys& keys) {
  switch (field.kind) {
    case FieldKind::kStartTime:
    case FieldKind::kDuration:
    case FieldKind::kTraceId:
    case FieldKind::kSpanId:
    case FieldKind::kParentSpanId:
      return;
    case FieldKind::kEventName:
    case FieldKind::kEventAttribute:
    case FieldKind::kLinkAttribute:
      sections.events = true;
      return;
    case FieldKind::kSpanAttribute:
      sections.attributes = true;
      keys.push_back(field.key);
      return;
    case FieldKind::kAnyAttribute:
      sections.attributes = true;
      sections.fixed = true;
      sections.events = true;
      keys.push_back(field.key);
      return;
    default:
      sections.fixed = true;
      return;
  }
}

SpanWalk::SpanWalk(StoreSnapshot snapshot, const ReadContext& context, WalkPlan plan,
                   SpanMatcher matcher, const Clock& clock, TraceProbe& probe, PartDamage damage)
    : snapshot_(std::move(snapshot)),
      tenant_(context.tenant.value),
      plan_(std::move(plan)),
      matcher_(std::move(matcher)),
      prune_(plan_.predicate),
      removed_(snapshot_.removals, tenant_),
      guard_(context, clock),
      probe_(probe),
      damage_(std::move(damage)),
      lost_(snapshot_.parts.size()) {
  if (plan_.traces) traces_.insert(plan_.traces->begin(), plan_.traces->end());
}

Result<std::unique_ptr<SpanWalk>> SpanWalk::start(StoreSnapshot snapshot,
                                                  const ReadContext& context, WalkPlan plan,
                                                  const Clock& clock, TraceProbe& probe,
                                                  PartDamage damage) {
  auto matcher = SpanMatcher::compile(plan.predicate);
  if (!matcher) return std::unexpected(matcher.error());
  std::unique_ptr<SpanWalk> walk(new SpanWalk(std::move(snapshot), context, std::move(plan),
                                              std::move(*matcher), clock, probe,
                                              std::move(damage)));
  if (auto ok = walk->guard_.check(); !ok) return std::unexpected(ok.error());
  if (auto ok = walk->plan_sections(); !ok) return std::unexpected(ok.error());
  if (auto ok = walk->list_units(); !ok) return std::unexpected(ok.error());
  return walk;
}

// What deciding needs is decoded first; if the caller wants more, that is decoded only for units
// with a match. Distinctness needs the kind.
Status SpanWalk::plan_sections() {
  WantedSections& first = predicate_sections_;
  first = {.fixed = plan_.distinct, .attributes = false, .events = false};
  bool any_key = false;
  for (const Clause& clause : plan_.predicate.clauses) {
    for (const Comparison& c : clause) want_field(c.field, first, predicate_keys_);
  }
  any_key = first.attributes;
  const WantedSections& out = plan_.output;
  // Few traces out of a row group: look for them by their ids before decoding anything else.
  const bool has_condition = !plan_.predicate.always_true() || plan_.traces.has_value();
  const bool more_keys = out.attributes && (!any_key || out.attribute_keys == nullptr);
  two_phases_ =
      has_condition && ((out.fixed && !first.fixed) || more_keys || (out.events && !first.events));
  if (!two_phases_) {
    first.fixed = first.fixed || out.fixed;
    first.attributes = first.attributes || out.attributes;
    first.events = first.events || out.events;
  }
  first.attribute_keys = any_key ? &predicate_keys_ : nullptr;
  if (out.attributes && out.attribute_keys != nullptr) {
    // The caller reads few keys itself: one pass for both.
    predicate_keys_.insert(predicate_keys_.end(), out.attribute_keys->begin(),
                           out.attribute_keys->end());
    first.attributes = true;
    first.attribute_keys = &predicate_keys_;
    first.fixed = first.fixed || out.fixed;
    first.events = first.events || out.events;
    two_phases_ = false;
  } else if (!two_phases_ && out.attributes) {
    first.attribute_keys = nullptr;
  }
  return {};
}

Status SpanWalk::list_units() {
  for (std::size_t i = 0; i < snapshot_.head.size(); ++i) {
    const HeadBatch& b = snapshot_.head[i];
    if (b.tenant != tenant_ || !plan_.time.overlaps(b.min_start_unix_ns, b.max_start_unix_ns)) {
      continue;
    }
    Unit unit;
    unit.zone.min_start_unix_ns = b.min_start_unix_ns;
    unit.zone.max_start_unix_ns = b.max_start_unix_ns;
    unit.zone.min_duration_ns = 0;
    unit.zone.max_duration_ns = ~std::uint64_t{0};
    unit.zone.kinds = unit.zone.statuses = 0xFF;
    unit.index = static_cast<std::uint32_t>(i);
    units_.push_back(unit);
  }
  for (std::uint32_t p = 0; p < snapshot_.parts.size(); ++p) {
    if (auto ok = list_part(p); !ok) {
      if (auto mine = lose_part(p, ok.error()); !mine) return mine;
    }
  }
  // A stable sort keeps a trace's row groups together when nothing else decides.
  const bool longest = plan_.order == UnitOrder::kLongestFirst;
  std::ranges::stable_sort(units_, [&](const Unit& a, const Unit& b) {
    return longest ? a.zone.max_duration_ns > b.zone.max_duration_ns
                   : a.zone.max_start_unix_ns > b.zone.max_start_unix_ns;
  });
  if (plan_.distinct) note_head_traces();
  return guard_.charge((units_.size() + 1) * sizeof(Unit) +
                       head_traces_.size() * kFingerprintBytes);
}

Status SpanWalk::list_part(std::uint32_t part) {
  const SpanPart& p = *snapshot_.parts[part];
  if (!plan_.time.overlaps(p.summary().min_start_unix_ns, p.summary().max_start_unix_ns)) return {};
  const auto directory = p.directory();
  if (!directory) return std::unexpected(directory.error());
  if (!plan_.traces) return list_groups(part, **directory, nullptr);
  std::vector<std::uint32_t> groups;
  for (const TraceId& id : *plan_.traces) {
    if (auto ok = p.find_trace(trace_fingerprint(tenant_, id), groups); !ok) return ok;
  }
  std::ranges::sort(groups);
  groups.erase(std::ranges::unique(groups).begin(), groups.end());
  return list_groups(part, **directory, &groups);
}

Status SpanWalk::list_groups(std::uint32_t part, const PartDirectory& directory,
                             const std::vector<std::uint32_t>* groups) {
  const std::size_t count = groups == nullptr ? directory.groups.size() : groups->size();
  for (std::size_t k = 0; k < count; ++k) {
    const auto g = groups == nullptr ? static_cast<std::uint32_t>(k) : (*groups)[k];
    if (g >= directory.groups.size()) {
      return fail(ErrorCode::kDataLoss, fmt::format("trace table names row group {}", g));
    }
    const RowGroup& group = directory.groups[g];
    if (directory.tenants[group.tenant] != tenant_ ||
        !plan_.time.overlaps(group.zone.min_start_unix_ns, group.zone.max_start_unix_ns)) {
      continue;
    }
    units_.push_back({group.zone, part, g});
  }
  return {};
}

// Which traces the head has, to know which spans of parts may be there again.
void SpanWalk::note_head_traces() {
  if (snapshot_.parts.empty()) return;
  for (const Unit& unit : units_) {
    if (unit.part != kHead) continue;
    const auto& ids = snapshot_.head[unit.index].spans.trace_ids;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (i > 0 && ids[i] == ids[i - 1]) continue;
      head_traces_.insert(trace_fingerprint(tenant_, ids[i]));
    }
  }
}

Status SpanWalk::lose_part(std::uint32_t part, const Error& error) {
  if (!part_is_at_fault(error)) return std::unexpected(error);
  const SpanPart& p = *snapshot_.parts[part];
  if (!lost_[part]) {
    lost_[part] = true;
    snapshot_.warnings.push_back(
        {fmt::format("part {} with {} spans is left out of this answer: {}", p.id(),
                     p.summary().spans, error.message)});
    if (damage_) damage_(p, error);
  }
  return {};
}

Result<bool> SpanWalk::next() {
  while (next_unit_ < units_.size()) {
    if (auto ok = guard_.check(); !ok) return std::unexpected(ok.error());
    const Unit& unit = units_[next_unit_];
    if (plan_.enough && plan_.enough(unit.zone)) return false;
    ++next_unit_;
    if (unit.part != kHead && lost_[unit.part]) continue;
    auto found = visit(unit);
    if (!found) {
      if (unit.part == kHead) return found;
      if (auto ok = lose_part(unit.part, found.error()); !ok) return std::unexpected(ok.error());
      continue;
    }
    if (*found) return true;
  }
  if (auto ok = guard_.check(); !ok) return std::unexpected(ok.error());
  return false;
}

Result<bool> SpanWalk::visit(const Unit& unit) {
  rows_.clear();
  return unit.part == kHead ? visit_head(unit) : visit_group(unit);
}

Result<bool> SpanWalk::visit_head(const Unit& unit) {
  const HeadBatch& b = snapshot_.head[unit.index];
  batch_ = &b.spans;
  match(b.spans, b.sequence, false);
  if (rows_.empty()) return false;
  if (plan_.distinct) {
    if (auto ok = keep_distinct(b.spans, unit); !ok) return std::unexpected(ok.error());
  }
  return !rows_.empty();
}

Result<bool> SpanWalk::pruned(const Unit& unit) {
  if (!prune_.may_match(unit.zone)) return true;
  if (!prune_.uses_terms()) return false;
  const auto filter = snapshot_.parts[unit.part]->filter(unit.index);
  if (!filter) return std::unexpected(filter.error());
  return !prune_.may_match(unit.zone, **filter);
}

Status SpanWalk::read(const Unit& unit, const WantedSections& wanted) {
  if (auto ok = snapshot_.parts[unit.part]->read_group(unit.index, wanted, decoded_); !ok) {
    return ok;
  }
  return guard_.charge_unit(decoded_.memory_bytes());
}

Result<bool> SpanWalk::visit_group(const Unit& unit) {
  const auto out = pruned(unit);
  if (!out) return out;
  if (*out) {
    probe_.row_groups_pruned.add();
    return false;
  }
  probe_.row_groups_read.add();
  if (auto ok = read(unit, predicate_sections_); !ok) return std::unexpected(ok.error());
  batch_ = &decoded_;
  const bool all_in_time = plan_.time.contains(unit.zone.min_start_unix_ns) &&
                           plan_.time.contains(unit.zone.max_start_unix_ns);
  match(decoded_, snapshot_.parts[unit.part]->summary().last_sequence, all_in_time);
  if (rows_.empty()) return false;
  if (plan_.distinct) {
    if (auto ok = keep_distinct(decoded_, unit); !ok) return std::unexpected(ok.error());
    if (rows_.empty()) return false;
  }
  if (two_phases_) {
    if (auto ok = read(unit, plan_.output); !ok) return std::unexpected(ok.error());
  }
  return true;
}

void SpanWalk::match(const SpanBatch& b, std::uint64_t sequence, bool all_in_time) {
  const bool any = matcher_.always_true();
  BoundMatcher bound = matcher_.bind(b);
  bool trace_ok = true;
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (i == 0 || b.trace_ids[i] != b.trace_ids[i - 1]) {
      trace_ok = (!plan_.traces || traces_.contains(b.trace_ids[i])) &&
                 !removed_.hidden(b.trace_ids[i], sequence);
    }
    if (!trace_ok) continue;
    if (!all_in_time && !plan_.time.contains(b.start_unix_ns[i])) continue;
    if (any || bound.matches(i)) rows_.push_back(static_cast<std::uint32_t>(i));
  }
}

// A duplicate lies in another unit: of the head, or of another part, because parts have none in
// themselves. It has the same start, so only sources that overlap this unit's time can have it.
// Both copies find each other's source that way, so both come to the set.
Result<bool> SpanWalk::elsewhere(const TraceId& id, const Unit& unit) {
  const std::uint32_t fingerprint = trace_fingerprint(tenant_, id);
  if (head_traces_.contains(fingerprint)) return true;
  for (std::uint32_t p = 0; p < snapshot_.parts.size(); ++p) {
    if (p == unit.part || lost_[p]) continue;
    const PartSummary& s = snapshot_.parts[p]->summary();
    if (unit.zone.max_start_unix_ns < s.min_start_unix_ns ||
        unit.zone.min_start_unix_ns > s.max_start_unix_ns) {
      continue;
    }
    scratch_groups_.clear();
    if (auto ok = snapshot_.parts[p]->find_trace(fingerprint, scratch_groups_); !ok) {
      if (auto mine = lose_part(p, ok.error()); !mine) return std::unexpected(mine.error());
      continue;
    }
    if (!scratch_groups_.empty()) return true;
  }
  return false;
}

Status SpanWalk::keep_distinct(const SpanBatch& b, const Unit& unit) {
  const bool in_part = unit.part != kHead;
  if (in_part && head_traces_.empty() && snapshot_.parts.size() == 1) return {};
  const std::size_t before = seen_.size();
  bool check = true;
  for (std::size_t k = 0; k < rows_.size(); ++k) {
    const std::uint32_t i = rows_[k];
    if (in_part && (k == 0 || b.trace_ids[i] != b.trace_ids[rows_[k - 1]])) {
      const auto found = elsewhere(b.trace_ids[i], unit);
      if (!found) return std::unexpected(found.error());
      check = *found;
    }
    if (!check ||
        seen_.insert({b.trace_ids[i], b.span_ids[i], b.start_unix_ns[i], b.kinds[i]}).second) {
      kept_rows_.push_back(i);
    }
  }
  rows_.swap(kept_rows_);
  kept_rows_.clear();
  return guard_.charge((seen_.size() - before) * kSeenBytes);
}

}  // namespace binnacle::trace
