#include "query/trace/trace_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace binnacle {
namespace {

constexpr std::array kAllKinds = {SpanKind::kUnspecified, SpanKind::kInternal, SpanKind::kServer,
                                  SpanKind::kClient,      SpanKind::kProducer, SpanKind::kConsumer};

void append(Warnings& to, Warnings&& from) { std::ranges::move(from, std::back_inserter(to)); }

void warn_if_cut(const FieldValues& values, std::string_view what, std::uint32_t limit,
                 Warnings& warnings) {
  if (!values.truncated) return;
  warnings.push_back({fmt::format(
      "only the {} most frequent {} are listed; raise query.max_names to see more", limit, what)});
}

}  // namespace

TraceQuery::TraceQuery(SpanStore& store, const Clock& clock, TraceQueryLimits limits,
                       MemoryBudget* process_budget)
    : store_(store), clock_(clock), limits_(limits), process_budget_(process_budget) {}

ReadContext TraceQuery::context(const QueryCaller& caller, MemoryBudget* budget) const {
  return ReadContext{.tenant = caller.tenant,
                     .cancel = caller.cancel,
                     .budget = budget,
                     .deadline_steady_ns = clock_.steady_now_ns() + limits_.timeout_ns};
}

Status TraceQuery::still_wanted(const ReadContext& context) const {
  if (context.cancel.cancelled()) {
    return fail(ErrorCode::kCancelled, "query cancelled: the client closed the connection");
  }
  if (clock_.steady_now_ns() >= context.deadline_steady_ns) {
    return fail(ErrorCode::kDeadlineExceeded,
                fmt::format("query took longer than {} ms; narrow the time range or raise "
                            "query.timeout",
                            limits_.timeout_ns / kNanosPerMilli));
  }
  return {};
}

void TraceQuery::count_failure(const Error& error) {
  probe_.failed.add();
  if (error.code == ErrorCode::kCancelled) probe_.cancelled.add();
  if (error.code == ErrorCode::kDeadlineExceeded) probe_.deadline_exceeded.add();
  if (error.code == ErrorCode::kResourceExhausted) probe_.over_memory.add();
}

Result<TraceSet> TraceQuery::assemble(const ReadContext& context, std::span<const TraceId> ids,
                                      std::unique_ptr<MemoryBudget> budget) {
  TraceSet out;
  out.budget = std::move(budget);
  if (ids.empty()) return out;
  auto cursor = store_.read_traces(context, ids);
  if (!cursor) return std::unexpected(cursor.error());
  TraceAssembly assembly(ids, limits_.spans_limit, out.budget.get());
  for (;;) {
    if (auto wanted = still_wanted(context); !wanted) return std::unexpected(wanted.error());
    SpanBatch batch;
    const auto more = (*cursor)->next(batch);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    const auto room = assembly.add(std::move(batch));
    if (!room) return std::unexpected(room.error());
    if (!*room) {
      probe_.truncated.add();
      out.warnings.push_back(
          {fmt::format("only the first {} spans read are shown; ask for fewer traces at once or "
                       "raise query.max_spans",
                       limits_.spans_limit)});
      break;
    }
  }
  append(out.warnings, (*cursor)->warnings());
  cursor->reset();
  if (auto done = assembly.finish(out); !done) return std::unexpected(done.error());
  for (Trace& trace : out.traces) warn_of_missing_parents(trace);
  probe_.spans_returned.add(out.spans());
  return out;
}

Result<TraceSet> TraceQuery::find(const QueryCaller& caller, const TraceSearch& search) {
  probe_.searches.add();
  if (search.limit == 0 || search.limit > limits_.traces_limit) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("limit {} is not between 1 and {} (query.max_traces)", search.limit,
                            limits_.traces_limit));
  }
  auto budget =
      std::make_unique<MemoryBudget>("query.memory", limits_.memory_limit_bytes, process_budget_);
  const ReadContext reads = context(caller, budget.get());
  auto hits = store_.find_traces(reads, search);
  if (!hits) {
    count_failure(hits.error());
    return std::unexpected(hits.error());
  }
  std::vector<TraceId> ids;
  ids.reserve(hits->hits.size());
  for (const TraceHit& hit : hits->hits) ids.push_back(hit.trace_id);
  auto out = assemble(reads, ids, std::move(budget));
  if (!out) {
    count_failure(out.error());
    return out;
  }
  append(out->warnings, std::move(hits->warnings));
  return out;
}

