#include "sdk/http_server_for_test.h"
#include "sdk/log_recording_for_test.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

// The example of the spdlog sink, run as it is against a collector: what it says it shows arrives.

namespace binnacle::sdk {
namespace {

/// Runs the example to its end; true if it exits with 0.
bool run_example(const HttpServerForTest& server) {
  std::string url = server.url();
  url.resize(url.rfind("/v1/traces"));
  const std::string command =
      "env OTEL_TRACES_SAMPLER=always_on APM_BACKEND=otlp OTEL_EXPORTER_OTLP_ENDPOINT=" + url +
      " OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf " + SPDLOG_EXAMPLE + " >/dev/null";
  return std::system(command.c_str()) == 0;
}

/// The bodies of requests to a path.
std::vector<std::string> bodies_at(HttpServerForTest& server, const std::string& path) {
  std::vector<std::string> bodies;
  for (const Request& request : server.requests()) {
    if (request.head.starts_with("POST " + path + " ")) bodies.push_back(request.body);
  }
  return bodies;
}

TEST(SpdlogExampleTest, MessagesCarryTheIdsOfTheirSpan) {
  HttpServerForTest server;
  ASSERT_TRUE(run_example(server));
  bool is_good = true;
  std::vector<ReadSpan> spans;
  for (const std::string& body : bodies_at(server, "/v1/traces")) {
    for (ReadSpan& span : read_request(body, is_good)) spans.push_back(std::move(span));
  }
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

}  // namespace
}  // namespace binnacle::sdk
