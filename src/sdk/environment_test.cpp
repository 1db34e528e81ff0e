#include "sdk/environment.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
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
  EXPECT_EQ(reading.config.exporters.at(0).endpoint, "http://localhost:4318/v1/traces");
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

TEST(EnvironmentTest, EndpointsBecomeTheUrlOfTraces) {
  struct Case {
    const char* variable;
    const char* value;
    const char* url;
    std::size_t warnings;
  };
  constexpr const char* kDefault = "http://localhost:4318/v1/traces";
  for (const Case& test : std::vector<Case>{
           {"OTLP_ENDPOINT", "http://c:4318", "http://c:4318/v1/traces", 0},
           {"OTLP_ENDPOINT", "http://c:4318/", "http://c:4318/v1/traces", 0},
           {"OTLP_ENDPOINT", "c:4318", "http://c:4318/v1/traces", 0},
           {"OTLP_ENDPOINT", "http://c:4317", "http://c:4318/v1/traces", 1},
           {"OTLP_ENDPOINT", "https://c/prefix", "https://c/prefix/v1/traces", 0},
           {"OTLP_ENDPOINT", "http://c:4318/v1/traces", "http://c:4318/v1/traces", 0},
           {"OTLP_ENDPOINT", "ftp://c", kDefault, 1},
           {"OTLP_ENDPOINT", "http://", kDefault, 1},
           {"OTLP_ENDPOINT", "  ", kDefault, 0},
           {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://o:1/x/", "http://o:1/x/v1/traces", 0},
           {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://o:1/as/is", "http://o:1/as/is", 0}}) {
    const Reading reading = read({{test.variable, test.value}});
    EXPECT_EQ(reading.config.exporters.at(0).endpoint, test.url) << test.value;
    EXPECT_EQ(reading.warnings.size(), test.warnings) << test.value;
  }
  EXPECT_EQ(read({{"OTLP_ENDPOINT", "http://a:1"},
                  {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://b:2"},
                  {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c:3/t"}})
                .config.exporters.at(0)
                .endpoint,
            "http://c:3/t");
  EXPECT_NE(read({{"OTLP_ENDPOINT", "http://c:4317"}}).warnings[0].find("OTLP_ENDPOINT"),
            std::string::npos);
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

TEST(EnvironmentTest, SwitchesAndBackends) {
  EXPECT_FALSE(read({{"APM_ENABLED", "false"}}).config.is_enabled);
  EXPECT_FALSE(read({{"APM_ENABLED", "0"}}).config.is_enabled);
  EXPECT_TRUE(read({{"APM_ENABLED", "TRUE"}}).config.is_enabled);
  EXPECT_EQ(read({{"APM_ENABLED", "perhaps"}}).warnings.size(), 1U);
  EXPECT_FALSE(read({{"OTEL_SDK_DISABLED", "true"}}).config.is_enabled);
  EXPECT_FALSE(read({{"APM_BACKEND", "none"}}).config.is_enabled);
  EXPECT_FALSE(read({{"OTEL_TRACES_EXPORTER", "none"}}).config.is_enabled);
  EXPECT_TRUE(read({{"APM_BACKEND", "otlp,jaeger"}}).warnings.empty());
  const Reading unsupported = read({{"APM_BACKEND", "zipkin"}});
  EXPECT_TRUE(unsupported.config.is_enabled);
  ASSERT_EQ(unsupported.warnings.size(), 1U);
  EXPECT_NE(unsupported.warnings[0].find("zipkin"), std::string::npos);
}

TEST(EnvironmentTest, TransportBatchingAndLimits) {
  const Reading reading = read({{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x,k=v"},
                                {"OTEL_EXPORTER_OTLP_TIMEOUT", "2500"},
                                {"OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"},
                                {"OTEL_BSP_SCHEDULE_DELAY", "100"},
                                {"OTEL_BSP_MAX_QUEUE_SIZE", "4096"},
                                {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "50"},
                                {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "7"},
                                {"OTEL_SPAN_EVENT_COUNT_LIMIT", "8"},
                                {"OTEL_SPAN_LINK_COUNT_LIMIT", "9"}});
  EXPECT_TRUE(reading.warnings.empty());
  ASSERT_EQ(reading.config.exporters.at(0).headers.size(), 2U);
  EXPECT_EQ(reading.config.exporters.at(0).headers[0].second, "Bearer x");
  EXPECT_EQ(reading.config.exporters.at(0).timeout_ms, 2500);
  EXPECT_EQ(reading.config.exporters.at(0).compression, Compression::kGzip);
  EXPECT_EQ(reading.config.schedule_delay_ms, 100);
  EXPECT_EQ(reading.config.max_spans, 4096U);
  EXPECT_EQ(reading.config.max_export_batch_spans, 50U);
  EXPECT_EQ(reading.config.attribute_count_limit, 7U);
  EXPECT_EQ(reading.config.event_count_limit, 8U);
  EXPECT_EQ(reading.config.link_count_limit, 9U);
  const Reading bad = read({{"OTEL_EXPORTER_OTLP_HEADERS", "secret-token"},
                            {"OTEL_BSP_SCHEDULE_DELAY", "soon"},
                            {"OTEL_BSP_MAX_QUEUE_SIZE", "99999999999999999999"},
                            {"OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"},
                            {"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}});
  EXPECT_EQ(bad.warnings.size(), 5U);
  EXPECT_EQ(bad.config.schedule_delay_ms, 5000);
  for (const std::string& warning : bad.warnings) {
    EXPECT_EQ(warning.find("secret-token"), std::string::npos);
  }
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
