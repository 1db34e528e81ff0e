#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/handover.h>
#include <binnacle/thread.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>

namespace binnacle::sdk {
namespace {

TEST(HandoverTest, BoundWorkDescendsFromWhereItWasBound) {
  Recording recording;
  {
    const ActiveSpan parent("parent");
    std::thread(bind_context([] { const ActiveSpan child("child"); })).join();
    std::async(std::launch::async, bind_context([](int n) {
                 const ActiveSpan task("async");
                 return n;
               }),
               1)
        .get();
  }
  const auto spans = recording.spans();
  ASSERT_EQ(spans.size(), 3U);
  for (const ReadSpan& span : spans) {
    EXPECT_EQ(span.trace_id, spans[0].trace_id);
    if (span.name == "parent") continue;
    EXPECT_NE(span.parent_span_id, "") << span.name;
  }
}

TEST(HandoverTest, TheSpanItselfIsCurrentThere) {
  Recording recording;
  {
    const ActiveSpan parent("parent");
    std::thread(bind_context([] { current_span().set_attribute("from", "there"); })).join();
  }
  EXPECT_EQ(recording.span().text("from"), "there");
}

TEST(HandoverTest, NothingStaysBehindOnTheOtherThread) {
  Recording recording;
  std::function<void()> bound;
  {
    const ActiveSpan parent("parent");
    bound = bind_context([] { EXPECT_TRUE(current_context().is_valid()); });
  }
  std::thread([&] {
    bound();
    EXPECT_FALSE(current_context().is_valid());
    bound();  // any number of times, also when the span has ended
    EXPECT_FALSE(current_context().is_valid());
  }).join();
}

TEST(HandoverTest, BaggageTravels) {
  Recording recording;
  const Scope scope(Context().with_baggage("tenant", "blue"));
  std::string seen;
  std::thread(bind_context([&] { seen = current_context().baggage("tenant"); })).join();
  EXPECT_EQ(seen, "blue");
}

TEST(HandoverTest, KeepsTypesAndForwards) {
  auto owner =
      bind_context([held = std::make_unique<int>(7)](int&& x) noexcept { return *held + x; });
  static_assert(std::is_nothrow_invocable_r_v<int, decltype(owner)&, int>);
  static_assert(!std::is_invocable_v<decltype(owner)&, int&>);
  static_assert(!std::is_copy_constructible_v<decltype(owner)>);
  EXPECT_EQ(std::move(owner)(1), 8);
  struct Shop {
    int price = 4;
    int ask() const { return price; }
  } shop;
  const auto ask = bind_context(&Shop::ask);
  const auto price = bind_context(Context(), &Shop::price);
  EXPECT_EQ(ask(shop), 4);
  EXPECT_EQ(price(&shop), 4);
}

TEST(HandoverTest, TracedThreadsHaveTheirOwnSpan) {
  Recording recording;
  {
    const ActiveSpan parent("parent");
    int sum = 0;
    traced_thread(
        "worker", [](int a, int b, int& out) { out = a + b; }, 1, 2, std::ref(sum))
        .join();
    EXPECT_EQ(sum, 3);
    traced_thread([] { const ActiveSpan child("child"); }).join();
  }
  const auto spans = recording.spans();
  ASSERT_EQ(spans.size(), 3U);
  EXPECT_EQ(spans[0].trace_id, spans[1].trace_id);
  EXPECT_EQ(spans[0].trace_id, spans[2].trace_id);
}

TEST(HandoverTest, AScopeThatIsLeftEarlyIsLeftOnce) {
  Recording recording;
  const Span outer = start_span("outer");
  const Span inner = start_span("inner");
  const Scope first = outer.activate();
  Scope second = inner.activate();
  second.leave();
  second.leave();
  EXPECT_EQ(current_context().span_context().span_id, outer.context().span_id);
}

}  // namespace
}  // namespace binnacle::sdk