Result<TraceSet> TraceQuery::read(const QueryCaller& caller, std::span<const TraceId> ids) {
  probe_.trace_reads.add();
  if (ids.size() > limits_.traces_limit) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{} trace ids asked for; at most {} (query.max_traces) at once",
                            ids.size(), limits_.traces_limit));
  }
  auto budget =
      std::make_unique<MemoryBudget>("query.memory", limits_.memory_limit_bytes, process_budget_);
  const ReadContext reads = context(caller, budget.get());
  auto out = assemble(reads, ids, std::move(budget));
  if (!out) count_failure(out.error());
  return out;
}

Result<FieldValues> TraceQuery::values(const ReadContext& context, const Field& field,
                                       const Selection& selection) const {
  if (auto wanted = still_wanted(context); !wanted) return std::unexpected(wanted.error());
  return store_.values(context, field, selection, limits_.values_limit);
}

Result<ServiceList> TraceQuery::services(const QueryCaller& caller) {
  probe_.value_reads.add();
  MemoryBudget budget("query.memory", limits_.memory_limit_bytes, process_budget_);
  auto values = this->values(context(caller, &budget), {FieldKind::kServiceName, {}}, {});
  if (!values) {
    count_failure(values.error());
    return std::unexpected(values.error());
  }
  ServiceList out;
  warn_if_cut(*values, "services", limits_.values_limit, out.warnings);
  for (FieldValues::Entry& entry : values->entries) out.names.push_back(std::move(entry.text));
  std::ranges::sort(out.names);
  append(out.warnings, std::move(values->warnings));
  return out;
}

Result<OperationList> TraceQuery::operations(const QueryCaller& caller, std::string_view service,
                                             std::optional<SpanKind> kind) {
  probe_.value_reads.add();
  MemoryBudget budget("query.memory", limits_.memory_limit_bytes, process_budget_);
  const ReadContext reads = context(caller, &budget);
  OperationList out;
  // The engines answer names under service and kind from their catalogue; pairs of name and kind
  // would be a scan.
  for (const SpanKind k : kAllKinds) {
    if (kind && *kind != k) continue;
    Selection selection;
    selection.predicate
        .require({{FieldKind::kServiceName, {}}, CompareOp::kEq, std::string(service)})
        .require({{FieldKind::kKind, {}}, CompareOp::kEq, static_cast<std::int64_t>(k)});
    auto values = this->values(reads, {FieldKind::kName, {}}, selection);
    if (!values) {
      count_failure(values.error());
      return std::unexpected(values.error());
    }
    warn_if_cut(*values, "operations of one kind", limits_.values_limit, out.warnings);
    for (FieldValues::Entry& entry : values->entries) {
      out.operations.push_back({std::move(entry.text), k});
    }
    append(out.warnings, std::move(values->warnings));
  }
  std::ranges::sort(out.operations);
  return out;
}

Result<DependencyGraph> TraceQuery::dependencies(const QueryCaller& caller, TimeRange range) {
  probe_.dependency_reads.add();
  MemoryBudget budget("query.memory", limits_.memory_limit_bytes, process_budget_);
  const ReadContext reads = context(caller, &budget);
  const auto failed = [&](const Error& error) -> std::unexpected<Error> {
    count_failure(error);
    return std::unexpected(error);
  };
  // No predicate, so no residual either.
  auto cursor = store_.scan(reads, Selection{.time = range, .predicate = {}});
  if (!cursor) return failed(cursor.error());
  DependencyGraph out;
  DependencyCounter counter(&budget);
  SpanBatch batch;
  for (;;) {
    if (auto wanted = still_wanted(reads); !wanted) return failed(wanted.error());
    const auto more = (*cursor)->next(batch);
    if (!more) return failed(more.error());
    if (!*more) break;
    if (!counter.add(batch)) {
      probe_.truncated.add();
      out.complete = false;
      out.warnings.push_back({fmt::format(
          "counted from {} spans only: query.memory ({} bytes) is used up; narrow the time range",
          counter.spans(), limits_.memory_limit_bytes)});
      break;
    }
  }
  append(out.warnings, (*cursor)->warnings());
  cursor->reset();
  out.links = counter.finish();
  return out;
}

}  // namespace binnacle
