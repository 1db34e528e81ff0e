#include "codec/utf8.h"
#include "sdk/formats/span_reader.h"
#include "sdk/metrics/otlp_metrics.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace binnacle::sdk {

namespace {

/// Appends compact JSON; commas come by themselves. Numbers as proto3's JSON mapping wants them:
/// 64-bit integers and what is not finite as text.
class JsonText {
 public:
  explicit JsonText(std::string& out) noexcept : out_(out) {}

  void begin(char bracket) {
    separate();
    out_ += bracket;
    needs_comma_ = false;
  }
  void end(char bracket) {
    out_ += bracket;
    needs_comma_ = true;
  }
  /// `name` needs no escapes.
  void key(std::string_view name) {
    separate();
    out_.append("\"").append(name).append("\":");
    needs_comma_ = false;
  }
  void text(std::string_view value) {
    separate();
    out_ += '"';
    std::string repaired;
    if (!codec::is_valid_utf8(value)) value = repaired = codec::repair_utf8(value);
    for (const char c : value) escape(c);
    out_ += '"';
    needs_comma_ = true;
  }
  void number(std::int64_t value) { raw(std::to_string(value)); }
  void long_number(std::int64_t value) { text(std::to_string(value)); }
  void long_number(std::uint64_t value) { text(std::to_string(value)); }
  void real(double value) {
    if (!std::isfinite(value))
      return text(std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    raw({digits, static_cast<std::size_t>(end.ptr - digits)});
  }
  void boolean(bool value) { raw(value ? "true" : "false"); }
  void hex(const std::uint8_t* bytes, std::size_t size) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string digits;
    for (std::size_t i = 0; i < size; ++i) {
      digits += kDigits[bytes[i] >> 4U];
      digits += kDigits[bytes[i] & 0xFU];
    }
    text(digits);
  }

 private:
  void raw(std::string_view value) {
    separate();
    out_ += value;
    needs_comma_ = true;
  }
  void separate() {
    if (needs_comma_) out_ += ',';
  }
  void escape(char c) {
    if (c == '"' || c == '\\') {
      out_ += '\\';
      out_ += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char kDigits[] = "0123456789abcdef";
      out_ += "\\u00";
      out_ += kDigits[static_cast<unsigned char>(c) >> 4U];
      out_ += kDigits[static_cast<unsigned char>(c) & 0xFU];
    } else {
      out_ += c;
    }
  }

  std::string& out_;
  bool needs_comma_ = false;
};

void put_attribute_value(JsonText& out, const AttributeScalar& scalar) {
  out.begin('{');
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>) {
          out.key("stringValue");
          out.text(value);
        } else if constexpr (std::is_same_v<T, bool>) {
          out.key("boolValue");
          out.boolean(value);
        } else if constexpr (std::is_same_v<T, double>) {
          out.key("doubleValue");
          out.real(value);
        } else {
          out.key("intValue");
          out.long_number(value);
        }
      },
      scalar);
  out.end('}');
}

void put_attributes(JsonText& out, std::string_view key, const std::vector<Label>& labels) {
  if (labels.empty()) return;
  out.key(key);
  out.begin('[');
  for (const Label& label : labels) {
    out.begin('{');
    out.key("key");
    out.text(label.key);
    out.key("value");
    put_attribute_value(out, label.value);
    out.end('}');
  }
  out.end(']');
}

}  // namespace

std::vector<Label> resource_labels(std::string_view resource) {
  std::vector<Label> labels;
  for (const AttributeView attribute : attributes_of_resource(resource)) {
    Label label{std::string(attribute.key), std::string(attribute.value.text)};
    switch (attribute.value.kind) {
      case ValueKind::kString:
        break;
      case ValueKind::kInt:
        label.value = attribute.value.integer;
        break;
      case ValueKind::kDouble:
        label.value = attribute.value.real;
        break;
      case ValueKind::kBool:
        label.value = attribute.value.boolean;
        break;
      default:
        continue;
    }
    labels.push_back(std::move(label));
  }
  return labels;
}

