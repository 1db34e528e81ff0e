#include "sdk/metric_run.h"

#include "sdk/lifecycle.h"
#include "sdk/metrics/registry.h"
#include "sdk/self_metrics.h"
#include "sdk/warning.h"

#include <algorithm>
#include <exception>

namespace binnacle::sdk {

namespace {

SpanContext active_span_context() noexcept { return current_span().context(); }
bool restart() noexcept { return restart_in_child() != nullptr; }

ExemplarPolicy policy_of(ExemplarFilter filter) noexcept {
  switch (filter) {
    case ExemplarFilter::kAlwaysOn:
      return ExemplarPolicy::kAlwaysOn;
    case ExemplarFilter::kAlwaysOff:
      return ExemplarPolicy::kAlwaysOff;
    case ExemplarFilter::kTraceBased:
      break;
  }
  return ExemplarPolicy::kTraceBased;
}

}  // namespace

bool start_metrics(const Config& config, bool are_read) noexcept try {
  g_current_span.store(active_span_context, std::memory_order_relaxed);
  g_restart_in_child.store(restart, std::memory_order_release);
  MetricSettings settings;
  settings.views = config.metrics.views;
  settings.is_exponential_default =
      config.metrics.histogram_aggregation == HistogramAggregation::kExponential;
  settings.exemplars = policy_of(config.metrics.exemplar_filter);
  settings.cell_limit_bytes = config.metrics.cell_limit_bytes;
  if (!MetricRegistry::instance().begin_run(settings)) {
    warn("metrics are not recorded: cannot reserve memory");
    return false;
  }
  const std::size_t log_slots =
      std::min(config.logs.max_records, config.max_spans - config.max_spans / 4);
  describe_sdk(config.metrics.describes_sdk && are_read, config.max_spans, log_slots);
  return true;
} catch (const std::exception&) {
  return false;
}

void stop_metrics() noexcept { MetricRegistry::instance().end_run(); }

}  // namespace binnacle::sdk
