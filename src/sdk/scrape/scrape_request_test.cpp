#include "sdk/scrape/scrape_request.h"

#include <gtest/gtest.h>

namespace binnacle::sdk {
namespace {

// What Prometheus 3 sends.
constexpr char kPrometheusHead[] =
    "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:8001\r\nUser-Agent: Prometheus/3.5.0\r\n"
    "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1\r\nAccept-Encoding: gzip\r\n"
    "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n";

ScrapeRequest read(std::string_view head) { return read_scrape_request(head, {}); }

int status_of(std::string_view head) { return read(head).status; }

TEST(ScrapeRequest, UnderstandsPrometheus) {
  const ScrapeRequest request = read(kPrometheusHead);
  EXPECT_EQ(request.status, 200);
  EXPECT_EQ(request.format, ScrapeFormat::kOpenMetrics);
  EXPECT_TRUE(request.accepts_gzip);
  EXPECT_TRUE(request.keeps_alive);
  EXPECT_FALSE(request.is_head);
}

TEST(ScrapeRequest, ChoosesTheFormatByWeight) {
  const auto format = [](const std::string& accept) {
    return read("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: " + accept + "\r\n\r\n")
        .format;
  };
  EXPECT_EQ(format("*/*"), ScrapeFormat::kText);
  EXPECT_EQ(format("text/plain;q=0.9, application/openmetrics-text;q=0.5"), ScrapeFormat::kText);
  EXPECT_EQ(format("Application/OpenMetrics-Text"), ScrapeFormat::kOpenMetrics);
  EXPECT_EQ(format("application/openmetrics-text;q=0, text/plain"), ScrapeFormat::kText);
  EXPECT_EQ(format("application/openmetrics-text;q=often"), ScrapeFormat::kText);
}

TEST(ScrapeRequest, RefusesWithTheRightStatus) {
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\nHost: localhost:8001\r\n\r\n"), 200);
  EXPECT_EQ(status_of("HEAD /metrics?x=1 HTTP/1.1\r\nHost: [::1]:8001\r\n\r\n"), 200);
  EXPECT_EQ(status_of("GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n"), 404);
  EXPECT_EQ(status_of("POST /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"), 405);
  EXPECT_EQ(status_of("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n"),
            400);
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 403);
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\n\r\n"), 403);
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\nHost : localhost\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /metrics HTTP/1.1\r\nHost: localhost\r\n folded\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /metrics\r\n\r\n"), 400);
  EXPECT_EQ(status_of("\r\n\r\n"), 400);
  EXPECT_EQ(status_of(""), 400);
}

TEST(ScrapeRequest, RefusalsSayWhatToDo) {
  const ScrapeRequest request = read("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(request.problem, "metrics are at /metrics\n");
  const std::string head = scrape_answer_head(request, request.problem.size(), false);
  EXPECT_TRUE(head.starts_with("HTTP/1.1 404 Not Found\r\n")) << head;
  EXPECT_NE(head.find("content-length: 24\r\n"), std::string::npos) << head;
}

TEST(ScrapeRequest, OldAndClosingClientsAreClosed) {
  EXPECT_FALSE(read("GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n").keeps_alive);
  EXPECT_FALSE(
      read("GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").keeps_alive);
}

TEST(ScrapeRequest, ServesAnyHostWhenNotOnLoopback) {
  const ScrapeRules rules{.path = "/metrics", .requires_local_host = false};
  EXPECT_EQ(
      read_scrape_request("GET /metrics HTTP/1.1\r\nHost: app.internal\r\n\r\n", rules).status,
      200);
}

}  // namespace
}  // namespace binnacle::sdk
