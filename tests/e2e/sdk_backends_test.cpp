#include "codec/json_document.h"
#include "io/net/http_client.h"
#include "tests/e2e/server_process.h"

#include <gtest/gtest.h>

#include <charconv>
#include <map>
#include <string>
#include <string_view>

// A program with the SDK, configured by environment variables alone, and the real server: every
// backend that the server receives, in development and in production.

namespace binnacle::e2e {
namespace {

using codec::JsonDocument;
using codec::JsonValue;
using Variables = std::map<std::string, std::string>;

std::string sender_program() { return SDK_SENDER_PROGRAM; }

/// Spans of "handle order" traces that the server has of this service.
std::size_t spans_of(const ServerProcess& server, const std::string& service) {
  HttpClient client(server.url("jaeger_query"), {});
  HttpClientRequest request;
  request.target = "/api/traces?service=" + service + "&lookback=1h&limit=1000";
  auto answer = client.send(request);
  if (!answer) return 0;
  const auto document = JsonDocument::parse(std::move(answer->body));
  if (!document) return 0;
  std::size_t spans = 0;
  for (const JsonValue trace : document->root().find("data").elements()) {
    for (const JsonValue span : trace.find("spans").elements()) {
      const std::string_view name = span.find("operationName").string();
      // Formats differ in case, but the names of our spans are lower case.
      if (name == "handle order" || name == "ask bank") ++spans;
    }
  }
  return spans;
}

ProgramResult send(const std::string& traces, const Variables& variables) {
  return run_program(sender_program(), {traces}, variables);
}

class SdkBackends : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.start()); }

  /// Three traces with `variables` reach the server whole.
  void expect_delivered(const std::string& name, Variables variables) {
    variables["APM_SERVICE_NAME"] = name;
    const ProgramResult result = send("3", variables);
    EXPECT_NE(result.output.find("started 1 delivered 1 exported 6"), std::string::npos)
        << name << ": " << result.output;
    EXPECT_EQ(spans_of(server_, name), 6U) << name << ": " << result.output;
  }

  const TemporaryFolder folder_;
  ServerProcess server_{folder_.path()};
};

