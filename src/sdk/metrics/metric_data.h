#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

// What a collection of metrics yields: plain values, independent of the recording side. Made by
// MetricReader::collect() (metric_reader.h); read by the OTLP encoders and the Prometheus text
// writers. Names, units and attribute keys are OpenTelemetry's; translating them is the writers'
// business. Sources: opentelemetry-specification, metrics/data-model.md; opentelemetry-proto 1.x,
// metrics/v1/metrics.proto.
//
//   for (const MetricData& metric : reader.collect())
//     for (const Point& point : metric.points) ...

namespace binnacle::sdk {

/// Value of a metric attribute. Arrays are recorded as their JSON text.
using AttributeScalar = std::variant<std::string, std::int64_t, double, bool>;

struct Label {
  std::string key;
  AttributeScalar value;
  friend bool operator==(const Label&, const Label&) = default;
};

enum class MetricKind : std::uint8_t {
  kCounter,               ///< a sum that only grows
  kUpDownCounter,         ///< a sum that may fall
  kGauge,                 ///< the last value
  kHistogram,             ///< explicit bounds
  kExponentialHistogram,  ///< base-2 exponential buckets
};

/// What a point covers: everything since `start_unix_ns` of the series, or since the reader's last
/// collection. Gauges have none; theirs says kCumulative.
enum class Temporality : std::uint8_t { kDelta, kCumulative };

/// The meter that made an instrument.
struct MetricScope {
  std::string name;
  std::string version;
  friend bool operator==(const MetricScope&, const MetricScope&) = default;
};

/// One measurement with the span it was taken in.
struct Exemplar {
  double value = 0;
  std::int64_t integer = 0;  ///< `value` as it was recorded, if `is_integer`
  bool is_integer = false;
  std::int64_t time_unix_ns = 0;
  bool has_span = false;           ///< the ids are valid (always, unless the filter is always_on)
  std::uint8_t trace_id[16] = {};  ///< wire order
  std::uint8_t span_id[8] = {};
  /// Attributes of the measurement that a view dropped from the series.
  std::vector<Label> filtered_attributes;
};

/// An explicit-bounds histogram. Bucket i counts values in (bounds[i-1], bounds[i]]; the last one
/// is (bounds.back(), +inf). `count` is exactly the sum of `bucket_counts`.
struct HistogramValue {
  std::uint64_t count = 0;
  double sum = 0;
  bool has_min_max = false;  ///< count > 0 and both are known
  double min = 0;
  double max = 0;
  std::vector<double> bounds;                ///< ascending, finite
  std::vector<std::uint64_t> bucket_counts;  ///< bounds.size() + 1
};

/// Buckets of one sign: counts[i] is for values in (base^(offset+i), base^(offset+i+1)], with
/// base = 2^(2^-scale).
struct ExponentialBuckets {
  std::int32_t offset = 0;
  std::vector<std::uint64_t> counts;
};

/// `count` is exactly zero_count and all buckets together.
struct ExponentialValue {
  std::uint64_t count = 0;
  double sum = 0;
  bool has_min_max = false;
  double min = 0;
  double max = 0;
  std::int32_t scale = 0;
  std::uint64_t zero_count = 0;
  double zero_threshold = 0;
  ExponentialBuckets positive;
  ExponentialBuckets negative;
};

/// Integer for counters, up-down counters and gauges of integers, double for those of doubles.
using PointValue = std::variant<std::int64_t, double, HistogramValue, ExponentialValue>;

/// One series at one time.
struct Point {
  std::vector<Label> attributes;   ///< keys unique, ascending
  std::int64_t start_unix_ns = 0;  ///< of the interval; 0 for gauges
  std::int64_t time_unix_ns = 0;
  PointValue value;
  std::vector<Exemplar> exemplars;
};

/// One stream (an instrument as a view shows it) and all its points; never without points.
struct MetricData {
  std::string name;
  std::string unit;
  std::string description;
  MetricKind kind = MetricKind::kGauge;
  Temporality temporality = Temporality::kCumulative;
  bool is_monotonic = false;  ///< of sums: kCounter
  MetricScope scope;
  std::vector<Point> points;
};

}  // namespace binnacle::sdk
