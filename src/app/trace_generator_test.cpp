#include "app/trace_generator.h"

#include <gtest/gtest.h>

#include <set>
#include <unordered_map>

namespace binnacle::app {
namespace {

constexpr std::uint64_t kStart = 1'700'000'000'000'000'000ULL;

TEST(TraceGenerator, TheSameSeedGivesTheSameSpans) {
  SpanBatch a;
  SpanBatch b;
  TraceGenerator first({.seed = 7});
  TraceGenerator second({.seed = 7});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(first.append_trace(kStart, a), second.append_trace(kStart, b));
  }
  ASSERT_TRUE(a.validate());
  EXPECT_EQ(a.span_ids, b.span_ids);
  EXPECT_EQ(a.end_unix_ns, b.end_unix_ns);
}

TEST(TraceGenerator, ATraceIsOneTreeWithChildrenInsideTheirParents) {
  SpanBatch batch;
  TraceGenerator generator({.seed = 3});
  for (int i = 0; i < 50; ++i) {
    batch.clear();
    generator.append_trace(kStart, batch);
    std::unordered_map<std::uint64_t, std::size_t> row_of;
    for (std::size_t row = 0; row < batch.size(); ++row) row_of[batch.span_ids[row].value] = row;
    ASSERT_EQ(row_of.size(), batch.size());
    std::size_t roots = 0;
    for (std::size_t row = 0; row < batch.size(); ++row) {
      EXPECT_EQ(batch.trace_ids[row], batch.trace_ids[0]);
      if (!batch.parent_span_ids[row].valid()) {
        ++roots;
        continue;
      }
      const auto parent = row_of.find(batch.parent_span_ids[row].value);
      ASSERT_NE(parent, row_of.end());
      EXPECT_GE(batch.start_unix_ns[row], batch.start_unix_ns[parent->second]);
      EXPECT_LE(batch.end_unix_ns[row], batch.end_unix_ns[parent->second]);
    }
    EXPECT_EQ(roots, 1U);
  }
}

TEST(TraceGenerator, LargeTracesReachTheirSize) {
  SpanBatch batch;
  TraceGenerator generator({.seed = 1, .spans_per_trace = 5'000});
  const std::size_t spans = generator.append_trace(kStart, batch);
  EXPECT_GE(spans, 5'000U);
  EXPECT_LT(spans, 50'000U);
}

TEST(TraceGenerator, TheErrorRateIsKept) {
  SpanBatch batch;
  TraceGenerator generator({.seed = 1, .spans_per_trace = 1, .error_rate = 0.5});
  while (batch.size() < 5'000) generator.append_trace(kStart, batch);
  std::size_t errors = 0;
  for (const StatusCode status : batch.statuses) errors += status == StatusCode::kError ? 1 : 0;
  const double share = static_cast<double>(errors) / static_cast<double>(batch.size());
  EXPECT_NEAR(share, 0.51, 0.05);
}

}  // namespace
}  // namespace binnacle::app
