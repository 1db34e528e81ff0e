#pragma once

#include "base/ids.h"
#include "model/span_batch.h"

#include <cstdint>
#include <string>
#include <vector>

// What a list of search results shows of a trace, computed from its spans. Plain values.

namespace binnacle {

struct ServiceSummary {
  std::string name;
  std::uint64_t spans = 0;
  std::uint64_t errors = 0;  ///< spans with StatusCode::kError
};

struct TraceSummary {
  TraceId id;
  /// Of the root: the earliest span without a parent id; empty when every span has one.
  std::string root_service;
  std::string root_name;
  std::uint64_t start_unix_ns = 0;  ///< earliest start
  std::uint64_t end_unix_ns = 0;    ///< latest end, at least the earliest start
  std::uint64_t spans = 0;
  std::uint64_t errors = 0;
  std::uint64_t orphans = 0;             ///< spans whose parent id is not among the trace's spans
  std::vector<ServiceSummary> services;  ///< by name
};

/// `spans` are all of one trace and at least one. O(spans log spans).
[[nodiscard]] TraceSummary summarize(TraceId id, const SpanBatch& spans);

}  // namespace binnacle
