#include "ingest/span_ingest.h"

#include "store/faulty_span_store_for_test.h"
#include "store/memory/memory_span_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace binnacle {
namespace {

/// `spans` spans with one attribute each, in one trace.
SpanBatch make_batch(std::size_t spans, const std::string& value = "v") {
  SpanBatch batch;
  const std::uint32_t resource = batch.add_resource(0);
  const std::uint32_t scope = batch.add_scope(0, {}, {});
  for (std::size_t i = 0; i < spans; ++i) {
    batch.attributes.emplace_back(batch.strings.intern("key"),
                                  Value::of_string(batch.strings.intern(value)));
    SpanRow row;
    row.trace_id = {1, 2};
    row.span_id = {i + 1};
    row.start_unix_ns = 1000;
    row.end_unix_ns = 500;  // ends before it starts: kept as sent
    row.name = batch.strings.intern("op");
    row.resource = resource;
    row.scope = scope;
    batch.append(row);
  }
  return batch;
}

class SpanIngestTest : public ::testing::Test {
 protected:
  Result<IngestOutcome> send(SpanIngest& ingest, SpanBatch batch, std::uint64_t rejected = 0) {
    Result<IngestTicket> ticket = ingest.admit(SpanSource::kOtlpGrpc, 100);
    if (!ticket) return std::unexpected(ticket.error());
    std::optional<Result<IngestOutcome>> outcome;
    ingest.append({}, *std::move(ticket),
                  {.batch = std::move(batch), .rejected = rejected, .rejected_reason = "bad id"},
                  [&](Result<IngestOutcome> result) { outcome = std::move(result); });
    EXPECT_TRUE(outcome.has_value());
    return *outcome;
  }
  /// The stored spans of the trace that make_batch makes.
  SpanBatch stored() {
    const TraceId id{1, 2};
    auto cursor = memory_->read_traces({}, {&id, 1});
    SpanBatch batch;
    EXPECT_TRUE(cursor && (*cursor)->next(batch));
    return batch;
  }

  ManualClock clock_{1'000'000};
  std::unique_ptr<SpanStore> memory_ = make_memory_span_store(clock_);
  FaultySpanStore store_{*memory_};
};

TEST_F(SpanIngestTest, AcceptsCountsAndChangesNothing) {
  SpanIngest ingest(store_, {}, clock_);
  const auto outcome = send(ingest, make_batch(3), 2);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->accepted, 3U);
  EXPECT_EQ(outcome->rejected, 2U);
  EXPECT_EQ(outcome->rejected_reason, "bad id");
  const SpanBatch spans = stored();
  EXPECT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans.start_unix_ns[0], 1000U);
  EXPECT_EQ(spans.end_unix_ns[0], 500U);
  const auto& counters = ingest.probe().sources[static_cast<std::size_t>(SpanSource::kOtlpGrpc)];
  EXPECT_EQ(counters.spans_received.value(), 5U);
  EXPECT_EQ(counters.spans_accepted.value(), 3U);
  EXPECT_EQ(counters.rejected_malformed.value(), 2U);
  EXPECT_EQ(ingest.probe().requests_in_flight.value(), 0);
  EXPECT_EQ(ingest.probe().bytes_in_flight.value(), 0);
}

TEST_F(SpanIngestTest, EmptyRequestNeedsNoStore) {
  SpanIngest ingest(store_, {}, clock_);
  store_.refuse_with(Error{ErrorCode::kUnavailable, "disk full"});
  EXPECT_TRUE(send(ingest, SpanBatch()));
}

TEST_F(SpanIngestTest, TooManySpansAreRefusedAsAWhole) {
  SpanIngest ingest(store_, {.spans_per_request = 2}, clock_);
  const auto outcome = send(ingest, make_batch(3));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(outcome.error().message.find("3 spans, the limit is 2"), std::string::npos);
  EXPECT_EQ(memory_->stats().spans, 0U);
  EXPECT_TRUE(send(ingest, make_batch(2)));
}

