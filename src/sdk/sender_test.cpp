#include "sdk/sender.h"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

namespace binnacle::sdk {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

/// Answers with what the test has put in line; then with success.
class ScriptedExporter final : public BatchExporter {
 public:
  void start(const EncodedBatch&) override { ++starts; }
  std::optional<ExportResult> poll() override {
    if (is_stuck) return std::nullopt;
    if (script.empty()) return ExportResult{};
    ExportResult result = script.front();
    script.pop_front();
    return result;
  }
  void cancel() noexcept override { ++cancels; }

  std::deque<ExportResult> script;
  bool is_stuck = false;
  int starts = 0;
  int cancels = 0;
};

EncodedBatch batch_of(std::size_t spans, std::size_t bytes = 100) {
  EncodedBatch batch;
  std::memset(batch.bytes.reserve(bytes), 'x', bytes);
  batch.bytes.advance(bytes);
  batch.items = spans;
  return batch;
}

class SenderTest : public testing::Test {
 protected:
  Sender make(double random = 1.0) {
    return Sender(
        exporter, limits, counters, [random] { return random; },
        [this](std::string_view warning) { warnings.emplace_back(warning); });
  }
  static ExportResult retry(std::int64_t after_ms = 0) {
    return {.outcome = ExportOutcome::kRetry, .retry_after_ms = after_ms, .message = "away"};
  }

  ScriptedExporter exporter;
  SenderLimits limits;
  DestinationCounters counters;
  SignalCounters& traces = counters.of(Signal::kTraces);
  std::vector<std::string> warnings;
};

TEST_F(SenderTest, BacksOffExponentiallyUpToItsLimit) {
  limits.retry_limit_ns = 1000 * kSecond;
  Sender sender = make();
  sender.enqueue(batch_of(1));
  for (int i = 0; i < 9; ++i) exporter.script.push_back(retry());
  std::vector<std::int64_t> waits;
  std::int64_t now = 0;
  while (!sender.is_idle()) {
    sender.drive(now);
    if (sender.is_idle()) break;
    waits.push_back((sender.next_event_ns() - now) / 1'000'000);
    now = sender.next_event_ns();
  }
  EXPECT_EQ(waits,
            (std::vector<std::int64_t>{500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000}));
  EXPECT_EQ(traces.exported, 1U);
  EXPECT_EQ(counters.retries, 9U);
  EXPECT_EQ(warnings.size(), 1U);  // not one per try
}

TEST_F(SenderTest, JitterIsUpToHalfTheWait) {
  Sender sender = make(0.0);
  sender.enqueue(batch_of(1));
  exporter.script.push_back(retry());
  sender.drive(0);
  EXPECT_EQ(sender.next_event_ns(), 250'000'000);
}

TEST_F(SenderTest, DropsWhatCannotBeDeliveredInTime) {
  limits.retry_limit_ns = 3 * kSecond;
  Sender sender = make();
  sender.enqueue(batch_of(7));
  for (int i = 0; i < 100; ++i) exporter.script.push_back(retry());
  std::int64_t now = 0;
  while (!sender.is_idle()) {
    sender.drive(now);
    now += kSecond / 10;
    ASSERT_LT(now, 10 * kSecond);
  }
  EXPECT_EQ(traces.dropped_export_failed, 7U);
}

TEST_F(SenderTest, TheCollectorsWishIsNotHurried) {
  Sender sender = make();
  sender.enqueue(batch_of(1));
  exporter.script = {retry(), retry(5000)};
  sender.drive(0);
  sender.hurry();
  sender.drive(1);  // at once, despite the backoff
  EXPECT_EQ(exporter.starts, 2);
  sender.hurry();
  sender.drive(2);
  EXPECT_EQ(exporter.starts, 2);
  sender.drive(6 * kSecond);
  EXPECT_TRUE(sender.is_idle());
}

TEST_F(SenderTest, AFullQueueRefusesTheNewest) {
  limits.queue_bytes = 250;
  exporter.is_stuck = true;
  Sender sender = make();
  EXPECT_TRUE(sender.enqueue(batch_of(1)));
  EXPECT_TRUE(sender.enqueue(batch_of(2)));
  EXPECT_FALSE(sender.enqueue(batch_of(4)));
  EXPECT_EQ(traces.dropped_queue_full, 4U);
  sender.drive(0);
  sender.abandon();
  EXPECT_EQ(exporter.cancels, 1);
  EXPECT_EQ(traces.dropped_at_shutdown, 3U);
  EXPECT_EQ(counters.queued_bytes, 0U);
}

TEST_F(SenderTest, ARefusedBatchDoesNotHoldUpTheNext) {
  Sender sender = make();
  sender.enqueue(batch_of(1));
  sender.enqueue(batch_of(2));
  exporter.script = {{.outcome = ExportOutcome::kRefused, .message = "no"}};
  sender.drive(0);
  EXPECT_TRUE(sender.is_idle());
  EXPECT_EQ(traces.dropped_export_failed, 1U);
  EXPECT_EQ(traces.exported, 2U);
}

TEST_F(SenderTest, APartialSuccessThatRejectsMoreThanWasSentIsALie) {
  Sender sender = make();
  sender.enqueue(batch_of(3));
  exporter.script = {{.rejected_items = 1'000'000, .message = "all of them"}};
  sender.drive(0);
  EXPECT_EQ(traces.dropped_rejected, 3U);
  EXPECT_EQ(traces.exported, 0U);
}

TEST_F(SenderTest, LeavesASignalAloneThatTheReceiverDoesNotKnow) {
  Sender sender = make();
  const auto batch = [](Signal signal) {
    EncodedBatch made = batch_of(2);
    made.signal = signal;
    return made;
  };
  const ExportResult unknown{
      .outcome = ExportOutcome::kRefused, .is_unsupported = true, .message = "404"};
  exporter.script = {unknown};
  sender.enqueue(batch(Signal::kLogs));
  sender.enqueue(batch(Signal::kLogs));  // was there before the answer
  sender.drive(kSecond);
  EXPECT_EQ(exporter.starts, 1);
  EXPECT_TRUE(sender.is_idle());
  EXPECT_FALSE(sender.enqueue(batch(Signal::kLogs)));
  EXPECT_EQ(counters.of(Signal::kLogs).dropped_unsupported, 6U);
  EXPECT_EQ(counters.of(Signal::kLogs).inflight, 0U);
  EXPECT_EQ(counters.losses(), 0U);  // nothing that anybody could have taken

  sender.enqueue(batch(Signal::kTraces));
  sender.drive(2 * kSecond);
  EXPECT_EQ(traces.exported, 2U);
  EXPECT_TRUE(sender.is_paused(Signal::kLogs));
  EXPECT_FALSE(sender.is_paused(Signal::kMetrics));

  // After the pause it is asked again, and warned of no more.
  exporter.script = {unknown};
  sender.drive(kSecond + Sender::kUnsupportedPauseNs);
  EXPECT_TRUE(sender.enqueue(batch(Signal::kLogs)));
  sender.drive(kSecond + Sender::kUnsupportedPauseNs);
  EXPECT_EQ(exporter.starts, 3);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("OTEL_LOGS_EXPORTER=none"), std::string::npos) << warnings[0];
}

