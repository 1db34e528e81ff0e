#include "query/trace/trace_assembly.h"

#include "query/trace/span_builder.h"
#include "tests/conformance/span_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace binnacle {
namespace {

using testing::make_batch;
using testing::TestSpan;

TraceSet assemble(const std::vector<TraceId>& ids, std::vector<SpanBatch> batches) {
  TraceAssembly assembly(ids, 1'000, nullptr);
  for (SpanBatch& batch : batches) EXPECT_TRUE(assembly.add(std::move(batch)));
  TraceSet out;
  EXPECT_TRUE(assembly.finish(out));
  for (const Trace& trace : out.traces) EXPECT_TRUE(trace.spans.validate());
  return out;
}

std::vector<SpanBatch> batches(const std::vector<std::vector<TestSpan>>& all) {
  std::vector<SpanBatch> out;
  for (const auto& spans : all) out.push_back(make_batch(spans));
  return out;
}

TEST(TraceAssembly, DealsSpansToTracesInTheOrderAsked) {
  const TraceSet set =
      assemble({{0, 7}, {0, 3}, {0, 5}},
               batches({{{.trace = 3, .span = 1}, {.trace = 7, .span = 2}, {.trace = 9, .span = 8}},
                        {{.trace = 7, .span = 3}}}));
  ASSERT_EQ(set.traces.size(), 2U);
  EXPECT_EQ(set.traces[0].id, (TraceId{0, 7}));
  EXPECT_EQ(set.traces[0].spans.size(), 2U);
  EXPECT_EQ(set.traces[1].id, (TraceId{0, 3}));
  EXPECT_EQ(set.spans(), 3U);
}

TEST(TraceAssembly, SpansAreInOrderOfTimeParentFirst) {
  const TraceSet set =
      assemble({{0, 1}}, batches({{{.span = 3, .parent = 1, .start_ns = 1'500},
                                   {.span = 2, .parent = 1, .start_ns = 1'000, .duration_ns = 10}},
                                  {{.span = 9, .start_ns = 1'000, .duration_ns = 900}}}));
  const SpanBatch& spans = set.traces.at(0).spans;
  EXPECT_EQ(spans.span_ids, (std::vector<SpanId>{{9}, {2}, {3}}));
}

TEST(TraceAssembly, EqualResourcesAndScopesOfSeveralBatchesBecomeOne) {
  const TraceSet set =
      assemble({{0, 1}}, batches({{{.span = 1, .service = "a"}, {.span = 2, .service = "a"}},
                                  {{.span = 3, .service = "a"}, {.span = 4, .service = "b"}}}));
  const SpanBatch& spans = set.traces.at(0).spans;
  EXPECT_EQ(spans.resources.size(), 2U);
  EXPECT_EQ(spans.scopes.size(), 1U);
  EXPECT_EQ(spans.shared_attributes.size(), 2U);
  EXPECT_EQ(spans.service_of(0), "a");
  EXPECT_EQ(spans.service_of(3), "b");
}

TEST(TraceAssembly, AttributesEventsAndLinksSurvive) {
  SpanBatch batch = make_batch({{.span = 1, .tags = {{"k", "first"}}}});
  StringTable& strings = batch.strings;
  batch.attributes.emplace_back(strings.intern("n"), Value::of_int(-5));
  batch.event_attributes.emplace_back(strings.intern("e"), Value::of_bool(true));
  batch.events.push_back(
      {.time_unix_ns = 42, .name = strings.intern("event"), .attributes_end = 1});
  batch.link_attributes.emplace_back(strings.intern("l"),
                                     Value::of_string(strings.intern("linked")));
  batch.links.push_back(
      {.trace_id = {1, 2}, .span_id = {3}, .trace_state = {}, .attributes_end = 1});
  batch.append({.trace_id = {0, 1}, .span_id = {2}, .start_unix_ns = 2'000, .resource = 0});

  std::vector<SpanBatch> in;
  in.push_back(make_batch({{.span = 7, .name = "fills the first numbers", .start_ns = 1}}));
  in.push_back(std::move(batch));
  const TraceSet set = assemble({{0, 1}}, std::move(in));
  const SpanBatch& spans = set.traces.at(0).spans;
  ASSERT_EQ(spans.size(), 3U);
  ASSERT_EQ(spans.attributes_of(1).size(), 1U);
  EXPECT_EQ(spans.strings[spans.attributes_of(1)[0].value().as_string()], "first");
  ASSERT_EQ(spans.attributes_of(2).size(), 1U);
  EXPECT_EQ(spans.attributes_of(2)[0].value().as_int(), -5);
  ASSERT_EQ(spans.events_of(2).size(), 1U);
  EXPECT_EQ(spans.strings[spans.events_of(2)[0].name], "event");
  const auto event_attributes = spans.event_attributes_of(spans.first_event(2));
  ASSERT_EQ(event_attributes.size(), 1U);
  EXPECT_TRUE(event_attributes[0].value().as_bool());
  ASSERT_EQ(spans.links_of(2).size(), 1U);
  EXPECT_EQ(spans.links_of(2)[0].span_id, SpanId{3});
  const auto link_attributes = spans.link_attributes_of(spans.first_link(2));
  ASSERT_EQ(link_attributes.size(), 1U);
  EXPECT_EQ(spans.strings[link_attributes[0].value().as_string()], "linked");
}

TEST(TraceAssembly, StopsAtTheSpanLimit) {
  const std::vector<TraceId> ids = {{0, 1}};
  TraceAssembly assembly(ids, 2, nullptr);
  const Result<bool> fits = assembly.add(make_batch({{.span = 1}, {.span = 2}}));
  ASSERT_TRUE(fits);
  EXPECT_TRUE(*fits) << "exactly the limit is not too much";
  const Result<bool> more = assembly.add(make_batch({{.span = 3}}));
  ASSERT_TRUE(more);
  EXPECT_FALSE(*more);
  TraceSet out;
  ASSERT_TRUE(assembly.finish(out));
  EXPECT_EQ(out.spans(), 2U);
}

// Whatever the spans hold, and however they lie in batches: what comes out is what went in.
TEST(TraceAssembly, RandomSpansSurviveWithAllTheyHold) {
  Random random(20'231'114);
  for (int round = 0; round < 30; ++round) {
    std::vector<SpanBatch> in;
    std::map<TraceId, std::vector<std::string>> expected;
    for (int b = 0; b < 4; ++b) {
      in.push_back(conformance::random_batch(random, 1 + random.below(60)));
      for (std::size_t i = 0; i < in.back().size(); ++i) {
        expected[in.back().trace_ids[i]].push_back(conformance::span_text(in.back(), i));
      }
    }
    std::vector<TraceId> ids;
    for (auto& [id, lines] : expected) {
      ids.push_back(id);
      std::ranges::sort(lines);
    }
    const TraceSet set = assemble(ids, std::move(in));
    ASSERT_EQ(set.traces.size(), ids.size());
    for (const Trace& trace : set.traces) {
      EXPECT_EQ(conformance::span_texts(trace.spans), expected[trace.id]);
      EXPECT_TRUE(std::ranges::is_sorted(trace.spans.start_unix_ns));
    }
  }
}

TEST(TraceAssembly, BudgetIsTakenAndGivenBack) {
  MemoryBudget budget("test", 1'000'000);
  const std::vector<TraceId> ids = {{0, 1}};
  {
    TraceAssembly assembly(ids, 100, &budget);
    ASSERT_TRUE(assembly.add(make_batch({{.span = 1}})));
    EXPECT_GT(budget.used_bytes(), 0U);
    TraceSet out;
    ASSERT_TRUE(assembly.finish(out));
    EXPECT_EQ(budget.used_bytes(), out.traces[0].spans.memory_bytes());
  }
  EXPECT_EQ(budget.used_bytes(), 0U);

  MemoryBudget small("test", 100);
  TraceAssembly refused(ids, 100, &small);
  const Result<bool> added = refused.add(make_batch({{.span = 1}}));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().code, ErrorCode::kResourceExhausted);
}

TEST(TraceAssembly, WarnsOfParentsThatAreNotThere) {
  TraceSet set = assemble({{0, 1}}, batches({{{.span = 1}, {.span = 2, .parent = 0xBEEF}}}));
  warn_of_missing_parents(set.traces[0]);
  ASSERT_EQ(set.traces[0].warnings.size(), 1U);
  EXPECT_EQ(set.traces[0].warnings[0],
            "1 of 2 spans name a parent that is not stored; the first is span 0000000000000002 "
            "with parent 000000000000beef");
}

TEST(TraceAssembly, CompleteTraceHasNoWarning) {
  TraceSet set = assemble({{0, 1}}, batches({{{.span = 1}, {.span = 2, .parent = 1}}}));
  warn_of_missing_parents(set.traces[0]);
  EXPECT_TRUE(set.traces[0].warnings.empty());
}

}  // namespace
}  // namespace binnacle
