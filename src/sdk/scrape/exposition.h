#pragma once

#include "sdk/metrics/metric_data.h"
#include "sdk/scrape/scrape_request.h"

#include <string>
#include <vector>

// Metrics as text for Prometheus: the text format 0.0.4, or OpenMetrics 1.0 (which has exemplars
// and units). Pure. Sources: prometheus.io/docs/instrumenting/exposition_formats; OpenMetrics 1.0;
// opentelemetry-specification, compatibility/prometheus_and_openmetrics.md.

namespace binnacle::sdk {

/// The scope of the SDK's own instruments. It says nothing that the name does not, so their series
/// get no otel_scope_* labels.
inline constexpr char kDefaultScopeName[] = "binnacle";

/// The whole page. `metrics` are cumulative. `resource` becomes target_info; service.name and
/// service.instance.id are left out of it, since the scraper's job and instance stand for them.
///
/// Metrics of the same name are one family; of those whose kind differs from the first one's,
/// nothing is written. An exponential histogram is shown with bounds at powers of its base, made
/// coarser until there are at most 40, because text has no native histograms. Text that is no UTF-8
/// is repaired: a single bad byte would make Prometheus refuse the page.
std::string expose_metrics(const std::vector<MetricData>& metrics,
                           const std::vector<Label>& resource, ScrapeFormat format);

}  // namespace binnacle::sdk
