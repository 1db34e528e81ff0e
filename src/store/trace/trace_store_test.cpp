#include "store/trace/trace_store.h"

#include "io/file/fault_file_system.h"
#include "store/trace/removals.h"
#include "tests/conformance/span_samples.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

// What is this engine's own: parts, merging, retention, limits, background work. What every engine
// does is in tests/conformance, faults are in trace_crash_test.cpp.

namespace binnacle {
namespace {

using conformance::batch_of;

class TraceStoreTest : public ::testing::Test {
 protected:
  TraceStoreTest() {
    EXPECT_TRUE(fs_.make_directory("/data"));
    options_.directory = "/data/spans";
    options_.scheduler.threads = 0;
    options_.reserve = {.reserve_bytes = 0, .hysteresis_bytes = 0, .refresh_ns = 0};
  }
  void open() {
    store_.reset();
    auto opened = open_trace_store(fs_, clock_, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  Status append(SpanBatch batch) {
    std::promise<Status> done;
    store_->append({}, std::move(batch), [&](Result<AppendResult> r) {
      done.set_value(r ? Status() : std::unexpected(r.error()));
    });
    return done.get_future().get();
  }
  Status remove(std::vector<TraceId> ids) {
    std::promise<Status> done;
    store_->remove({}, std::move(ids), [&](Status s) { done.set_value(std::move(s)); });
    return done.get_future().get();
  }
  std::uint64_t counter(std::string_view name, std::string_view label = {}) {
    for (const Descriptor& d : store_->describe()) {
      if (d.name == name && d.labels.find(label) != std::string::npos) return d.counter->value();
    }
    ADD_FAILURE() << "no counter " << name;
    return 0;
  }
  std::size_t spans_seen() {
    auto cursor = store_->scan({}, {});
    SpanBatch batch;
    std::size_t n = 0;
    while ((*cursor)->next(batch).value_or(false)) n += batch.size();
    return n;
  }

  FaultFileSystem fs_{1};
  ManualClock clock_{1'700'000'000'000'000'000, 1};
  TraceStoreOptions options_;
  std::unique_ptr<TraceStore> store_;
};

TEST_F(TraceStoreTest, FlushMovesSpansFromLogToPart) {
  open();
  ASSERT_TRUE(append(batch_of({{1, 1}, {1, 2}})));
  open();
  EXPECT_EQ(counter("binnacle_span_store_replayed_spans_total"), 2U);
  ASSERT_TRUE(store_->flush());
  EXPECT_EQ(store_->stats().parts, 1U);
  EXPECT_EQ(spans_seen(), 2U);
  open();
  EXPECT_EQ(counter("binnacle_span_store_replayed_spans_total"), 0U) << "they left the log";
  EXPECT_EQ(spans_seen(), 2U);
  ASSERT_TRUE(store_->flush());
  EXPECT_EQ(store_->stats().parts, 1U) << "nothing new, nothing written";
}

TEST_F(TraceStoreTest, MergingJoinsPartsAndDropsDuplicatesAndRemovedTraces) {
  open();
  for (std::uint64_t n = 0; n < 5; ++n) {
    ASSERT_TRUE(append(batch_of({{1, 1}, {2, 10 + n}, {3, 100 + n}})));
    ASSERT_TRUE(store_->flush());
  }
  ASSERT_TRUE(remove({TraceId{7, 2}}));
  EXPECT_EQ(spans_seen(), 6U);
  EXPECT_EQ(store_->stats().spans, 15U) << "still stored";
  ASSERT_TRUE(store_->merge_all());
  EXPECT_EQ(store_->stats().parts, 1U);
  EXPECT_EQ(store_->stats().spans, 6U) << "gone from disk";
  EXPECT_EQ(spans_seen(), 6U);
}

TEST_F(TraceStoreTest, AMergeThatLeavesNothingLeavesNoPart) {
  open();
  for (std::uint64_t n = 0; n < 2; ++n) {
    ASSERT_TRUE(append(batch_of({{1, 1 + n}})));
    ASSERT_TRUE(store_->flush());
  }
  ASSERT_TRUE(remove({TraceId{7, 1}}));
  ASSERT_TRUE(store_->merge_all());
  EXPECT_EQ(store_->stats().parts, 0U);
  EXPECT_EQ(spans_seen(), 0U);
}

TEST_F(TraceStoreTest, RemovalsOutliveTheLogAsLongAsTheyHideSomething) {
  open();
  ASSERT_TRUE(append(batch_of({{1, 1}, {2, 2}})));
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(remove({TraceId{7, 1}}));
  ASSERT_TRUE(append(batch_of({{3, 3}})));
  ASSERT_TRUE(store_->flush());  // the removal's log record goes
  open();
  EXPECT_EQ(spans_seen(), 2U);
  ASSERT_TRUE(append(batch_of({{1, 1}})));  // the same span, sent again after its removal
  EXPECT_EQ(spans_seen(), 3U);
  ASSERT_TRUE(store_->flush());
  open();
  EXPECT_EQ(spans_seen(), 3U);
}

TEST_F(TraceStoreTest, RetentionCountsFromArrivalNotFromTheSpansTime) {
  options_.retention_ns = 3600 * kNanosPerSecond;
  open();
  ASSERT_TRUE(append(batch_of({{1, 1, 5}})));  // imported history: 1970
  ASSERT_TRUE(store_->flush());
  clock_.advance_ns(1800 * kNanosPerSecond);
  ASSERT_TRUE(append(batch_of({{2, 2}})));
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(store_->expire());
  EXPECT_EQ(spans_seen(), 2U);
  clock_.advance_ns(1801 * kNanosPerSecond);
  open();  // arrival is remembered across restarts
  ASSERT_TRUE(store_->expire());
  EXPECT_EQ(spans_seen(), 1U);
  ASSERT_TRUE(append(batch_of({{3, 3}})));
  clock_.advance_ns(1800 * kNanosPerSecond);
  ASSERT_TRUE(store_->expire());
  EXPECT_EQ(spans_seen(), 1U);
}

TEST_F(TraceStoreTest, RetentionBySizeDeletesTheOldestParts) {
  open();
  for (std::uint64_t n = 1; n <= 4; ++n) {
    ASSERT_TRUE(append(batch_of({{n, n}})));
    ASSERT_TRUE(store_->flush());
    clock_.advance_ns(kNanosPerSecond);
  }
  const SpanStoreStats stats = store_->stats();
  options_.retention_bytes = (stats.disk_bytes - stats.log_bytes) / 2 + 1;
  open();
  ASSERT_TRUE(store_->expire());
  const SpanStoreStats after = store_->stats();
  EXPECT_LE(after.disk_bytes - after.log_bytes, options_.retention_bytes);
  EXPECT_LT(after.parts, 4U);
  const auto stored = [&](std::uint64_t trace) {
    const TraceId id{7, trace};
    auto cursor = store_->read_traces({}, {&id, 1});
    SpanBatch batch;
    return *(*cursor)->next(batch);
  };
  EXPECT_FALSE(stored(1));
  EXPECT_TRUE(stored(4));
}

TEST_F(TraceStoreTest, MergingKeepsWhatLeavesAtDifferentTimesApart) {
  options_.retention_ns = 1000 * kNanosPerSecond;
  open();
  for (std::uint64_t n = 1; n <= 3; ++n) {
    ASSERT_TRUE(append(batch_of({{n, n}})));
    ASSERT_TRUE(store_->flush());
    clock_.advance_ns(200 * kNanosPerSecond);
  }
  ASSERT_TRUE(store_->merge_all());
  EXPECT_EQ(store_->stats().parts, 3U) << "a part may be late by a tenth of the retention time";
}

TEST_F(TraceStoreTest, AFullHeadRefusesWithARetryTime) {
  options_.head_limit_bytes = 100'000;
  open();
  Status status;
  std::uint64_t accepted = 0;
  while (status && accepted < 1'000) {
    status = append(batch_of({{1, ++accepted}}));
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted);
  EXPECT_GT(status.error().retry_after_ns, 0);
  ASSERT_TRUE(store_->flush());
  EXPECT_TRUE(append(batch_of({{1, 5'000}})));
}

TEST_F(TraceStoreTest, RemovalsAreBounded) {
  options_.removals_limit = 3;
  open();
  ASSERT_TRUE(append(batch_of({{1, 1}})));
  ASSERT_TRUE(remove({TraceId{7, 1}, TraceId{7, 2}, TraceId{7, 3}}));
  EXPECT_EQ(remove({TraceId{7, 4}}).error().code, ErrorCode::kResourceExhausted);
  ASSERT_TRUE(store_->flush());  // applies them
  EXPECT_TRUE(remove({TraceId{7, 4}}));
}

TEST_F(TraceStoreTest, RemovalsAloneAreFlushedBeforeTheyReachTheirLimit) {
  options_.scheduler.threads = 1;
  options_.scheduler.poll_ns = 1'000'000;
  options_.removals_limit = 100;
  open();
  for (std::uint64_t n = 0; n < 1'000; ++n) {
    Status status = remove({TraceId{7, n}});
    while (!status && status.error().code == ErrorCode::kResourceExhausted) {
      std::this_thread::yield();  // until the background flush has caught up
      status = remove({TraceId{7, n}});
    }
    ASSERT_TRUE(status) << status.error().message;
  }
}

TEST_F(TraceStoreTest, CursorsReadPartsThatWereMergedAway) {
  open();
  for (std::uint64_t n = 0; n < 3; ++n) {
    ASSERT_TRUE(append(batch_of({{1 + n, 1 + n}})));
    ASSERT_TRUE(store_->flush());
  }
  auto cursor = store_->scan({}, {});
  ASSERT_TRUE(cursor);
  ASSERT_TRUE(store_->merge_all());
  SpanBatch batch;
  std::size_t seen = 0;
  for (;;) {
    const auto more = (*cursor)->next(batch);
    ASSERT_TRUE(more) << more.error().message;
    if (!*more) break;
    seen += batch.size();
  }
  EXPECT_EQ(seen, 3U);
  EXPECT_TRUE((*cursor)->warnings().empty());
}

TEST_F(TraceStoreTest, BackgroundWorkFlushesAndMergesByItself) {
  options_.scheduler.threads = 2;
  options_.flush_bytes = 200'000;
  open();
  std::uint64_t sent = 0;
  for (std::uint64_t n = 0; n < 400; ++n) {
    std::vector<conformance::Identity> spans;
    for (std::uint64_t s = 0; s < 20; ++s) spans.push_back({n, ++sent});
    Status status = append(batch_of(spans));
    ASSERT_TRUE(status) << status.error().message;
  }
  EXPECT_EQ(spans_seen(), sent);
  ASSERT_TRUE(store_->flush());
  EXPECT_EQ(spans_seen(), sent);
  const SpanStoreStats stats = store_->stats();
  EXPECT_EQ(stats.spans, sent);
  EXPECT_GT(stats.parts, 0U);
  options_.scheduler.threads = 0;
  open();
  EXPECT_EQ(spans_seen(), sent);
}

TEST_F(TraceStoreTest, SearchesSkipRowGroupsThatCannotMatch) {
  open();
  ASSERT_TRUE(append(batch_of({{1, 1}, {2, 2}, {3, 3}})));
  ASSERT_TRUE(store_->flush());
  TraceSearch search;
  search.selection.predicate.require(
      {{FieldKind::kServiceName, ""}, CompareOp::kEq, std::string("no such service")});
  ASSERT_TRUE(store_->find_traces({}, search));
  constexpr std::string_view kGroups = "binnacle_span_store_row_groups_total";
  EXPECT_EQ(counter(kGroups, "pruned"), 1U);
  EXPECT_EQ(counter(kGroups, "read"), 0U);
}

TEST(Removals, RememberTheLatestAndSurviveEncoding) {
  trace::Removals removals;
  for (std::uint64_t n = 1; n <= 100; ++n) {
    removals.add({{5, TraceId{0, n % 10}}}, n);
  }
  EXPECT_EQ(removals.hidden_before({5, TraceId{0, 3}}), 93U);
  EXPECT_EQ(removals.hidden_before({6, TraceId{0, 3}}), 0U);
  const auto back = trace::Removals::decode(trace::Removals::encode(removals.all()));
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, removals.all());
  const std::string bytes = trace::Removals::encode(removals.all());
  for (std::size_t n = 1; n < bytes.size(); ++n) {
    EXPECT_FALSE(trace::Removals::decode(std::string_view(bytes).substr(0, n)));
  }
}

}  // namespace
}  // namespace binnacle
