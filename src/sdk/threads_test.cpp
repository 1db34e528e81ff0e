#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <latch>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

// What happens to spans that more than one thread touches. Meant for ThreadSanitizer as well.

namespace binnacle::sdk {
namespace {

template <typename F>
void on_another_thread(F&& f) {
  std::thread([&f] { f(); }).join();
}

TEST(AmendTest, EveryOperationWorksOnAnotherThread) {
  Recording recording;
  {
    Span span = start_span("amended");
    span.set_attribute("owner", "before");
    const SpanContext linked = span.context();
    on_another_thread([&] {
      span.set_attribute("text", "x").set_attribute("int", 1).set_attribute("double", 0.5);
      span.set_attributes({{"list", true}}).add_event("event", {{"k", "v"}}).add_link(linked);
      span.set_attribute("long", std::string(3000, 'l'));
      span.set_attribute("longest", std::string(9000, 'L'));
      span.update_name("renamed").set_error("failed there");
    });
    span.set_attribute("owner", "after");
  }
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "renamed");
  EXPECT_EQ(span.names, 1);
  EXPECT_EQ(span.attribute("text"), "s:x");
  EXPECT_EQ(span.attribute("int"), "i:1");
  EXPECT_EQ(span.attribute("double"), "d:0.500000");
  EXPECT_EQ(span.attribute("list"), "b:1");
  EXPECT_EQ(span.attribute("long").size(), 3002U);
  EXPECT_EQ(span.attribute("longest").size(), 9002U);
  EXPECT_EQ(span.attribute("owner"), "s:after");
  ASSERT_EQ(span.events.size(), 1U);
  EXPECT_GE(span.events[0].time, span.start);
  EXPECT_LE(span.events[0].time, span.end);
  EXPECT_EQ(span.links.size(), 1U);
  EXPECT_EQ(span.status, 2U);
  EXPECT_EQ(span.message, "failed there");
}

TEST(AmendTest, LastWriterWinsAcrossThreads) {
  Recording recording;
  {
    Span span = start_span("in turns");
    for (int round = 0; round < 20; ++round) {
      span.set_attribute("k", "owner " + std::to_string(round));
      on_another_thread([&] { span.set_attribute("k", "other " + std::to_string(round)); });
      on_another_thread([&] { span.set_attribute("j", "third " + std::to_string(round)); });
    }
    span.set_attribute("j", "owner");
  }
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.attribute("k"), "s:other 19");
  EXPECT_EQ(span.attribute("j"), "s:owner");
}

TEST(AmendTest, ASpanMayEndOnAnotherThread) {
  Recording recording;
  Span span = start_span("handed over");
  span.set_attribute("from", "owner").add_event("event");
  on_another_thread([moved = std::move(span)]() mutable {
    moved.set_attribute("to", "other");
    moved.end();
  });
  const ReadSpan read = recording.span();
  EXPECT_EQ(read.name, "handed over");
  EXPECT_EQ(read.attribute("from"), "s:owner");
  EXPECT_EQ(read.attribute("to"), "s:other");
  EXPECT_EQ(read.events.size(), 1U);
  EXPECT_GE(read.end, read.start);
  EXPECT_TRUE(recording.spans().empty());  // once only
}

TEST(AmendTest, ASpanMayEndAfterItsThread) {
  Recording recording;
  Span orphan;
  on_another_thread([&] {
    orphan = start_span("orphan");
    orphan.set_attribute("thread", "gone");
  });
  EXPECT_TRUE(recording.spans().empty());
  orphan.set_attribute("thread", "here");
  orphan.end(1'999'999'999'000'000'000);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.attribute("thread"), "s:here");
  EXPECT_EQ(span.end, 1'999'999'999'000'000'000U);
}

TEST(AmendTest, LimitsHoldForAmendsToo) {
  Config config = Recording::quiet_config();
  config.attribute_count_limit = 4;
  Recording recording(config);
  {
    Span span = start_span("limited");
    span.set_attribute("a", 1).set_attribute("b", 2);
    on_another_thread([&] {
      for (int i = 0; i < 5; ++i) span.set_attribute("k" + std::to_string(i), i);
    });
  }
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.attributes.size(), 4U);
  EXPECT_EQ(span.dropped_attributes, 3U);
}

