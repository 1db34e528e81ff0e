#pragma once

#include "base/cancel_token.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/memory_budget.h"
#include "model/predicate.h"
#include "query/trace/dependency_graph.h"
#include "query/trace/trace_assembly.h"
#include "query/trace/trace_query_probe.h"
#include "store/span_store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Questions about traces, answered from any SpanStore within limits. Created by `app` over the
// store; the API handlers call it on worker threads. Internally synchronised: any thread, any
// number of calls at once. Calls block until answered, cancelled or out of time.
//
//   TraceQuery query(store, clock, limits, &process_budget);
//   auto traces = query.find({.tenant = request.tenant, .cancel = request.cancel}, search);

namespace binnacle {

/// Who asks. `cancel` fires when nobody waits for the answer any more.
struct QueryCaller {
  TenantId tenant;
  CancelToken cancel;
};

/// Each is a setting of the server (`query.*`); the names are in the errors and warnings.
struct TraceQueryLimits {
  /// Traces of one answer. jaeger-ui asks for at most 1500.
  std::uint32_t traces_limit = 1500;
  /// Memory of one query: the engine's blocks, the spans read, the assembled traces. A span with 11
  /// attributes takes about 0.5 KB twice, so this is half a million spans.
  std::uint64_t memory_limit_bytes = 512ULL * 1024 * 1024;
  /// Spans of one answer; more are left out with a warning. Browsers stop being useful before.
  std::uint64_t spans_limit = 400'000;
  /// Services, or operations of one service and kind, in one answer.
  std::uint32_t values_limit = 10'000;
  std::int64_t timeout_ns = 30 * kNanosPerSecond;
};

/// An operation as Jaeger's search form lists it.
struct Operation {
  std::string name;
  SpanKind kind = SpanKind::kUnspecified;
  friend auto operator<=>(const Operation&, const Operation&) = default;
};

/// Names with a flag that says whether values_limit cut the list.
struct ServiceList {
  std::vector<std::string> names;  ///< ascending by bytes
  Warnings warnings;
};
struct OperationList {
  std::vector<Operation> operations;  ///< by name, then kind
  Warnings warnings;
};

class TraceQuery {
 public:
  /// `store`, `clock` and `process_budget` (may be null: none) must outlive the object.
  TraceQuery(SpanStore& store, const Clock& clock, TraceQueryLimits limits,
             MemoryBudget* process_budget);

  /// The top traces of `search`, whole, in its order. kInvalidArgument when search.limit is 0 or
  /// above traces_limit.
  [[nodiscard]] Result<TraceSet> find(const QueryCaller& caller, const TraceSearch& search);

  /// The given traces, whole, in the order of `ids`; unknown ones are left out. kInvalidArgument
  /// for more than traces_limit ids.
  [[nodiscard]] Result<TraceSet> read(const QueryCaller& caller, std::span<const TraceId> ids);

  /// Every service with a span. Cheap: the engine keeps the list.
  [[nodiscard]] Result<ServiceList> services(const QueryCaller& caller);

  /// The span names of a service with their kinds, or of one kind.
  [[nodiscard]] Result<OperationList> operations(const QueryCaller& caller,
                                                 std::string_view service,
                                                 std::optional<SpanKind> kind);

  /// Calls between services among the spans that start in `range` (both ends of a call have to).
  /// Reads all of them: exact, O(spans in range), unless memory ends first, which the warnings say.
  [[nodiscard]] Result<DependencyGraph> dependencies(const QueryCaller& caller, TimeRange range);

  [[nodiscard]] const TraceQueryLimits& limits() const noexcept { return limits_; }
  [[nodiscard]] const TraceQueryProbe& probe() const noexcept { return probe_; }

 private:
  [[nodiscard]] ReadContext context(const QueryCaller& caller, MemoryBudget* budget) const;
  [[nodiscard]] Status still_wanted(const ReadContext& context) const;
  [[nodiscard]] Result<TraceSet> assemble(const ReadContext& context, std::span<const TraceId> ids,
                                          std::unique_ptr<MemoryBudget> budget);
  [[nodiscard]] Result<FieldValues> values(const ReadContext& context, const Field& field,
                                           const Selection& selection) const;
  void count_failure(const Error& error);

  SpanStore& store_;
  const Clock& clock_;
  TraceQueryLimits limits_;
  MemoryBudget* process_budget_;
  TraceQueryProbe probe_;
};

}  // namespace binnacle
