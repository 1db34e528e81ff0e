#include "sdk/metrics/otlp_metrics.h"

#include "wire/otlp/span_writer.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace binnacle::sdk {

namespace wo = wire::otlp;

namespace {

constexpr std::uint8_t kRequestResourceMetrics = wo::tag_of(1, wo::kBytes);
constexpr std::uint8_t kResourceMetricsResource = wo::tag_of(1, wo::kBytes);
constexpr std::uint8_t kResourceMetricsScopeMetrics = wo::tag_of(2, wo::kBytes);
constexpr std::uint8_t kScopeMetricsScope = wo::tag_of(1, wo::kBytes);
constexpr std::uint8_t kScopeMetricsMetrics = wo::tag_of(2, wo::kBytes);
// message Metric
constexpr std::uint8_t kMetricName = wo::tag_of(1, wo::kBytes);
constexpr std::uint8_t kMetricDescription = wo::tag_of(2, wo::kBytes);
constexpr std::uint8_t kMetricUnit = wo::tag_of(3, wo::kBytes);
constexpr std::uint8_t kMetricGauge = wo::tag_of(5, wo::kBytes);
constexpr std::uint8_t kMetricSum = wo::tag_of(7, wo::kBytes);
constexpr std::uint8_t kMetricHistogram = wo::tag_of(9, wo::kBytes);
constexpr std::uint8_t kMetricExponential = wo::tag_of(10, wo::kBytes);
// messages Gauge, Sum, Histogram, ExponentialHistogram
constexpr std::uint8_t kDataPoints = wo::tag_of(1, wo::kBytes);
constexpr std::uint8_t kDataTemporality = wo::tag_of(2, wo::kVarint);
constexpr std::uint8_t kSumIsMonotonic = wo::tag_of(3, wo::kVarint);
// all messages of data points
constexpr std::uint8_t kPointStart = wo::tag_of(2, wo::kFixed64);
constexpr std::uint8_t kPointTime = wo::tag_of(3, wo::kFixed64);
// message NumberDataPoint
constexpr std::uint8_t kNumberAttributes = wo::tag_of(7, wo::kBytes);
constexpr std::uint8_t kNumberDouble = wo::tag_of(4, wo::kFixed64);
constexpr std::uint8_t kNumberInt = wo::tag_of(6, wo::kFixed64);
constexpr std::uint8_t kNumberExemplars = wo::tag_of(5, wo::kBytes);
// message HistogramDataPoint
constexpr std::uint8_t kHistogramAttributes = wo::tag_of(9, wo::kBytes);
constexpr std::uint8_t kHistogramCount = wo::tag_of(4, wo::kFixed64);
constexpr std::uint8_t kHistogramSum = wo::tag_of(5, wo::kFixed64);
constexpr std::uint8_t kHistogramBuckets = wo::tag_of(6, wo::kBytes);
constexpr std::uint8_t kHistogramBounds = wo::tag_of(7, wo::kBytes);
constexpr std::uint8_t kHistogramExemplars = wo::tag_of(8, wo::kBytes);
constexpr std::uint8_t kHistogramMin = wo::tag_of(11, wo::kFixed64);
constexpr std::uint8_t kHistogramMax = wo::tag_of(12, wo::kFixed64);
// message ExponentialHistogramDataPoint
constexpr std::uint8_t kExponentialAttributes = wo::tag_of(1, wo::kBytes);
constexpr std::uint8_t kExponentialCount = wo::tag_of(4, wo::kFixed64);
constexpr std::uint8_t kExponentialSum = wo::tag_of(5, wo::kFixed64);
constexpr std::uint8_t kExponentialScale = wo::tag_of(6, wo::kVarint);
constexpr std::uint8_t kExponentialZeroCount = wo::tag_of(7, wo::kFixed64);
constexpr std::uint8_t kExponentialPositive = wo::tag_of(8, wo::kBytes);
constexpr std::uint8_t kExponentialNegative = wo::tag_of(9, wo::kBytes);
constexpr std::uint8_t kExponentialExemplars = wo::tag_of(11, wo::kBytes);
constexpr std::uint8_t kExponentialMin = wo::tag_of(12, wo::kFixed64);
constexpr std::uint8_t kExponentialMax = wo::tag_of(13, wo::kFixed64);
constexpr std::uint8_t kExponentialZeroThreshold = wo::tag_of(14, wo::kFixed64);
constexpr std::uint8_t kBucketsOffset = wo::tag_of(1, wo::kVarint);
constexpr std::uint8_t kBucketsCounts = wo::tag_of(2, wo::kBytes);
// message Exemplar
constexpr std::uint8_t kExemplarAttributes = wo::tag_of(7, wo::kBytes);
constexpr std::uint8_t kExemplarTime = wo::tag_of(2, wo::kFixed64);
constexpr std::uint8_t kExemplarDouble = wo::tag_of(3, wo::kFixed64);
constexpr std::uint8_t kExemplarInt = wo::tag_of(6, wo::kFixed64);
constexpr std::uint8_t kExemplarSpanId = wo::tag_of(4, wo::kBytes);
constexpr std::uint8_t kExemplarTraceId = wo::tag_of(5, wo::kBytes);

/// sint32's encoding.
std::uint64_t zigzag(std::int32_t value) noexcept {
  return (static_cast<std::uint32_t>(value) << 1U) ^ static_cast<std::uint32_t>(value >> 31);
}

/// Appends fields to a message. Nested messages are written in place, and their length, known last,
/// is put in front of them: a collection is written once a minute, so moving bytes costs less than
/// sizing everything first.
class MessageWriter {
 public:
  explicit MessageWriter(std::string& out) noexcept : out_(out) {}

