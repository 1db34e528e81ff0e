#include "query/trace/trace_query.h"

#include "query/trace/span_builder.h"
#include "store/memory/memory_span_store.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

using testing::make_batch;
using testing::TestSpan;

class TraceQueryTest : public ::testing::Test {
 protected:
  void store(const std::vector<TestSpan>& spans, const std::string& tenant = "default") {
    bool stored = false;
    store_->append({.tenant = {tenant}}, make_batch(spans),
                   [&](Result<AppendResult> r) { stored = r.has_value(); });
    ASSERT_TRUE(stored);
  }
  TraceQuery query(TraceQueryLimits limits = {}, MemoryBudget* process = nullptr) {
    return TraceQuery(*store_, clock_, limits, process);
  }
  static TraceSearch search_service(std::string service, std::uint32_t limit = 20) {
    TraceSearch search;
    search.limit = limit;
    search.selection.predicate.require(
        {{FieldKind::kServiceName, {}}, CompareOp::kEq, std::move(service)});
    return search;
  }

  ManualClock clock_{1'700'000'000'000'000'000};
  std::unique_ptr<SpanStore> store_ = make_memory_span_store(clock_);
};

TEST_F(TraceQueryTest, FindGivesWholeTracesNewestFirst) {
  store({{.trace = 1, .span = 1, .service = "a", .start_ns = 1'000},
         {.trace = 1, .span = 2, .parent = 1, .service = "b", .start_ns = 1'010},
         {.trace = 2, .span = 3, .service = "a", .start_ns = 9'000},
         {.trace = 3, .span = 4, .service = "b", .start_ns = 5'000}});
  auto q = query();
  const auto found = q.find({}, search_service("a"));
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->traces.size(), 2U);
  EXPECT_EQ(found->traces[0].id, (TraceId{0, 2}));
  EXPECT_EQ(found->traces[1].id, (TraceId{0, 1}));
  EXPECT_EQ(found->traces[1].spans.size(), 2U);
}

TEST_F(TraceQueryTest, FindRefusesLimitsOutsideTheirRange) {
  auto q = query({.traces_limit = 10});
  for (const std::uint32_t limit : {0U, 11U}) {
    const auto found = q.find({}, search_service("a", limit));
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(found.error().message.find("query.max_traces"), std::string::npos);
  }
}

TEST_F(TraceQueryTest, ReadLeavesOutUnknownIds) {
  store({{.trace = 1, .span = 1}});
  auto q = query();
  const std::vector<TraceId> ids = {{0, 5}, {0, 1}};
  const auto set = q.read({}, ids);
  ASSERT_TRUE(set);
  ASSERT_EQ(set->traces.size(), 1U);
  EXPECT_EQ(set->traces[0].id, (TraceId{0, 1}));
}

TEST_F(TraceQueryTest, SpansBeyondTheLimitAreLeftOutWithAWarning) {
  store({{.trace = 1, .span = 1}, {.trace = 1, .span = 2}, {.trace = 1, .span = 3}});
  auto q = query({.spans_limit = 2});
  const std::vector<TraceId> ids = {{0, 1}};
  const auto set = q.read({}, ids);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->spans(), 2U);
  ASSERT_EQ(set->warnings.size(), 1U);
  EXPECT_EQ(q.probe().truncated.value(), 1U);
}

TEST_F(TraceQueryTest, MemoryLimitIsAnErrorThatNamesIt) {
  store({{.trace = 1, .span = 1}});
  auto q = query({.memory_limit_bytes = 64});
  const std::vector<TraceId> ids = {{0, 1}};
  const auto set = q.read({}, ids);
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(set.error().message.find("query.memory"), std::string::npos);
  EXPECT_EQ(q.probe().over_memory.value(), 1U);
}

TEST_F(TraceQueryTest, ProcessBudgetGetsEverythingBack) {
  store({{.trace = 1, .span = 1}});
  MemoryBudget process("process", 1'000'000'000);
  auto q = query({}, &process);
  {
    const auto found = q.find({}, search_service("frontend"));
    ASSERT_TRUE(found);
    EXPECT_GT(process.used_bytes(), 0U);
  }
  ASSERT_TRUE(q.dependencies({}, {}));
  EXPECT_EQ(process.used_bytes(), 0U);
}

TEST_F(TraceQueryTest, CancelledCallersGetNoAnswer) {
  store({{.trace = 1, .span = 1}});
  CancelSource source;
  source.cancel();
  auto q = query();
  const QueryCaller gone{.tenant = {}, .cancel = source.token()};
  const std::vector<TraceId> ids = {{0, 1}};
  EXPECT_EQ(q.read(gone, ids).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(q.services(gone).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(q.dependencies(gone, {}).error().code, ErrorCode::kCancelled);
  EXPECT_EQ(q.probe().cancelled.value(), 3U);
}

TEST_F(TraceQueryTest, TimeLimitIsADeadline) {
  store({{.trace = 1, .span = 1}});
  auto q = query({.timeout_ns = 0});
  const std::vector<TraceId> ids = {{0, 1}};
  EXPECT_EQ(q.read({}, ids).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(q.probe().deadline_exceeded.value(), 1U);
}

TEST_F(TraceQueryTest, TenantsSeeOnlyTheirOwn) {
  store({{.trace = 1, .span = 1, .service = "mine"}});
  store({{.trace = 1, .span = 2, .service = "theirs"}}, "other");
  auto q = query();
  EXPECT_EQ(q.services({})->names, std::vector<std::string>{"mine"});
  const std::vector<TraceId> ids = {{0, 1}};
  EXPECT_EQ(q.read({.tenant = {"other"}, .cancel = {}}, ids)->traces.at(0).spans.span_ids[0],
            SpanId{2});
}

TEST_F(TraceQueryTest, ServicesAreSortedAndDistinct) {
  store({{.span = 1, .service = "b"}, {.span = 2, .service = "a"}, {.span = 3, .service = "b"}});
  auto q = query();
  EXPECT_EQ(q.services({})->names, (std::vector<std::string>{"a", "b"}));
}

TEST_F(TraceQueryTest, OperationsCarryTheirKinds) {
  store({{.span = 1, .service = "a", .name = "get", .kind = SpanKind::kServer},
         {.span = 2, .service = "a", .name = "get", .kind = SpanKind::kClient},
         {.span = 3, .service = "a", .name = "add", .kind = SpanKind::kServer},
         {.span = 4, .service = "b", .name = "other", .kind = SpanKind::kServer}});
  auto q = query();
  const auto all = q.operations({}, "a", std::nullopt);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->operations, (std::vector<Operation>{{"add", SpanKind::kServer},
                                                     {"get", SpanKind::kServer},
                                                     {"get", SpanKind::kClient}}));
  const auto servers = q.operations({}, "a", SpanKind::kServer);
  ASSERT_TRUE(servers);
  EXPECT_EQ(servers->operations,
            (std::vector<Operation>{{"add", SpanKind::kServer}, {"get", SpanKind::kServer}}));
}

TEST_F(TraceQueryTest, DependenciesCountSpansOfTheRangeOnly) {
  store({{.trace = 1, .span = 1, .service = "a", .start_ns = 1'000},
         {.trace = 1, .span = 2, .parent = 1, .service = "b", .start_ns = 1'010},
         {.trace = 2, .span = 3, .service = "a", .start_ns = 9'000},
         {.trace = 2, .span = 4, .parent = 3, .service = "b", .start_ns = 9'010}});
  auto q = query();
  const auto all = q.dependencies({}, {});
  ASSERT_TRUE(all);
  ASSERT_EQ(all->links.size(), 1U);
  EXPECT_EQ(all->links[0].calls, 2U);
  const auto early = q.dependencies({}, {.begin_unix_ns = 0, .end_unix_ns = 5'000});
  ASSERT_TRUE(early);
  ASSERT_EQ(early->links.size(), 1U);
  EXPECT_EQ(early->links[0].calls, 1U);
}

TEST_F(TraceQueryTest, DependenciesOverTheMemoryLimitAreMarkedIncomplete) {
  store({{.trace = 1, .span = 1, .service = "a"},
         {.trace = 1, .span = 2, .parent = 1, .service = "b"}});
  auto q = query({.memory_limit_bytes = 1'000'000});
  const auto graph = q.dependencies({}, {});
  ASSERT_TRUE(graph) << graph.error().message;
  EXPECT_FALSE(graph->complete);
  ASSERT_EQ(graph->warnings.size(), 1U);
}

}  // namespace
}  // namespace binnacle
