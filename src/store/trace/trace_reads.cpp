#include "store/trace/disk_trace_store.h"
#include "store/trace/span_copier.h"
#include "store/trace/top_traces.h"
#include "store/trace/value_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace binnacle::trace {
namespace {

// Spans of one cursor batch that is put together from chosen rows.
constexpr std::size_t kCursorSpans = 4096;

class TraceCursor final : public SpanCursor {
 public:
  explicit TraceCursor(std::unique_ptr<SpanWalk> walk) : walk_(std::move(walk)) {}

  Result<bool> next(SpanBatch& out) override {
    out.clear();
    SpanCopier copier(out);
    while (out.size() < kCursorSpans) {
      if (!open_) {
        const auto more = walk_->next();
        if (!more) return more;
        if (!*more) break;
        at_ = 0;
        if (hand_over(out)) return true;
        open_ = true;
      }
      const std::size_t until = std::min(walk_->rows().size(), at_ + kCursorSpans - out.size());
      for (; at_ < until; ++at_) {
        copier.copy(walk_->unit_number(), walk_->batch(), walk_->rows()[at_]);
      }
      open_ = at_ < walk_->rows().size();
    }
    if (auto ok = walk_->guard().charge_unit(out.memory_bytes()); !ok) {
      return std::unexpected(ok.error());
    }
    return !out.empty();
  }
  [[nodiscard]] const Predicate& residual() const noexcept override { return residual_; }
  [[nodiscard]] Warnings warnings() const override { return walk_->warnings(); }

 private:
  // A row group of which every span is wanted is given away as it is.
  bool hand_over(SpanBatch& out) {
    SpanBatch* own = walk_->own_batch();
    if (own == nullptr || !out.empty() || walk_->rows().size() != own->size()) return false;
    std::swap(out, *own);
    return true;
  }

  std::unique_ptr<SpanWalk> walk_;
  bool open_ = false;  ///< the walk's unit has rows from at_ on
  std::size_t at_ = 0;
  Predicate residual_;
};

// Services, span names and kinds under conditions on service and kind: the catalogues know.
bool is_catalogue_question(const Field& field, const Predicate& predicate) {
  const auto known = [](FieldKind kind) {
    return kind == FieldKind::kServiceName || kind == FieldKind::kName || kind == FieldKind::kKind;
  };
  return known(field.kind) && std::ranges::all_of(predicate.clauses, [&](const Clause& clause) {
           return std::ranges::all_of(clause,
                                      [&](const Comparison& c) { return known(c.field.kind); });
         });
}

FieldValue catalogue_value(const CatalogueEntry& e, FieldKind kind) {
  if (kind == FieldKind::kKind) return {Value::of_int(e.kind), {}};
  return {Value::of_string(StringTable::kAbsent),
          kind == FieldKind::kName ? std::string_view(e.name) : std::string_view(e.service)};
}

bool entry_matches(const CatalogueEntry& e, const Predicate& predicate,
                   const SpanMatcher& matcher) {
  static const StringTable kNoStrings;
  for (std::size_t c = 0; c < predicate.clauses.size(); ++c) {
    bool any = false;
    for (std::size_t k = 0; k < predicate.clauses[c].size() && !any; ++k) {
      const FieldKind kind = predicate.clauses[c][k].field.kind;
      any = matcher.holds(c, k, kNoStrings, catalogue_value(e, kind));
    }
    if (!any) return false;
  }
  return true;
}

// True if a removal may concern the part: its catalogue then counts what is no longer there.
Result<bool> may_hold_removed(const SpanPart& part, const Removals::Table& removed,
                              std::string_view tenant, const RemovalView& view) {
  std::vector<std::uint32_t> groups;
  for (const auto& [trace, sequence] : removed) {
    if (!view.hidden(trace.trace_id, part.summary().last_sequence)) continue;
    if (auto ok = part.find_trace(trace_fingerprint(tenant, trace.trace_id), groups); !ok) {
      return std::unexpected(ok.error());
    }
    if (!groups.empty()) return true;
  }
  return false;
}

void count_catalogue(const Catalogue& catalogue, std::uint32_t tenant, const Field& field,
                     const Selection& selection, const SpanMatcher& matcher, ValueCounts& counts) {
  for (const CatalogueEntry& e : catalogue.entries) {
    if (e.tenant != tenant || !selection.time.overlaps(e.min_start_unix_ns, e.max_start_unix_ns) ||
        !entry_matches(e, selection.predicate, matcher)) {
      continue;
    }
    const FieldValue v = catalogue_value(e, field.kind);
    counts.add(field.kind == FieldKind::kKind ? std::to_string(e.kind) : std::string(v.text),
               v.value.type(), e.spans);
  }
}

}  // namespace

StoreSnapshot DiskTraceStore::snapshot() const {
  StoreSnapshot out;
  {
    const std::scoped_lock lock(mutex_);
    out.head = head_.snapshot();
    out.parts = parts_;
    out.removals = removals_;
  }
  for (std::string& warning : directory_->warnings()) out.warnings.push_back({std::move(warning)});
  for (const WalDamage& damage : wal_->damage()) out.warnings.push_back({damage.message});
  return out;
}

