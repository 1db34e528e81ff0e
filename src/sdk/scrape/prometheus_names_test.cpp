#include "sdk/scrape/prometheus_names.h"

#include <gtest/gtest.h>

namespace binnacle::sdk {
namespace {

struct NameCase {
  const char* name;
  const char* unit;
  MetricKind kind;
  const char* expected;
};

TEST(PrometheusNames, FollowTheSpecification) {
  const NameCase cases[] = {
      {"task.execution.time", "ms", MetricKind::kHistogram, "task_execution_time_milliseconds"},
      {"task.completion.total", "", MetricKind::kCounter, "task_completion_total"},
      {"llm.token.usage", "{token}", MetricKind::kHistogram, "llm_token_usage"},
      {"http.request.duration", "ms", MetricKind::kHistogram, "http_request_duration_milliseconds"},
      {"gen_ai.client.operation.duration", "s", MetricKind::kHistogram,
       "gen_ai_client_operation_duration_seconds"},
      {"request.duration.seconds", "s", MetricKind::kHistogram, "request_duration_seconds"},
      {"network.io", "By", MetricKind::kCounter, "network_io_bytes_total"},
      {"io.total", "By", MetricKind::kCounter, "io_bytes_total"},
      {"total", "1", MetricKind::kCounter, "total"},
      {"disk.rate", "By/s", MetricKind::kGauge, "disk_rate_bytes_per_second"},
      {"cpu.utilization", "1", MetricKind::kGauge, "cpu_utilization_ratio"},
      {"cpu.ratio", "1", MetricKind::kGauge, "cpu_ratio"},
      {"queue.size", "{item}", MetricKind::kUpDownCounter, "queue_size"},
      {"a..b--c", "", MetricKind::kGauge, "a_b_c"},
      {"5xx.count", "", MetricKind::kGauge, "_5xx_count"},
      {"speed", "{lap}/min", MetricKind::kGauge, "speed_per_min"},
      {"speed", "km/h", MetricKind::kGauge, "speed_km_per_hour"},
      {"job:rate", "", MetricKind::kGauge, "job:rate"},
      {"load", "%", MetricKind::kGauge, "load_percent"},
      {"seconds", "s", MetricKind::kGauge, "seconds"},
      {"milliseconds_of", "s", MetricKind::kGauge, "milliseconds_of_seconds"},
      {"\xC3\xA9", "", MetricKind::kGauge, "_"},
  };
  for (const NameCase& one : cases) {
    EXPECT_EQ(prometheus_name(one.name, one.unit, one.kind), one.expected)
        << one.name << " " << one.unit;
  }
}

TEST(PrometheusNames, LabelsAreLettersDigitsAndUnderscores) {
  EXPECT_EQ(prometheus_label("http.request.method"), "http_request_method");
  EXPECT_EQ(prometheus_label("__name__"), "name");
  EXPECT_EQ(prometheus_label("4xx"), "key_4xx");
  EXPECT_EQ(prometheus_label("a:b"), "ab");
  EXPECT_EQ(prometheus_label(""), "key_");
}

}  // namespace
}  // namespace binnacle::sdk
