#include "sdk/metrics/metrics_for_test.h"

#include <binnacle/metrics.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <thread>
#include <vector>

// Many threads record while others collect: nothing is lost, nothing is counted twice.

namespace binnacle::sdk {
namespace {

void run_threads(int count, const std::function<void(int)>& body) {
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

/// Collects as deltas, over and over, and adds everything up.
class DeltaSummer {
 public:
  void add() {
    for (const auto& [name, points] : by_name(reader_.collect())) {
      for (const auto& [attributes, point] : points) {
        if (std::holds_alternative<std::int64_t>(point.value)) counters[name] += point.integer();
        const HistogramValue histogram = point.histogram();
        std::uint64_t in_buckets = 0;
        for (const std::uint64_t n : histogram.bucket_counts) in_buckets += n;
        EXPECT_EQ(in_buckets, histogram.count);
        distributions[name] += histogram.count + point.exponential().count;
        sums[name] += histogram.sum + point.exponential().sum;
      }
    }
  }
  std::map<std::string, std::int64_t> counters;
  std::map<std::string, std::uint64_t> distributions;
  std::map<std::string, double> sums;

 private:
  MetricReader reader_{TemporalityPreference::kDelta};
};

TEST(MetricsThreadsTest, EverythingIsCountedExactlyOnce) {
  constexpr int kThreads = 6;
  constexpr int kRounds = 20'000;
  MetricsRun run;
  DeltaSummer deltas;
  const Counter counter = create_counter("th1.counter");
  const BoundCounter bound = create_counter("th1.bound").bind({{"k", "v"}});
  const Histogram histogram =
      create_histogram("th1.histogram", InstrumentOptions().with_bounds({10, 20, 30}));
  const Histogram exponential =
      create_histogram("th1.exponential", InstrumentOptions().with_exponential_buckets());
  std::atomic<bool> is_over{false};
  std::thread collector([&] {
    while (!is_over) {
      deltas.add();
      run.collect();
    }
  });
  run_threads(kThreads, [&](int thread) {
    for (int i = 0; i < kRounds; ++i) {
      bound.add(1);
      counter.add(2, {{"i", i % 50}, {"thread", thread % 2}});
      histogram.record(i % 40, {{"thread", thread}});
      exponential.record((i % 1000 + 1) * (i % 7 == 0 ? 1e6 : 1));
    }
  });
  is_over = true;
  collector.join();
  deltas.add();
  CollectedMetrics metrics = run.collect();
  EXPECT_EQ(metrics["th1.bound"]["k=v"].integer(), kThreads * kRounds);
  EXPECT_EQ(deltas.counters["th1.bound"], kThreads * kRounds);
  EXPECT_EQ(deltas.counters["th1.counter"], 2 * kThreads * kRounds);
  std::int64_t all = 0;
  for (const auto& [attributes, point] : metrics["th1.counter"]) all += point.integer();
  EXPECT_EQ(all, 2 * kThreads * kRounds);
  EXPECT_EQ(metrics["th1.counter"].size(), 100U);
  EXPECT_EQ(deltas.distributions["th1.histogram"], std::uint64_t{kThreads} * kRounds);
  EXPECT_EQ(deltas.distributions["th1.exponential"], std::uint64_t{kThreads} * kRounds);
  EXPECT_EQ(metrics["th1.exponential"][""].exponential().count, std::uint64_t{kThreads} * kRounds);
  EXPECT_EQ(deltas.sums["th1.histogram"], kThreads * (kRounds / 40) * (39.0 * 40 / 2));
  EXPECT_EQ(metrics["th1.histogram"]["thread=0"].histogram().max, 39);
}

TEST(MetricsThreadsTest, ThreadsComeAndGo) {
  MetricsRun run;
  DeltaSummer deltas;
  const BoundCounter bound = create_counter("th2.counter").bind();
  const Histogram histogram = create_histogram("th2.histogram");
  const std::uint64_t memory_before = MetricRegistry::instance().counts().memory_bytes;
  for (int wave = 0; wave < 10; ++wave) {
    run_threads(100, [&](int thread) {
      bound.add(1);
      histogram.record(thread);
    });
    if (wave % 3 == 0) deltas.add();
    if (wave % 4 == 0) run.collect();
  }
  deltas.add();
  CollectedMetrics metrics = run.collect();
  EXPECT_EQ(metrics["th2.counter"][""].integer(), 1000);
  EXPECT_EQ(deltas.counters["th2.counter"], 1000);
  EXPECT_EQ(metrics["th2.histogram"][""].histogram().count, 1000U);
  EXPECT_EQ(metrics["th2.histogram"][""].histogram().max, 99);
  EXPECT_EQ(deltas.distributions["th2.histogram"], 1000U);
  // What exited threads had has been folded and given back.
  EXPECT_LE(MetricRegistry::instance().counts().memory_bytes, memory_before);
}

TEST(MetricsThreadsTest, WithoutRoomForCellsNothingIsLost) {
  // The memory of cells is taken once per process: this uses it up, by touching every block that
  // series have in more threads than there is room for.
  MetricsRun run;
  const Histogram wide =
      create_histogram("th3.wide", InstrumentOptions().with_exponential_buckets());
  constexpr int kThreads = 64;
  constexpr int kSeries = 40;
  const std::uint64_t shared_before = MetricRegistry::instance().counts().in_shared_cells;
  std::atomic<int> waiting{0};
  run_threads(kThreads, [&](int) {
    for (int i = 0; i < kSeries; ++i) wide.record(1, {{"i", i}});
    ++waiting;
    while (waiting < kThreads) std::this_thread::yield();  // all at the same time
    for (int i = 0; i < kSeries; ++i) wide.record(2, {{"i", i}});
  });
  CollectedMetrics metrics = run.collect();
  for (int i = 0; i < kSeries; ++i) {
    const ExponentialValue value = metrics["th3.wide"]["i=" + std::to_string(i)].exponential();
    EXPECT_EQ(value.count, 2U * kThreads);
    EXPECT_EQ(value.sum, 3.0 * kThreads);
  }
  EXPECT_GT(MetricRegistry::instance().counts().in_shared_cells, shared_before);
}

TEST(MetricsThreadsTest, StartAndStopWhileOthersRecord) {
  std::atomic<bool> is_over{false};
  const Counter counter = create_counter("th4.counter");
  const BoundHistogram bound = create_histogram("th4.histogram").bind();
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!is_over) {
        counter.add(1, {{"k", 1}});
        bound.record(1);
      }
    });
  }
  for (int i = 0; i < 50; ++i) {
    MetricsRun run(i % 2 == 0 ? MetricSettings{}
                              : with_views({View("th4.histogram").with_bounds({2})}));
    const HistogramValue value = run.collect()["th4.histogram"][""].histogram();
    EXPECT_EQ(value.bucket_counts.size(), i % 2 == 0 ? 16U : 2U);
  }
  is_over = true;
  for (std::thread& thread : threads) thread.join();
}

