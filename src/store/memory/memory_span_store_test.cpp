#include "store/memory/memory_span_store.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

// What every engine must do is in tests/conformance; here is what is the memory store's own.

SpanBatch one_span(std::uint64_t span_id) {
  SpanBatch b;
  b.add_resource(0);
  b.add_scope(0, {}, {});
  b.append({.trace_id = TraceId{1, 1}, .span_id = SpanId{span_id}, .start_unix_ns = 5});
  return b;
}

TEST(MemorySpanStore, CompletesAnAppendBeforeItReturns) {
  const ManualClock clock(0, 1);
  const auto store = make_memory_span_store(clock);
  std::uint64_t spans = 0;
  store->append({}, one_span(1), [&](Result<AppendResult> r) { spans = r->spans; });
  EXPECT_EQ(spans, 1U);
  EXPECT_EQ(store->stats().spans, 1U);
}

TEST(MemorySpanStore, HasNoSnapshots) {
  const ManualClock clock(0, 1);
  EXPECT_EQ(make_memory_span_store(clock)->snapshot_to("/nowhere").error().code,
            ErrorCode::kUnimplemented);
}

}  // namespace
}  // namespace binnacle
