#include "sdk/metrics/otlp_metrics.h"

#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

// The encoders' bytes, read back with libprotobuf, which knows nothing of them.

namespace binnacle::sdk {
namespace {

using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

std::string visible(std::string_view bytes) {
  std::string text = "'";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      text += c;
    } else {
      constexpr char kDigits[] = "0123456789abcdef";
      text += '\\';
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 0xFU];
    }
  }
  return text + "'";
}

/// "1{2:'x' 3:5}": fields in their order; a path in `texts` ("1.2.") is text, else a message.
std::string show(const std::string& bytes, const std::vector<std::string>& texts,
                 const std::string& path = "") {
  UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes)) return "broken";
  std::string out;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    const std::string at = path + std::to_string(field.number()) + ".";
    out += (i > 0 ? " " : "") + std::to_string(field.number());
    switch (field.type()) {
      case UnknownField::TYPE_VARINT:
        out += ":" + std::to_string(field.varint());
        break;
      case UnknownField::TYPE_FIXED64:
        out += ":" + std::to_string(field.fixed64());
        break;
      case UnknownField::TYPE_LENGTH_DELIMITED: {
        bool is_text = false;
        for (const std::string& text : texts) is_text = is_text || at.ends_with(text);
        out += is_text ? ":" + visible(field.length_delimited())
                       : "{" + show(field.length_delimited(), texts, at) + "}";
        break;
      }
      default:
        out += ":?";
    }
  }
  return out;
}

std::string fixed(double value) { return std::to_string(std::bit_cast<std::uint64_t>(value)); }

MetricData metric_of(MetricKind kind, Point point) {
  MetricData metric;
  metric.name = "n";
  metric.unit = "u";
  metric.kind = kind;
  metric.scope = {"meter", "1"};
  metric.points.push_back(std::move(point));
  return metric;
}

/// The Metric message of a request that holds one.
std::string only_metric(const MetricData& metric, const std::vector<std::string>& texts) {
  const std::vector<EncodedMetrics> requests = encode_metrics_protobuf({metric}, "", 1U << 20U);
  EXPECT_EQ(requests.size(), 1U);
  EXPECT_EQ(requests.at(0).points, 1U);
  std::vector<std::string> all = {"1.2.1.1.", "1.2.1.2.", "1.2.2.1.", "1.2.2.2.", "1.2.2.3."};
  all.insert(all.end(), texts.begin(), texts.end());
  const std::string shown = show(requests.at(0).body, all);
  const std::string head = "1{1{} 2{1{1:'meter' 2:'1'} 2{1:'n' 3:'u' ";
  EXPECT_EQ(shown.substr(0, head.size()), head);
  return shown.substr(head.size(), shown.size() - head.size() - 3);
}

Point base_point() {
  Point point;
  point.start_unix_ns = 5;
  point.time_unix_ns = 7;
  return point;
}

TEST(OtlpMetricsTest, Sums) {
  Point point = base_point();
  point.attributes = {{"s", std::string("x")}, {"i", std::int64_t{-1}}, {"b", true}, {"d", 0.5}};
  point.value = std::int64_t{-3};
  MetricData metric = metric_of(MetricKind::kCounter, point);
  metric.temporality = Temporality::kDelta;
  EXPECT_EQ(only_metric(metric, {"7.1.7.1.", "7.1.7.2.1."}),
            "7{1{2:5 3:7 6:18446744073709551613 7{1:'s' 2{1:'x'}} "
            "7{1:'i' 2{3:18446744073709551615}} 7{1:'b' 2{2:1}} 7{1:'d' 2{4:" +
                fixed(0.5) + "}}} 2:1 3:1}");
  metric.points[0].attributes.clear();
  metric.points[0].value = 2.5;
  metric.kind = MetricKind::kUpDownCounter;
  metric.temporality = Temporality::kCumulative;
  EXPECT_EQ(only_metric(metric, {}), "7{1{2:5 3:7 4:" + fixed(2.5) + "} 2:2}");
}

TEST(OtlpMetricsTest, GaugesWithExemplars) {
  Point point;
  point.time_unix_ns = 7;
  point.value = 1.5;
  Exemplar exemplar;
  exemplar.value = 1.5;
  exemplar.time_unix_ns = 6;
  exemplar.has_span = true;
  exemplar.trace_id[15] = 1;
  exemplar.span_id[7] = 2;
  exemplar.filtered_attributes = {{"k", true}};
  point.exemplars = {exemplar};
  EXPECT_EQ(only_metric(metric_of(MetricKind::kGauge, point), {"5.4.", "5.5.", "5.7.1."}),
            "5{1{3:7 4:" + fixed(1.5) + " 5{2:6 3:" + fixed(1.5) +
                " 4:'\\00\\00\\00\\00\\00\\00\\00\\02' "
                "5:'\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\01' "
                "7{1:'k' 2{2:1}}}}}");
}

