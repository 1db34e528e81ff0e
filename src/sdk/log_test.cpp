#include "sdk/log_recording_for_test.h"

#include <binnacle/apm.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <thread>
#include <vector>

// Log records: what is emitted arrives as it was meant, with the ids of the active span.

namespace binnacle::sdk {
namespace {

TEST(LogTest, CarriesBodySeverityAndAttributesOfEveryType) {
  LogRecording recording;
  const std::vector<std::string> texts = {"a", "b"};
  const std::vector<std::int64_t> numbers = {1, -1};
  emit_log(Severity::kWarn, "offer is stale",
           {{"text", "value"},
            {"number", -7},
            {"real", 0.5},
            {"flag", true},
            {"texts", texts},
            {"numbers", numbers}});
  const ReadLog log = recording.log();
  EXPECT_EQ(log.body, "s:offer is stale");
  EXPECT_EQ(log.severity, 13U);
  EXPECT_EQ(log.severity_text, "");
  EXPECT_EQ(log.logger, "binnacle");
  EXPECT_EQ(log.attributes.size(), 6U);
  EXPECT_EQ(log.attribute("text"), "s:value");
  EXPECT_EQ(log.attribute("number"), "i:-7");
  EXPECT_EQ(log.attribute("real"), "d:0.500000");
  EXPECT_EQ(log.attribute("flag"), "b:1");
  EXPECT_EQ(log.attribute("texts"), "[s:a,s:b]");
  EXPECT_EQ(log.attribute("numbers"), "[i:1,i:-1]");
}

TEST(LogTest, TheBodyMayBeAnyValueOrMissing) {
  LogRecording recording;
  const std::vector<double> reals = {1.5};
  emit_log(Severity::kInfo, 42);
  emit_log(Severity::kInfo, true);
  emit_log(Severity::kInfo, 2.5);
  emit_log(Severity::kInfo, reals);
  emit_log(Severity::kUnspecified, "");
  const std::vector<ReadLog> logs = recording.logs();
  ASSERT_EQ(logs.size(), 5U);
  EXPECT_EQ(logs[0].body, "i:42");
  EXPECT_EQ(logs[1].body, "b:1");
  EXPECT_EQ(logs[2].body, "d:2.500000");
  EXPECT_EQ(logs[3].body, "[d:1.500000]");
  EXPECT_EQ(logs[4].body, "none");
  EXPECT_EQ(logs[4].severity, 0U);
}

TEST(LogTest, BelongsToTheActiveSpan) {
  LogRecording recording;
  emit_log(Severity::kInfo, "before");
  SpanContext context;
  {
    const ActiveSpan span("work");
    context = span.context();
    emit_log(Severity::kInfo, "inside");
  }
  emit_log(Severity::kInfo, "after");
  const std::vector<ReadLog> logs = recording.logs();
  ASSERT_EQ(logs.size(), 3U);
  EXPECT_EQ(logs[1].trace_id, bytes_of(context.trace_id));
  EXPECT_EQ(logs[1].span_id, bytes_of(context.span_id));
  EXPECT_EQ(logs[1].flags, context.flags);
  for (const std::size_t outside : {0U, 2U}) {
    EXPECT_EQ(logs[outside].trace_id, "");
    EXPECT_EQ(logs[outside].span_id, "");
    EXPECT_EQ(logs[outside].flags, 0U);
  }
}

TEST(LogTest, BelongsToTheContextThatIsNamed) {
  LogRecording recording;
  const Span elsewhere = start_span("elsewhere");
  const Context context = elsewhere.capture();
  const Context nobody;
  const ActiveSpan active("active");
  emit_log(Severity::kInfo, "of another", {}, LogOptions().with_context(context));
  emit_log(Severity::kInfo, "of nobody", {}, LogOptions().with_context(nobody));
  const std::vector<ReadLog> logs = recording.logs();
  ASSERT_EQ(logs.size(), 2U);
  EXPECT_EQ(logs[0].span_id, bytes_of(elsewhere.context().span_id));
  EXPECT_EQ(logs[1].span_id, "");
}

TEST(LogTest, IsTimedWhenItIsEmittedUnlessToldOtherwise) {
  LogRecording recording;
  const auto before = static_cast<std::uint64_t>(read_clock_ns(CLOCK_REALTIME));
  emit_log(Severity::kInfo, "now");
  emit_log(Severity::kInfo, "happened", {}, LogOptions().with_time(1'000'000'007));
  const std::vector<ReadLog> logs = recording.logs();
  emit_log(Severity::kInfo, "passed on", {},
           LogOptions().with_time(1'000'000'007).with_observed_time(1'000'000'009));
  const ReadLog passed_on = recording.log();
  const auto after = static_cast<std::uint64_t>(read_clock_ns(CLOCK_REALTIME));
  constexpr std::uint64_t kSlackNs = 5'000'000;  // ticks against the time of day
  ASSERT_EQ(logs.size(), 2U);
  EXPECT_GE(logs[0].time + kSlackNs, before);
  EXPECT_LE(logs[0].time, after + kSlackNs);
  EXPECT_EQ(logs[0].observed, logs[0].time);
  EXPECT_EQ(logs[1].time, 1'000'000'007U);
  EXPECT_GE(logs[1].observed + kSlackNs, before);
  EXPECT_EQ(passed_on.time, 1'000'000'007U);
  EXPECT_EQ(passed_on.observed, 1'000'000'009U);
}

TEST(LogTest, EventsHaveANameAndSourcesTheirOwnWords) {
  LogRecording recording;
  emit_log(Severity::kInfo, "", {{"order.id", 17}},
           LogOptions().with_event_name("order.placed").with_severity_text("notice"));
  const ReadLog log = recording.log();
  EXPECT_EQ(log.event_name, "order.placed");
  EXPECT_EQ(log.severity_text, "notice");
  EXPECT_EQ(log.attribute("order.id"), "i:17");
}

TEST(LogTest, LoggersAreScopes) {
  LogRecording recording;
  emit_log(Severity::kInfo, "1", {}, LogOptions().with_logger_name("db"));
  emit_log(Severity::kInfo, "2");
  emit_log(Severity::kInfo, "3", {}, LogOptions().with_logger_name("http"));
  emit_log(Severity::kInfo, "4", {}, LogOptions().with_logger_name("db"));
  std::vector<std::string> seen;
  for (const ReadLog& log : recording.logs()) seen.push_back(log.logger + " " + log.body);
  EXPECT_EQ(seen, (std::vector<std::string>{"binnacle s:2", "db s:1", "db s:4", "http s:3"}));
}

TEST(LogTest, NoRecordIsLostWhenLoggerNamesAreEndless) {
  LogRecording recording;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 200; ++i) {
      emit_log(
          Severity::kInfo, i, {},
          LogOptions().with_logger_name(std::to_string(i) + " in round " + std::to_string(round)));
    }
    EXPECT_EQ(recording.logs().size(), 200U);
  }
}

TEST(LogTest, OfEqualKeysTheLastCounts) {
  LogRecording recording;
  emit_log(Severity::kInfo, "x", {{"k", 1}, {"other", 2}, {"k", 3}});
  const ReadLog log = recording.log();
  EXPECT_EQ(log.attribute("k"), "i:3");
  EXPECT_EQ(log.attribute("other"), "i:2");
  EXPECT_EQ(log.dropped_attributes, 0U);
}

TEST(LogTest, AttributesPastTheLimitAreDroppedAndCounted) {
  LogRecording recording({.attributes = 2});
  const std::uint64_t before = sdk_stats().attributes_dropped;
  emit_log(Severity::kInfo, "x", {{"a", 1}, {"b", 2}, {"a", 3}, {"c", 4}, {"d", 5}});
  const ReadLog log = recording.log();
  EXPECT_EQ(log.attributes.size(), 2U);
  EXPECT_EQ(log.attribute("b"), "i:2");
  EXPECT_EQ(log.attribute("a"), "i:3");
  EXPECT_EQ(log.dropped_attributes, 2U);
  EXPECT_EQ(sdk_stats().attributes_dropped - before, 2U);
}

TEST(LogTest, LongValuesAreCutAtAWholeCharacter) {
  LogRecording recording({.value_bytes = 4});
  const std::vector<std::string> texts = {"abcdef", "ab"};
  emit_log(Severity::kInfo, "the body is kept",
           {{"plain", "abcdef"},
            {"umlauts", "ab\xC3\xA4\xC3\xA4"},
            {"edge", "abc\xC3\xA4"},
            {"texts", texts}});
  const ReadLog log = recording.log();
  EXPECT_EQ(log.body, "s:the body is kept");
  EXPECT_EQ(log.attribute("plain"), "s:abcd");
  EXPECT_EQ(log.attribute("umlauts"), "s:ab\xC3\xA4");
  EXPECT_EQ(log.attribute("edge"), "s:abc");
  EXPECT_EQ(log.attribute("texts"), "[s:abcd,s:ab]");
}

TEST(LogTest, LongRecordsArriveWhole) {
  LogRecording recording;
  const std::uint64_t slots_before = sdk_stats().open_slots;
  for (const std::size_t size : {100U, 370U, 400U, 1'000U, 4'000U, 5'000U, 100'000U}) {
    const std::string text(size, 'x');
    emit_log(Severity::kInfo, text, {{"size", size}}, LogOptions().with_logger_name("long"));
    const ReadLog log = recording.log();
    EXPECT_EQ(log.body, "s:" + text);
    EXPECT_EQ(log.attribute("size"), "i:" + std::to_string(size));
    EXPECT_EQ(log.logger, "long");
  }
  EXPECT_LE(sdk_stats().open_slots, slots_before + kSlotsPerChunk);
}

TEST(LogTest, WhatIsOverTheLimitOfLargeValuesIsDroppedAndCounted) {
  LogRecording recording;
  const SdkStats before = sdk_stats();
  emit_log(Severity::kInfo, std::string(3U << 20U, 'x'));
  emit_log(Severity::kInfo, "small");
  EXPECT_EQ(recording.log().body, "s:small");
  EXPECT_EQ(sdk_stats().logs_dropped_no_memory - before.logs_dropped_no_memory, 1U);
  EXPECT_EQ(sdk_stats().values_dropped - before.values_dropped, 1U);
}

TEST(LogTest, ComeInTheOrderOfTimeWhicheverThreadEmittedThem) {
  LogRecording recording;
  for (int i = 0; i < 20; ++i) {
    std::thread([i] { emit_log(Severity::kInfo, i); }).join();
    emit_log(Severity::kInfo, -i);
  }
  std::uint64_t last = 0;
  std::vector<ReadLog> logs = recording.logs();
  EXPECT_EQ(logs.size(), 40U);
  for (const ReadLog& log : logs) {
    EXPECT_GE(log.time, last);
    last = log.time;
  }
}

TEST(LogTest, AFloodLeavesRoomForSpansAndIsCounted) {
  constexpr std::size_t kSlots = 1'024;
  LogRecording recording({}, kSlots);
  const std::uint64_t before = sdk_stats().logs_dropped_no_memory;
  for (std::size_t i = 0; i < 2 * kSlots; ++i) emit_log(Severity::kInfo, i);
  EXPECT_TRUE(start_span("not crowded out").is_recording());
  const std::size_t kept = recording.logs().size();
  EXPECT_GE(kept, kSlots / 2);
  EXPECT_LE(kept, kSlots * 3 / 4);
  EXPECT_EQ(sdk_stats().logs_dropped_no_memory - before, 2 * kSlots - kept);
  emit_log(Severity::kInfo, "room again");
  EXPECT_EQ(recording.log().body, "s:room again");
}

TEST(LogTest, CostsNothingWhereLogsAreNotWanted) {
  emit_log(Severity::kFatal, "the SDK is off");
  EXPECT_FALSE(is_log_enabled());
  LogRecording recording;
  EXPECT_TRUE(is_log_enabled());
  EXPECT_TRUE(recording.logs().empty());
}

TEST(LogTest, RecordsOfAnEarlierRunAreNotThisRunsToSend) {
  {
    const LogRecording earlier;
    emit_log(Severity::kInfo, "swept by the earlier run");
  }
  LogRecording recording;
  EXPECT_TRUE(recording.logs().empty());
}

TEST(LogTest, ManyThreadsEmitWhileTheHarvesterSweeps) {
  LogRecording recording;
  constexpr int kThreads = 4;
  constexpr int kPerThread = 2'000;
  std::vector<std::thread> threads;
  const std::uint64_t before = sdk_stats().logs_dropped_no_memory;
  std::atomic<int> running{kThreads};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, &running] {
      for (int i = 0; i < kPerThread; ++i) {
        emit_log(Severity::kInfo, std::string(static_cast<std::size_t>(i % 700), 'x'),
                 {{"thread", t}, {"i", i}});
      }
      --running;
    });
  }
  std::size_t seen = 0;
  while (running > 0) {
    for (const ReadLog& log : recording.logs()) {
      ++seen;
      const auto size = static_cast<std::size_t>(std::stoi(log.attribute("i").substr(2)) % 700);
      EXPECT_EQ(log.body, size == 0 ? "none" : "s:" + std::string(size, 'x'));
    }
  }
  for (std::thread& thread : threads) thread.join();
  seen += recording.logs().size();
  EXPECT_EQ(seen + sdk_stats().logs_dropped_no_memory - before, kThreads * kPerThread);
}

}  // namespace
}  // namespace binnacle::sdk
