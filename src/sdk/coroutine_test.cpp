#include "sdk/raise_for_test.h"
#include "sdk/recording_for_test.h"
#include "sdk/two_threads_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/coroutine.h>
#include <gtest/gtest.h>

#include <atomic>
#include <coroutine>
#include <future>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace binnacle::sdk {
namespace {

/// The two threads that the coroutines below move between.
struct Threads {
  WorkThread one;
  WorkThread two;

  /// Runs a task on `one` to its end.
  void run(TracedTask<> task) {
    std::promise<void> done;
    one.post([&] { std::move(task).start([&] { done.set_value(); }); });
    done.get_future().wait();
  }
  /// What is current on a thread between two pieces of work.
  static bool is_clean(WorkThread& thread) {
    std::promise<bool> seen;
    thread.post([&] { seen.set_value(!current_context().is_valid()); });
    return seen.get_future().get();
  }
};

std::map<std::string, ReadSpan> by_name(const std::vector<ReadSpan>& spans) {
  std::map<std::string, ReadSpan> named;
  for (const ReadSpan& span : spans) named[span.name] = span;
  return named;
}

TracedTask<> hop(Threads& threads, bool& ok) {
  const ActiveSpan outer("outer");
  const auto id = outer.context().span_id;
  co_await threads.two.schedule();
  ok = std::this_thread::get_id() == threads.two.id() &&
       current_context().span_context().span_id == id;
  {
    const ActiveSpan inner("inner");
    co_await threads.one.schedule();
    inner.set_attribute("thread", "one");
    ok = ok && current_context().span_context().span_id == inner.context().span_id;
  }
  ok = ok && current_context().span_context().span_id == id;
  co_await threads.two.schedule();
  const ActiveSpan last("last");
}

TEST(CoroutineTest, TheCurrentSpanFollowsFromThreadToThread) {
  Recording recording;
  Threads threads;
  bool ok = false;
  threads.run(hop(threads, ok));
  EXPECT_TRUE(ok);
  EXPECT_TRUE(Threads::is_clean(threads.one));
  EXPECT_TRUE(Threads::is_clean(threads.two));
  auto spans = by_name(recording.spans());
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans["inner"].parent_span_id, spans["outer"].span_id);
  EXPECT_EQ(spans["last"].parent_span_id, spans["outer"].span_id);
  EXPECT_EQ(spans["inner"].text("thread"), "one");
}

/// Suspends, and lets the test look at the thread that it left.
struct Gate {
  std::coroutine_handle<> waiting;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) noexcept { waiting = coroutine; }
  void await_resume() const noexcept {}
};

TracedTask<> waits_at(Gate& gate) {
  const ActiveSpan span("waits");
  co_await gate;
  const ActiveSpan after("after");
}

TEST(CoroutineTest, OtherWorkOnTheThreadSeesNothingOfIt) {
  Recording recording;
  Gate gate;
  bool is_done = false;
  {
    const ActiveSpan caller("caller");
    waits_at(gate).start([&] { is_done = true; });
    EXPECT_EQ(current_context().span_context().span_id, caller.context().span_id);
  }
  EXPECT_FALSE(current_context().is_valid());
  {
    const ActiveSpan unrelated("unrelated");
    gate.waiting.resume();  // from the middle of other work
    EXPECT_EQ(current_context().span_context().span_id, unrelated.context().span_id);
  }
  EXPECT_TRUE(is_done);
  auto spans = by_name(recording.spans());
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(spans["waits"].parent_span_id, spans["caller"].span_id);
  EXPECT_EQ(spans["after"].parent_span_id, spans["waits"].span_id);
  EXPECT_EQ(spans["unrelated"].parent_span_id, "");
}

TEST(CoroutineTest, WithoutACallerItLendsNoContextFromWhoeverResumesIt) {
  Recording recording;
  Gate gate;
  waits_at(gate).start([] {});
  {
    const ActiveSpan unrelated("unrelated");
    gate.waiting.resume();
  }
  auto spans = by_name(recording.spans());
  EXPECT_EQ(spans["waits"].parent_span_id, "");
  EXPECT_NE(spans["after"].trace_id, spans["unrelated"].trace_id);
}

TracedTask<int> child(Threads& threads, int n) {
  const ActiveSpan span("child");
  co_await threads.two.schedule();
  if (n < 0) raise(std::invalid_argument("negative"));
  co_return n * 2;
}

TracedTask<> parent(Threads& threads, int& result) {
  const ActiveSpan span("parent");
  result = co_await with_span("awaited", child(threads, 21));
  const ActiveSpan after("after");
}

TEST(CoroutineTest, WithSpanIsTheParentOfWhatItAwaits) {
  Recording recording;
  Threads threads;
  int result = 0;
  threads.run(parent(threads, result));
  EXPECT_EQ(result, 42);
  auto spans = by_name(recording.spans());
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(spans["awaited"].parent_span_id, spans["parent"].span_id);
  EXPECT_EQ(spans["child"].parent_span_id, spans["awaited"].span_id);
  EXPECT_EQ(spans["after"].parent_span_id, spans["parent"].span_id);
  EXPECT_GE(spans["awaited"].end, spans["child"].end);
}

TracedTask<> catches(Threads& threads, std::string& what) {
  try {
    static_cast<void>(co_await with_span("fails", child(threads, -1)));
  } catch (const std::invalid_argument& error) {
    what = error.what();
  }
}