  void varint(std::uint8_t tag, std::uint64_t value) {
    char* at = extend(1 + wo::varint_size(value));
    wo::put_varint(wo::put_byte(at, tag), value);
  }
  void fixed(std::uint8_t tag, std::uint64_t value) {
    wo::put_fixed64(wo::put_byte(extend(9), tag), value);
  }
  void real(std::uint8_t tag, double value) { fixed(tag, std::bit_cast<std::uint64_t>(value)); }
  void bytes(std::uint8_t tag, std::string_view value) {
    wo::put_bytes_field(extend(wo::bytes_field_size(value.size())), tag, value);
  }
  void text(std::uint8_t tag, std::string_view value) {
    if (!value.empty()) bytes(tag, value);
  }
  template <typename Fill>
  void message(std::uint8_t tag, Fill fill) {
    wo::put_byte(extend(1), tag);
    const std::size_t begin = out_.size();
    fill();
    char length[10];
    const char* end = wo::put_varint(length, out_.size() - begin);
    out_.insert(begin, length, static_cast<std::size_t>(end - length));
  }
  template <typename T>
  void packed_fixed(std::uint8_t tag, const std::vector<T>& values) {
    char* at = wo::put_varint(
        wo::put_byte(extend(1 + wo::varint_size(values.size() * 8) + values.size() * 8), tag),
        values.size() * 8);
    for (const T value : values) at = wo::put_fixed64(at, std::bit_cast<std::uint64_t>(value));
  }
  void attribute(std::uint8_t tag, const Label& label) {
    std::visit(
        [&](const auto& value) {
          using T = std::decay_t<decltype(value)>;
          const std::string& key = label.key;
          if constexpr (std::is_same_v<T, std::string>) {
            char* at = extend(wo::string_attribute_size(key.size(), value.size()));
            wo::put_string_attribute(at, tag, key, value);
          } else if constexpr (std::is_same_v<T, double>) {
            wo::put_double_attribute(extend(wo::double_attribute_size(key.size())), tag, key,
                                     value);
          } else {
            const auto bits = static_cast<std::uint64_t>(value);
            wo::put_varint_attribute(extend(wo::varint_attribute_size(key.size(), bits)), tag, key,
                                     std::is_same_v<T, bool> ? wo::kAnyBool : wo::kAnyInt, bits);
          }
        },
        label.value);
  }

