#include "sdk/environment.h"

#include "sdk/exporter_factory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace binnacle::sdk {
namespace {

struct Reading {
  Config config;
  std::vector<std::string> warnings;
};

Reading read(const std::map<std::string, std::string>& variables) {
  Reading reading;
  reading.config = read_environment(
      {.get = [&](const char* name) -> std::optional<std::string> {
         const auto found = variables.find(name);
         if (found == variables.end()) return std::nullopt;
         return found->second;
       },
       .warn = [&](std::string_view warning) { reading.warnings.emplace_back(warning); }});
  return reading;
}

TEST(EnvironmentTest, DefaultsAreThoseOfADeveloper) {
  const Reading reading = read({});
  EXPECT_TRUE(reading.warnings.empty());
  EXPECT_TRUE(reading.config.is_enabled);
  EXPECT_EQ(reading.config.service_name, "arbitrage-ai");
  EXPECT_EQ(reading.config.service_version, "0.1.0");
  EXPECT_EQ(reading.config.environment, "development");
  ASSERT_EQ(reading.config.exporters.size(), 1U);
  EXPECT_EQ(reading.config.exporters[0].kind, ExporterKind::kJaeger);
  EXPECT_EQ(reading.config.exporters[0].endpoint, "http://localhost:14268");
  EXPECT_TRUE(reading.config.prometheus.is_enabled);  // where else would metrics go
  EXPECT_EQ(reading.config.prometheus.host, "127.0.0.1");
  EXPECT_EQ(reading.config.prometheus.port, 8001);
  EXPECT_EQ(reading.config.prometheus.path, "/metrics");
  EXPECT_EQ(reading.config.sample_ratio, 1.0);
  EXPECT_TRUE(reading.config.is_parent_based);
  EXPECT_EQ(reading.config.schedule_delay_ms, 5000);
}

TEST(EnvironmentTest, SampleRateFollowsTheEnvironment) {
  struct Case {
    const char* environment;
    const char* rate;
    double ratio;
    std::size_t warnings;
  };
  for (const Case& test : std::vector<Case>{{"development", "", 1.0, 0},
                                            {"test", "", 1.0, 0},
                                            {"LOCAL", "", 1.0, 0},
                                            {"production", "", 0.1, 0},
                                            {"staging", "", 0.1, 0},
                                            {"moon", "", 0.1, 0},
                                            {"production", "0.5", 0.5, 0},
                                            {"development", "0", 0.0, 0},
                                            {"production", "1", 1.0, 0},
                                            {"production", "2", 0.1, 1},
                                            {"development", "-0.1", 1.0, 1},
                                            {"production", "half", 0.1, 1},
                                            {"production", "nan", 0.1, 1},
                                            {"production", "0.5x", 0.1, 1}}) {
    const Reading reading =
        read({{"APM_ENVIRONMENT", test.environment}, {"TRACE_SAMPLE_RATE", test.rate}});
    EXPECT_EQ(reading.config.sample_ratio, test.ratio) << test.environment << " " << test.rate;
    EXPECT_EQ(reading.warnings.size(), test.warnings) << test.environment << " " << test.rate;
  }
}

TEST(EnvironmentTest, OpenTelemetrysSamplersWin) {
  struct Case {
    const char* name;
    const char* argument;
    SamplerKind kind;
    double ratio;
    bool is_parent_based;
    std::size_t warnings;
  };
  for (const Case& test : std::vector<Case>{
           {"always_on", "", SamplerKind::kAlwaysOn, 0.2, false, 0},
           {"always_off", "", SamplerKind::kAlwaysOff, 0.2, false, 0},
           {"traceidratio", "0.3", SamplerKind::kTraceIdRatio, 0.3, false, 0},
           {"parentbased_traceidratio", "0.3", SamplerKind::kTraceIdRatio, 0.3, true, 0},
           {"parentbased_always_on", "", SamplerKind::kAlwaysOn, 0.2, true, 0},
           {"ParentBased_Always_Off", "", SamplerKind::kAlwaysOff, 0.2, true, 0},
           {"traceidratio", "", SamplerKind::kTraceIdRatio, 1.0, false, 0},
           {"traceidratio", "7", SamplerKind::kTraceIdRatio, 1.0, false, 1},
           {"mystery", "", SamplerKind::kTraceIdRatio, 0.2, true, 1}}) {
    const Reading reading = read({{"TRACE_SAMPLE_RATE", "0.2"},
                                  {"OTEL_TRACES_SAMPLER", test.name},
                                  {"OTEL_TRACES_SAMPLER_ARG", test.argument}});
    EXPECT_EQ(reading.config.sampler, test.kind) << test.name;
    EXPECT_EQ(reading.config.sample_ratio, test.ratio) << test.name;
    EXPECT_EQ(reading.config.is_parent_based, test.is_parent_based) << test.name;
    EXPECT_EQ(reading.warnings.size(), test.warnings) << test.name;
  }
}

TEST(EnvironmentTest, RateLimitedAndRemoteSamplers) {
  Reading reading = read(
      {{"OTEL_TRACES_SAMPLER", "parentbased_rate_limited"}, {"OTEL_TRACES_SAMPLER_ARG", "2.5"}});
  EXPECT_EQ(reading.config.sampler, SamplerKind::kRateLimited);
  EXPECT_EQ(reading.config.traces_per_second, 2.5);
  EXPECT_TRUE(reading.config.is_parent_based);
  reading = read({{"OTEL_TRACES_SAMPLER", "jaeger_remote"},
                  {"OTEL_TRACES_SAMPLER_ARG",
                   "endpoint=http://jaeger:5778/sampling,pollingIntervalMs=5000,"
                   "initialSamplingRate=0.25"}});
  EXPECT_TRUE(reading.warnings.empty());
  EXPECT_EQ(reading.config.sampler, SamplerKind::kJaegerRemote);
  EXPECT_FALSE(reading.config.is_parent_based);
  EXPECT_EQ(reading.config.remote_sampler.endpoint, "http://jaeger:5778/sampling");
  EXPECT_EQ(reading.config.remote_sampler.polling_interval_ms, 5000);
  EXPECT_EQ(reading.config.remote_sampler.initial_ratio, 0.25);
  reading = read({{"OTEL_TRACES_SAMPLER", "jaeger_remote"},
                  {"OTEL_TRACES_SAMPLER_ARG", "pollingIntervalMs=0,initialSamplingRate=2,x=y"}});
  EXPECT_EQ(reading.warnings.size(), 3U);
  EXPECT_EQ(reading.config.remote_sampler.polling_interval_ms, 60'000);
}

TEST(EnvironmentTest, LateDecisionAndResourceDetectors) {
  Reading reading = read({});
  EXPECT_FALSE(reading.config.keep_errors.is_enabled);
  EXPECT_FALSE(reading.config.captures_command_args);
  EXPECT_EQ(reading.config.resource_detectors.size(), 4U);
  reading = read({{"APM_KEEP_ERRORS", "true"},
                  {"APM_CAPTURE_COMMAND_ARGS", "1"},
                  {"OTEL_RESOURCE_DETECTORS", "host, K8S,aws"}});
  EXPECT_TRUE(reading.config.keep_errors.is_enabled);
  EXPECT_TRUE(reading.config.captures_command_args);
  EXPECT_EQ(reading.config.resource_detectors, (std::vector<std::string>{"host", "k8s"}));
  EXPECT_EQ(reading.warnings.size(), 1U);
  EXPECT_TRUE(read({{"OTEL_RESOURCE_DETECTORS", "none"}}).config.resource_detectors.empty());
  EXPECT_EQ(read({{"OTEL_RESOURCE_DETECTORS", "all"}}).config.resource_detectors.size(), 4U);
}

TEST(EnvironmentTest, RemoteSamplersArguments) {
  const Reading reading =
      read({{"OTEL_TRACES_SAMPLER", "parentbased_jaeger_remote"},
            {"OTEL_TRACES_SAMPLER_ARG",
             "endpoint=http://c:5778/sampling,pollingIntervalMs=250,initialSamplingRate=0.25"}});
  EXPECT_TRUE(reading.warnings.empty());
  EXPECT_EQ(reading.config.sampler, SamplerKind::kJaegerRemote);
  EXPECT_TRUE(reading.config.is_parent_based);
  EXPECT_EQ(reading.config.remote_sampler.endpoint, "http://c:5778/sampling");
  EXPECT_EQ(reading.config.remote_sampler.polling_interval_ms, 250);
  EXPECT_EQ(reading.config.remote_sampler.initial_ratio, 0.25);
  const Reading bad = read({{"OTEL_TRACES_SAMPLER", "jaeger_remote"},
                            {"OTEL_TRACES_SAMPLER_ARG",
                             "pollingIntervalMs=soon,initialSamplingRate=2,colour=red,what"}});
  EXPECT_EQ(bad.warnings.size(), 4U);
  EXPECT_EQ(bad.config.remote_sampler.polling_interval_ms, 60'000);
  EXPECT_EQ(bad.config.remote_sampler.initial_ratio, 0.001);
}

std::string traces_url(const Reading& reading) {
  return otlp_http_url(reading.config.exporters.at(0), Signal::kTraces);
}

TEST(EnvironmentTest, EndpointsBecomeTheUrlOfTraces) {
  struct Case {
    const char* variable;
    const char* value;
    Protocol protocol;
    const char* url;  // HTTP: of requests; gRPC: the endpoint
    std::size_t warnings;
  };
  constexpr Protocol kHttp = Protocol::kHttpProtobuf;
  constexpr Protocol kGrpc = Protocol::kGrpc;
  for (const Case& test : std::vector<Case>{
           {"OTLP_ENDPOINT", "http://c:4318", kHttp, "http://c:4318/v1/traces", 0},
           {"OTLP_ENDPOINT", "http://c:4318/", kHttp, "http://c:4318/v1/traces", 0},
           {"OTLP_ENDPOINT", "c:4318", kHttp, "http://c:4318/v1/traces", 0},
           {"OTLP_ENDPOINT", "http://c:4317", kGrpc, "http://c:4317", 0},
           {"OTLP_ENDPOINT", "c:4317", kGrpc, "http://c:4317", 0},
           {"OTLP_ENDPOINT", "https://c/prefix", kHttp, "https://c/prefix/v1/traces", 0},
           {"OTLP_ENDPOINT", "http://c:4318/v1/traces", kHttp, "http://c:4318/v1/traces", 0},
           {"OTLP_ENDPOINT", "ftp://c", kGrpc, "http://localhost:4317", 1},
           {"OTLP_ENDPOINT", "http://", kGrpc, "http://localhost:4317", 1},
           {"OTLP_ENDPOINT", "  ", kGrpc, "http://localhost:4317", 0},
           {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://o:1/x/", kHttp, "http://o:1/x/v1/traces", 0},
           {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://o:1/as/is", kHttp, "http://o:1/as/is",
            0}}) {
    const Reading reading = read({{"APM_BACKEND", "otlp"}, {test.variable, test.value}});
    const ExporterConfig& exporter = reading.config.exporters.at(0);
    EXPECT_EQ(exporter.kind, ExporterKind::kOtlp) << test.value;
    EXPECT_EQ(exporter.protocol, test.protocol) << test.value;
    EXPECT_EQ(test.protocol == kGrpc ? exporter.endpoint : traces_url(reading), test.url);
    EXPECT_EQ(reading.warnings.size(), test.warnings) << test.value;
  }
  EXPECT_EQ(traces_url(read({{"OTLP_ENDPOINT", "http://a:1"},
                             {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://b:2"},
                             {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:3/t"}})),
            "http://c:3/t");
  EXPECT_EQ(traces_url(read(
                {{"OTLP_ENDPOINT", "http://a:1"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://b:2"}})),
            "http://b:2/v1/traces");
}

TEST(EnvironmentTest, ProtocolWinsOverThePort) {
  const auto protocol = [](const char* variable, const char* value, const char* endpoint) {
    return read({{"APM_BACKEND", "otlp"}, {variable, value}, {"OTLP_ENDPOINT", endpoint}})
        .config.exporters.at(0);
  };
  EXPECT_EQ(protocol("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "c:4317").protocol,
            Protocol::kHttpJson);
  EXPECT_EQ(protocol("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "c:4318").protocol, Protocol::kGrpc);
  // Without an endpoint the protocol has a port of its own.
  EXPECT_EQ(protocol("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", "").endpoint,
            "http://localhost:4318");
  EXPECT_EQ(protocol("OTEL_EXPORTER_OTLP_PROTOCOL", "", "").endpoint, "http://localhost:4317");
  EXPECT_EQ(read({{"OTEL_EXPORTER_OTLP_PROTOCOL", "carrier/pigeon"}, {"OTLP_ENDPOINT", "c:1"}})
                .warnings.size(),
            1U);
  EXPECT_EQ(protocol("OTEL_EXPORTER_OTLP_INSECURE", "false", "c:4317").endpoint, "https://c:4317");
}

TEST(EnvironmentTest, SignalsWithTheirOwnSettingsGetTheirOwnExporter) {
  const Reading reading = read({{"OTLP_ENDPOINT", "http://c:4318"},
                                {"OTEL_EXPORTER_OTLP_HEADERS", "k=general"},
                                {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "k=metrics"},
                                {"OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "77"},
                                {"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://l:1/logs"},
                                {"OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "/ca.pem"},
                                {"OTEL_EXPORTER_OTLP_CLIENT_KEY", "/key.pem"},
                                {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "/cert.pem"}});
  ASSERT_EQ(reading.config.exporters.size(), 3U);
  const ExporterConfig& traces = reading.config.exporters[0];
  const ExporterConfig& metrics = reading.config.exporters[1];
  const ExporterConfig& logs = reading.config.exporters[2];
  EXPECT_TRUE(traces.takes_traces && !traces.takes_metrics && !traces.takes_logs);
  EXPECT_TRUE(!metrics.takes_traces && metrics.takes_metrics && !metrics.takes_logs);
  EXPECT_TRUE(!logs.takes_traces && !logs.takes_metrics && logs.takes_logs);
  EXPECT_EQ(traces.headers.at(0).second, "general");
  EXPECT_EQ(metrics.headers.at(0).second, "metrics");
  EXPECT_EQ(metrics.timeout_ms, 77);
  EXPECT_EQ(otlp_http_url(metrics, Signal::kMetrics), "http://c:4318/v1/metrics");
  EXPECT_EQ(otlp_http_url(logs, Signal::kLogs), "http://l:1/logs");
  EXPECT_EQ(logs.tls.ca_file, "/ca.pem");
  EXPECT_EQ(logs.tls.key_file, "/key.pem");
  EXPECT_EQ(traces.tls.certificate_file, "/cert.pem");
  EXPECT_FALSE(reading.config.prometheus.is_enabled);  // metrics are sent
  EXPECT_EQ(read({{"OTLP_ENDPOINT", "http://c:4318"}}).config.exporters.size(), 1U);
}

TEST(EnvironmentTest, ABatchsExportTimeoutCountsWhereOtlpHasNone) {
  const auto timeouts = [](std::map<std::string, std::string> variables) {
    variables["APM_BACKEND"] = "otlp";
    std::map<std::string, std::int64_t> by_signal;
    for (const ExporterConfig& exporter : read(variables).config.exporters) {
      if (exporter.takes_traces) by_signal["traces"] = exporter.timeout_ms;
      if (exporter.takes_metrics) by_signal["metrics"] = exporter.timeout_ms;
      if (exporter.takes_logs) by_signal["logs"] = exporter.timeout_ms;
    }
    return by_signal;
  };
  using Timeouts = std::map<std::string, std::int64_t>;
  EXPECT_EQ(timeouts({{"OTEL_BSP_EXPORT_TIMEOUT", "700"}, {"OTEL_BLRP_EXPORT_TIMEOUT", "800"}}),
            (Timeouts{{"traces", 700}, {"metrics", 10'000}, {"logs", 800}}));
  EXPECT_EQ(timeouts({{"OTEL_BSP_EXPORT_TIMEOUT", "700"},
                      {"OTEL_BLRP_EXPORT_TIMEOUT", "800"},
                      {"OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "900"},
                      {"OTEL_EXPORTER_OTLP_TIMEOUT", "600"}}),
            (Timeouts{{"traces", 600}, {"metrics", 600}, {"logs", 900}}));
}

TEST(EnvironmentTest, IdentityAndItsPrecedence) {
  const Reading reading = read({{"APM_SERVICE_NAME", "apm"},
                                {"APM_VERSION", "1.2"},
                                {"APM_ENVIRONMENT", "production"},
                                {"OTEL_RESOURCE_ATTRIBUTES",
                                 "service.name=res, team=a%20b ,deployment.environment.name=test"},
                                {"OTEL_SERVICE_NAME", "otel"}});
  EXPECT_EQ(reading.config.service_name, "otel");
  EXPECT_EQ(reading.config.service_version, "1.2");
  EXPECT_EQ(reading.config.environment, "test");
  EXPECT_EQ(reading.config.sample_ratio, 1.0);  // of the environment that won
  ASSERT_EQ(reading.config.resource_attributes.size(), 1U);
  EXPECT_EQ(reading.config.resource_attributes[0].first, "team");
  EXPECT_EQ(reading.config.resource_attributes[0].second, "a b");
  EXPECT_EQ(read({{"APM_SERVICE_NAME", "apm"}}).config.service_name, "apm");
}

TEST(EnvironmentTest, Switches) {
  EXPECT_FALSE(read({{"APM_ENABLED", "false"}}).config.is_enabled);
  EXPECT_FALSE(read({{"APM_ENABLED", "0"}}).config.is_enabled);
  EXPECT_TRUE(read({{"APM_ENABLED", "TRUE"}}).config.is_enabled);
  EXPECT_EQ(read({{"APM_ENABLED", "perhaps"}}).warnings.size(), 1U);
  EXPECT_FALSE(read({{"OTEL_SDK_DISABLED", "true"}}).config.is_enabled);
  EXPECT_FALSE(read({{"APM_BACKEND", "none"}}).config.is_enabled);
  const Reading no_traces = read({{"OTEL_TRACES_EXPORTER", "none"}});
  EXPECT_TRUE(no_traces.config.exporters.empty());
  EXPECT_TRUE(no_traces.config.is_enabled);  // metrics can be looked at
  EXPECT_FALSE(read({{"OTEL_TRACES_EXPORTER", "none"},
                     {"OTEL_METRICS_EXPORTER", "none"},
                     {"OTEL_LOGS_EXPORTER", "none"}})
                   .config.is_enabled);
  EXPECT_TRUE(read({{"OTEL_LOG_LEVEL", "none"}, {"APM_ENABLED", "perhaps"}}).warnings.empty());
  EXPECT_EQ(read({{"OTEL_LOG_LEVEL", "loud"}}).warnings.size(), 1U);
}

TEST(EnvironmentTest, Backends) {
  const auto kinds = [](const Reading& reading) {
    std::string text;
    for (const ExporterConfig& exporter : reading.config.exporters) {
      constexpr const char* kNames[] = {"otlp", "jaeger", "zipkin", "datadog", "console", "file"};
      text.append(kNames[static_cast<std::size_t>(exporter.kind)]).append(" ");
    }
    return text + (reading.config.prometheus.is_enabled ? "prometheus" : "");
  };
  EXPECT_EQ(kinds(read({{"APM_BACKEND", "jaeger"}})), "jaeger prometheus");
  EXPECT_EQ(kinds(read({{"APM_BACKEND", " OTLP "}})), "otlp ");
  EXPECT_EQ(kinds(read({{"APM_BACKEND", "zipkin,console,file"}})), "zipkin console file ");
  EXPECT_EQ(kinds(read({{"APM_BACKEND", "prometheus"}})), "prometheus");
  EXPECT_EQ(kinds(read({{"APM_BACKEND", "otlp,prometheus"}})), "otlp prometheus");
  EXPECT_EQ(kinds(read({{"APM_BACKEND", "datadog"}})), "datadog prometheus");
  EXPECT_EQ(kinds(read({{"APM_BACKEND", "jaeger"}, {"OTEL_TRACES_EXPORTER", "zipkin"}})),
            "zipkin prometheus");
  EXPECT_EQ(kinds(read({{"OTEL_TRACES_EXPORTER", "otlp,zipkin"},
                        {"OTEL_METRICS_EXPORTER", "otlp,prometheus"},
                        {"OTEL_LOGS_EXPORTER", "console"}})),
            "otlp zipkin console prometheus");
  // An endpoint says which backend is meant, unless there are two.
  EXPECT_EQ(kinds(read({{"OTLP_ENDPOINT", "http://c:4318"}})), "otlp ");
  EXPECT_EQ(kinds(read({{"OTLP_ENDPOINT", "http://c:4318"}, {"JAEGER_ENDPOINT", "http://j:1"}})),
            "jaeger prometheus");
  const Reading unknown = read({{"APM_BACKEND", "zipkn,otlp"}});
  EXPECT_EQ(kinds(unknown), "otlp ");
  ASSERT_EQ(unknown.warnings.size(), 1U);
  EXPECT_NE(unknown.warnings[0].find("APM_BACKEND=zipkn"), std::string::npos);
  EXPECT_EQ(kinds(read({{"APM_BACKEND", "zipkn"}})), "jaeger prometheus");  // the default
  const Reading wrong = read({{"OTEL_METRICS_EXPORTER", "zipkin"}});
  EXPECT_EQ(wrong.warnings.size(), 1U);
}

TEST(EnvironmentTest, VendorsHaveTheirEndpointsAndKeys) {
  const Reading honeycomb = read(
      {{"APM_BACKEND", "honeycomb"}, {"HONEYCOMB_API_KEY", "hk"}, {"HONEYCOMB_DATASET", "ds"}});
  ASSERT_EQ(honeycomb.config.exporters.size(), 1U);
  EXPECT_EQ(traces_url(honeycomb), "https://api.honeycomb.io/v1/traces");
  EXPECT_EQ(honeycomb.config.exporters[0].headers,
            (std::vector<std::pair<std::string, std::string>>{{"x-honeycomb-team", "hk"},
                                                              {"x-honeycomb-dataset", "ds"}}));
  const Reading keyless = read({{"APM_BACKEND", "honeycomb,otlp"}});
  EXPECT_EQ(keyless.config.exporters.size(), 1U);
  ASSERT_EQ(keyless.warnings.size(), 1U);
  EXPECT_NE(keyless.warnings[0].find("HONEYCOMB_API_KEY"), std::string::npos);

  const Reading agent = read({{"APM_BACKEND", "datadog"}, {"DATADOG_API_KEY", "dk"}});
  EXPECT_EQ(agent.config.exporters.at(0).kind, ExporterKind::kDatadog);
  EXPECT_EQ(agent.config.exporters.at(0).endpoint, "http://localhost:8126");
  EXPECT_TRUE(agent.config.exporters.at(0).headers.empty());  // the agent has its own
  const Reading agentless = read({{"APM_BACKEND", "datadog"},
                                  {"DATADOG_API_KEY", "dk"},
                                  {"DATADOG_ENDPOINT", "https://otlp.datadoghq.example"}});
  EXPECT_EQ(agentless.config.exporters.at(0).kind, ExporterKind::kOtlp);
  EXPECT_EQ(agentless.config.exporters.at(0).headers.at(0).first, "dd-api-key");
  EXPECT_TRUE(agentless.config.exporters.at(0).takes_metrics);

  const Reading zipkin = read({{"APM_BACKEND", "zipkin"},
                               {"OTEL_EXPORTER_ZIPKIN_ENDPOINT", "http://z:9411/api/v2/spans"},
                               {"OTEL_EXPORTER_ZIPKIN_TIMEOUT", "9"}});
  EXPECT_EQ(zipkin.config.exporters.at(0).endpoint, "http://z:9411/api/v2/spans");
  EXPECT_EQ(zipkin.config.exporters.at(0).timeout_ms, 9);
  EXPECT_EQ(read({{"JAEGER_ENDPOINT", "http://j:1"}}).config.exporters.at(0).endpoint,
            "http://j:1");

  const Reading local = read({{"APM_BACKEND", "console,file"},
                              {"APM_CONSOLE_STREAM", "stdout"},
                              {"APM_FILE_PATH", "/tmp/x.jsonl"},
                              {"APM_FILE_LIMIT_BYTES", "8192"},
                              {"APM_FILE_COUNT", "2"},
                              {"APM_SPOOL_DIR", "/tmp/spool"},
                              {"APM_SPOOL_LIMIT_BYTES", "1000000"}});
  EXPECT_EQ(local.config.exporters.at(0).endpoint, "stdout");
  EXPECT_EQ(local.config.exporters.at(1).path, "/tmp/x.jsonl");
  EXPECT_EQ(local.config.exporters.at(1).file_limit_bytes, 8192U);
  EXPECT_EQ(local.config.exporters.at(1).file_count, 2U);
  EXPECT_EQ(local.config.spool.directory, "/tmp/spool");
  EXPECT_EQ(local.config.spool.limit_bytes, 1'000'000U);
}

TEST(EnvironmentTest, PrometheusAndPropagators) {
  const Reading reading = read({{"APM_BACKEND", "prometheus"},
                                {"PROMETHEUS_HOST", "0.0.0.0"},
                                {"PROMETHEUS_PORT", "9999"},
                                {"PROMETHEUS_METRICS_PATH", "/m"},
                                {"PROMETHEUS_TARGET_DIR", "/targets"},
                                {"OTEL_PROPAGATORS", "b3multi, tracecontext"}});
  EXPECT_TRUE(reading.warnings.empty());
  EXPECT_EQ(reading.config.prometheus.host, "0.0.0.0");
  EXPECT_EQ(reading.config.prometheus.port, 9999);
  EXPECT_EQ(reading.config.prometheus.path, "/m");
  EXPECT_EQ(reading.config.prometheus.target_directory, "/targets");
  EXPECT_EQ(reading.config.propagators,
            (std::vector{PropagatorKind::kB3Multi, PropagatorKind::kTraceContext}));
  EXPECT_EQ(read({{"PROMETHEUS_PORT", "65536"}}).warnings.size(), 1U);
  EXPECT_EQ(read({{"PROMETHEUS_METRICS_PATH", "m"}}).warnings.size(), 1U);
  EXPECT_TRUE(read({{"OTEL_PROPAGATORS", "none"}}).config.propagators.empty());
  const Reading unknown = read({{"OTEL_PROPAGATORS", "xray"}});
  EXPECT_EQ(unknown.warnings.size(), 1U);
  EXPECT_EQ(unknown.config.propagators.size(), 2U);
}

TEST(EnvironmentTest, TransportBatchingAndLimits) {
  const Reading reading = read({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"},
                                {"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x,k=v"},
                                {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                                {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                {"OTEL_BSP_SCHEDULE_DELAY", "100"},
                                {"OTEL_BSP_MAX_QUEUE_SIZE", "4096"},
                                {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "50"},
                                {"OTEL_BLRP_SCHEDULE_DELAY", "200"},
                                {"OTEL_BLRP_MAX_QUEUE_SIZE", "300"},
                                {"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "40"},
                                {"OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "99"},
                                {"OTEL_ATTRIBUTE_COUNT_LIMIT", "11"},
                                {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "7"},
                                {"OTEL_SPAN_EVENT_COUNT_LIMIT", "8"},
                                {"OTEL_SPAN_LINK_COUNT_LIMIT", "9"},
                                {"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "5"},
                                {"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "6"},
                                {"OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "33"}});
  EXPECT_TRUE(reading.warnings.empty());
  const ExporterConfig& exporter = reading.config.exporters.at(0);
  ASSERT_EQ(exporter.headers.size(), 2U);
  EXPECT_EQ(exporter.headers[0].second, "Bearer x");
  EXPECT_EQ(exporter.timeout_ms, 2500);
  EXPECT_EQ(exporter.compression, Compression::kGzip);
  EXPECT_EQ(reading.config.schedule_delay_ms, 100);
  EXPECT_EQ(reading.config.max_spans, 4096U);
  EXPECT_EQ(reading.config.max_export_batch_spans, 50U);
  EXPECT_EQ(reading.config.logs.schedule_delay_ms, 200);
  EXPECT_EQ(reading.config.logs.max_records, 300U);
  EXPECT_EQ(reading.config.logs.max_export_batch_records, 40U);
  EXPECT_EQ(reading.config.attribute_count_limit, 7U);
  EXPECT_EQ(reading.config.attribute_value_length_limit, 99U);
  EXPECT_EQ(reading.config.event_count_limit, 8U);
  EXPECT_EQ(reading.config.link_count_limit, 9U);
  EXPECT_EQ(reading.config.event_attribute_count_limit, 5U);
  EXPECT_EQ(reading.config.link_attribute_count_limit, 6U);
  EXPECT_EQ(reading.config.logs.attribute_count_limit, 11U);
  EXPECT_EQ(reading.config.logs.attribute_value_length_limit, 33U);
}

TEST(EnvironmentTest, MetricsSettings) {
  const Reading reading = read({{"OTEL_METRIC_EXPORT_INTERVAL", "1000"},
                                {"OTEL_METRIC_EXPORT_TIMEOUT", "500"},
                                {"OTEL_METRICS_EXEMPLAR_FILTER", "always_off"},
                                {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "Delta"},
                                {"OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                                 "base2_exponential_bucket_histogram"}});
  EXPECT_TRUE(reading.warnings.empty());
  EXPECT_EQ(reading.config.metrics.interval_ms, 1000);
  EXPECT_EQ(reading.config.metrics.timeout_ms, 500);
  EXPECT_EQ(reading.config.metrics.exemplar_filter, ExemplarFilter::kAlwaysOff);
  EXPECT_EQ(reading.config.metrics.temporality, v1::Temporality::kDelta);
  EXPECT_EQ(reading.config.metrics.histogram_aggregation, HistogramAggregation::kExponential);
  EXPECT_EQ(read({{"OTEL_METRICS_EXEMPLAR_FILTER", "some"}}).warnings.size(), 1U);
  EXPECT_TRUE(reading.config.metrics.describes_sdk);
  EXPECT_FALSE(reading.config.metrics.describes_sdk_alone);
  EXPECT_TRUE(read({{"APM_SELF_OBSERVABILITY", "true"}}).config.metrics.describes_sdk_alone);
  const Reading odd = read({{"APM_SELF_OBSERVABILITY", "perhaps"}});
  EXPECT_TRUE(odd.config.metrics.describes_sdk);
  EXPECT_FALSE(odd.config.metrics.describes_sdk_alone);
  EXPECT_EQ(odd.warnings.size(), 1U);
  EXPECT_FALSE(read({{"APM_SELF_OBSERVABILITY", "false"}}).config.metrics.describes_sdk);
}

TEST(EnvironmentTest, WarningsNameTheVariableItsValueAndTheRemedyButNoSecret) {
  const Reading bad = read({{"APM_BACKEND", "otlp"},
                            {"OTEL_EXPORTER_OTLP_HEADERS", "secret-token"},
                            {"OTEL_BSP_SCHEDULE_DELAY", "soon"},
                            {"OTEL_BSP_MAX_QUEUE_SIZE", "99999999999999999999"},
                            {"OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"},
                            {"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://user:secret-token@c"}});
  EXPECT_EQ(bad.warnings.size(), 5U);  // once each, though three signals share them
  EXPECT_EQ(bad.config.schedule_delay_ms, 5000);
  for (const std::string& warning : bad.warnings) {
    EXPECT_EQ(warning.find("secret-token"), std::string::npos) << warning;
  }
  EXPECT_NE(std::find(bad.warnings.begin(), bad.warnings.end(),
                      "OTEL_BSP_SCHEDULE_DELAY=soon is not a whole number from 1; the default "
                      "5000 holds"),
            bad.warnings.end());
}

TEST(EnvironmentTest, ContentIsCapturedOnlyWhenSwitchedOn) {
  EXPECT_FALSE(read({}).config.captures_content);
  constexpr const char* kOtel = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
  EXPECT_TRUE(read({{"APM_CAPTURE_CONTENT", "true"}}).config.captures_content);
  EXPECT_TRUE(read({{kOtel, "true"}}).config.captures_content);
  EXPECT_TRUE(read({{kOtel, "SPAN_AND_EVENT"}}).config.captures_content);
  EXPECT_FALSE(read({{kOtel, "EVENT_ONLY"}}).config.captures_content);
  EXPECT_FALSE(read({{kOtel, "true"}, {"APM_CAPTURE_CONTENT", "false"}}).config.captures_content);
  const Reading odd = read({{"APM_CAPTURE_CONTENT", "perhaps"}});
  EXPECT_FALSE(odd.config.captures_content);
  EXPECT_EQ(odd.warnings.size(), 1U);
  EXPECT_EQ(read({{"APM_CONTENT_HASH_KEY", "key"}}).config.content_hash_key, "key");
  EXPECT_TRUE(read({{"APM_OPENINFERENCE", "1"}}).config.uses_openinference);
}

}  // namespace
}  // namespace binnacle::sdk
