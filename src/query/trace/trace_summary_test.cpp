#include "query/trace/trace_summary.h"

#include "query/trace/span_builder.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

using testing::make_batch;

TEST(TraceSummary, CountsSpansErrorsAndServices) {
  const SpanBatch spans = make_batch({
      {.span = 2,
       .parent = 1,
       .service = "db",
       .start_ns = 1'050,
       .duration_ns = 2'000,
       .status = StatusCode::kError},
      {.span = 1, .service = "frontend", .name = "GET /", .start_ns = 1'000},
      {.span = 3, .parent = 1, .service = "db", .start_ns = 1'060},
  });
  const TraceSummary s = summarize({0, 1}, spans);
  EXPECT_EQ(s.root_service, "frontend");
  EXPECT_EQ(s.root_name, "GET /");
  EXPECT_EQ(s.start_unix_ns, 1'000U);
  EXPECT_EQ(s.end_unix_ns, 3'050U);
  EXPECT_EQ(s.spans, 3U);
  EXPECT_EQ(s.errors, 1U);
  EXPECT_EQ(s.orphans, 0U);
  ASSERT_EQ(s.services.size(), 2U);
  EXPECT_EQ(s.services[0].name, "db");
  EXPECT_EQ(s.services[0].spans, 2U);
  EXPECT_EQ(s.services[0].errors, 1U);
  EXPECT_EQ(s.services[1].name, "frontend");
}

TEST(TraceSummary, EarliestOfSeveralRootsIsTheRoot) {
  const TraceSummary s = summarize({0, 1}, make_batch({
                                               {.span = 1, .name = "late", .start_ns = 2'000},
                                               {.span = 2, .name = "early", .start_ns = 1'000},
                                           }));
  EXPECT_EQ(s.root_name, "early");
}

TEST(TraceSummary, TraceWithoutRootHasOrphansAndNoRootName) {
  const TraceSummary s = summarize({0, 1}, make_batch({{.span = 2, .parent = 9}}));
  EXPECT_EQ(s.root_service, "");
  EXPECT_EQ(s.root_name, "");
  EXPECT_EQ(s.orphans, 1U);
}

TEST(TraceSummary, EndBeforeStartDoesNotGiveNegativeLength) {
  SpanBatch spans = make_batch({{.span = 1, .start_ns = 5'000}});
  spans.end_unix_ns[0] = 0;
  const TraceSummary s = summarize({0, 1}, spans);
  EXPECT_EQ(s.start_unix_ns, 5'000U);
  EXPECT_EQ(s.end_unix_ns, 5'000U);
}

}  // namespace
}  // namespace binnacle
