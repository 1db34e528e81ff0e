#pragma once

#include "base/clock.h"
#include "store/span_store.h"

#include <memory>

// A SpanStore that keeps every batch as it came and answers by looking at every span. Small and
// obviously correct: the oracle that tests/conformance compares the engines with, and the store of
// query and receiver tests. "Durable" means in memory; snapshot_to is kUnimplemented. Nothing
// bounds what it keeps, so it is not for serving. Internally locked; reads copy a list of shared
// batches under the lock and work without it.
//
//   auto store = make_memory_span_store(clock);

namespace binnacle {

/// `clock` gives the steady time that deadlines are on; it must outlive the store.
[[nodiscard]] std::unique_ptr<SpanStore> make_memory_span_store(const Clock& clock);

}  // namespace binnacle
