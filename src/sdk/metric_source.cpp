#include "sdk/metric_source.h"

#include "sdk/metrics/otlp_metrics.h"
#include "sdk/scrape/exposition.h"
#include "sdk/self_metrics.h"
#include "sdk/tick_clock.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace binnacle::sdk {

namespace {

// Receivers commonly accept 4 MiB.
constexpr std::size_t kRequestBytes = std::size_t{2} << 20U;

TemporalityPreference preference_of(const MetricsConfig& config) noexcept {
  switch (config.temporality) {
    case v1::Temporality::kDelta:
      return TemporalityPreference::kDelta;
    case v1::Temporality::kLowMemory:
      return TemporalityPreference::kLowMemory;
    case v1::Temporality::kCumulative:
      break;
  }
  return TemporalityPreference::kCumulative;
}

std::vector<EncodedMetrics> encode(const std::vector<MetricData>& metrics,
                                   const std::string& resource, BatchFormat format) {
  switch (format) {
    case BatchFormat::kOtlpProtobuf:
      return encode_metrics_protobuf(metrics, resource, kRequestBytes);
    case BatchFormat::kOtlpJson:
      return encode_metrics_json(metrics, resource, kRequestBytes);
    case BatchFormat::kText:
      break;
  }
  EncodedMetrics text;
  text.body = expose_metrics(metrics, resource_labels(resource), ScrapeFormat::kText);
  for (const MetricData& metric : metrics) text.points += metric.points.size();
  std::vector<EncodedMetrics> requests;
  requests.push_back(std::move(text));
  return requests;
}

}  // namespace

MetricSource::MetricSource(const MetricsConfig& config, std::string resource)
    : interval_ns_(std::max<std::int64_t>(config.interval_ms, 1) * 1'000'000),
      resource_(std::move(resource)),
      sends_sdk_alone_(config.describes_sdk_alone),
      reader_(preference_of(config)) {}

void MetricSource::collect(std::span<Destination* const> destinations) {
  const auto is_paused = [](const Destination* destination) {
    return destination->sender().is_paused(Signal::kMetrics);
  };
  if (std::all_of(destinations.begin(), destinations.end(), is_paused)) return;
  const std::int64_t start_ns = monotonic_ns();
  const std::vector<MetricData> metrics = reader_.collect();
  record_collection(monotonic_ns() - start_ns);
  has_others_ = has_others_ || std::any_of(metrics.begin(), metrics.end(), [](const auto& metric) {
                  return !metric.name.starts_with("otel.sdk.");
                });
  if (metrics.empty() || !(has_others_ || sends_sdk_alone_)) return;
  for (const BatchFormat format :
       {BatchFormat::kOtlpProtobuf, BatchFormat::kOtlpJson, BatchFormat::kText}) {
    std::vector<EncodedMetrics> requests;
    for (Destination* destination : destinations) {
      if (destination->format() != format || is_paused(destination)) continue;
      if (requests.empty()) requests = encode(metrics, resource_, format);
      for (const EncodedMetrics& request : requests) {
        destination->enqueue(make_batch(Signal::kMetrics, request.body, request.points));
      }
    }
  }
}

}  // namespace binnacle::sdk