TEST(AmendTest, AmendsAfterTheEndChangeNothing) {
  Recording recording;
  SpanRef ref;
  {
    Span span = start_span("ended");
    const SpanRef& borrowed = span;
    ref = borrowed;
  }
  EXPECT_EQ(recording.spans().size(), 1U);
  on_another_thread([&] { ref.set_attribute("late", 1).add_event("late"); });
  EXPECT_TRUE(recording.spans().empty());
}

// The owner writes while another thread ends the span: whatever the order, the span comes out once,
// well-formed, and its memory is not written afterwards.
TEST(AmendTest, EndingWhileTheOwnerWritesIsSafe) {
  Recording recording;
  constexpr int kRounds = 300;
  std::atomic<int> given{0};
  std::atomic<int> taken{0};
  std::vector<SpanRef> refs(kRounds);
  std::vector<Span> spans(kRounds);
  std::thread owner([&] {
    for (int i = 0; i < kRounds; ++i) {
      spans[static_cast<std::size_t>(i)] = start_span("contested");
      refs[static_cast<std::size_t>(i)] = spans[static_cast<std::size_t>(i)];
      given.store(i + 1, std::memory_order_release);
      int n = 0;
      while (taken.load(std::memory_order_acquire) <= i) {
        refs[static_cast<std::size_t>(i)].set_attribute("k" + std::to_string(n++ % 7), n);
      }
    }
  });
  std::size_t exported = 0;
  for (int i = 0; i < kRounds; ++i) {
    while (given.load(std::memory_order_acquire) <= i) std::this_thread::yield();
    spans[static_cast<std::size_t>(i)].end();
    if (i % 10 == 0) {
      for (const ReadSpan& span : recording.spans()) {
        EXPECT_EQ(span.name, "contested");
        EXPECT_LE(span.attributes.size(), 7U);
        ++exported;
      }
    }
    taken.store(i + 1, std::memory_order_release);
  }
  owner.join();
  for (int i = 0; i < 3; ++i) exported += recording.spans().size();
  EXPECT_EQ(exported, static_cast<std::size_t>(kRounds));
}

TEST(ContextTest, CrossesThreadsByValue) {
  Recording recording;
  {
    ActiveSpan parent = start_active_span("parent");
    on_another_thread([here = current_context()] {
      EXPECT_FALSE(current_context().is_valid());
      const Scope scope(here);
      Span child = start_span("child");
      EXPECT_EQ(child.context().trace_id, here.span_context().trace_id);
    });
  }
  const std::vector<ReadSpan> spans = recording.spans();
  ASSERT_EQ(spans.size(), 2U);
  const ReadSpan& child = spans[0].name == "child" ? spans[0] : spans[1];
  const ReadSpan& parent = spans[0].name == "child" ? spans[1] : spans[0];
  EXPECT_EQ(child.parent_span_id, parent.span_id);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kHasSanitizer = true;
#elif defined(__clang__)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kHasSanitizer = true;
#else
constexpr bool kHasSanitizer = false;
#endif
#else
constexpr bool kHasSanitizer = false;
#endif

/// Memory of this process that is in use, as the system sees it. Under a sanitizer it means
/// nothing.
std::size_t resident_bytes() {
  std::size_t total = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

TEST(ThreadsTest, EightBusyThreadsStayWithinSixteenMegabytes) {
  const SdkStats before = sdk_stats();
  Recording recording;
  std::vector<std::thread> threads;
  std::latch all_have_recorded(8);
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      std::vector<Span> open;  // more than the pool has, all at once
      for (int n = 0; n < 3000; ++n) {
        open.push_back(start_span("open"));
        open.back().set_attribute("key", "a value of some length").set_attribute("n", n);
      }
      all_have_recorded.arrive_and_wait();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(sdk_stats().dropped_no_memory, before.dropped_no_memory);
  EXPECT_LE(sdk_stats().memory_bytes, 16U << 20U);
  EXPECT_GT(recording.spans().size(), 10'000U);
}

TEST(ThreadsTest, AThousandThreadsComeAndGoInBoundedMemory) {
  Recording recording;
  const std::size_t resident_before = resident_bytes();
  constexpr std::size_t kThreads = 1000;
  constexpr std::size_t kAtOnce = 50;
  std::size_t exported = 0;
  for (std::size_t done = 0; done < kThreads; done += kAtOnce) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kAtOnce; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 5; ++n) {
          ActiveSpan outer = start_active_span("outer");
          ActiveSpan inner = start_active_span("inner", {{"n", n}});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    exported += recording.spans().size();
  }
  EXPECT_EQ(exported, kThreads * 10);
  // Slots in use: those that live threads keep for themselves, not what a thousand threads had.
  EXPECT_LE(sdk_stats().open_slots, 4 * kSlotsPerChunk);
  EXPECT_LE(sdk_stats().memory_bytes, 16U << 20U);
  const std::size_t resident_after = resident_bytes();
  if (!kHasSanitizer && resident_after > resident_before) {
    EXPECT_LE(resident_after - resident_before, 32U << 20U);
  }
}

TEST(ThreadsTest, ManyLiveThreadsShareTheSlots) {
  Config config = Recording::quiet_config();
  config.max_spans = 1024;
  Recording recording(config);
  constexpr std::size_t kThreads = 100;
  std::atomic<std::size_t> waiting{0};
  std::atomic<bool> may_end{false};
  std::vector<std::thread> threads;
  const SdkStats before = sdk_stats();
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      start_span("one each").end();
      ++waiting;
      may_end.wait(false);
    });
  }
  while (waiting.load() < kThreads) std::this_thread::yield();
  EXPECT_EQ(sdk_stats().dropped_no_memory, before.dropped_no_memory);
  EXPECT_EQ(recording.spans().size(), kThreads);
  may_end = true;
  may_end.notify_all();
  for (std::thread& thread : threads) thread.join();
}

