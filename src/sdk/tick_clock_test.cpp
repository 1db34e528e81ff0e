#include "sdk/tick_clock.h"

#include "sdk/recording_for_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

// From ticks to the time of day, also while somebody sets the clock.

namespace binnacle::sdk {
namespace {

constexpr std::int64_t kNoon = 1'750'000'000'000'000'000;
constexpr std::int64_t kHour = 3'600'000'000'000;

TEST(TickAnchorTest, CountsFromTheAnchorBothWays) {
  const TickAnchor anchor{.ticks = 1'000'000, .unix_ns = kNoon, .ns_per_tick = 0.5};
  EXPECT_EQ(anchor.to_unix_ns(1'000'000), kNoon);
  EXPECT_EQ(anchor.to_unix_ns(1'000'200), kNoon + 100);
  EXPECT_EQ(anchor.to_unix_ns(999'800), kNoon - 100);
}

TEST(TickAnchorTest, AClockStepShiftsLaterSpansAndStretchesNone) {
  const TickAnchor before{.ticks = 10'000'000, .unix_ns = kNoon, .ns_per_tick = 0.4};
  for (const std::int64_t step : {kHour, -kHour}) {
    // The next sweep, a second later by the counter, after the clock was set.
    const TickAnchor after{.ticks = 10'000'000 + 2'500'000'000,
                           .unix_ns = kNoon + 1'000'000'000 + step,
                           .ns_per_tick = 0.4};
    const std::uint64_t start = 10'000'500;
    const std::uint64_t end = 2'000'000'000;
    EXPECT_EQ(before.to_unix_ns(end) - before.to_unix_ns(start),
              after.to_unix_ns(end) - after.to_unix_ns(start));
    EXPECT_EQ(after.to_unix_ns(start) - before.to_unix_ns(start), step);
  }
}

TEST(TickCalibrationTest, FindsTheCountersRate) {
  choose_tick_source();
  TickCalibration calibration;
  const std::int64_t start_ns = monotonic_ns();
  const std::uint64_t start = ticks_now();
  while (monotonic_ns() - start_ns < 20'000'000) {
  }
  const std::int64_t passed_ns = monotonic_ns() - start_ns;
  const std::uint64_t ticks = ticks_now() - start;
  const double measured = static_cast<double>(ticks) * calibration.anchor().ns_per_tick;
  EXPECT_NEAR(measured, static_cast<double>(passed_ns), 0.01 * static_cast<double>(passed_ns));
}

/// For its lifetime this is a machine whose kernel does not trust the processor's counter. Made and
/// destroyed while the SDK is off.
class WithoutTickCounter {
 public:
  WithoutTickCounter() { g_has_tick_counter = false; }
  WithoutTickCounter(const WithoutTickCounter&) = delete;
  WithoutTickCounter& operator=(const WithoutTickCounter&) = delete;
  ~WithoutTickCounter() { g_has_tick_counter = had_one_; }

 private:
  bool had_one_ = g_has_tick_counter;
};

std::uint64_t unix_now() { return static_cast<std::uint64_t>(read_clock_ns(CLOCK_REALTIME)); }

TEST(TickCounterTest, SpansAreTimedWithoutOneToo) {
  {
    const Recording makes_the_choice;
  }
  const WithoutTickCounter slow_machine;
  Recording recording;
  const std::uint64_t before = unix_now();
  {
    const ActiveSpan parent("parent");
    const Span child = start_span("child");
    const std::int64_t start = monotonic_ns();
    while (monotonic_ns() - start < 1'000'000) {
    }
  }
  const std::uint64_t after = unix_now();
  std::vector<ReadSpan> spans = recording.spans();
  ASSERT_EQ(spans.size(), 2U);
  std::sort(spans.begin(), spans.end(),
            [](const ReadSpan& a, const ReadSpan& b) { return a.name > b.name; });
  const ReadSpan& parent = spans[0];
  const ReadSpan& child = spans[1];
  EXPECT_EQ(child.parent_span_id, parent.span_id);
  EXPECT_LE(parent.start, child.start);
  EXPECT_GE(child.end, child.start + 1'000'000);
  EXPECT_LE(child.end, parent.end);
  // Against the time of day: ticks are turned into it with an uncertainty of about 50 ns.
  constexpr std::uint64_t kSlackNs = 1'000'000;
  EXPECT_GE(parent.start + kSlackNs, before);
  EXPECT_LE(parent.end, after + kSlackNs);
}

}  // namespace
}  // namespace binnacle::sdk
