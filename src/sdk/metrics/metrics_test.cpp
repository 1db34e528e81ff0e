#include "sdk/metrics/metrics_for_test.h"

#include <binnacle/metrics.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// What a user of the metrics API sees: kinds of instruments, attributes, temporality, views,
// limits.

namespace binnacle::sdk {
namespace {

TEST(MetricsTest, CountersAddUp) {
  MetricsRun run;
  const Counter requests = create_counter("t1.requests");
  requests.add(2);
  requests.add(3, {{"route", "/a"}, {"code", 200}});
  requests.add(4, {{"code", 200}, {"route", "/a"}});    // the same, in another order
  requests.add(5, {{"route", "/a"}, {"code", "200"}});  // not the same: a text
  const BoundCounter bound = requests.bind({{"route", "/a"}, {"code", 200}});
  bound.add(10);
  std::vector<std::int64_t> values;
  MetricReader reader(TemporalityPreference::kCumulative);
  for (const MetricData& metric : reader.collect()) {
    if (metric.name != "t1.requests") continue;
    for (const Point& point : metric.points) values.push_back(std::get<std::int64_t>(point.value));
  }
  EXPECT_EQ(values, (std::vector<std::int64_t>{2, 17, 5}));
}

TEST(MetricsTest, DoublesAndUpDownCounters) {
  MetricsRun run;
  create_double_counter("t2.seconds").add(0.25);
  create_double_counter("t2.seconds").add(1.5);
  const UpDownCounter open = create_up_down_counter("t2.open");
  open.add(5);
  open.add(-7);
  create_double_up_down_counter("t2.level").add(-1.5);
  CollectedMetrics metrics = run.collect();
  EXPECT_EQ(metrics["t2.seconds"][""].real(), 1.75);
  EXPECT_EQ(metrics["t2.open"][""].integer(), -2);
  EXPECT_EQ(metrics["t2.level"][""].real(), -1.5);
}

TEST(MetricsTest, InvalidValuesAreDroppedAndCounted) {
  MetricsRun run;
  const std::uint64_t before = MetricRegistry::instance().counts().invalid;
  const Counter counter = create_counter("t3.counter");
  counter.add(1);
  counter.add(-1);
  const DoubleCounter real = create_double_counter("t3.real");
  real.add(1);
  real.add(-0.5);
  real.add(std::nan(""));
  real.add(std::numeric_limits<double>::infinity());
  const Histogram histogram = create_histogram("t3.histogram");
  histogram.record(1);
  histogram.record(std::nan(""));
  histogram.record(-std::numeric_limits<double>::infinity());
  CollectedMetrics metrics = run.collect();
  EXPECT_EQ(metrics["t3.counter"][""].integer(), 1);
  EXPECT_EQ(metrics["t3.real"][""].real(), 1);
  EXPECT_EQ(metrics["t3.histogram"][""].histogram().count, 1U);
  EXPECT_EQ(MetricRegistry::instance().counts().invalid - before, 6U);
}

TEST(MetricsTest, HistogramBucketsIncludeTheirUpperBound) {
  MetricsRun run;
  const Histogram histogram =
      create_histogram("t4.h", InstrumentOptions().with_bounds({10, 1, 5, 5}));
  for (const double value : {-3.0, 0.0, 1.0, 1.5, 5.0, 10.0, 10.5, 1e300}) histogram.record(value);
  const HistogramValue value = run.collect()["t4.h"][""].histogram();
  EXPECT_EQ(value.bounds, (std::vector<double>{1, 5, 10}));
  EXPECT_EQ(value.bucket_counts, (std::vector<std::uint64_t>{3, 2, 1, 2}));
  EXPECT_EQ(value.count, 8U);
  EXPECT_TRUE(value.has_min_max);
  EXPECT_EQ(value.min, -3);
  EXPECT_EQ(value.max, 1e300);
}

TEST(MetricsTest, GaugesKeepTheLastValueOfAnyThread) {
  MetricsRun run;
  const Gauge gauge = create_gauge("t5.gauge");
  gauge.set(1.5, {{"k", "a"}});
  gauge.set(2.5, {{"k", "b"}});
  std::thread([&] { gauge.set(3.5, {{"k", "a"}}); }).join();
  create_int_gauge("t5.int").bind({{"k", "c"}}).set(-7);
  CollectedMetrics metrics = run.collect();
  EXPECT_EQ(metrics["t5.gauge"]["k=a"].real(), 3.5);
  EXPECT_EQ(metrics["t5.gauge"]["k=b"].real(), 2.5);
  EXPECT_EQ(metrics["t5.int"]["k=c"].integer(), -7);
}

TEST(MetricsTest, ObservablesAreAskedAtCollection) {
  MetricsRun run;
  int asked = 0;
  ObservableHandle gauge = create_observable_gauge("t6.gauge", {}, [&] { return ++asked; });
  ObservableHandle counter = create_observable_counter("t6.counter", {}, [&](Observer& observer) {
    observer.observe(10 * asked, {{"k", "a"}});
    observer.observe(0.5, {{"k", "b"}});
  });
  ObservableHandle thrower = create_observable_up_down_counter("t6.thrower", {}, [](Observer&) {
    throw std::runtime_error("no");  // tidy: allow(throw) as a host's callback may
  });
  run.collect();
  CollectedMetrics metrics = run.collect();
  EXPECT_EQ(metrics["t6.gauge"][""].integer(), 2);
  EXPECT_EQ(metrics["t6.counter"]["k=a"].integer(), 20);
  EXPECT_EQ(metrics["t6.counter"]["k=b"].real(), 0.5);
  EXPECT_GE(MetricRegistry::instance().counts().callbacks_failed, 2U);
  gauge.unregister();
  EXPECT_EQ(run.collect().count("t6.gauge"), 0U);
  EXPECT_EQ(asked, 2);
}

TEST(MetricsTest, CallbacksMayUnregisterThemselvesAndMakeInstruments) {
  MetricsRun run;
  ObservableHandle handle;
  handle = create_observable_gauge("t7.once", {}, [&](Observer& observer) {
    observer.observe(1);
    create_counter("t7.made").add(1);
    handle.unregister();
  });
  EXPECT_EQ(run.collect().count("t7.once"), 1U);
  EXPECT_FALSE(handle.is_registered());
  CollectedMetrics metrics = run.collect();
  EXPECT_EQ(metrics.count("t7.once"), 0U);
  EXPECT_EQ(metrics["t7.made"][""].integer(), 1);
}

TEST(MetricsTest, DeltaAndCumulativeReadersDoNotDisturbEachOther) {
  MetricsRun run;
  MetricReader delta(TemporalityPreference::kDelta);
  const Counter counter = create_counter("t8.counter");
  const Histogram histogram =
      create_histogram("t8.histogram", InstrumentOptions().with_bounds({10, 100}));
  const UpDownCounter level = create_up_down_counter("t8.level");
  counter.add(1);
  histogram.record(5);
  level.add(3);
  const CollectedMetrics first = by_name(delta.collect());
  EXPECT_EQ(first.at("t8.counter").at("").integer(), 1);
  run.collect();
  counter.add(2);
  histogram.record(50);
  run.collect();  // ends the interval for both
  histogram.record(70);
  level.add(1);
  CollectedMetrics second = by_name(delta.collect());
  EXPECT_EQ(second["t8.counter"][""].integer(), 2);
  EXPECT_EQ(second["t8.counter"][""].start_unix_ns, first.at("t8.counter").at("").time_unix_ns);
  const HistogramValue value = second["t8.histogram"][""].histogram();
  EXPECT_EQ(value.bucket_counts, (std::vector<std::uint64_t>{0, 2, 0}));
  EXPECT_EQ(value.sum, 120);
  EXPECT_EQ(value.min, 50);
  EXPECT_EQ(value.max, 70);
  EXPECT_EQ(second["t8.level"][""].integer(), 4);               // cumulative whatever is preferred
  EXPECT_EQ(by_name(delta.collect()).count("t8.counter"), 0U);  // nothing new
  CollectedMetrics all = run.collect();
  EXPECT_EQ(all["t8.counter"][""].integer(), 3);
  EXPECT_EQ(all["t8.histogram"][""].histogram().min, 5);
  EXPECT_EQ(all["t8.histogram"][""].histogram().max, 70);
}

TEST(MetricsTest, ObservableCountersAsDeltas) {
  MetricsRun run;
  MetricReader delta(TemporalityPreference::kDelta);
  MetricReader low(TemporalityPreference::kLowMemory);
  std::int64_t total = 10;
  ObservableHandle handle = create_observable_counter("t9.total", {}, [&] { return total; });
  EXPECT_EQ(by_name(delta.collect())["t9.total"][""].integer(), 10);
  total = 25;
  EXPECT_EQ(by_name(delta.collect())["t9.total"][""].integer(), 15);
  EXPECT_EQ(by_name(low.collect())["t9.total"][""].integer(), 25);
  total = 4;  // its source began anew
  EXPECT_EQ(by_name(delta.collect())["t9.total"][""].integer(), 4);
}

TEST(MetricsTest, UsableBeforeTheStartAndAfterTheEnd) {
  const Counter counter = create_counter("t10.counter");
  const BoundCounter bound = counter.bind({{"k", "v"}});
  counter.add(100);
  bound.add(100);
  {
    MetricsRun run;
    bound.add(1);
    counter.add(2);
    CollectedMetrics metrics = run.collect();
    EXPECT_EQ(metrics["t10.counter"]["k=v"].integer(), 1);
    EXPECT_EQ(metrics["t10.counter"][""].integer(), 2);
  }
  counter.add(100);
  bound.add(100);
  MetricsRun again;
  bound.add(5);
  CollectedMetrics metrics = again.collect();
  EXPECT_EQ(metrics["t10.counter"]["k=v"].integer(), 5);
  EXPECT_EQ(metrics["t10.counter"].count(""), 0U);
}

TEST(MetricsTest, BoundSeriesAreExportedAtZero) {
  MetricsRun run;
  const BoundCounter bound = create_counter("t11.errors").bind({{"kind", "timeout"}});
  bound.add(0);
  EXPECT_EQ(run.collect()["t11.errors"]["kind=timeout"].integer(), 0);
}

TEST(MetricsTest, NamesAndUnits) {
  MetricsRun run;
  EXPECT_TRUE(create_counter("t12.a_b-c/d").is_valid());
  EXPECT_TRUE(create_counter("t" + std::string(254, 'x')).is_valid());
  for (const std::string& name : {std::string(), std::string("1a"), std::string("a b"),
                                  std::string("ä"), "t" + std::string(255, 'x')}) {
    const Counter counter = create_counter(name);
    EXPECT_FALSE(counter.is_valid()) << name;
    counter.add(1);
    counter.bind({{"k", "v"}}).add(1);
  }
}

TEST(MetricsTest, TheSameInstrumentTwiceIsOne) {
  MetricsRun run;
  create_counter("t13.Name", InstrumentOptions().with_unit("By")).add(1);
  create_counter("T13.name", InstrumentOptions().with_unit("By")).add(2);
  create_counter("t13.name", InstrumentOptions().with_unit("By").with_meter("other")).add(4);
  create_up_down_counter("t13.name").add(8);  // a conflict: both work
  std::vector<std::int64_t> values;
  MetricReader reader(TemporalityPreference::kCumulative);
  for (const MetricData& metric : reader.collect()) {
    if (metric.name != "t13.Name" && metric.name != "t13.name") continue;
    values.push_back(std::get<std::int64_t>(metric.points.at(0).value));
  }
  EXPECT_EQ(values, (std::vector<std::int64_t>{3, 4, 8}));
}

TEST(MetricsTest, SeriesBeyondTheLimitAreCountedTogether) {
  MetricsRun run;
  const Counter counter = create_counter("t14.counter");
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 2500; ++i) counter.add(1, {{"id", i}, {"k", "v"}});
  }
  const BoundCounter late = counter.bind({{"id", "late"}});
  late.add(7);
  auto points = run.collect()["t14.counter"];
  EXPECT_EQ(points.size(), 2000U);
  EXPECT_EQ(points["id=17,k=v"].integer(), 2);
  EXPECT_EQ(points["otel.metric.overflow=true"].integer(), 2 * (2500 - 1999) + 7);
}

