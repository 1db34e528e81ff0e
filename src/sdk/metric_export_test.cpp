#include "sdk/http_server_for_test.h"
#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/metrics.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

// Metrics on their way out: posted beside the spans, at intervals, on flush and at the end.

namespace binnacle::sdk {
namespace {

Config config_for(const HttpServerForTest& server) {
  Config config = Recording::quiet_config();
  config.exporters = {ExporterConfig().with_endpoint(server.url())};
  config.metrics.interval_ms = 3'600'000;
  return config;
}

/// Visits the messages in field `number` of `bytes`.
template <typename Visit>
void each(const std::string& bytes, int number, bool& is_good, Visit visit) {
  const ParsedMessage fields(bytes, is_good);
  for (int i = 0; i < fields.field_count(); ++i) {
    if (fields.field(i).number() == number) visit(fields.field(i).length_delimited());
  }
}

/// Names of the metrics in a request, with their encoded messages; every request must parse.
std::multimap<std::string, std::string> metrics_in(const std::string& body) {
  std::multimap<std::string, std::string> metrics;
  bool is_good = true;
  each(body, 1, is_good, [&](const std::string& resource_metrics) {
    each(resource_metrics, 2, is_good, [&](const std::string& scope_metrics) {
      each(scope_metrics, 2, is_good, [&](const std::string& metric) {
        each(metric, 1, is_good, [&](const std::string& name) { metrics.emplace(name, metric); });
      });
    });
  });
  EXPECT_TRUE(is_good);
  return metrics;
}

std::vector<Request> metric_requests(HttpServerForTest& server) {
  std::vector<Request> found;
  for (const Request& request : server.requests()) {
    if (request.head.starts_with("POST /v1/metrics ")) found.push_back(request);
  }
  return found;
}

/// as_int of the only point of a sum.
std::int64_t sum_of(const std::string& metric) {
  std::int64_t value = -1;
  bool is_good = true;
  each(metric, 7, is_good, [&](const std::string& sum) {
    each(sum, 1, is_good, [&](const std::string& point) {
      const ParsedMessage fields(point, is_good);
      for (int i = 0; i < fields.field_count(); ++i) {
        if (fields.field(i).number() == 6) {
          value = static_cast<std::int64_t>(fields.field(i).fixed64());
        }
      }
    });
  });
  return value;
}

TEST(MetricExportTest, SentOnFlushAndAtTheEnd) {
  HttpServerForTest server;
  const Counter counter = create_counter("export1.counter");
  ASSERT_TRUE(init_observability(config_for(server)));
  counter.add(2);
  EXPECT_TRUE(force_flush(5000));
  counter.add(3);
  EXPECT_TRUE(shutdown(5000));
  const std::vector<Request> requests = metric_requests(server);
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(sum_of(metrics_in(requests[0].body).find("export1.counter")->second), 2);
  EXPECT_EQ(sum_of(metrics_in(requests[1].body).find("export1.counter")->second), 5);
}

TEST(MetricExportTest, SentAtIntervals) {
  HttpServerForTest server;
  Config config = config_for(server);
  config.metrics.interval_ms = 20;
  config.metrics.temporality = v1::Temporality::kDelta;
  ASSERT_TRUE(init_observability(config));
  create_counter("export2.counter").add(1);
  EXPECT_TRUE(server.wait_for_requests(1));
  create_counter("export2.counter").add(4);
  EXPECT_TRUE(server.wait_for_requests(2));
  EXPECT_TRUE(shutdown(5000));
  std::int64_t sum = 0;
  for (const Request& request : metric_requests(server)) {
    for (const auto& [name, metric] : metrics_in(request.body)) {
      if (name == "export2.counter") sum += sum_of(metric);
    }
  }
  EXPECT_EQ(sum, 5);
}

TEST(MetricExportTest, NothingRecordedNothingSent) {
  HttpServerForTest server;
  ASSERT_TRUE(init_observability(config_for(server)));
  start_span("s").end();
  EXPECT_TRUE(force_flush(5000));
  EXPECT_TRUE(shutdown(5000));
  EXPECT_TRUE(metric_requests(server).empty());
}

TEST(MetricExportTest, AReceiverThatDoesNotKnowMetricsIsAskedOnce) {
  HttpServerForTest server([](int) { return Answer{.status = 404}; });
  Config config = config_for(server);
  config.exporters[0].takes_traces = false;
  ASSERT_TRUE(init_observability(config));
  for (int i = 0; i < 3; ++i) {
    create_counter("export4.counter").add(1);
    force_flush(5000);
  }
  shutdown(5000);
  EXPECT_EQ(metric_requests(server).size(), 1U);
}

TEST(MetricExportTest, ExemplarsNameTheActiveSpan) {
  HttpServerForTest server;
  ASSERT_TRUE(init_observability(config_for(server)));
  std::string trace_id;
  {
    const ActiveSpan span("work");
    trace_id = bytes_of(span.context().trace_id);
    create_histogram("export5.histogram").record(3);
  }
  EXPECT_TRUE(shutdown(5000));
  const std::vector<Request> requests = metric_requests(server);
  ASSERT_EQ(requests.size(), 1U);
  const std::string metric = metrics_in(requests[0].body).find("export5.histogram")->second;
  EXPECT_NE(metric.find(trace_id), std::string::npos);
}

TEST(MetricExportTest, TheSdkDescribesItself) {
  HttpServerForTest server;
  Config config = config_for(server);
  config.metrics.describes_sdk = true;
  ASSERT_TRUE(init_observability(config));
  start_span("s").end();
  EXPECT_TRUE(force_flush(5000));
  EXPECT_TRUE(force_flush(5000));
  EXPECT_TRUE(shutdown(5000));
  const std::vector<Request> requests = metric_requests(server);
  ASSERT_GE(requests.size(), 2U);
  const auto metrics = metrics_in(requests.back().body);
  for (const char* name :
       {"otel.sdk.processor.span.queue.size", "otel.sdk.processor.span.queue.capacity",
        "otel.sdk.processor.span.processed", "otel.sdk.exporter.span.exported",
        "otel.sdk.exporter.span.inflight", "otel.sdk.exporter.metric_data_point.exported",
        "otel.sdk.exporter.log.inflight", "otel.sdk.metric_reader.collection.duration"}) {
    EXPECT_EQ(metrics.count(name), 1U) << name;
  }
}

}  // namespace
}  // namespace binnacle::sdk