void DiskTraceStore::part_damaged(std::uint64_t part_id, const Error& error) {
  report(fmt::format("part {} is damaged: {}", part_id, error.message));
  // The device, the memory, or a newer version: the bytes may be whole, so the part stays.
  // (A block that is not there at all is damage too.)
  if (error.code != ErrorCode::kDataLoss && error.code != ErrorCode::kNotFound) return;
  if (auto ok = directory_->set_aside(part_id, error.message); !ok) {
    report(fmt::format("part {} cannot be set aside: {}", part_id, ok.error().message));
  }
  replace_parts({part_id}, nullptr);
}

Result<std::unique_ptr<SpanWalk>> DiskTraceStore::walk(const ReadContext& context, WalkPlan plan) {
  return walk(snapshot(), context, std::move(plan));
}

Result<std::unique_ptr<SpanWalk>> DiskTraceStore::walk(StoreSnapshot view,
                                                       const ReadContext& context, WalkPlan plan) {
  probe_.reads.add();
  return SpanWalk::start(
      std::move(view), context, std::move(plan), clock_, probe_,
      [this](const SpanPart& part, const Error& error) { part_damaged(part.id(), error); });
}

Result<std::unique_ptr<SpanCursor>> DiskTraceStore::scan(const ReadContext& context,
                                                         Selection selection) {
  WalkPlan plan;
  plan.time = selection.time;
  plan.predicate = std::move(selection.predicate);
  auto started = walk(context, std::move(plan));
  if (!started) return std::unexpected(started.error());
  return std::make_unique<TraceCursor>(std::move(*started));
}

Result<std::unique_ptr<SpanCursor>> DiskTraceStore::read_traces(
    const ReadContext& context, std::span<const TraceId> trace_ids) {
  WalkPlan plan;
  plan.traces.emplace(trace_ids.begin(), trace_ids.end());
  auto started = walk(context, std::move(plan));
  if (!started) return std::unexpected(started.error());
  return std::make_unique<TraceCursor>(std::move(*started));
}

Result<TraceHits> DiskTraceStore::find_traces(const ReadContext& context,
                                              const TraceSearch& search) {
  TopTraces top(search.order, search.limit);
  WalkPlan plan;
  plan.time = search.selection.time;
  plan.predicate = search.selection.predicate;
  plan.output = {.fixed = false, .attributes = false, .events = false};
  plan.distinct = false;  // the best of two equal spans is the same
  plan.order = search.order == TraceSearch::Order::kNewestFirst ? UnitOrder::kNewestFirst
                                                                : UnitOrder::kLongestFirst;
  plan.enough = [&](const ZoneMap& zone) {
    return top.full_beyond(search.order == TraceSearch::Order::kNewestFirst ? zone.max_start_unix_ns
                                                                            : zone.max_duration_ns);
  };
  auto started = walk(context, std::move(plan));
  if (!started) return std::unexpected(started.error());
  SpanWalk& spans = **started;
  for (;;) {
    const auto more = spans.next();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    const SpanBatch& b = spans.batch();
    for (const std::uint32_t i : spans.rows()) {
      top.add({b.trace_ids[i], b.start_unix_ns[i], b.duration_ns(i)});
    }
    if (auto ok = spans.guard().charge_unit(top.memory_bytes()); !ok) {
      return std::unexpected(ok.error());
    }
  }
  return TraceHits{top.take(), spans.warnings()};
}

// Answers for the parts that can, and takes them out of the snapshot; the walk does the rest.
Status DiskTraceStore::count_catalogues(const ReadContext& context, const Field& field,
                                        const Selection& selection, StoreSnapshot& view,
                                        ValueCounts& counts) {
  const auto matcher = SpanMatcher::compile(selection.predicate);
  if (!matcher) return std::unexpected(matcher.error());
  const ReadGuard guard(context, clock_);
  const Removals::Table removed = view.removals.all();
  const RemovalView removal_view(view.removals, context.tenant.value);
  Parts rest;
  for (const auto& part : view.parts) {
    if (auto ok = guard.check(); !ok) return ok;
    if (!selection.time.overlaps(part->summary().min_start_unix_ns,
                                 part->summary().max_start_unix_ns)) {
      continue;
    }
    const auto directory = part->directory();
    const auto catalogue = part->catalogue();
    const auto uncertain = may_hold_removed(*part, removed, context.tenant.value, removal_view);
    if (!directory || !catalogue || !uncertain || *uncertain || !(*catalogue)->complete) {
      rest.push_back(part);  // the walk meets the same damage, if any, and reports it
      continue;
    }
    const auto& tenants = (*directory)->tenants;
    const auto at = std::ranges::find(tenants, context.tenant.value);
    if (at == tenants.end()) continue;
    count_catalogue(**catalogue, static_cast<std::uint32_t>(at - tenants.begin()), field, selection,
                    *matcher, counts);
  }
  view.parts = std::move(rest);
  return {};
}

