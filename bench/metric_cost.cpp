#include "sdk/metrics/metric_reader.h"
#include "sdk/metrics/registry.h"

#include <benchmark/benchmark.h>
#include <binnacle/metrics.h>

#include <cstdint>

// What does a measurement cost? The recording thread's time per operation, alone and with a second
// thread recording into the same series. Nothing is exported while recording is timed; collecting
// has a row of its own.

namespace {

using namespace binnacle;

void start(const benchmark::State&) { sdk::MetricRegistry::instance().begin_run({}); }
void stop(const benchmark::State&) { sdk::MetricRegistry::instance().end_run(); }

constexpr double kBounds[] = {1,   2.5, 5,   10,   25,   50,   75,   100,
                              250, 500, 750, 1000, 2500, 5000, 7500, 10000};

InstrumentOptions sixteen_bounds() {
  return InstrumentOptions().with_bounds(kBounds, std::size(kBounds));
}

/// Values all over the buckets, in no order that a predictor could learn.
class Values {
 public:
  double next() noexcept {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 50U);  // 0 to 16383
  }

 private:
  std::uint64_t state_ = 1;
};

void bound_counter(benchmark::State& state) {
  const BoundCounter counter = create_counter("bench.counter").bind({{"k", "v"}});
  for (auto _ : state) counter.add(1);
}
void bound_double_counter(benchmark::State& state) {
  const BoundDoubleCounter counter = create_double_counter("bench.double").bind({{"k", "v"}});
  for (auto _ : state) counter.add(0.5);
}
void bound_histogram(benchmark::State& state) {
  const BoundHistogram histogram =
      create_histogram("bench.histogram", sixteen_bounds()).bind({{"k", "v"}});
  Values values;
  for (auto _ : state) histogram.record(values.next());
}
void bound_histogram_same_value(benchmark::State& state) {
  const BoundHistogram histogram =
      create_histogram("bench.histogram", sixteen_bounds()).bind({{"k", "v"}});
  for (auto _ : state) histogram.record(42);
}
void bound_exponential(benchmark::State& state) {
  const BoundHistogram histogram =
      create_histogram("bench.exponential", InstrumentOptions().with_exponential_buckets())
          .bind({{"k", "v"}});
  Values values;
  for (auto _ : state) histogram.record(values.next());
}
void bound_gauge(benchmark::State& state) {
  const BoundGauge gauge = create_gauge("bench.gauge").bind({{"k", "v"}});
  for (auto _ : state) gauge.set(1.5);
}
void counter_0_attributes(benchmark::State& state) {
  const Counter counter = create_counter("bench.counter");
  for (auto _ : state) counter.add(1);
}
void counter_3_attributes(benchmark::State& state) {
  const Counter counter = create_counter("bench.counter");
  for (auto _ : state) {
    counter.add(1, {{"method", "GET"}, {"route", "/api/v1/users/{id}"}, {"status_code", 200}});
  }
}
void histogram_3_attributes(benchmark::State& state) {
  const Histogram histogram = create_histogram("bench.histogram", sixteen_bounds());
  Values values;
  for (auto _ : state) {
    histogram.record(values.next(),
                     {{"method", "GET"}, {"route", "/api/v1/users/{id}"}, {"status_code", 200}});
  }
}
void off_3_attributes(benchmark::State& state) {
  const Counter counter = create_counter("bench.counter");
  for (auto _ : state) {
    counter.add(1, {{"method", "GET"}, {"route", "/api/v1/users/{id}"}, {"status_code", 200}});
  }
}

/// One collection of 1,000 histogram series that one thread has recorded into.
void collect_1000_series(benchmark::State& state) {
  const Histogram histogram = create_histogram("bench.many", sixteen_bounds());
  for (int i = 0; i < 1000; ++i) histogram.record(i, {{"i", i}});
  sdk::MetricReader reader(sdk::TemporalityPreference::kCumulative);
  for (auto _ : state) benchmark::DoNotOptimize(reader.collect());
}

BENCHMARK(bound_counter)->Setup(start)->Threads(1)->Threads(2);
BENCHMARK(bound_double_counter)->Setup(start)->Threads(1)->Threads(2);
BENCHMARK(bound_histogram)->Setup(start)->Threads(1)->Threads(2);
BENCHMARK(bound_histogram_same_value)->Setup(start)->Threads(1)->Threads(2);
BENCHMARK(bound_exponential)->Setup(start)->Threads(1)->Threads(2);
BENCHMARK(bound_gauge)->Setup(start)->Threads(1)->Threads(2);
BENCHMARK(counter_0_attributes)->Setup(start)->Threads(1)->Threads(2);
BENCHMARK(counter_3_attributes)->Setup(start)->Threads(1)->Threads(2);
BENCHMARK(histogram_3_attributes)->Setup(start)->Threads(1)->Threads(2);
BENCHMARK(off_3_attributes)->Setup(stop)->Threads(1)->Threads(2);
BENCHMARK(collect_1000_series)->Setup(start)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
