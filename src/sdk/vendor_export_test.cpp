#include "sdk/environment.h"
#include "sdk/http_server_for_test.h"
#include "sdk/recording_for_test.h"
#include "sdk/tls_server_for_test.h"

#include <binnacle/config.h>
#include <binnacle/metrics.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// From the variables that a vendor's page tells to set, to the bytes that the vendor's receiver
// sees: addresses, keys and formats. In tests/e2e the real server is at the other end.

namespace binnacle::sdk {
namespace {

Config configured(const std::map<std::string, std::string>& variables) {
  Config config =
      read_environment({.get = [&](const char* name) -> std::optional<std::string> {
                          const auto found = variables.find(name);
                          if (found == variables.end()) return std::nullopt;
                          return found->second;
                        },
                        .warn = [](std::string_view warning) { ADD_FAILURE() << warning; }});
  config.schedule_delay_ms = 3'600'000;
  config.metrics.describes_sdk = false;
  return config;
}

/// Runs with one span, one measurement and one log record.
void run(const Config& config) {
  ASSERT_TRUE(init_observability(config));
  start_span("s").end();
  create_counter("vendor.counter").add(1);
  emit_log(Severity::kInfo, "hello");
  EXPECT_TRUE(shutdown(10'000));
}

std::map<std::string, std::string> heads_by_path(HttpServerForTest& server) {
  std::map<std::string, std::string> heads;
  for (const Request& request : server.requests()) {
    const std::size_t path = request.head.find(' ') + 1;
    heads[request.head.substr(path, request.head.find(' ', path) - path)] = request.head;
  }
  return heads;
}

void expect_header(const std::string& head, const std::string& header) {
  EXPECT_NE(head.find("\r\n" + header + "\r\n"), std::string::npos) << header << "\n" << head;
}

TEST(VendorExportTest, HoneycombHasKeyAndDatasetOnEverySignal) {
  HttpServerForTest server;
  run(configured({{"APM_BACKEND", "honeycomb"},
                  {"HONEYCOMB_API_KEY", "hc-key"},
                  {"HONEYCOMB_DATASET", "arbitrage"},
                  {"HONEYCOMB_API_ENDPOINT", server.base_url()}}));
  const auto heads = heads_by_path(server);
  EXPECT_EQ(heads.size(), 3U);
  for (const char* path : {"/v1/traces", "/v1/metrics", "/v1/logs"}) {
    ASSERT_EQ(heads.count(path), 1U) << path;
    expect_header(heads.at(path), "x-honeycomb-team: hc-key");
    expect_header(heads.at(path), "x-honeycomb-dataset: arbitrage");
    expect_header(heads.at(path), "Content-Type: application/x-protobuf");
  }
}

TEST(VendorExportTest, DatadogWithoutAnAgentIsOtlpWithItsKey) {
  std::string directory = testing::TempDir() + "/vendor_XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  {
    const CertificateForTest authority(directory, "authority");
    const CertificateForTest certificate(directory, "server", &authority);
    TlsServerForTest server(certificate);
    Config config = configured({{"APM_BACKEND", "datadog"},
                                {"DATADOG_API_KEY", "dd-key"},
                                {"OTEL_METRICS_EXPORTER", "none"},
                                {"DATADOG_ENDPOINT", server.url()}});
    config.exporters.at(0).tls.ca_file = authority.certificate_path;
    ASSERT_TRUE(init_observability(config));
    start_span("s").end();
    EXPECT_TRUE(shutdown(10'000));
    EXPECT_EQ(server.last_head().find("POST /v1/traces HTTP/1.1"), 0U) << server.last_head();
    expect_header(server.last_head() + "\r\n", "dd-api-key: dd-key");
  }
  std::filesystem::remove_all(directory);
}

TEST(VendorExportTest, DatadogsAgentGetsMsgpackAndNoKey) {
  HttpServerForTest server;
  run(configured({{"APM_BACKEND", "datadog"},
                  {"DATADOG_API_KEY", "dd-key"},
                  {"OTEL_METRICS_EXPORTER", "none"},
                  {"DATADOG_ENDPOINT", server.base_url()}}));
  ASSERT_EQ(server.requests().size(), 1U);
  const Request request = server.requests()[0];
  EXPECT_EQ(request.head.find("POST /v0.4/traces "), 0U) << request.head;
  expect_header(request.head, "Content-Type: application/msgpack");
  expect_header(request.head, "X-Datadog-Trace-Count: 1");
  EXPECT_EQ(request.head.find("dd-key"), std::string::npos);
  EXPECT_EQ(request.body.at(0), '\x91');  // an array of one trace
}

// Phoenix and others are told by the variables that OpenTelemetry has for all.
TEST(VendorExportTest, OtlpHeadersArePercentDecoded) {
  HttpServerForTest server;
  run(configured(
      {{"APM_BACKEND", "otlp"},
       {"OTEL_EXPORTER_OTLP_ENDPOINT", server.base_url()},
       {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20p-key, x-project=a%2Cb"}}));
  const auto heads = heads_by_path(server);
  EXPECT_EQ(heads.size(), 3U);
  for (const auto& [path, head] : heads) {
    expect_header(head, "authorization: Bearer p-key");
    expect_header(head, "x-project: a,b");
  }
}

TEST(VendorExportTest, OneListSendsEachItsOwnFormat) {
  HttpServerForTest jaeger;
  HttpServerForTest zipkin;
  HttpServerForTest otlp;
  run(configured({{"APM_BACKEND", "jaeger,zipkin,otlp"},
                  {"JAEGER_ENDPOINT", jaeger.base_url()},
                  {"OTEL_EXPORTER_ZIPKIN_ENDPOINT", zipkin.base_url() + "/api/v2/spans"},
                  {"OTEL_EXPORTER_OTLP_ENDPOINT", otlp.base_url()}}));
  const auto to_jaeger = heads_by_path(jaeger);
  ASSERT_EQ(to_jaeger.size(), 1U);
  EXPECT_EQ(to_jaeger.begin()->first.find("/api/traces"), 0U) << to_jaeger.begin()->first;
  expect_header(to_jaeger.begin()->second, "Content-Type: application/vnd.apache.thrift.binary");
  const auto to_zipkin = heads_by_path(zipkin);
  ASSERT_EQ(to_zipkin.count("/api/v2/spans"), 1U);
  EXPECT_EQ(to_zipkin.size(), 1U);
  expect_header(to_zipkin.begin()->second, "Content-Type: application/json");
  EXPECT_EQ(heads_by_path(otlp).size(), 3U);  // the only one that takes metrics and log records
}

TEST(VendorExportTest, JaegersSamplingServerIsAskedForTheServiceByName) {
  HttpServerForTest collector;
  HttpServerForTest sampling([](int) {
    return Answer{.body = R"({"strategyType":"PROBABILISTIC","operationSampling":{
      "defaultSamplingProbability":0,"perOperationStrategies":[
      {"operation":"kept","probabilisticSampling":{"samplingRate":1}}]}})"};
  });
  const Config config = configured(
      {{"APM_BACKEND", "otlp"},
       {"OTEL_EXPORTER_OTLP_ENDPOINT", collector.base_url()},
       {"OTEL_METRICS_EXPORTER", "none"},
       {"OTEL_SERVICE_NAME", "bid der"},
       {"OTEL_TRACES_SAMPLER", "parentbased_jaeger_remote"},
       {"OTEL_TRACES_SAMPLER_ARG", "endpoint=" + sampling.base_url() +
                                       "/sampling,pollingIntervalMs=60000,initialSamplingRate=0"}});
  ASSERT_TRUE(init_observability(config));
  ASSERT_TRUE(sampling.wait_for_requests(1));
  EXPECT_EQ(sampling.requests()[0].head.find("GET /sampling?service=bid%20der HTTP/1.1"), 0U)
      << sampling.requests()[0].head;
  bool is_kept = false;  // once the export thread has read the answer
  for (int i = 0; i < 2000 && !is_kept; ++i) {
    is_kept = start_span("kept").context().is_sampled();
    if (!is_kept) poll(nullptr, 0, 5);
  }
  EXPECT_TRUE(is_kept);
  EXPECT_FALSE(start_span("other").context().is_sampled());
  EXPECT_TRUE(shutdown(10'000));
}

TEST(VendorExportTest, UnsampledTracesThatFailAreKeptIfToldTo) {
  HttpServerForTest server;
  Config config = configured({{"APM_BACKEND", "otlp"},
                              {"OTEL_EXPORTER_OTLP_ENDPOINT", server.base_url()},
                              {"OTEL_METRICS_EXPORTER", "none"},
                              {"TRACE_SAMPLE_RATE", "0"},
                              {"APM_KEEP_ERRORS", "true"}});
  ASSERT_TRUE(init_observability(config));
  {
    const ActiveSpan parent("fails");
    start_span("because of").set_error("no funds");
  }
  start_span("works").end();
  EXPECT_TRUE(shutdown(10'000));
  std::vector<std::string> names;
  bool is_good = true;
  for (const Request& request : server.requests()) {
    for (const ReadSpan& span : read_request(request.body, is_good)) names.push_back(span.name);
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"because of", "fails"}));
}

}  // namespace
}  // namespace binnacle::sdk