namespace {

void put_exemplars(JsonText& out, const std::vector<Exemplar>& exemplars) {
  if (exemplars.empty()) return;
  out.key("exemplars");
  out.begin('[');
  for (const Exemplar& exemplar : exemplars) {
    out.begin('{');
    out.key("timeUnixNano");
    out.long_number(exemplar.time_unix_ns);
    if (exemplar.is_integer) {
      out.key("asInt");
      out.long_number(exemplar.integer);
    } else {
      out.key("asDouble");
      out.real(exemplar.value);
    }
    if (exemplar.has_span) {
      out.key("spanId");
      out.hex(exemplar.span_id, sizeof exemplar.span_id);
      out.key("traceId");
      out.hex(exemplar.trace_id, sizeof exemplar.trace_id);
    }
    put_attributes(out, "filteredAttributes", exemplar.filtered_attributes);
    out.end('}');
  }
  out.end(']');
}

template <typename Number>
void put_list(JsonText& out, std::string_view key, const std::vector<Number>& values) {
  out.key(key);
  out.begin('[');
  for (const Number value : values) {
    if constexpr (std::is_same_v<Number, double>) {
      out.real(value);
    } else {
      out.long_number(value);
    }
  }
  out.end(']');
}

template <typename Value>
void put_distribution(JsonText& out, const Value& value) {
  out.key("count");
  out.long_number(value.count);
  out.key("sum");
  out.real(value.sum);
  if (!value.has_min_max) return;
  out.key("min");
  out.real(value.min);
  out.key("max");
  out.real(value.max);
}

void put_buckets(JsonText& out, std::string_view key, const ExponentialBuckets& buckets) {
  if (buckets.counts.empty()) return;
  out.key(key);
  out.begin('{');
  out.key("offset");
  out.number(buckets.offset);
  put_list(out, "bucketCounts", buckets.counts);
  out.end('}');
}

void put_value(JsonText& out, const Point& point) {
  if (const auto* integer = std::get_if<std::int64_t>(&point.value)) {
    out.key("asInt");
    out.long_number(*integer);
  } else if (const auto* real = std::get_if<double>(&point.value)) {
    out.key("asDouble");
    out.real(*real);
  } else if (const auto* histogram = std::get_if<HistogramValue>(&point.value)) {
    put_distribution(out, *histogram);
    put_list(out, "bucketCounts", histogram->bucket_counts);
    put_list(out, "explicitBounds", histogram->bounds);
  } else {
    const auto& exponential = std::get<ExponentialValue>(point.value);
    put_distribution(out, exponential);
    out.key("scale");
    out.number(exponential.scale);
    out.key("zeroCount");
    out.long_number(exponential.zero_count);
    if (exponential.zero_threshold != 0) {
      out.key("zeroThreshold");
      out.real(exponential.zero_threshold);
    }
    put_buckets(out, "positive", exponential.positive);
    put_buckets(out, "negative", exponential.negative);
  }
}

void put_point(JsonText& out, const Point& point) {
  out.begin('{');
  put_attributes(out, "attributes", point.attributes);
  if (point.start_unix_ns != 0) {
    out.key("startTimeUnixNano");
    out.long_number(point.start_unix_ns);
  }
  out.key("timeUnixNano");
  out.long_number(point.time_unix_ns);
  put_value(out, point);
  put_exemplars(out, point.exemplars);
  out.end('}');
}

std::string_view data_key(MetricKind kind) noexcept {
  switch (kind) {
    case MetricKind::kGauge:
      return "gauge";
    case MetricKind::kHistogram:
      return "histogram";
    case MetricKind::kExponentialHistogram:
      return "exponentialHistogram";
    default:
      return "sum";
  }
}

void put_text(JsonText& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out.key(key);
  out.text(value);
}

void put_metric(JsonText& out, const MetricData& metric) {
  out.begin('{');
  put_text(out, "name", metric.name);
  put_text(out, "description", metric.description);
  put_text(out, "unit", metric.unit);
  out.key(data_key(metric.kind));
  out.begin('{');
  out.key("dataPoints");
  out.begin('[');
  for (const Point& point : metric.points) put_point(out, point);
  out.end(']');
  if (metric.kind != MetricKind::kGauge) {
    out.key("aggregationTemporality");
    out.number(metric.temporality == Temporality::kDelta ? 1 : 2);
  }
  if (metric.kind == MetricKind::kCounter) {
    out.key("isMonotonic");
    out.boolean(true);
  }
  out.end('}');
  out.end('}');
}

/// Metrics of the same meter that stand next to each other share a ScopeMetrics.
EncodedMetrics encode_request(const MetricData* first, const MetricData* last,
                              const std::vector<Label>& resource) {
  EncodedMetrics encoded;
  JsonText out(encoded.body);
  out.begin('{');
  out.key("resourceMetrics");
  out.begin('[');
  out.begin('{');
  out.key("resource");
  out.begin('{');
  put_attributes(out, "attributes", resource);
  out.end('}');
  out.key("scopeMetrics");
  out.begin('[');
  while (first != last) {
    const MetricScope& scope = first->scope;
    out.begin('{');
    out.key("scope");
    out.begin('{');
    put_text(out, "name", scope.name);
    put_text(out, "version", scope.version);
    out.end('}');
    out.key("metrics");
    out.begin('[');
    for (; first != last && first->scope == scope; ++first) {
      put_metric(out, *first);
      encoded.points += first->points.size();
    }
    out.end(']');
    out.end('}');
  }
  out.end(']');
  out.end('}');
  out.end(']');
  out.end('}');
  return encoded;
}

}  // namespace

std::vector<EncodedMetrics> encode_metrics_json(const std::vector<MetricData>& metrics,
                                                std::string_view resource,
                                                std::size_t limit_bytes) {
  // A point of a histogram of 16 bounds with 3 attributes and an exemplar or two.
  constexpr std::size_t kTypicalPointBytes = 1024;
  const std::size_t limit_points = std::max<std::size_t>(limit_bytes / kTypicalPointBytes, 1);
  const std::vector<Label> labels = resource_labels(resource);
  std::vector<EncodedMetrics> requests;
  const MetricData* const end = metrics.data() + metrics.size();
  for (const MetricData* first = metrics.data(); first != end;) {
    const MetricData* last = first;
    std::size_t points = 0;
    while (last != end && points < limit_points) points += (last++)->points.size();
    requests.push_back(encode_request(first, last, labels));
    first = last;
  }
  return requests;
}

}  // namespace binnacle::sdk