TEST(OtlpMetricsTest, Histograms) {
  HistogramValue value;
  value.count = 3;
  value.sum = 4.5;
  value.has_min_max = true;
  value.min = 1;
  value.max = 2;
  value.bounds = {0.0};
  value.bucket_counts = {1, 2};
  Point point = base_point();
  point.value = value;
  EXPECT_EQ(only_metric(metric_of(MetricKind::kHistogram, point), {"9.1.6.", "9.1.7."}),
            "9{1{2:5 3:7 4:3 5:" + fixed(4.5) +
                " 6:'\\01\\00\\00\\00\\00\\00\\00\\00\\02\\00\\00\\00\\00\\00\\00\\00' "
                "7:'\\00\\00\\00\\00\\00\\00\\00\\00' 11:" +
                fixed(1) + " 12:" + fixed(2) + "} 2:2}");
}

TEST(OtlpMetricsTest, ExponentialHistograms) {
  ExponentialValue value;
  value.count = 4;
  value.sum = 3;
  value.scale = -2;
  value.zero_count = 1;
  value.positive = {-3, {1, 300}};
  Point point = base_point();
  point.value = value;
  EXPECT_EQ(only_metric(metric_of(MetricKind::kExponentialHistogram, point), {"8.2."}),
            "10{1{2:5 3:7 4:4 5:" + fixed(3) + " 6:3 7:1 8{1:5 2:'\\01\\ac\\02'}} 2:2}");
}

TEST(OtlpMetricsTest, MetersAreKeptApartAndRequestsSmall) {
  Point point = base_point();
  point.value = std::int64_t{1};
  std::vector<MetricData> metrics;
  for (int i = 0; i < 6; ++i) {
    metrics.push_back(metric_of(MetricKind::kGauge, point));
    metrics.back().scope.name = i % 2 == 0 ? "a" : "b";
  }
  const std::string one = encode_metrics_protobuf(metrics, "", 1U << 20U).at(0).body;
  UnknownFieldSet request;
  ASSERT_TRUE(request.ParseFromString(one));
  UnknownFieldSet resource_metrics;
  ASSERT_TRUE(resource_metrics.ParseFromString(request.field(0).length_delimited()));
  EXPECT_EQ(resource_metrics.field_count(), 3);  // resource, two scopes
  const std::vector<EncodedMetrics> small = encode_metrics_protobuf(metrics, "", 1);
  EXPECT_EQ(small.size(), 6U);
  EXPECT_EQ(encode_metrics_json(metrics, "", 1).size(), 6U);
  EXPECT_TRUE(encode_metrics_protobuf({}, "", 1).empty());
}

TEST(OtlpMetricsTest, Json) {
  HistogramValue value;
  value.count = 1;
  value.sum = 0.5;
  value.bounds = {1.0};
  value.bucket_counts = {1, 0};
  Point point = base_point();
  point.attributes = {{"k\"", std::string("a\xFF\n")}, {"i", std::int64_t{1}}};
  point.value = value;
  Exemplar exemplar;
  exemplar.is_integer = true;
  exemplar.integer = 1;
  exemplar.time_unix_ns = 6;
  exemplar.has_span = true;
  exemplar.span_id[0] = 0xAB;
  point.exemplars = {exemplar};
  EXPECT_EQ(
      encode_metrics_json({metric_of(MetricKind::kHistogram, point)}, "", 1U << 20U).at(0).body,
      R"({"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{"name":"meter","version":"1"},)"
      R"("metrics":[{"name":"n","unit":"u","histogram":{"dataPoints":[{"attributes":[{"key":"k\"",)"
      R"("value":{"stringValue":"a)"
      "\xEF\xBF\xBD"
      R"(\u000a"}},{"key":"i","value":{"intValue":"1"}}],"startTimeUnixNano":"5","timeUnixNano":"7",)"
      R"("count":"1","sum":0.5,"bucketCounts":["1","0"],"explicitBounds":[1],"exemplars":[{)"
      R"("timeUnixNano":"6","asInt":"1","spanId":"ab00000000000000",)"
      R"("traceId":"00000000000000000000000000000000"}]}],"aggregationTemporality":2}}]}]}]})");
}

}  // namespace
}  // namespace binnacle::sdk