 private:
  char* extend(std::size_t bytes) {
    out_.resize(out_.size() + bytes);
    return out_.data() + out_.size() - bytes;
  }

  std::string& out_;
};

std::string_view id_bytes(const std::uint8_t* id, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(id), size};
}

void put_exemplars(MessageWriter& out, std::uint8_t tag, const std::vector<Exemplar>& exemplars) {
  for (const Exemplar& exemplar : exemplars) {
    out.message(tag, [&] {
      out.fixed(kExemplarTime, static_cast<std::uint64_t>(exemplar.time_unix_ns));
      if (exemplar.is_integer) {
        out.fixed(kExemplarInt, static_cast<std::uint64_t>(exemplar.integer));
      } else {
        out.real(kExemplarDouble, exemplar.value);
      }
      if (exemplar.has_span) {
        out.bytes(kExemplarSpanId, id_bytes(exemplar.span_id, sizeof exemplar.span_id));
        out.bytes(kExemplarTraceId, id_bytes(exemplar.trace_id, sizeof exemplar.trace_id));
      }
      for (const Label& label : exemplar.filtered_attributes) {
        out.attribute(kExemplarAttributes, label);
      }
    });
  }
}

void put_times(MessageWriter& out, const Point& point) {
  if (point.start_unix_ns != 0) {
    out.fixed(kPointStart, static_cast<std::uint64_t>(point.start_unix_ns));
  }
  out.fixed(kPointTime, static_cast<std::uint64_t>(point.time_unix_ns));
}

void put_number(MessageWriter& out, const Point& point) {
  put_times(out, point);
  if (const auto* integer = std::get_if<std::int64_t>(&point.value)) {
    out.fixed(kNumberInt, static_cast<std::uint64_t>(*integer));
  } else {
    out.real(kNumberDouble, std::get<double>(point.value));
  }
  put_exemplars(out, kNumberExemplars, point.exemplars);
  for (const Label& label : point.attributes) out.attribute(kNumberAttributes, label);
}

void put_histogram(MessageWriter& out, const Point& point) {
  const auto& value = std::get<HistogramValue>(point.value);
  put_times(out, point);
  out.fixed(kHistogramCount, value.count);
  out.real(kHistogramSum, value.sum);
  out.packed_fixed(kHistogramBuckets, value.bucket_counts);
  out.packed_fixed(kHistogramBounds, value.bounds);
  put_exemplars(out, kHistogramExemplars, point.exemplars);
  for (const Label& label : point.attributes) out.attribute(kHistogramAttributes, label);
  if (value.has_min_max) {
    out.real(kHistogramMin, value.min);
    out.real(kHistogramMax, value.max);
  }
}

void put_buckets(MessageWriter& out, std::uint8_t tag, const ExponentialBuckets& buckets) {
  if (buckets.counts.empty()) return;
  out.message(tag, [&] {
    out.varint(kBucketsOffset, zigzag(buckets.offset));
    std::string packed;
    for (const std::uint64_t count : buckets.counts) {
      char bytes[10];
      packed.append(bytes, static_cast<std::size_t>(wo::put_varint(bytes, count) - bytes));
    }
    out.bytes(kBucketsCounts, packed);
  });
}

void put_exponential(MessageWriter& out, const Point& point) {
  const auto& value = std::get<ExponentialValue>(point.value);
  for (const Label& label : point.attributes) out.attribute(kExponentialAttributes, label);
  put_times(out, point);
  out.fixed(kExponentialCount, value.count);
  out.real(kExponentialSum, value.sum);
  out.varint(kExponentialScale, zigzag(value.scale));
  out.fixed(kExponentialZeroCount, value.zero_count);
  put_buckets(out, kExponentialPositive, value.positive);
  put_buckets(out, kExponentialNegative, value.negative);
  put_exemplars(out, kExponentialExemplars, point.exemplars);
  if (value.has_min_max) {
    out.real(kExponentialMin, value.min);
    out.real(kExponentialMax, value.max);
  }
  if (value.zero_threshold != 0) out.real(kExponentialZeroThreshold, value.zero_threshold);
}

