#pragma once

#include "sdk/metrics/metric_data.h"

#include <string>
#include <string_view>

// Names as Prometheus knows them. Pure functions. Source: opentelemetry-specification,
// compatibility/prometheus_and_openmetrics.md ("OTLP Metric points to Prometheus").

namespace binnacle::sdk {

/// The unit in words: "ms" is "milliseconds", "By/s" is "bytes_per_second"; "" for "1" and for
/// annotations such as "{request}". What is not known stays as it is.
std::string prometheus_unit(std::string_view unit);

/// The name of a metric family as the text format has it: letters, digits, '_' and ':' only, the
/// unit behind it unless it is there already, "_total" behind what only grows, "_ratio" behind
/// gauges of unit "1".
///   task.execution.time, "ms", histogram -> task_execution_time_milliseconds
///   task.completion.total, counter       -> task_completion_total
std::string prometheus_name(std::string_view name, std::string_view unit, MetricKind kind);

/// A label name; what would begin with a digit gets "key_" in front, and names that begin with "__"
/// are Prometheus' own.
std::string prometheus_label(std::string_view key);

}  // namespace binnacle::sdk
