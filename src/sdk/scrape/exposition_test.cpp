#include "sdk/scrape/exposition.h"

#include "sdk/scrape/classic_buckets.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace binnacle::sdk {
namespace {

MetricData counter(std::string name, std::int64_t value, std::vector<Label> labels = {}) {
  MetricData metric;
  metric.name = std::move(name);
  metric.kind = MetricKind::kCounter;
  metric.is_monotonic = true;
  metric.points.emplace_back();
  metric.points[0].attributes = std::move(labels);
  metric.points[0].value = value;
  return metric;
}

MetricData gauge(std::string name, double value) {
  MetricData metric;
  metric.name = std::move(name);
  metric.points.emplace_back();
  metric.points[0].value = value;
  return metric;
}

MetricData latency() {
  MetricData metric;
  metric.name = "llm.call.duration";
  metric.unit = "ms";
  metric.description = "How long a model call took";
  metric.kind = MetricKind::kHistogram;
  HistogramValue value;
  value.count = 6;
  value.sum = 812.5;
  value.bounds = {50, 100};
  value.bucket_counts = {1, 2, 3};
  Exemplar exemplar;
  exemplar.value = 75.5;
  exemplar.time_unix_ns = 1'700'000'000'250'000'000;
  exemplar.has_span = true;
  exemplar.trace_id[15] = 0xAB;
  exemplar.span_id[0] = 0x01;
  metric.points.emplace_back();
  metric.points[0].attributes = {{"model", std::string("m1")}};
  metric.points[0].value = std::move(value);
  metric.points[0].exemplars = {exemplar};
  return metric;
}

std::string text(const std::vector<MetricData>& metrics) {
  return expose_metrics(metrics, {}, ScrapeFormat::kText);
}
std::string open_metrics(const std::vector<MetricData>& metrics) {
  return expose_metrics(metrics, {}, ScrapeFormat::kOpenMetrics);
}

TEST(Exposition, WritesHistogramsCumulatively) {
  EXPECT_EQ(text({latency()}),
            "# HELP llm_call_duration_milliseconds How long a model call took\n"
            "# TYPE llm_call_duration_milliseconds histogram\n"
            "llm_call_duration_milliseconds_bucket{model=\"m1\",le=\"50\"} 1\n"
            "llm_call_duration_milliseconds_bucket{model=\"m1\",le=\"100\"} 3\n"
            "llm_call_duration_milliseconds_bucket{model=\"m1\",le=\"+Inf\"} 6\n"
            "llm_call_duration_milliseconds_sum{model=\"m1\"} 812.5\n"
            "llm_call_duration_milliseconds_count{model=\"m1\"} 6\n");
}

TEST(Exposition, SpellsBoundsAsPrometheusClientsDo) {
  MetricData metric = latency();
  HistogramValue& value = std::get<HistogramValue>(metric.points[0].value);
  value.bounds = {0, 0.00005, 0.0001, 0.25, 300'000, 999'999, 1'000'000, 1'800'000};
  value.bucket_counts.assign(value.bounds.size() + 1, 0);
  const std::string plain = text({metric});
  for (const char* bound :
       {"0", "5e-05", "0.0001", "0.25", "300000", "999999", "1e+06", "1.8e+06", "+Inf"}) {
    EXPECT_NE(plain.find("le=\"" + std::string(bound) + "\""), std::string::npos) << bound;
  }
  const std::string open = open_metrics({metric});
  for (const char* bound :
       {"0.0", "5e-05", "0.0001", "0.25", "300000.0", "999999.0", "1e+06", "1.8e+06", "+Inf"}) {
    EXPECT_NE(open.find("le=\"" + std::string(bound) + "\""), std::string::npos) << bound;
  }
}

TEST(Exposition, OpenMetricsHasUnitsAndExemplars) {
  EXPECT_EQ(open_metrics({latency()}),
            "# HELP llm_call_duration_milliseconds How long a model call took\n"
            "# TYPE llm_call_duration_milliseconds histogram\n"
            "# UNIT llm_call_duration_milliseconds milliseconds\n"
            "llm_call_duration_milliseconds_bucket{model=\"m1\",le=\"50.0\"} 1\n"
            "llm_call_duration_milliseconds_bucket{model=\"m1\",le=\"100.0\"} 3"
            " # {trace_id=\"000000000000000000000000000000ab\",span_id=\"0100000000000000\"}"
            " 75.5 1700000000.250\n"
            "llm_call_duration_milliseconds_bucket{model=\"m1\",le=\"+Inf\"} 6\n"
            "llm_call_duration_milliseconds_sum{model=\"m1\"} 812.5\n"
            "llm_call_duration_milliseconds_count{model=\"m1\"} 6\n"
            "# EOF\n");
}

TEST(Exposition, NamesACountersFamilyAsTheFormatWantsIt) {
  const MetricData metric = counter("http.request", 7, {{"code", std::int64_t{200}}});
  EXPECT_EQ(text({metric}),
            "# TYPE http_request_total counter\nhttp_request_total{code=\"200\"} 7\n");
  EXPECT_EQ(open_metrics({metric}),
            "# TYPE http_request counter\nhttp_request_total{code=\"200\"} 7\n# EOF\n");
}

TEST(Exposition, OneFamilyPerNameWhateverTheScope) {
  MetricData other = counter("jobs", 2);
  other.scope = {"my.library", "1.2"};
  EXPECT_EQ(text({counter("jobs", 1), gauge("load", 0.5), other}),
            "# TYPE jobs_total counter\njobs_total 1\n"
            "jobs_total{otel_scope_name=\"my.library\",otel_scope_version=\"1.2\"} 2\n"
            "# TYPE load gauge\nload 0.5\n");
}

TEST(Exposition, AKindThatContradictsItsFamilyIsLeftOut) {
  EXPECT_EQ(text({gauge("queue", 1),
                  [] {
                    MetricData histogram = latency();
                    histogram.name = "queue";
                    histogram.unit = "";
                    return histogram;
                  }()}),
            "# TYPE queue gauge\nqueue 1\n");
}

TEST(Exposition, EscapesAndRepairsText) {
  MetricData metric = counter("a", 1, {{"path", std::string("c:\\x\n\"y\" \xFF")}});
  metric.description = "back\\slash\nand \"quotes\"";
  EXPECT_EQ(text({metric}),
            "# HELP a_total back\\\\slash\\nand \"quotes\"\n# TYPE a_total counter\n"
            "a_total{path=\"c:\\\\x\\n\\\"y\\\" \xEF\xBF\xBD\"} 1\n");
}

TEST(Exposition, LabelsThatBecomeOneNameShareIt) {
  EXPECT_EQ(text({counter("a", 1, {{"x.y", std::string("1")}, {"x_y", true}})}),
            "# TYPE a_total counter\na_total{x_y=\"1;true\"} 1\n");
}

TEST(Exposition, WritesSpecialNumbers) {
  EXPECT_EQ(text({gauge("a", std::numeric_limits<double>::quiet_NaN())}),
            "# TYPE a gauge\na NaN\n");
  EXPECT_EQ(text({gauge("a", -HUGE_VAL)}), "# TYPE a gauge\na -Inf\n");
  EXPECT_EQ(text({gauge("a", 1e300)}), "# TYPE a gauge\na 1e+300\n");
}

TEST(Exposition, TheResourceIsTargetInfo) {
  const std::vector<Label> resource = {{"service.name", std::string("bidder")},
                                       {"service.instance.id", std::string("i")},
                                       {"service.version", std::string("2")}};
  EXPECT_EQ(expose_metrics({}, resource, ScrapeFormat::kText),
            "# HELP target_info Target metadata\n# TYPE target_info gauge\n"
            "target_info{service_version=\"2\"} 1\n");
  EXPECT_EQ(expose_metrics({}, resource, ScrapeFormat::kOpenMetrics),
            "# TYPE target info\n# HELP target Target metadata\n"
            "target_info{service_version=\"2\"} 1\n# EOF\n");
}

TEST(Exposition, ExemplarLabelsStayWithinTheirLimit) {
  MetricData metric = counter("a", 1);
  Exemplar exemplar;
  exemplar.is_integer = true;
  exemplar.integer = 3;
  exemplar.filtered_attributes = {{"b", std::string(100, 'x')}, {"c", std::string(100, 'y')}};
  metric.points[0].exemplars = {exemplar};
  const std::string page = open_metrics({metric});
  EXPECT_NE(page.find(" # {b=\"" + std::string(100, 'x') + "\"} 3 0.000\n"), std::string::npos)
      << page;
}

std::uint64_t total(const std::vector<std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

TEST(ClassicBuckets, KeepCountsAndBoundsOfAFewBuckets) {
  ExponentialValue value;
  value.scale = 0;
  value.positive = {.offset = 0, .counts = {1, 2}};  // (1, 2], (2, 4]
  value.negative = {.offset = 1, .counts = {4}};     // [-4, -2)
  value.zero_count = 3;
  value.count = 10;
  const HistogramValue classic = to_classic_buckets(value);
  EXPECT_EQ(classic.bounds, (std::vector<double>{-4, -2, 0, 1, 2, 4}));
  EXPECT_EQ(classic.bucket_counts, (std::vector<std::uint64_t>{0, 4, 3, 0, 1, 2, 0}));
}

TEST(ClassicBuckets, BecomeCoarserButLoseNothing) {
  ExponentialValue value;
  value.scale = 5;
  value.positive.offset = -70;
  value.positive.counts.assign(160, 2);
  value.negative = {.offset = 3, .counts = {7}};
  value.count = 327;
  const HistogramValue classic = to_classic_buckets(value);
  EXPECT_LE(classic.bounds.size(), kMaxClassicBounds);
  EXPECT_GT(classic.bounds.size(), kMaxClassicBounds / 3);
  EXPECT_EQ(total(classic.bucket_counts), 327U);
  EXPECT_TRUE(std::is_sorted(classic.bounds.begin(), classic.bounds.end()));
  EXPECT_EQ(classic.bucket_counts.size(), classic.bounds.size() + 1);
}

TEST(ClassicBuckets, HoldAtTheEdgesOfDouble) {
  ExponentialValue value;
  value.scale = 0;
  value.positive = {.offset = 1022, .counts = {5, 6}};
  value.negative = {.offset = 1023, .counts = {1}};
  value.count = 12;
  const HistogramValue classic = to_classic_buckets(value);
  for (const double bound : classic.bounds) EXPECT_TRUE(std::isfinite(bound));
  EXPECT_EQ(total(classic.bucket_counts), 12U);
  EXPECT_EQ(classic.bucket_counts.back(), 6U);
}

TEST(ClassicBuckets, AnEmptyHistogramHasOneBucket) {
  const HistogramValue classic = to_classic_buckets({});
  EXPECT_TRUE(classic.bounds.empty());
  EXPECT_EQ(classic.bucket_counts, (std::vector<std::uint64_t>{0}));
}

}  // namespace
}  // namespace binnacle::sdk
