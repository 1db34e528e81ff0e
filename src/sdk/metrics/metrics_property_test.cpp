#include "base/random.h"
#include "sdk/metrics/metrics_for_test.h"

#include <binnacle/metrics.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <thread>
#include <vector>

// Random measurements, random threads, random collections, against an oracle that keeps everything.

namespace binnacle::sdk {
namespace {

/// Every value that was recorded under one set of attributes.
struct Oracle {
  std::map<std::string, std::vector<double>> values;
  std::map<std::string, std::vector<double>> since;  ///< the delta reader's last collection
};

HistogramValue expected(const std::vector<double>& values, const std::vector<double>& bounds) {
  HistogramValue result;
  result.bucket_counts.assign(bounds.size() + 1, 0);
  for (const double value : values) {
    std::size_t bucket = 0;
    while (bucket < bounds.size() && value > bounds[bucket]) ++bucket;
    ++result.bucket_counts[bucket];
    ++result.count;
    result.sum += value;
  }
  result.min = *std::min_element(values.begin(), values.end());
  result.max = *std::max_element(values.begin(), values.end());
  return result;
}

void expect_histogram(const HistogramValue& got, const std::vector<double>& values,
                      const std::vector<double>& bounds) {
  const HistogramValue want = expected(values, bounds);
  EXPECT_EQ(got.bucket_counts, want.bucket_counts);
  EXPECT_EQ(got.count, want.count);
  EXPECT_NEAR(got.sum, want.sum, 1e-6 * std::max(1.0, std::fabs(want.sum)));
  EXPECT_EQ(got.min, want.min);
  EXPECT_EQ(got.max, want.max);
}

std::vector<double> random_bounds(Random& random) {
  std::vector<double> bounds;
  const std::size_t count = random.below(30);
  for (std::size_t i = 0; i < count; ++i) {
    const double magnitude = std::exp(random.uniform() * 20 - 8);
    bounds.push_back(random.below(8) == 0 ? -magnitude : magnitude);
  }
  std::sort(bounds.begin(), bounds.end());
  bounds.erase(std::unique(bounds.begin(), bounds.end()), bounds.end());
  return bounds;
}

/// Often exactly a bound or next to one.
double random_value(Random& random, const std::vector<double>& bounds) {
  if (!bounds.empty() && random.below(3) == 0) {
    const double bound = bounds[random.below(bounds.size())];
    const double infinity = std::numeric_limits<double>::infinity();
    const std::uint64_t side = random.below(3);
    return side == 0 ? bound : std::nextafter(bound, side == 1 ? infinity : -infinity);
  }
  return random.below(20) == 0 ? 0.0 : std::exp(random.uniform() * 30 - 15);
}

TEST(MetricsPropertyTest, HistogramsEqualTheOracle) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::vector<double> bounds = random_bounds(random);
    const std::string name = "p1.h" + std::to_string(seed);
    MetricsRun run;
    MetricReader delta(TemporalityPreference::kDelta);
    const Histogram histogram =
        create_histogram(name, InstrumentOptions().with_bounds(bounds.data(), bounds.size()));
    Oracle oracle;
    for (int step = 0; step < 300; ++step) {
      const std::uint64_t action = random.below(40);
      if (action == 0) {
        run.collect();
      } else if (action == 1) {
        CollectedMetrics got = by_name(delta.collect());
        EXPECT_EQ(got[name].size(), oracle.since.size());
        for (const auto& [key, values] : oracle.since) {
          expect_histogram(got[name][key].histogram(), values, bounds);
        }
        oracle.since.clear();
      } else {
        const auto a = static_cast<std::int64_t>(random.below(3));
        const double value = random_value(random, bounds);
        const auto record = [&] {
          if (random.below(2) == 0) {
            histogram.record(value, {{"a", a}, {"b", "x"}});
          } else {
            histogram.record(value, {{"b", "x"}, {"a", a}});
          }
        };
        if (action == 2) {
          std::thread(record).join();
        } else {
          record();
        }
        const std::string key = "a=" + std::to_string(a) + ",b=x";
        oracle.values[key].push_back(value);
        oracle.since[key].push_back(value);
      }
    }
    CollectedMetrics got = run.collect();
    EXPECT_EQ(got[name].size(), oracle.values.size());
    for (const auto& [key, values] : oracle.values) {
      expect_histogram(got[name][key].histogram(), values, bounds);
    }
  }
}

