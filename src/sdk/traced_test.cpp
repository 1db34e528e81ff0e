#include "sdk/raise_for_test.h"
#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/traced.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace binnacle::sdk {
namespace {

struct Market {
  int price = 3;
  int bid(int amount) { return price = amount; }
  int ask() const noexcept { return price; }
  std::string_view traced_member();
  int operator()(int x) {
    BINNACLE_TRACE_FUNCTION();
    return x;
  }
};

std::string_view Market::traced_member() {
  BINNACLE_TRACE_FUNCTION();
  return detail::qualified_name(__PRETTY_FUNCTION__);
}

template <typename T>
T traced_template(T value) {
  BINNACLE_TRACE_FUNCTION();
  return value;
}

TEST(TracedTest, CallsAndRecordsOneSpanPerCall) {
  Recording recording;
  auto add = traced("add", [](int a, int b) { return a + b; }, SpanKind::kClient);
  EXPECT_EQ(add(1, 2), 3);
  EXPECT_EQ(std::as_const(add)(3, 4), 7);
  const auto spans = recording.spans();
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].name, "add");
  EXPECT_EQ(spans[0].kind, 3U);
  EXPECT_EQ(spans[0].status, 0U);
}

TEST(TracedTest, ResultTypesAndNoexceptAreThoseOfTheCallable) {
  int value = 0;
  auto reference = traced("r", [&value]() -> int& { return value; });
  static_assert(std::is_same_v<decltype(reference()), int&>);
  reference() = 5;
  EXPECT_EQ(value, 5);
  auto nothing = traced("n", []() noexcept {});
  static_assert(std::is_void_v<decltype(nothing())>);
  static_assert(std::is_nothrow_invocable_v<decltype(nothing)&>);
  static_assert(!std::is_nothrow_invocable_v<decltype(reference)&>);
  static_assert(!std::is_invocable_v<decltype(reference)&, int>);
  auto moved = traced("m", [](std::unique_ptr<int> in) { return in; });
  static_assert(std::is_same_v<decltype(moved(nullptr)), std::unique_ptr<int>>);
  EXPECT_EQ(*moved(std::make_unique<int>(9)), 9);
}

TEST(TracedTest, TakesMoveOnlyCallablesAndForwardsValueCategories) {
  auto owner = traced("owner", [held = std::make_unique<int>(7)]() mutable { return *held; });
  static_assert(!std::is_copy_constructible_v<decltype(owner)>);
  auto elsewhere = std::move(owner);
  EXPECT_EQ(elsewhere(), 7);
  struct Once {
    int operator()() && { return 1; }
  };
  EXPECT_EQ(traced("once", Once{})(), 1);
  static_assert(!std::is_invocable_v<detail::Traced<Once>&>);
  auto echo =
      traced("echo", [](auto&& x) -> decltype(auto) { return std::forward<decltype(x)>(x); });
  int x = 1;
  EXPECT_EQ(&echo(x), &x);
}

TEST(TracedTest, TakesMembersAndFunctions) {
  Recording recording;
  Market market;
  const auto bid = traced("bid", &Market::bid);
  const auto ask = traced("ask", &Market::ask);
  const auto price = traced("price", &Market::price);
  EXPECT_EQ(bid(market, 10), 10);
  EXPECT_EQ(ask(&market), 10);
  EXPECT_EQ(ask(std::cref(market)), 10);
  EXPECT_EQ(ask(std::make_unique<Market>()), 3);
  price(market) = 4;
  EXPECT_EQ(market.price, 4);
  static_assert(std::is_nothrow_invocable_v<decltype(ask), const Market&>);
  EXPECT_EQ(traced("free", traced_template<int>)(2), 2);
  EXPECT_EQ(recording.spans().size(), 7U);  // traced_template has one of its own
}