TEST(MetricsThreadsTest, UnregisteringWaitsForACallUnderWay) {
  MetricsRun run;
  for (int i = 0; i < 50; ++i) {
    std::promise<void> entered;
    std::atomic<bool> has_left{false};
    ObservableHandle handle = create_observable_gauge("th5.gauge", {}, [&] {
      entered.set_value();
      for (int turn = 0; turn < 50; ++turn) std::this_thread::yield();
      has_left = true;
      return 1;
    });
    std::thread collector([&] { run.collect(); });
    entered.get_future().wait();
    handle.unregister();
    EXPECT_TRUE(has_left);
    collector.join();
  }
}

TEST(ExemplarsTest, OnePerBucketAndOnlyOfSampledSpans) {
  static thread_local SpanContext active;
  g_current_span.store([]() noexcept { return active; });
  MetricSettings settings = with_views({View("th6.histogram").with_attribute_keys({"kept"})});
  MetricsRun run(settings);
  const Histogram histogram =
      create_histogram("th6.histogram", InstrumentOptions().with_bounds({10, 20}));
  active.trace_id.bytes[15] = 1;
  active.span_id.bytes[7] = 2;
  histogram.record(5);  // not sampled
  run.collect();
  active.flags = kTraceFlagSampled;
  histogram.record(15, {{"kept", 1}, {"dropped", "x"}});
  histogram.record(25, {{"kept", 1}});
  CollectedMetrics metrics = run.collect();
  EXPECT_TRUE(metrics["th6.histogram"][""].exemplars.empty());
  const std::vector<Exemplar>& exemplars = metrics["th6.histogram"]["kept=1"].exemplars;
  ASSERT_EQ(exemplars.size(), 2U);
  EXPECT_EQ(exemplars[0].value, 15);
  EXPECT_EQ(exemplars[0].trace_id[15], 1);
  EXPECT_EQ(exemplars[0].span_id[7], 2);
  EXPECT_GT(exemplars[0].time_unix_ns, 0);
  EXPECT_EQ(text_of(exemplars[0].filtered_attributes), "dropped=x");
  EXPECT_EQ(exemplars[1].value, 25);
  EXPECT_TRUE(run.collect()["th6.histogram"]["kept=1"].exemplars.empty());  // told once
  const Counter counter = create_counter("th6.counter");
  counter.add(3);
  const std::vector<Exemplar> of_counter = run.collect()["th6.counter"][""].exemplars;
  ASSERT_EQ(of_counter.size(), 1U);
  EXPECT_TRUE(of_counter[0].is_integer);
  EXPECT_EQ(of_counter[0].integer, 3);
  g_current_span.store(nullptr);
}

TEST(ExemplarsTest, AlwaysOnAndAlwaysOff) {
  MetricSettings settings;
  settings.exemplars = ExemplarPolicy::kAlwaysOn;
  {
    MetricsRun run(settings);
    create_gauge("th7.gauge").set(1.5);
    const std::vector<Exemplar> exemplars = run.collect()["th7.gauge"][""].exemplars;
    ASSERT_EQ(exemplars.size(), 1U);
    EXPECT_FALSE(exemplars[0].has_span);
    EXPECT_EQ(exemplars[0].value, 1.5);
  }
  settings.exemplars = ExemplarPolicy::kAlwaysOff;
  MetricsRun run(settings);
  create_counter("th7.counter").add(1);
  EXPECT_TRUE(run.collect()["th7.counter"][""].exemplars.empty());
}

}  // namespace
}  // namespace binnacle::sdk