Result<FieldValues> DiskTraceStore::values(const ReadContext& context, const Field& field,
                                           const Selection& selection, std::uint32_t limit) {
  StoreSnapshot view = snapshot();
  ValueCounts counts;
  if (is_catalogue_question(field, selection.predicate)) {
    if (auto ok = count_catalogues(context, field, selection, view, counts); !ok) {
      return std::unexpected(ok.error());
    }
  }
  WalkPlan plan;
  plan.time = selection.time;
  plan.predicate = selection.predicate;
  plan.distinct = false;  // retried duplicates may count until they are merged
  plan.output = {.fixed = false, .attributes = false, .events = false};
  WantedKeys keys;
  want_field(field, plan.output, keys);
  plan.output.attribute_keys = &keys;
  auto started = walk(std::move(view), context, std::move(plan));
  if (!started) return std::unexpected(started.error());
  SpanWalk& spans = **started;
  for (;;) {
    const auto more = spans.next();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    counts.count(spans.batch(), spans.rows(), field);
    if (auto ok = spans.guard().charge_unit(counts.memory_bytes()); !ok) {
      return std::unexpected(ok.error());
    }
  }
  FieldValues out = counts.take(limit);
  out.warnings = spans.warnings();
  return out;
}

namespace {

// Group values as one string: lengths and texts, so that distinct groups differ.
class GroupRows {
 public:
  explicit GroupRows(const SpanAggregation& aggregation) : a_(aggregation) {}

  Status add(const SpanBatch& b, const std::vector<std::uint32_t>& rows) {
    std::vector<FieldReader> readers;
    for (const Field& field : a_.group_by) readers.emplace_back(b, field);
    for (const std::uint32_t i : rows) {
      group_.clear();
      for (const FieldReader& reader : readers) {
        std::string text;
        reader.each(i, [&](const FieldValue& v) {
          text = field_value_text(b.strings, v);
          return false;  // a field with several values is grouped by its first
        });
        group_.push_back(std::move(text));
      }
      auto it = groups_.find(group_);
      if (it == groups_.end()) {
        if (groups_.size() >= a_.group_limit) {
          return fail(ErrorCode::kResourceExhausted,
                      fmt::format("aggregation has more groups than its limit of {}; narrow the "
                                  "selection or group by less",
                                  a_.group_limit));
        }
        it = groups_.emplace(group_, Buckets()).first;
      }
      const std::uint64_t start = b.start_unix_ns[i];
      const std::uint64_t bucket = a_.step_ns == 0 ? 0 : start - start % a_.step_ns;
      const auto [at, added] = it->second.try_emplace(bucket);
      rows_ += added ? 1U : 0U;
      AggregateRow& row = at->second;
      ++row.spans;
      row.errors += b.statuses[i] == StatusCode::kError ? 1U : 0U;
      row.duration_sum_ns += b.duration_ns(i);
      row.duration_max_ns = std::max(row.duration_max_ns, b.duration_ns(i));
    }
    return {};
  }
  [[nodiscard]] std::uint64_t memory_bytes() const { return rows_ * (sizeof(AggregateRow) + 128); }

  std::vector<AggregateRow> take() {
    std::vector<AggregateRow> out;
    for (auto& [group, buckets] : groups_) {
      for (auto& [bucket, row] : buckets) {
        row.group = group;
        row.bucket_unix_ns = bucket;
        out.push_back(std::move(row));
      }
    }
    return out;
  }

 private:
  using Buckets = std::map<std::uint64_t, AggregateRow>;
  const SpanAggregation& a_;
  std::map<std::vector<std::string>, Buckets> groups_;
  std::vector<std::string> group_;
  std::uint64_t rows_ = 0;
};

}  // namespace

Result<AggregateResult> DiskTraceStore::aggregate(const ReadContext& context,
                                                  const SpanAggregation& aggregation) {
  WalkPlan plan;
  plan.time = aggregation.selection.time;
  plan.predicate = aggregation.selection.predicate;
  plan.output = {.fixed = true, .attributes = false, .events = false};
  WantedKeys keys;
  for (const Field& field : aggregation.group_by) want_field(field, plan.output, keys);
  plan.output.attribute_keys = &keys;
  auto started = walk(context, std::move(plan));
  if (!started) return std::unexpected(started.error());
  SpanWalk& spans = **started;
  GroupRows groups(aggregation);
  for (;;) {
    const auto more = spans.next();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (auto ok = groups.add(spans.batch(), spans.rows()); !ok) {
      return std::unexpected(ok.error());
    }
    if (auto ok = spans.guard().charge_unit(groups.memory_bytes()); !ok) {
      return std::unexpected(ok.error());
    }
  }
  return AggregateResult{groups.take(), spans.warnings()};
}

}  // namespace binnacle::trace