TEST(TracedTest, AnExceptionIsRecordedAndGoesOn) {
  Recording recording;
  auto fail = traced("fail", [](int) -> int { raise(std::out_of_range("no such page")); });
  EXPECT_THROW(fail(1), std::out_of_range);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.status, 2U);
  EXPECT_EQ(span.message, "no such page");
  EXPECT_EQ(span.text("error.type"), "std::out_of_range");
  ASSERT_EQ(span.events.size(), 1U);
  EXPECT_EQ(span.events[0].name, "exception");
  EXPECT_EQ(span.events[0].attributes.find("exception.message")->second, "s:no such page");
  EXPECT_EQ(span.events[0].attributes.find("exception.type")->second, "s:std::out_of_range");
}

TEST(TracedTest, WhatIsNoStdExceptionHasItsTypeRecorded) {
  Recording recording;
  EXPECT_THROW(traced("fail", [] { raise(42); })(), int);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.status, 2U);
  EXPECT_EQ(span.text("error.type"), "int");
  ASSERT_EQ(span.events.size(), 1U);
}

TEST(TracedTest, RunInSpanGivesTheSpanAndReturnsTheResult) {
  Recording recording;
  int value = 1;
  int& result = run_in_span("work", [&](const ActiveSpan& span) -> int& {
    span.set_attribute("k", 1);
    return value;
  });
  EXPECT_EQ(&result, &value);
  EXPECT_EQ(recording.span().text("k"), "1");
}

TEST(TraceFunctionTest, NamesTheFunctionWithItsClass) {
  Recording recording;
  EXPECT_EQ(Market().traced_member(), "Market::traced_member");
  traced_template(std::pair<int, std::string>());
  Market{}(1);
  [] { BINNACLE_TRACE_FUNCTION("by hand"); }();
  const auto spans = recording.spans();
  ASSERT_EQ(spans.size(), 4U);
  EXPECT_EQ(spans[0].name, "Market::traced_member");
  EXPECT_EQ(spans[0].text("code.function.name"), "Market::traced_member");
  EXPECT_NE(spans[0].text("code.line.number"), "none");
  EXPECT_NE(spans[1].name.find("traced_template"), std::string::npos) << spans[1].name;
  EXPECT_EQ(spans[2].name, "Market::operator()");
  EXPECT_EQ(spans[3].name, "by hand");
}

TEST(TraceFunctionTest, ReadsWhatBothCompilersWrite) {
  using detail::qualified_name;
  static_assert(qualified_name("int main()") == "main");
  static_assert(qualified_name("void shop::market::Scanner::scan(int) const") == "Scanner::scan");
  static_assert(qualified_name("std::pair<int, int> Box<T>::get(const T&) [with T = int]") ==
                "Box<T>::get");
  static_assert(qualified_name("T *Box<std::pair<int, char>>::get() [T = int]") ==
                "Box<std::pair<int, char>>::get");
  static_assert(qualified_name("run(int)::<lambda(auto:1)>") == "run");
  static_assert(qualified_name("auto run(int)::(anonymous class)::operator()(int) const") == "run");
  static_assert(qualified_name("Scanner::Scanner(void (*)(int))") == "Scanner::Scanner");
  static_assert(qualified_name("").empty());
  static_assert(qualified_name("odd") == "odd");
}

TEST(TraceFunctionTest, UnwindingMarksTheSpan) {
  Recording recording;
  EXPECT_THROW(
      [] {
        BINNACLE_TRACE_FUNCTION("unwound");
        raise(std::runtime_error("x"));
      }(),
      std::runtime_error);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.status, 2U);
  EXPECT_EQ(span.text("error.type"), "_OTHER");
  EXPECT_EQ(span.events.size(), 1U);
}

TEST(TraceFunctionTest, WorkDuringAnotherUnwindingIsNotItself) {
  Recording recording;
  struct CleansUp {
    ~CleansUp() { BINNACLE_TRACE_FUNCTION("clean up"); }
  };
  EXPECT_THROW(
      {
        const CleansUp at_end;
        raise(std::runtime_error("x"));
      },
      std::runtime_error);
  EXPECT_EQ(recording.span().status, 0U);
}

}  // namespace
}  // namespace binnacle::sdk