TEST(ThreadsTest, AThousandThreadsRecordAtTheSameTime) {
  Recording recording;
  constexpr std::size_t kThreads = 1000;
  std::atomic<std::size_t> waiting{0};
  std::atomic<bool> may_end{false};
  const SdkStats before = sdk_stats();
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      const ActiveSpan outer("outer");
      ++waiting;
      may_end.wait(false);  // all of them have a span open now
      const ActiveSpan inner("inner");
    });
  }
  while (waiting.load() < kThreads) std::this_thread::yield();
  may_end = true;
  may_end.notify_all();
  for (std::thread& thread : threads) thread.join();
  const std::vector<ReadSpan> spans = recording.spans();
  EXPECT_EQ(spans.size(), 2 * kThreads);
  EXPECT_EQ(sdk_stats().dropped_no_memory, before.dropped_no_memory);
  EXPECT_EQ(sdk_stats().threads_refused, before.threads_refused);
  std::map<std::string, std::string> outer_of;
  for (const ReadSpan& span : spans) {
    if (span.name == "outer") outer_of[span.trace_id] = span.span_id;
  }
  EXPECT_EQ(outer_of.size(), kThreads);
  for (const ReadSpan& span : spans) {
    if (span.name != "inner") continue;
    EXPECT_EQ(outer_of[span.trace_id], span.parent_span_id);
  }
}

// A wake-up that got lost would leave a flush waiting for the next sweep, an hour away.
TEST(ThreadsTest, NoFlushIsForgotten) {
  Recording recording;
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 1000 && failed == 0; ++n) {
        start_span("s").end();
        if (!force_flush(5000)) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
}

TEST(ThreadsTest, RecordingFlushingAndShutdownAtTheSameTime) {
  auto bodies = std::make_shared<RecordedBodies>();
  const SdkStats before = sdk_stats();
  ASSERT_TRUE(start_sdk(Recording::quiet_config(), to_memory(bodies)));
  std::atomic<bool> is_over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!is_over) {
        ActiveSpan span = start_active_span("busy", {{"k", "v"}});
        span.add_event("e");
      }
    });
  }
  std::thread flusher([&] {
    while (!is_over) force_flush(1000);
  });
  while (sdk_stats().spans_exported - before.spans_exported < 20'000) std::this_thread::yield();
  shutdown(10'000);
  is_over = true;
  for (std::thread& thread : threads) thread.join();
  flusher.join();
  EXPECT_FALSE(is_enabled());
}

}  // namespace
}  // namespace binnacle::sdk