TEST(MetricsTest, OddAttributes) {
  MetricsRun run;
  const Counter counter = create_counter("t15.counter");
  const std::vector<std::int64_t> list{1, 2};
  const std::vector<std::string> texts{"a\"b", "c"};
  counter.add(1, {{"list", list}, {"texts", texts}});
  counter.add(1, {{"texts", texts}, {"list", list}});
  counter.add(1, {{"twice", 1}, {"twice", 2}, {"", "no key"}});
  counter.add(1, {{"long", std::string(5000, 'x')}});
  std::vector<std::string> keys;
  for (int i = 100; i < 200; ++i) keys.push_back("k" + std::to_string(i));
  std::vector<KeyValue> many;
  for (const std::string& key : keys) many.push_back({key, 1});
  counter.add(1, many.data(), many.size());
  auto points = run.collect()["t15.counter"];
  EXPECT_EQ(points[R"(list=[1,2],texts=["a\"b","c"])"].integer(), 2);
  EXPECT_EQ(points["twice=2"].integer(), 1);
  EXPECT_EQ(points["otel.metric.overflow=true"].integer(), 1);
  EXPECT_EQ(points.size(), 4U);
}

TEST(MetricsTest, ExponentialHistogramsFitTheirScaleToTheData) {
  MetricsRun run;
  const Histogram histogram =
      create_histogram("t16.h", InstrumentOptions().with_exponential_buckets());
  for (int i = 1; i <= 1000; ++i) histogram.record(i);
  histogram.record(0);
  histogram.record(-2);
  std::thread([&] { histogram.record(1e-9); }).join();
  const ExponentialValue value = run.collect()["t16.h"][""].exponential();
  EXPECT_EQ(value.count, 1003U);
  EXPECT_EQ(value.zero_count, 1U);
  EXPECT_EQ(value.min, -2);
  EXPECT_EQ(value.max, 1000);
  EXPECT_NEAR(value.sum, 500500 - 2, 1e-6);
  EXPECT_LE(value.positive.counts.size(), 160U);
  EXPECT_GT(value.positive.counts.size(), 70U);
  std::uint64_t positive = 0;
  for (const std::uint64_t count : value.positive.counts) positive += count;
  EXPECT_EQ(positive, 1001U);
  EXPECT_EQ(value.negative.counts, (std::vector<std::uint64_t>{1}));
}