TEST_F(SenderTest, MetricsHaveADeadlineOfTheirOwn) {
  limits.metrics_limit_ns = 3 * kSecond;
  Sender sender = make();
  EncodedBatch metrics = batch_of(4);
  metrics.signal = Signal::kMetrics;
  exporter.is_stuck = true;
  sender.enqueue(std::move(metrics));
  sender.enqueue(batch_of(1));
  sender.drive(0);
  EXPECT_EQ(sender.next_event_ns(), 3 * kSecond);
  EXPECT_EQ(counters.of(Signal::kMetrics).inflight, 4U);
  sender.drive(3 * kSecond - 1);
  EXPECT_EQ(exporter.cancels, 0);
  exporter.is_stuck = true;
  sender.drive(3 * kSecond);
  EXPECT_EQ(exporter.cancels, 1);
  EXPECT_EQ(counters.of(Signal::kMetrics).dropped_export_failed, 4U);
  EXPECT_EQ(counters.of(Signal::kMetrics).inflight, 0U);
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("OTEL_METRIC_EXPORT_TIMEOUT"), std::string::npos) << warnings[0];
  // What is not metrics is not hurried, and does not wait for them either.
  EXPECT_EQ(exporter.starts, 2);
  sender.drive(30 * kSecond);
  EXPECT_EQ(exporter.cancels, 1);
  exporter.is_stuck = false;
  sender.drive(31 * kSecond);
  EXPECT_EQ(traces.exported, 1U);
}

TEST_F(SenderTest, MetricsAreNotRepeatedPastTheirDeadline) {
  limits.metrics_limit_ns = 3 * kSecond;
  Sender sender = make();
  EncodedBatch metrics = batch_of(4);
  metrics.signal = Signal::kMetrics;
  sender.enqueue(std::move(metrics));
  for (int i = 0; i < 100; ++i) exporter.script.push_back(retry());
  for (std::int64_t now = 0; !sender.is_idle(); now += kSecond / 10) {
    ASSERT_LT(now, 4 * kSecond);
    sender.drive(now);
  }
  EXPECT_EQ(counters.of(Signal::kMetrics).dropped_export_failed, 4U);
}

