#pragma once

#include "sdk/metrics/metric_reader.h"
#include "sdk/metrics/registry.h"

#include <algorithm>
#include <map>
#include <string>
#include <variant>
#include <vector>

// Test support: metrics recording without the rest of the SDK, and what a reader is told as plain
// maps.
//
//   MetricsRun run;
//   create_counter("c").add(2, {{"k", "v"}});
//   EXPECT_EQ(run.collect()["c"]["k=v"].integer(), 2);

namespace binnacle::sdk {

inline std::string text_of(const AttributeScalar& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return std::to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return std::to_string(*real);
  return std::get<bool>(value) ? "true" : "false";
}

/// "a=1,b=x"
inline std::string text_of(const std::vector<Label>& labels) {
  std::string text;
  for (const Label& label : labels) {
    text += (text.empty() ? "" : ",") + label.key + "=" + text_of(label.value);
  }
  return text;
}

struct CollectedPoint : Point {
  std::int64_t integer() const {
    const auto* found = std::get_if<std::int64_t>(&value);
    return found != nullptr ? *found : -1;
  }
  double real() const {
    const auto* found = std::get_if<double>(&value);
    return found != nullptr ? *found : -1;
  }
  HistogramValue histogram() const {
    const auto* found = std::get_if<HistogramValue>(&value);
    return found != nullptr ? *found : HistogramValue{};
  }
  ExponentialValue exponential() const {
    const auto* found = std::get_if<ExponentialValue>(&value);
    return found != nullptr ? *found : ExponentialValue{};
  }
};

/// Points by attributes, of streams by name.
using CollectedMetrics = std::map<std::string, std::map<std::string, CollectedPoint>>;

inline CollectedMetrics by_name(const std::vector<MetricData>& metrics) {
  CollectedMetrics found;
  for (const MetricData& metric : metrics) {
    for (const Point& point : metric.points) {
      found[metric.name][text_of(point.attributes)] = CollectedPoint{point};
    }
  }
  return found;
}

/// Metrics, recording for as long as this object lives, with one cumulative reader.
class MetricsRun {
 public:
  explicit MetricsRun(const MetricSettings& settings = {}) {
    is_started_ = MetricRegistry::instance().begin_run(settings);
  }
  MetricsRun(const MetricsRun&) = delete;
  MetricsRun& operator=(const MetricsRun&) = delete;
  ~MetricsRun() { MetricRegistry::instance().end_run(); }

  bool is_started() const { return is_started_; }
  CollectedMetrics collect() { return by_name(reader_.collect()); }

 private:
  bool is_started_ = false;
  MetricReader reader_{TemporalityPreference::kCumulative};
};

inline MetricSettings with_views(std::vector<View> views) {
  MetricSettings settings;
  settings.views = std::move(views);
  return settings;
}

}  // namespace binnacle::sdk