TEST_F(SdkBackends, OtlpOverGrpc) {
  // The port decides nowhere but on 4317, so the protocol is named.
  expect_delivered("grpc", {{"APM_BACKEND", "otlp"},
                            {"OTLP_ENDPOINT", server_.url("otlp_grpc")},
                            {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}});
  expect_delivered("grpc-gzip", {{"APM_BACKEND", "otlp"},
                                 {"OTLP_ENDPOINT", server_.url("otlp_grpc")},
                                 {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                 {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}});
}

TEST_F(SdkBackends, OtlpOverHttp) {
  for (const char* protocol : {"http/protobuf", "http/json"}) {
    for (const char* compression : {"gzip", "none"}) {
      expect_delivered(std::string(protocol).substr(5) + compression,
                       {{"APM_BACKEND", "otlp"},
                        {"OTEL_EXPORTER_OTLP_ENDPOINT", server_.url("otlp_http")},
                        {"OTEL_EXPORTER_OTLP_PROTOCOL", protocol},
                        {"OTEL_EXPORTER_OTLP_COMPRESSION", compression}});
    }
  }
}

TEST_F(SdkBackends, JaegerIsTheDefault) {
  expect_delivered("jaeger", {{"JAEGER_ENDPOINT", server_.url("jaeger_thrift_http")}});
}

TEST_F(SdkBackends, Zipkin) {
  expect_delivered("zipkin",
                   {{"APM_BACKEND", "zipkin"},
                    {"OTEL_EXPORTER_ZIPKIN_ENDPOINT", server_.url("zipkin") + "/api/v2/spans"}});
}

TEST_F(SdkBackends, DatadogsAgent) {
  expect_delivered("datadog",
                   {{"APM_BACKEND", "datadog"}, {"DATADOG_ENDPOINT", server_.url("datadog")}});
}

std::size_t count_of(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++count;
  return count;
}

// The server refuses what it has no store for; a service must neither lose spans nor fail for it.
TEST_F(SdkBackends, FailedTracesAreKeptThoughNoneIsSampled) {
  expect_delivered("keep-errors", {{"JAEGER_ENDPOINT", server_.url("jaeger_thrift_http")},
                                   {"TRACE_SAMPLE_RATE", "0"},
                                   {"APM_KEEP_ERRORS", "true"}});
}

TEST_F(SdkBackends, HoneycombIsOtlp) {
  expect_delivered("honeycomb", {{"APM_BACKEND", "honeycomb"},
                                 {"HONEYCOMB_API_KEY", "k"},
                                 {"HONEYCOMB_API_ENDPOINT", server_.url("otlp_http")}});
}

TEST_F(SdkBackends, PrometheusAloneRecordsNoSpans) {
  const ProgramResult result = send("3", {{"APM_BACKEND", "prometheus"}, {"PROMETHEUS_PORT", "0"}});
  EXPECT_NE(result.output.find("started 1 delivered 1 exported 0"), std::string::npos)
      << result.output;
}

// Nobody answers where the strategy would come from: the initial rate holds.
TEST_F(SdkBackends, WithoutASamplingServerTheInitialRateHolds) {
  const ProgramResult result = send(
      "3",
      {{"APM_SERVICE_NAME", "remote"},
       {"JAEGER_ENDPOINT", server_.url("jaeger_thrift_http")},
       {"OTEL_TRACES_SAMPLER", "parentbased_jaeger_remote"},
       {"OTEL_TRACES_SAMPLER_ARG", "endpoint=http://127.0.0.1:9/sampling,initialSamplingRate=1"}});
  EXPECT_NE(result.output.find("delivered 1 exported 6"), std::string::npos) << result.output;
  EXPECT_EQ(spans_of(server_, "remote"), 6U) << result.output;
}

TEST_F(SdkBackends, WhatTheServerDoesNotTakeIsSaidOnceWithTheRemedy) {
  const std::map<std::string, Variables> ways = {
      {"http",
       {{"APM_BACKEND", "otlp"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", server_.url("otlp_http")}}},
      {"grpc",
       {{"APM_BACKEND", "otlp"},
        {"OTEL_EXPORTER_OTLP_ENDPOINT", server_.url("otlp_grpc")},
        {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}}}};
  for (const auto& [name, variables] : ways) {
    const ProgramResult result = run_program(sender_program(), {"2", "twice"}, variables);
    EXPECT_NE(result.output.find("delivered 1 exported 8"), std::string::npos) << result.output;
    for (const char* remedy : {"OTEL_METRICS_EXPORTER=none", "OTEL_LOGS_EXPORTER=none"}) {
      EXPECT_EQ(count_of(result.output, remedy), 1U) << name << ": " << result.output;
    }
    EXPECT_EQ(count_of(result.output, "binnacle: "), 2U) << name << ": " << result.output;
  }
}

TEST_F(SdkBackends, SeveralAtOnceAndOneIsDead) {
  const ProgramResult result = send("3", {{"APM_SERVICE_NAME", "several"},
                                          {"APM_BACKEND", "jaeger,otlp"},
                                          {"JAEGER_ENDPOINT", server_.url("jaeger_thrift_http")},
                                          {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"}});
  EXPECT_NE(result.output.find("delivered 0 exported 6"), std::string::npos) << result.output;
  EXPECT_EQ(spans_of(server_, "several"), 6U);
}

TEST_F(SdkBackends, AFileIsImported) {
  const std::string file = folder_.path() + "/traces.jsonl";
  const ProgramResult result =
      send("3", {{"APM_SERVICE_NAME", "file"}, {"APM_BACKEND", "file"}, {"APM_FILE_PATH", file}});
  EXPECT_NE(result.output.find("delivered 1 exported 6"), std::string::npos) << result.output;
  const ProgramResult imported =
      run_program(binnacle_program(), {"import", file, "--to", server_.url("otlp_http")});
  EXPECT_EQ(imported.exit_status, 0) << imported.output;
  EXPECT_EQ(spans_of(server_, "file"), 6U);
}

TEST_F(SdkBackends, ProductionSamplesATenth) {
  const ProgramResult result =
      send("2000", {{"APM_SERVICE_NAME", "production"},
                    {"APM_ENVIRONMENT", "production"},
                    {"JAEGER_ENDPOINT", server_.url("jaeger_thrift_http")}});
  const std::size_t at = result.output.find("exported ");
  ASSERT_NE(at, std::string::npos) << result.output;
  int spans = 0;
  std::from_chars(result.output.data() + at + 9, result.output.data() + result.output.size(),
                  spans);
  // 2 * 2000 * 0.1, and six standard deviations of 27 to both sides.
  EXPECT_GT(spans, 400 - 162);
  EXPECT_LT(spans, 400 + 162);
}

TEST(SdkAlone, ConsoleIsReadable) {
  const ProgramResult result = send("1", {{"APM_BACKEND", "console"}});
  EXPECT_NE(result.output.find(" INTERNAL \"handle order\" "), std::string::npos) << result.output;
  EXPECT_NE(result.output.find(" CLIENT \"ask bank\" "), std::string::npos) << result.output;
  EXPECT_NE(result.output.find(" ERROR \"declined\" "), std::string::npos) << result.output;
}

TEST(SdkAlone, OffIsOff) {
  for (const Variables& variables :
       {Variables{{"APM_BACKEND", "none"}}, Variables{{"APM_ENABLED", "false"}},
        Variables{{"OTEL_SDK_DISABLED", "true"}}}) {
    EXPECT_EQ(send("1", variables).output, "started 0 delivered 1 exported 0\n");
  }
}

TEST(SdkAlone, ABadValueIsWarnedOfOnceAndTheRestWorks) {
  const ProgramResult result =
      send("1", {{"APM_BACKEND", "console"}, {"TRACE_SAMPLE_RATE", "lots"}});
  EXPECT_NE(result.output.find("TRACE_SAMPLE_RATE=lots is not a number from 0 to 1"),
            std::string::npos)
      << result.output;
  EXPECT_NE(result.output.find("exported 2"), std::string::npos) << result.output;
}

}  // namespace
}  // namespace binnacle::e2e