TEST_F(SenderTest, GoesOnTryingTracesWhateverTheAnswer) {
  Sender sender = make();
  exporter.script = {
      {.outcome = ExportOutcome::kRefused, .is_unsupported = true, .message = "404"}};
  sender.enqueue(batch_of(1));
  sender.drive(kSecond);
  EXPECT_FALSE(sender.is_paused(Signal::kTraces));
  EXPECT_TRUE(sender.enqueue(batch_of(1)));
  sender.drive(kSecond);
  EXPECT_EQ(traces.exported, 1U);
}

class SpoolingSenderTest : public SenderTest {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/sender_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Sender make_spooling() {
    return Sender(
        exporter, limits, counters, [] { return 1.0; },
        [this](std::string_view warning) { warnings.emplace_back(warning); },
        Spool::open(directory_, 1 << 20));
  }
  static void drive_until_idle(Sender& sender, std::int64_t& now) {
    while (!sender.is_idle()) {
      sender.drive(now);
      now += kSecond / 10;
    }
  }

  std::string directory_;
};

TEST_F(SpoolingSenderTest, WhatCannotBeDeliveredInTimeIsSentOnceTheCollectorIsBack) {
  limits.retry_limit_ns = 3 * kSecond;
  Sender sender = make_spooling();
  sender.enqueue(batch_of(7));
  exporter.script.assign(4, retry());
  std::int64_t now = 0;
  drive_until_idle(sender, now);
  EXPECT_EQ(traces.spooled, 7U);
  EXPECT_EQ(traces.dropped_export_failed, 0U);
  EXPECT_EQ(traces.exported, 0U);
  EXPECT_LT(sender.next_event_ns(), now + 40 * kSecond);  // it will come back to it by itself
  exporter.script.clear();
  now = std::max(now, sender.next_event_ns());
  sender.drive(now);
  drive_until_idle(sender, now);
  EXPECT_EQ(traces.exported, 7U);
}

TEST_F(SpoolingSenderTest, WhatIsLeftAtTheEndIsSentByTheNextRun) {
  {
    Sender sender = make_spooling();
    exporter.is_stuck = true;
    sender.enqueue(batch_of(2));
    sender.enqueue(batch_of(3));
    sender.drive(0);
    sender.begin_stop();
    sender.abandon();
    EXPECT_EQ(traces.spooled, 5U);
    EXPECT_EQ(traces.dropped_at_shutdown, 0U);
  }
  exporter.is_stuck = false;
  Sender sender = make_spooling();
  sender.drive(0);
  EXPECT_EQ(traces.exported, 5U);
  EXPECT_EQ(Spool::open(directory_, 1 << 20)->is_empty(), true);
}

TEST_F(SpoolingSenderTest, NewBatchesComeBeforeSpooledOnes) {
  {
    Sender sender = make_spooling();
    sender.enqueue(batch_of(2));
    sender.abandon();
  }
  exporter.script = {retry(), retry(60'000)};
  Sender sender = make_spooling();
  sender.drive(0);  // tries the spooled one, which fails
  EXPECT_EQ(exporter.starts, 1);
  EXPECT_TRUE(sender.is_idle());
  exporter.script.clear();
  sender.enqueue(batch_of(5));
  sender.drive(1);
  EXPECT_EQ(traces.exported, 7U);  // the new one at once, and then the old one
}

TEST_F(SpoolingSenderTest, WhatDoesNotFitTheQueueIsSpooled) {
  limits.queue_bytes = 150;
  exporter.is_stuck = true;
  Sender sender = make_spooling();
  EXPECT_TRUE(sender.enqueue(batch_of(1)));
  EXPECT_TRUE(sender.enqueue(batch_of(2)));
  EXPECT_FALSE(sender.is_full());
  EXPECT_EQ(traces.spooled, 2U);
  EXPECT_EQ(traces.dropped_queue_full, 0U);
}

TEST_F(SpoolingSenderTest, WhatIsRefusedIsNotKept) {
  Sender sender = make_spooling();
  sender.enqueue(batch_of(1));
  exporter.script = {{.outcome = ExportOutcome::kRefused, .message = "no"}};
  sender.drive(0);
  EXPECT_EQ(traces.dropped_export_failed, 1U);
  EXPECT_EQ(traces.spooled, 0U);
}

}  // namespace
}  // namespace binnacle::sdk
