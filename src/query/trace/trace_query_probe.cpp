#include "query/trace/trace_query_probe.h"

namespace binnacle {

void TraceQueryProbe::describe(std::vector<Descriptor>& out) const {
  const auto queries = [&](const char* labels, const Counter& counter) {
    out.push_back({"binnacle_trace_queries_total", "Trace queries started, by kind.", labels,
                   &counter, nullptr});
  };
  queries("kind=\"search\"", searches);
  queries("kind=\"traces\"", trace_reads);
  queries("kind=\"values\"", value_reads);
  queries("kind=\"dependencies\"", dependency_reads);
  const auto failures = [&](const char* labels, const Counter& counter) {
    out.push_back({"binnacle_trace_query_failures_total",
                   "Trace queries that ended in an error, by reason; \"any\" counts all of them.",
                   labels, &counter, nullptr});
  };
  failures("reason=\"any\"", failed);
  failures("reason=\"cancelled\"", cancelled);
  failures("reason=\"deadline\"", deadline_exceeded);
  failures("reason=\"memory\"", over_memory);
  out.push_back({"binnacle_trace_query_truncated_total",
                 "Trace queries answered in part because a limit was reached.", "", &truncated,
                 nullptr});
  out.push_back({"binnacle_trace_query_spans_total", "Spans returned by trace queries.", "",
                 &spans_returned, nullptr});
}

}  // namespace binnacle
