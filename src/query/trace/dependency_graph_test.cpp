#include "query/trace/dependency_graph.h"

#include "query/trace/span_builder.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

using testing::make_batch;
using testing::TestSpan;

std::vector<DependencyLink> links_of(const std::vector<std::vector<TestSpan>>& batches) {
  DependencyCounter counter(nullptr);
  for (const auto& spans : batches) EXPECT_TRUE(counter.add(make_batch(spans)));
  return counter.finish();
}

TEST(DependencyGraph, CountsCallsBetweenServicesOnly) {
  const auto links = links_of({{
      {.span = 1, .service = "frontend"},
      {.span = 2, .parent = 1, .service = "frontend"},
      {.span = 3, .parent = 2, .service = "cart"},
      {.span = 4, .parent = 2, .service = "cart", .status = StatusCode::kError},
      {.span = 5, .parent = 4, .service = "db"},
  }});
  ASSERT_EQ(links.size(), 2U);
  EXPECT_EQ(links[0].parent, "cart");
  EXPECT_EQ(links[0].child, "db");
  EXPECT_EQ(links[0].calls, 1U);
  EXPECT_EQ(links[1].parent, "frontend");
  EXPECT_EQ(links[1].child, "cart");
  EXPECT_EQ(links[1].calls, 2U);
  EXPECT_EQ(links[1].errors, 1U);
}

TEST(DependencyGraph, ParentMayComeInALaterBatch) {
  const auto links =
      links_of({{{.span = 2, .parent = 1, .service = "b"}}, {{.span = 1, .service = "a"}}});
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].parent, "a");
}

TEST(DependencyGraph, EqualSpanIdsOfOtherTracesAreNotParents) {
  EXPECT_TRUE(links_of({{
                           {.trace = 1, .span = 1, .service = "a"},
                           {.trace = 2, .span = 2, .parent = 1, .service = "b"},
                       }})
                  .empty());
}

// Zipkin: client and server report the same span id; the server's own children hang below the
// server.
TEST(DependencyGraph, SharedSpanIdIsOneCallFromClientToServer) {
  const auto links = links_of({{
      {.span = 1, .service = "web", .kind = SpanKind::kServer},
      {.span = 2, .parent = 1, .service = "api", .kind = SpanKind::kServer},
      {.span = 2, .parent = 1, .service = "web", .kind = SpanKind::kClient},
      {.span = 3, .parent = 2, .service = "db", .kind = SpanKind::kClient},
  }});
  ASSERT_EQ(links.size(), 2U);
  EXPECT_EQ(links[0].parent, "api");
  EXPECT_EQ(links[0].child, "db");
  EXPECT_EQ(links[1].parent, "web");
  EXPECT_EQ(links[1].child, "api");
  EXPECT_EQ(links[1].calls, 1U);
}

TEST(DependencyGraph, SpansWithoutServiceAreShownAsUnknown) {
  const auto links = links_of({{
      {.span = 1, .service = ""},
      {.span = 2, .parent = 1, .service = "b"},
  }});
  ASSERT_EQ(links.size(), 1U);
  EXPECT_EQ(links[0].parent, kUnknownService);
}

TEST(DependencyGraph, OverTheBudgetItRefusesAndKeepsWhatItHas) {
  MemoryBudget budget("test", 1024);
  DependencyCounter counter(&budget);
  const Status added = counter.add(make_batch({{.span = 1}}));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kResourceExhausted);
  EXPECT_TRUE(counter.finish().empty());
  EXPECT_EQ(budget.used_bytes(), 0U);
}

}  // namespace
}  // namespace binnacle