/// With and without a table, and wherever the table ends.
TEST(MetricsPropertyTest, EveryValueFallsIntoTheBucketOfItsBounds) {
  constexpr double kLeast = std::numeric_limits<double>::denorm_min();
  constexpr double kMost = std::numeric_limits<double>::max();
  const std::vector<std::vector<double>> cases = {
      {},           {0},
      {-1},         {1},
      {-1, 0, 1},   {kLeast},
      {0, kLeast},  {-kMost, kMost},
      {1e-300, 1},  {1, 1.0001, 1.0002},
      {5, 10, 100}, {-kLeast, 0, kLeast, 2 * kLeast},
  };
  for (const std::vector<double>& bounds : cases) {
    SCOPED_TRACE(::testing::PrintToString(bounds));
    const auto shape = HistogramShape::make(bounds.data(), bounds.size());
    std::vector<double> values = {0.0, -0.0, kLeast, -kLeast, kMost, -kMost, 1, -1, 7, 1e300};
    for (const double bound : bounds) {
      values.insert(values.end(),
                    {bound, std::nextafter(bound, kMost), std::nextafter(bound, -kMost)});
    }
    for (const double value : values) {
      const auto below = std::count_if(bounds.begin(), bounds.end(),
                                       [value](double bound) { return value > bound; });
      EXPECT_EQ(shape->find(value), static_cast<std::size_t>(below)) << value;
    }
  }
}

/// Every value lies in the bucket that its count is in.
void expect_exponential(const ExponentialValue& got, const std::vector<double>& values) {
  std::map<std::int32_t, std::uint64_t> positive;
  std::map<std::int32_t, std::uint64_t> negative;
  std::uint64_t zeros = 0;
  for (const double value : values) {
    if (value == 0) ++zeros;
    if (value > 0) ++positive[exponential_index(value, got.scale)];
    if (value < 0) ++negative[exponential_index(-value, got.scale)];
  }
  const auto to_map = [](const ExponentialBuckets& buckets) {
    std::map<std::int32_t, std::uint64_t> map;
    for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
      if (buckets.counts[i] > 0)
        map[buckets.offset + static_cast<std::int32_t>(i)] = buckets.counts[i];
    }
    return map;
  };
  EXPECT_EQ(got.count, values.size());
  EXPECT_EQ(got.zero_count, zeros);
  EXPECT_LE(got.positive.counts.size(), 160U);
  EXPECT_LE(got.negative.counts.size(), 160U);
  EXPECT_EQ(to_map(got.positive), positive);
  EXPECT_EQ(to_map(got.negative), negative);
}

TEST(MetricsPropertyTest, ExponentialHistogramsEqualTheOracle) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    const std::string name = "p2.h" + std::to_string(seed);
    MetricsRun run;
    MetricReader delta(TemporalityPreference::kDelta);
    const Histogram histogram =
        create_histogram(name, InstrumentOptions().with_exponential_buckets());
    std::vector<double> all;
    std::vector<double> since;
    double spread = 1;
    for (int step = 0; step < 400; ++step) {
      if (random.below(50) == 0) spread = std::min(spread * 4, 1000.0);  // finite values
      const double magnitude = std::exp((random.uniform() - 0.5) * spread);
      const double value = random.below(10) == 0  ? 0.0
                           : random.below(5) == 0 ? -magnitude
                                                  : magnitude;
      if (random.below(10) == 0) {
        std::thread([&] { histogram.record(value); }).join();
      } else {
        histogram.record(value);
      }
      all.push_back(value);
      since.push_back(value);
      if (random.below(60) == 0) {
        expect_exponential(by_name(delta.collect())[name][""].exponential(), since);
        since.clear();
      }
    }
    expect_exponential(run.collect()[name][""].exponential(), all);
  }
}

}  // namespace
}  // namespace binnacle::sdk
