#pragma once

#include "base/error.h"
#include "base/ids.h"
#include "io/net/http.h"
#include "model/predicate.h"
#include "model/span_batch.h"
#include "store/span_store.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A trace search as Jaeger's HTTP APIs state it, and what it means as a selection of spans. Both
// versions of the API end here: v1 (/api/traces: microseconds, `tag`, `tags`) and v3
// (/api/v3/traces: RFC 3339 times, `query.` parameters). Pure functions.

namespace binnacle {

/// Most tags in one search: each is a comparison on every candidate span.
constexpr std::size_t kMaxSearchTags = 64;
/// Traces of a search that names no limit, as in Jaeger.
constexpr std::uint32_t kDefaultSearchLimit = 100;
/// How far back a search without a start looks, as in Jaeger (--query.lookback).
constexpr std::uint64_t kDefaultLookbackNs = 48ULL * 3'600 * 1'000'000'000;

struct JaegerSearch {
  std::string service;    ///< empty: any
  std::string operation;  ///< empty: any
  std::vector<std::pair<std::string, std::string>> tags;
  std::uint64_t start_unix_ns = 0;  ///< inclusive
  std::uint64_t end_unix_ns = 0;    ///< inclusive
  std::uint64_t min_duration_ns = 0;
  std::uint64_t max_duration_ns = 0;  ///< 0: none
  std::uint32_t limit = kDefaultSearchLimit;
  std::vector<TraceId> trace_ids;  ///< v1: when there are any, they are read and the rest is moot
};

/// What the parameters are judged by.
struct SearchRules {
  std::uint64_t now_unix_ns = 0;
  std::uint32_t traces_limit = 1500;  ///< query.max_traces
};

/// From the parameters of GET /api/traces. kInvalidArgument names the first bad parameter, its
/// value and what it should look like.
[[nodiscard]] Result<JaegerSearch> parse_search_v1(const QueryParameters& query,
                                                   const SearchRules& rules);
/// The parameters of GET /api/traces/{id}: hints for other stores, which here only have to be
/// well-formed.
[[nodiscard]] Status check_trace_hints_v1(const QueryParameters& query);
[[nodiscard]] Status check_trace_hints_v3(const QueryParameters& query);
/// From the parameters of GET /api/v3/traces and /api/v3/trace-summaries.
[[nodiscard]] Result<JaegerSearch> parse_search_v3(const QueryParameters& query,
                                                   const SearchRules& rules);

/// What to ask the store. A tag holds when any attribute of the span, its resource, scope, events
/// or links has that text; the tags by which Jaeger shows a span's own fields (error, span.kind,
/// otel.status_code, otel.scope.name ...) ask for those fields.
[[nodiscard]] TraceSearch to_trace_search(const JaegerSearch& search);

}  // namespace binnacle