TEST(MetricsTest, ExponentialIndicesAreExactAtPowersOfTwo) {
  for (const std::int32_t scale : {0, 1, 3, 10, 20}) {
    const std::int32_t per_octave = std::int32_t{1} << scale;
    EXPECT_EQ(exponential_index(1.0, scale), -1);
    EXPECT_EQ(exponential_index(std::nextafter(1.0, 2.0), scale), 0);
    EXPECT_EQ(exponential_index(2.0, scale), per_octave - 1);
    EXPECT_EQ(exponential_index(0.5, scale), -per_octave - 1);
    EXPECT_EQ(exponential_index(std::nextafter(2.0, 0.0), scale), per_octave - 1);
  }
  EXPECT_EQ(exponential_index(4.0, -1), 0);
  EXPECT_EQ(exponential_index(4.5, -1), 1);
  EXPECT_EQ(exponential_index(1e-310, 0), -1023);
}

TEST(ViewsTest, RenameDropBoundsAndKeys) {
  MetricsRun run(with_views({
      View("t20.renamed").with_name("t20.new").with_description("d"),
      View("t20.drop*").dropped(),
      View("t20.hist?gram").with_bounds({1, 2}),
      View("t20.keys").with_attribute_keys({"route"}),
      View("t20.without").without_attribute_keys({"user"}),
      View("t20.sum").with_aggregation(ViewAggregation::kSum),
      View("t20.twice").with_name("t20.twice.a"),
      View("t20.twice").with_name("t20.twice.b").with_attribute_keys({}),
  }));
  create_counter("t20.renamed").add(1);
  create_counter("t20.dropped").add(1);
  create_counter("t20.dropped").bind({{"k", "v"}}).add(1);
  create_histogram("t20.histogram").record(1.5);
  for (int user = 0; user < 10'000; ++user) {
    create_counter("t20.keys").add(1, {{"user", user}, {"route", "/a"}});
  }
  create_counter("t20.without").add(1, {{"user", 1}, {"a", 1}, {"b", 2}});
  create_histogram("t20.sum").record(2.5);
  create_histogram("t20.sum").record(2);
  create_counter("t20.twice").add(1, {{"k", 1}});
  create_counter("t20.twice").bind({{"k", 2}}).add(2);
  CollectedMetrics metrics = run.collect();
  EXPECT_EQ(metrics["t20.new"][""].integer(), 1);
  EXPECT_EQ(metrics.count("t20.renamed"), 0U);
  EXPECT_EQ(metrics.count("t20.dropped"), 0U);
  EXPECT_EQ(metrics["t20.histogram"][""].histogram().bucket_counts,
            (std::vector<std::uint64_t>{0, 1, 0}));
  EXPECT_EQ(metrics["t20.keys"].size(), 1U);
  EXPECT_EQ(metrics["t20.keys"]["route=/a"].integer(), 10'000);
  EXPECT_EQ(metrics["t20.without"]["a=1,b=2"].integer(), 1);
  EXPECT_EQ(metrics["t20.sum"][""].real(), 4.5);
  EXPECT_EQ(metrics["t20.twice.a"]["k=2"].integer(), 2);
  EXPECT_EQ(metrics["t20.twice.b"][""].integer(), 3);
}

TEST(ViewsTest, ApplyToInstrumentsMadeBefore) {
  const Histogram histogram = create_histogram("t21.h");
  const BoundHistogram bound = histogram.bind({{"k", "v"}, {"user", 7}});
  MetricsRun run(with_views({View("t21.h").with_bounds({100}).with_attribute_keys({"k"})}));
  bound.record(50);
  histogram.record(500, {{"k", "v"}, {"user", 8}});
  EXPECT_EQ(run.collect()["t21.h"]["k=v"].histogram().bucket_counts,
            (std::vector<std::uint64_t>{1, 1}));
}

TEST(ViewsTest, LimitOfSeries) {
  MetricsRun run(with_views({View("t22.c").with_cardinality_limit(3)}));
  for (int i = 0; i < 5; ++i) create_counter("t22.c").add(1, {{"i", i}});
  auto points = run.collect()["t22.c"];
  EXPECT_EQ(points.size(), 3U);
  EXPECT_EQ(points["otel.metric.overflow=true"].integer(), 3);
}

}  // namespace
}  // namespace binnacle::sdk
