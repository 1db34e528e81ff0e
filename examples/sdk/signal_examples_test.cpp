#include "examples/sdk/run_example_for_test.h"
#include "sdk/http_server_for_test.h"
#include "sdk/log_recording_for_test.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

// The examples whose subject is not spans alone, run as they are against a collector: the log
// records and the metrics that they say they show arrive.

namespace binnacle::sdk {
namespace {

/// Runs an example with all signals going to `server`; its exit code.
int run_against(const HttpServerForTest& server, const std::string& name) {
  std::string url = server.url();
  url.resize(url.rfind("/v1/traces"));
  return examples::run_example(name, {"OTEL_EXPORTER_OTLP_ENDPOINT=" + url});
}

/// The bodies of requests to a path.
std::vector<std::string> bodies_at(HttpServerForTest& server, const std::string& path) {
  std::vector<std::string> bodies;
  for (const Request& request : server.requests()) {
    if (request.head.starts_with("POST " + path + " ")) bodies.push_back(request.body);
  }
  return bodies;
}

std::vector<ReadSpan> spans_at(HttpServerForTest& server) {
  bool is_good = true;
  std::vector<ReadSpan> spans;
  for (const std::string& body : bodies_at(server, "/v1/traces")) {
    for (ReadSpan& span : read_request(body, is_good)) spans.push_back(std::move(span));
  }
  EXPECT_TRUE(is_good);
  return spans;
}

TEST(SignalExamplesTest, MessagesOfSpdlogCarryTheIdsOfTheirSpan) {
  HttpServerForTest server;
  ASSERT_EQ(run_against(server, "spdlog_logging"), 0);
  const std::vector<ReadSpan> spans = spans_at(server);
  bool is_good = true;
  std::vector<ReadLog> logs;
  for (const std::string& body : bodies_at(server, "/v1/logs")) {
    for (ReadLog& log : read_logs_request(body, is_good)) logs.push_back(std::move(log));
  }
  ASSERT_TRUE(is_good);
  ASSERT_EQ(spans.size(), 1U);
  ASSERT_EQ(logs.size(), 3U);
  int events = 0;
  int places = 0;
  for (const ReadLog& log : logs) {
    EXPECT_EQ(log.trace_id, spans[0].trace_id);
    EXPECT_EQ(log.span_id, spans[0].span_id);
    events += log.event_name == "offer.rejected" ? 1 : 0;
    places += log.attribute("code.line.number") != "none" ? 1 : 0;
  }
  EXPECT_EQ(events, 1);
  EXPECT_EQ(places, 1);
}

/// Visits the messages in field `number` of `bytes`.
template <typename Visit>
void each(const std::string& bytes, int number, Visit visit) {
  bool is_good = true;
  const ParsedMessage fields(bytes, is_good);
  EXPECT_TRUE(is_good);
  for (int i = 0; i < fields.field_count(); ++i) {
    if (fields.field(i).number() == number) visit(fields.field(i).length_delimited());
  }
}

/// How many points a request has of each metric that is the program's own.
std::map<std::string, std::size_t> points_by_name(const std::string& body) {
  constexpr int kDataFields[] = {5, 7, 9};  // gauge, sum, histogram: their points are field 1
  std::map<std::string, std::size_t> points;
  each(body, 1, [&](const std::string& resource_metrics) {
    each(resource_metrics, 2, [&](const std::string& scope_metrics) {
      each(scope_metrics, 2, [&](const std::string& metric) {
        std::string name;
        each(metric, 1, [&](const std::string& text) { name = text; });
        if (name.starts_with("otel.sdk.")) return;  // what the SDK says about itself
        for (const int data_field : kDataFields) {
          each(metric, data_field, [&](const std::string& data) {
            each(data, 1, [&](const std::string&) { ++points[name]; });
          });
        }
      });
    });
  });
  return points;
}

TEST(SignalExamplesTest, InstrumentsArriveAsTheirViewsSay) {
  HttpServerForTest server;
  ASSERT_EQ(run_against(server, "metrics"), 0);
  const std::vector<std::string> bodies = bodies_at(server, "/v1/metrics");
  ASSERT_FALSE(bodies.empty());
  const std::map<std::string, std::size_t> points = points_by_name(bodies.back());
  const std::map<std::string, std::size_t> expected = {
      {"margin", 1},        // renamed, and without the offers' ids one series
      {"offers.seen", 2},   // two markets
      {"queue.length", 1},  // observed
      {"steps.open", 1},    // bound
  };  // and debug.steps dropped
  EXPECT_EQ(points, expected);
  const std::vector<ReadSpan> spans = spans_at(server);
  EXPECT_EQ(spans.size(), 4U);
  // An exemplar of the histogram names one of the spans.
  bool has_exemplar = false;
  for (const ReadSpan& span : spans) {
    has_exemplar = has_exemplar || bodies.front().find(span.trace_id) != std::string::npos;
  }
  EXPECT_TRUE(has_exemplar);
}

}  // namespace
}  // namespace binnacle::sdk
