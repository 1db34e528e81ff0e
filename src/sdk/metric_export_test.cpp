#include "sdk/http_server_for_test.h"
#include "sdk/metrics/instruments_page_for_test.h"
#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/metrics.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <utility>
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
void each(const std::string& bytes, int number, bool& is_good, const Visit& visit) {
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

TEST(MetricExportTest, AnExportThatTakesTooLongIsGivenUp) {
  HttpServerForTest server([](int) { return Answer{.manner = Answer::Manner::kHang}; });
  Config config = config_for(server);
  config.exporters[0].takes_traces = false;
  config.exporters[0].timeout_ms = 60'000;
  config.metrics.timeout_ms = 100;
  testing::internal::CaptureStderr();
  ASSERT_TRUE(init_observability(config));
  create_counter("export6.counter").add(1);
  const std::int64_t before_ns = monotonic_ns();
  EXPECT_FALSE(force_flush(20'000));
  EXPECT_LT(monotonic_ns() - before_ns, 10'000'000'000);
  shutdown(0);
  const std::string warning = testing::internal::GetCapturedStderr();
  EXPECT_NE(warning.find(server.base_url() + "/v1/metrics: metrics not delivered within 100 ms "
                                             "(OTEL_METRIC_EXPORT_TIMEOUT)"),
            std::string::npos)
      << warning;
}

/// What the SDK says about itself: values by name and attributes, "otel.sdk.span.live
/// otel.span.sampling_result=RECORD_ONLY".
class SelfReport {
 public:
  explicit SelfReport(const std::string& body) {
    bool is_good = true;
    for (const auto& [name, metric] : metrics_in(body)) {
      each(metric, 7, is_good, [&, key = name](const std::string& sum) {
        each(sum, 1, is_good, [&](const std::string& point) { take(key, point, is_good); });
      });
    }
    EXPECT_TRUE(is_good);
  }
  std::int64_t operator[](const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? 0 : found->second;
  }
  bool is_empty() const { return values_.empty(); }

 private:
  void take(std::string key, const std::string& point, bool& is_good) {
    ReadAttributes attributes;
    std::int64_t value = 0;
    const ParsedMessage fields(point, is_good);
    for (int i = 0; i < fields.field_count(); ++i) {
      if (fields.field(i).number() == 6) {
        value = static_cast<std::int64_t>(fields.field(i).fixed64());
      } else if (fields.field(i).number() == 7) {
        read_attribute(fields.field(i).length_delimited(), attributes, is_good);
      }
    }
    for (const auto& [name, text] : attributes) {
      // Which destination, and which processor, is plain: there is one.
      if (!name.starts_with("otel.component.")) key += " " + name + "=" + text.substr(2);
    }
    values_[key] += value;  // destinations of earlier tests report on
  }

  std::map<std::string, std::int64_t> values_;
};

class SelfReportTest : public testing::Test {
 protected:
  explicit SelfReportTest(std::function<Answer(int)> answer = [](int) { return Answer{}; })
      : server_(std::move(answer)), config_(config_for(server_)) {
    config_.metrics.describes_sdk = true;
    config_.metrics.describes_sdk_alone = true;
  }
  void TearDown() override { shutdown(1000); }
  /// The last report after a flush and one more: what became of the first one's requests is known
  /// in the second.
  SelfReport report() {
    force_flush(5000);
    force_flush(5000);
    const std::vector<Request> requests = metric_requests(server_);
    return SelfReport(requests.empty() ? "" : requests.back().body);
  }

  HttpServerForTest server_;
  Config config_;
};

TEST_F(SelfReportTest, CountsSpansThatStartAreOpenAndAreExported) {
  ASSERT_TRUE(init_observability(config_));
  const std::string sampled = " otel.span.sampling_result=RECORD_AND_SAMPLE";
  const SelfReport before = report();
  Span open = start_span("open");
  for (int i = 0; i < 5; ++i) start_span("s").end();
  const SelfReport after = report();
  EXPECT_EQ(after["otel.sdk.span.started" + sampled] - before["otel.sdk.span.started" + sampled],
            6);
  EXPECT_EQ(after["otel.sdk.span.live" + sampled] - before["otel.sdk.span.live" + sampled], 1);
  EXPECT_EQ(
      after["otel.sdk.processor.span.processed"] - before["otel.sdk.processor.span.processed"], 5);
  EXPECT_EQ(after["otel.sdk.exporter.span.exported"] - before["otel.sdk.exporter.span.exported"],
            5);
  EXPECT_EQ(after["otel.sdk.exporter.span.inflight"], 0);
  EXPECT_GE(after["otel.sdk.processor.span.queue.size"], 1);
  EXPECT_EQ(after["otel.sdk.processor.span.queue.capacity"],
            static_cast<std::int64_t>(config_.max_spans));
  EXPECT_GT(after["otel.sdk.exporter.metric_data_point.exported"], 0);
  open.end();
  const SelfReport ended = report();
  EXPECT_EQ(ended["otel.sdk.span.started" + sampled], after["otel.sdk.span.started" + sampled]);
  EXPECT_EQ(ended["otel.sdk.span.live" + sampled], before["otel.sdk.span.live" + sampled]);
}

TEST_F(SelfReportTest, ASpanThatAnotherThreadEndsIsCountedOnce) {
  ASSERT_TRUE(init_observability(config_));
  const std::string sampled = " otel.span.sampling_result=RECORD_AND_SAMPLE";
  const SelfReport before = report();
  for (int i = 0; i < 100; ++i) {
    Span span = start_span("handed over");
    std::thread([moved = std::move(span)]() mutable { moved.end(); }).join();
  }
  const SelfReport after = report();
  EXPECT_EQ(after["otel.sdk.span.started" + sampled] - before["otel.sdk.span.started" + sampled],
            100);
  EXPECT_EQ(after["otel.sdk.span.live" + sampled], before["otel.sdk.span.live" + sampled]);
}

TEST_F(SelfReportTest, TellsRecordedFromSampledSpansAndWhyOnesWereDropped) {
  config_.sampler = SamplerKind::kAlwaysOff;
  config_.keep_errors.is_enabled = true;
  config_.max_spans = 64;
  ASSERT_TRUE(init_observability(config_));
  const std::string recorded = " otel.span.sampling_result=RECORD_ONLY";
  const SelfReport before = report();
  std::vector<Span> open;
  for (int i = 0; i < 200; ++i) open.push_back(start_span("too many"));
  const SelfReport after = report();
  const std::int64_t live = after["otel.sdk.span.live" + recorded];
  EXPECT_GT(live, 0);
  EXPECT_LT(live, 64 + 32);  // the thread may have held a chunk from before
  EXPECT_EQ(after["otel.sdk.processor.span.processed error.type=queue_full"] -
                before["otel.sdk.processor.span.processed error.type=queue_full"],
            200 - live);
}

TEST_F(SelfReportTest, CountsLogRecords) {
  ASSERT_TRUE(init_observability(config_));
  const SelfReport before = report();
  for (int i = 0; i < 3; ++i) emit_log(Severity::kInfo, i);
  const SelfReport after = report();
  for (const char* name : {"otel.sdk.log.created", "otel.sdk.processor.log.processed",
                           "otel.sdk.exporter.log.exported"}) {
    EXPECT_EQ(after[name] - before[name], 3) << name;
  }
}

TEST_F(SelfReportTest, NamesWhatTheReferenceNames) {
  ASSERT_TRUE(init_observability(config_));
  start_span("s").end();
  emit_log(Severity::kInfo, "l");
  report();
  std::set<std::string> names;
  for (const auto& [name, metric] : metrics_in(metric_requests(server_).back().body)) {
    if (name.starts_with("otel.sdk.")) names.insert(name);
  }
  std::set<std::string> documented;
  for (const auto& cells : documented_cells("sdk instruments")) documented.insert(cells[0]);
  EXPECT_EQ(names, documented);
}

class RefusedReportTest : public SelfReportTest {
 protected:
  RefusedReportTest() : SelfReportTest(refuse_traces) {}
  static Answer refuse_traces(int n) { return Answer{.status = n == 0 ? 400 : 200}; }
};

TEST_F(RefusedReportTest, SaysWhatWasLostOnTheWay) {
  ASSERT_TRUE(init_observability(config_));
  start_span("refused").end();
  EXPECT_EQ(report()["otel.sdk.exporter.span.exported error.type=export_failed"] > 0, true);
}

TEST_F(SelfReportTest, WaitsForAMetricOfTheServicesOwn) {
  config_.metrics.describes_sdk_alone = false;
  ASSERT_TRUE(init_observability(config_));
  start_span("s").end();
  EXPECT_TRUE(report().is_empty());
  EXPECT_TRUE(metric_requests(server_).empty());
  create_counter("export7.counter").add(1);
  EXPECT_GT(report()["otel.sdk.span.started otel.span.sampling_result=RECORD_AND_SAMPLE"], 0);
}

TEST_F(SelfReportTest, IsSilentIfToldTo) {
  config_.metrics.describes_sdk = false;
  ASSERT_TRUE(init_observability(config_));
  start_span("s").end();
  EXPECT_TRUE(report().is_empty());
}

}  // namespace
}  // namespace binnacle::sdk