TEST(CoroutineTest, WithSpanRecordsWhatItsAwaitableThrows) {
  Recording recording;
  Threads threads;
  std::string what;
  threads.run(catches(threads, what));
  EXPECT_EQ(what, "negative");
  auto spans = by_name(recording.spans());
  EXPECT_EQ(spans["fails"].status, 2U);
  EXPECT_EQ(spans["fails"].text("error.type"), "std::invalid_argument");
  EXPECT_TRUE(Threads::is_clean(threads.one));
  EXPECT_TRUE(Threads::is_clean(threads.two));
}

/// A coroutine type that knows nothing of us.
struct ForeignTask {
  struct promise_type {  // NOLINT(readability-identifier-naming)
    ForeignTask get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

ForeignTask foreign(Threads& threads, std::promise<void>& done) {
  co_await with_span("schedule", threads.two.schedule());
  const auto make = [&] { return child(threads, 1); };
  static_cast<void>(co_await with_span("made under", make));
  done.set_value();
}

TEST(CoroutineTest, WithSpanServesAnyCoroutineType) {
  Recording recording;
  Threads threads;
  std::promise<void> done;
  threads.one.post([&] { foreign(threads, done); });
  done.get_future().wait();
  EXPECT_TRUE(Threads::is_clean(threads.one));
  EXPECT_TRUE(Threads::is_clean(threads.two));
  auto spans = by_name(recording.spans());
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans["child"].parent_span_id, spans["made under"].span_id);
}

TracedTask<> deep(Threads& threads, int levels) {
  const ActiveSpan a("a");
  const ActiveSpan b("b");
  const ActiveSpan c("c");
  const ActiveSpan d("d");
  const ActiveSpan e("e");
  co_await threads.two.schedule();
  if (levels > 0) co_await deep(threads, levels - 1);
  co_await threads.one.schedule();
}

TEST(CoroutineTest, ManyOpenScopesAndNestedTasksKeepTheirOrder) {
  Recording recording;
  Threads threads;
  threads.run(deep(threads, 5));
  std::map<std::string, ReadSpan> by_id;
  const auto spans = recording.spans();
  ASSERT_EQ(spans.size(), 30U);
  for (const ReadSpan& span : spans) by_id[span.span_id] = span;
  int roots = 0;
  for (const ReadSpan& span : spans) {
    if (span.parent_span_id.empty()) {
      ++roots;
      EXPECT_EQ(span.name, "a");
      continue;
    }
    const std::string wanted = span.name == "a" ? "e" : std::string(1, char(span.name[0] - 1));
    EXPECT_EQ(by_id[span.parent_span_id].name, wanted);
  }
  EXPECT_EQ(roots, 1);
  EXPECT_TRUE(Threads::is_clean(threads.one));
  EXPECT_TRUE(Threads::is_clean(threads.two));
}

TEST(CoroutineTest, ATaskThatIsNeverFinishedLeavesNothing) {
  Recording recording;
  Gate gate;
  {
    TracedTask<> task = waits_at(gate);
    auto awaiter = task.operator co_await();
    awaiter.await_suspend(std::noop_coroutine()).resume();
    EXPECT_FALSE(current_context().is_valid());
  }  // destroyed while it waits
  EXPECT_FALSE(current_context().is_valid());
  EXPECT_EQ(recording.span().name, "waits");
}

struct ThrowsOnSuspend {
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<>) const { raise(std::runtime_error("refused")); }
  void await_resume() const {}
};

TracedTask<> refused(bool& ok) {
  const ActiveSpan span("refused");
  try {
    co_await ThrowsOnSuspend{};
  } catch (const std::runtime_error&) {
    ok = current_context().span_context().span_id == span.context().span_id;
  }
}

TEST(CoroutineTest, AnAwaitableThatCannotSuspendLeavesTheContextInPlace) {
  Recording recording;
  bool ok = false;
  refused(ok).start([] {});
  EXPECT_TRUE(ok);
  EXPECT_FALSE(current_context().is_valid());
}

TracedTask<> bounce(Threads& threads, int times) {
  for (int i = 0; i < times; ++i) {
    const ActiveSpan span("bounce");
    co_await threads.two.schedule();
    const ActiveSpan inner("inner");
    co_await threads.one.schedule();
  }
}

TEST(CoroutineTest, ManyCoroutinesShareTwoThreads) {
  Config config = Recording::quiet_config();
  config.max_spans = 4096;
  Recording recording(config);
  Threads threads;
  constexpr int kTasks = 20;
  std::atomic<int> left{kTasks};
  std::promise<void> done;
  for (int i = 0; i < kTasks; ++i) {
    threads.one.post([&] {
      bounce(threads, 25).start([&] {
        if (left.fetch_sub(1) == 1) done.set_value();
      });
    });
  }
  done.get_future().wait();
  std::map<std::string, std::string> names;
  const auto spans = recording.spans();
  ASSERT_EQ(spans.size(), std::size_t{kTasks} * 50);
  for (const ReadSpan& span : spans) names[span.span_id] = span.name;
  for (const ReadSpan& span : spans) {
    if (span.name == "bounce") {
      EXPECT_EQ(span.parent_span_id, "");
    } else {
      EXPECT_EQ(names[span.parent_span_id], "bounce");
    }
  }
}

}  // namespace
}  // namespace binnacle::sdk