using PutPoint = void (*)(MessageWriter&, const Point&);

void put_data(MessageWriter& out, std::uint8_t tag, const MetricData& metric, PutPoint put_point) {
  out.message(tag, [&] {
    for (const Point& point : metric.points) {
      out.message(kDataPoints, [&] { put_point(out, point); });
    }
    if (metric.kind == MetricKind::kGauge) return;
    out.varint(kDataTemporality, metric.temporality == Temporality::kDelta ? 1 : 2);
    if (metric.kind == MetricKind::kCounter) out.varint(kSumIsMonotonic, 1);
  });
}

void put_metric(MessageWriter& out, const MetricData& metric) {
  out.text(kMetricName, metric.name);
  out.text(kMetricDescription, metric.description);
  out.text(kMetricUnit, metric.unit);
  switch (metric.kind) {
    case MetricKind::kCounter:
    case MetricKind::kUpDownCounter:
      return put_data(out, kMetricSum, metric, put_number);
    case MetricKind::kGauge:
      return put_data(out, kMetricGauge, metric, put_number);
    case MetricKind::kHistogram:
      return put_data(out, kMetricHistogram, metric, put_histogram);
    case MetricKind::kExponentialHistogram:
      return put_data(out, kMetricExponential, metric, put_exponential);
  }
}

/// Metrics of one meter, in their order.
struct ScopeGroup {
  const MetricScope* scope;
  std::string metrics;  // encoded
};

/// Collects metrics into one request.
class RequestBuilder {
 public:
  void add(const MetricData& metric) {
    ScopeGroup& group = group_of(metric.scope);
    const std::size_t before = group.metrics.size();
    MessageWriter out(group.metrics);
    out.message(kScopeMetricsMetrics, [&] { put_metric(out, metric); });
    bytes_ += group.metrics.size() - before;
    points_ += metric.points.size();
  }
  std::size_t bytes() const noexcept { return bytes_; }
  std::size_t points() const noexcept { return points_; }

  EncodedMetrics finish(std::string_view resource) {
    EncodedMetrics encoded;
    MessageWriter out(encoded.body);
    out.message(kRequestResourceMetrics, [&] {
      out.bytes(kResourceMetricsResource, resource);
      for (const ScopeGroup& group : groups_) {
        out.message(kResourceMetricsScopeMetrics, [&] {
          out.message(kScopeMetricsScope, [&] {
            out.text(wo::kScopeName, group.scope->name);
            out.text(wo::kScopeVersion, group.scope->version);
          });
          encoded.body += group.metrics;
        });
      }
    });
    encoded.points = points_;
    *this = {};
    return encoded;
  }

 private:
  ScopeGroup& group_of(const MetricScope& scope) {
    const auto found = std::find_if(groups_.begin(), groups_.end(),
                                    [&](const ScopeGroup& group) { return *group.scope == scope; });
    if (found != groups_.end()) return *found;
    groups_.push_back({&scope, {}});
    return groups_.back();
  }

  std::vector<ScopeGroup> groups_;
  std::size_t bytes_ = 0;
  std::size_t points_ = 0;
};

}  // namespace

std::vector<EncodedMetrics> encode_metrics_protobuf(const std::vector<MetricData>& metrics,
                                                    std::string_view resource,
                                                    std::size_t limit_bytes) {
  std::vector<EncodedMetrics> requests;
  RequestBuilder builder;
  for (const MetricData& metric : metrics) {
    builder.add(metric);
    if (builder.bytes() >= limit_bytes) requests.push_back(builder.finish(resource));
  }
  if (builder.points() > 0) requests.push_back(builder.finish(resource));
  return requests;
}

}  // namespace binnacle::sdk
