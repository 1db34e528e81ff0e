#pragma once

#include "sdk/metrics/metric_data.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Collected metrics as OTLP's ExportMetricsServiceRequest, in protobuf or JSON: one resource, a
// ScopeMetrics per meter, a Metric per stream. Pure functions. Source: opentelemetry-proto 1.x,
// metrics/v1/metrics.proto and collector/metrics/v1; protobuf encoding guide; OTLP specification,
// "JSON Protobuf Encoding".

namespace binnacle::sdk {

/// The body of one request.
struct EncodedMetrics {
  std::string body;
  std::size_t points = 0;
};

/// Requests of about `limit_bytes` at most; a metric that is larger has one of its own. `resource`
/// is an encoded Resource message.
std::vector<EncodedMetrics> encode_metrics_protobuf(const std::vector<MetricData>& metrics,
                                                    std::string_view resource,
                                                    std::size_t limit_bytes);
/// The same as JSON. Text that is no UTF-8 is repaired.
std::vector<EncodedMetrics> encode_metrics_json(const std::vector<MetricData>& metrics,
                                                std::string_view resource, std::size_t limit_bytes);

/// The attributes of an encoded Resource. Arrays, which it does not have, are left out.
std::vector<Label> resource_labels(std::string_view resource);

}  // namespace binnacle::sdk