TEST_F(SpanIngestTest, BytesInFlightAreBoundedUntilTheStoreAnswers) {
  SpanIngest ingest(store_, {.in_flight_limit_bytes = 50'000}, clock_);
  store_.hold();
  std::vector<Result<IngestOutcome>> outcomes;
  const auto post = [&]() -> Status {
    auto ticket = ingest.admit(SpanSource::kOtlpHttp, 30'000);
    if (!ticket) return std::unexpected(ticket.error());
    ingest.append({}, *std::move(ticket), {.batch = make_batch(1)},
                  [&](Result<IngestOutcome> result) { outcomes.push_back(std::move(result)); });
    return {};
  };
  ASSERT_TRUE(post());
  const Status refused = post();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(refused.error().retry_after_ns, kNanosPerSecond);
  EXPECT_TRUE(outcomes.empty());
  store_.release();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_TRUE(outcomes[0]);
  EXPECT_TRUE(post());
}

TEST_F(SpanIngestTest, RefusalsOfTheStoreAlwaysSayWhenToRetry) {
  SpanIngest ingest(store_, {}, clock_);
  store_.refuse_with(Error{ErrorCode::kUnavailable, "disk full", 5 * kNanosPerSecond});
  EXPECT_EQ(send(ingest, make_batch(1)).error().retry_after_ns, 5 * kNanosPerSecond);
  store_.refuse_with(Error{ErrorCode::kResourceExhausted, "queue full", 0});
  EXPECT_EQ(send(ingest, make_batch(1)).error().retry_after_ns, kNanosPerSecond);
  const auto& counters = ingest.probe().sources[static_cast<std::size_t>(SpanSource::kOtlpGrpc)];
  EXPECT_EQ(counters.rejected_overload.value(), 2U);
  store_.refuse_with(Error{ErrorCode::kInternal, "fsync failed", 0});
  EXPECT_EQ(send(ingest, make_batch(1)).error().code, ErrorCode::kInternal);
  EXPECT_EQ(counters.rejected_failed.value(), 1U);
}

TEST_F(SpanIngestTest, RequestsWithoutADeadlineGetOne) {
  SpanIngest ingest(store_, {.append_timeout_ns = 7}, clock_);
  ASSERT_TRUE(send(ingest, make_batch(1)));
  EXPECT_EQ(store_.last_context().deadline_steady_ns, clock_.steady_now_ns() + 7);
}

TEST_F(SpanIngestTest, LongValuesAreCutAtACharacter) {
  SpanIngest ingest(store_, {.span_limits = {.value_bytes = 8}}, clock_);
  ASSERT_TRUE(send(ingest, make_batch(1, "1234567\xE4\xB8\x96")));
  const SpanBatch spans = stored();
  EXPECT_EQ(spans.strings[spans.attributes_of(0)[0].value().as_string()], "1234567");
  EXPECT_EQ(ingest.probe().values_truncated.value(), 1U);
}

TEST_F(SpanIngestTest, WhatIsOverALimitIsCutAndCountedInTheSpan) {
  SpanBatch batch = make_batch(0);
  const StringId key = batch.strings.intern("k");
  const StringId long_key = batch.strings.intern(std::string(20, 'k'));
  batch.attributes = {{long_key, Value::of_int(0)},
                      {key, Value::of_int(1)},
                      {key, Value::of_int(2)},
                      {key, Value::of_int(3)}};
  for (int i = 0; i < 3; ++i) {
    batch.event_attributes.assign(static_cast<std::size_t>(3 * (i + 1)), {key, Value::of_int(7)});
    batch.events.push_back({.time_unix_ns = 1,
                            .name = key,
                            .attributes_end = static_cast<std::uint32_t>(3 * (i + 1))});
    batch.links.emplace_back().span_id = {1};
  }
  SpanRow row;
  row.trace_id = {1, 2};
  row.span_id = {9};
  row.name = key;
  batch.append(row);
  ASSERT_TRUE(batch.validate());
  SpanIngest ingest(
      store_, {.span_limits = {.attributes = 2, .key_bytes = 10, .events = 2, .links = 1}}, clock_);
  ASSERT_TRUE(send(ingest, std::move(batch)));
  const SpanBatch spans = stored();
  ASSERT_TRUE(spans.validate());
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans.attributes_of(0).size(), 2U);
  EXPECT_EQ(spans.attributes_of(0)[0].value().as_int(), 1);
  EXPECT_EQ(spans.row(0).dropped_attributes, 2U);
  EXPECT_EQ(spans.events_of(0).size(), 2U);
  EXPECT_EQ(spans.row(0).dropped_events, 1U);
  EXPECT_EQ(spans.event_attributes_of(1).size(), 2U);
  EXPECT_EQ(spans.events_of(0)[1].dropped_attributes, 1U);
  EXPECT_EQ(spans.links_of(0).size(), 1U);
  EXPECT_EQ(spans.row(0).dropped_links, 2U);
  EXPECT_EQ(ingest.probe().attributes_dropped.value(), 4U);
}

TEST_F(SpanIngestTest, EveryCounterIsDescribedOnce) {
  SpanIngest ingest(store_, {}, clock_);
  std::vector<Descriptor> table;
  ingest.probe().describe(table);
  EXPECT_EQ(table.size(), 10 * kSpanSourceCount + 6);
  for (const Descriptor& d : table) EXPECT_NE(d.counter == nullptr, d.gauge == nullptr) << d.name;
}

}  // namespace
}  // namespace binnacle
