#pragma once

#include "base/counter.h"

#include <vector>

// Counters of query/trace. TraceQuery owns one; `app` collects the descriptors.

namespace binnacle {

struct TraceQueryProbe {
  Counter searches;
  Counter trace_reads;
  Counter value_reads;  ///< services and operations
  Counter dependency_reads;
  Counter failed;             ///< any of the above that ended in an error
  Counter cancelled;          ///< of the failed: the client was gone
  Counter deadline_exceeded;  ///< of the failed: the time limit
  Counter over_memory;        ///< of the failed: the memory limit
  Counter truncated;          ///< answered in part, with a warning
  Counter spans_returned;

  void describe(std::vector<Descriptor>& out) const;
};

}  // namespace binnacle
