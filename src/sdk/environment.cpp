#include "sdk/environment.h"

#include "sdk/environment_exporters.h"
#include "sdk/environment_reader.h"
#include "sdk/propagators.h"
#include "sdk/resource_detectors.h"
#include "sdk/warning.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace binnacle::sdk {

namespace {

/// OpenTelemetry's levels of severity; what the SDK says are warnings, all of it.
void read_diagnostics(const EnvironmentReader& reader, Config& config) {
  const auto variable = reader.first_of({"OTEL_LOG_LEVEL"});
  if (!variable) return;
  const std::string level = lowercase(variable->value);
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), level) != names.end();
  };
  if (is_one_of({"none", "off", "error", "fatal"})) {
    config.diagnostics = DiagnosticLevel::kNone;
  } else if (!is_one_of({"warn", "warning", "info", "debug", "verbose", "all", "trace"})) {
    reader.reject(*variable, "none, error, warn, info or debug");
  }
}

void read_identity(const EnvironmentReader& reader, Config& config) {
  reader.read_text({"APM_SERVICE_NAME"}, config.service_name);
  reader.read_text({"APM_VERSION"}, config.service_version);
  reader.read_text({"APM_ENVIRONMENT"}, config.environment);
  EnvironmentReader::Pairs attributes;
  reader.read_pairs({"OTEL_RESOURCE_ATTRIBUTES"}, attributes);
  for (auto& [key, value] : attributes) {
    if (key == "service.name") {
      config.service_name = value;
    } else if (key == "service.version") {
      config.service_version = value;
    } else if (key == "deployment.environment.name" || key == "deployment.environment") {
      config.environment = value;
    } else {
      config.resource_attributes.emplace_back(std::move(key), std::move(value));
    }
  }
  reader.read_text({"OTEL_SERVICE_NAME"}, config.service_name);
}

/// "endpoint=URL,pollingIntervalMs=N,initialSamplingRate=R", each part optional. (OpenTelemetry,
/// "General SDK Configuration", jaeger_remote.)
void read_remote_sampler(const EnvironmentReader& reader, Config& config) {
  EnvironmentReader::Pairs arguments;
  reader.read_pairs({"OTEL_TRACES_SAMPLER_ARG"}, arguments);
  for (const auto& [key, value] : arguments) {
    const Environment single{.get = [&text = value](const char*) { return text; },
                             .warn =
                                 [&](std::string_view text) {
                                   reader.warn("OTEL_TRACES_SAMPLER_ARG: " + std::string(text));
                                 }};
    const EnvironmentReader part(single);
    if (key == "endpoint") {
      config.remote_sampler.endpoint = value;
    } else if (key == "pollingIntervalMs") {
      part.read_count({"pollingIntervalMs"}, config.remote_sampler.polling_interval_ms, 1);
    } else if (key == "initialSamplingRate") {
      config.remote_sampler.initial_ratio =
          part.read_ratio({"initialSamplingRate"}).value_or(config.remote_sampler.initial_ratio);
    } else {
      reader.warn("OTEL_TRACES_SAMPLER_ARG: " + excerpt(key, 40) +
                  " is not endpoint, pollingIntervalMs or initialSamplingRate; it is ignored");
    }
  }
}

void read_sampler(const EnvironmentReader& reader, Config& config) {
  const std::string environment = lowercase(config.environment);
  const bool is_local =
      environment == "development" || environment == "test" || environment == "local";
  config.sampler = SamplerKind::kTraceIdRatio;
  config.sample_ratio = reader.read_ratio({"TRACE_SAMPLE_RATE"}).value_or(is_local ? 1.0 : 0.1);
  const auto sampler = reader.first_of({"OTEL_TRACES_SAMPLER"});
  if (!sampler) return;
  constexpr std::string_view kParentBased = "parentbased_";
  std::string name = lowercase(sampler->value);
  const bool is_parent_based = name.starts_with(kParentBased);
  if (is_parent_based) name.erase(0, kParentBased.size());
  if (name == "always_on") {
    config.sampler = SamplerKind::kAlwaysOn;
  } else if (name == "always_off") {
    config.sampler = SamplerKind::kAlwaysOff;
  } else if (name == "traceidratio") {
    config.sample_ratio = reader.read_ratio({"OTEL_TRACES_SAMPLER_ARG"}).value_or(1.0);
  } else if (name == "rate_limited") {
    config.sampler = SamplerKind::kRateLimited;
    reader.read_number({"OTEL_TRACES_SAMPLER_ARG"}, config.traces_per_second);
  } else if (name == "jaeger_remote") {
    config.sampler = SamplerKind::kJaegerRemote;
    read_remote_sampler(reader, config);
  } else {
    return reader.reject(
        *sampler,
        "[parentbased_]always_on, always_off, traceidratio, rate_limited or jaeger_remote");
  }
  config.is_parent_based = is_parent_based;
}

void read_batching(const EnvironmentReader& reader, Config& config) {
  reader.read_count({"OTEL_BSP_SCHEDULE_DELAY"}, config.schedule_delay_ms, 1);
  reader.read_count({"OTEL_BSP_MAX_QUEUE_SIZE"}, config.max_spans, 1);
  reader.read_count({"OTEL_BSP_MAX_EXPORT_BATCH_SIZE"}, config.max_export_batch_spans, 1);
  reader.read_count({"OTEL_BLRP_SCHEDULE_DELAY"}, config.logs.schedule_delay_ms, 1);
  reader.read_count({"OTEL_BLRP_MAX_QUEUE_SIZE"}, config.logs.max_records, 1);
  reader.read_count({"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"}, config.logs.max_export_batch_records, 1);
}

void read_limits(const EnvironmentReader& reader, Config& config) {
  constexpr std::string_view kCount = "OTEL_ATTRIBUTE_COUNT_LIMIT";
  constexpr std::string_view kLength = "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT";
  reader.read_count({"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", kCount}, config.attribute_count_limit, 0);
  reader.read_count({"OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", kLength},
                    config.attribute_value_length_limit, 0);
  reader.read_count({"OTEL_SPAN_EVENT_COUNT_LIMIT"}, config.event_count_limit, 0);
  reader.read_count({"OTEL_SPAN_LINK_COUNT_LIMIT"}, config.link_count_limit, 0);
  reader.read_count({"OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"}, config.event_attribute_count_limit, 0);
  reader.read_count({"OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"}, config.link_attribute_count_limit, 0);
  reader.read_count({"OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", kCount},
                    config.logs.attribute_count_limit, 0);
  reader.read_count({"OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", kLength},
                    config.logs.attribute_value_length_limit, 0);
}

/// One of a few words; the index of it, if it is one.
template <std::size_t N>
std::optional<std::size_t> read_choice(const EnvironmentReader& reader, std::string_view name,
                                       const std::string_view (&choices)[N]) {
  const auto variable = reader.first_of({name});
  if (!variable) return std::nullopt;
  const std::string value = lowercase(variable->value);
  std::string wanted;
  for (std::size_t i = 0; i < N; ++i) {
    if (value == choices[i]) return i;
    wanted.append(i == 0 ? "" : i + 1 == N ? " or " : ", ").append(choices[i]);
  }
  reader.reject(*variable, wanted);
  return std::nullopt;
}

void read_metrics(const EnvironmentReader& reader, MetricsConfig& metrics) {
  reader.read_count({"OTEL_METRIC_EXPORT_INTERVAL"}, metrics.interval_ms, 1);
  reader.read_count({"OTEL_METRIC_EXPORT_TIMEOUT"}, metrics.timeout_ms, 1);
  reader.read_bool({"APM_SELF_OBSERVABILITY"}, metrics.describes_sdk);
  reader.read_bool({"APM_SELF_OBSERVABILITY"}, metrics.describes_sdk_alone);
  // In the order of the enumerators.
  constexpr std::string_view kFilters[] = {"trace_based", "always_on", "always_off"};
  constexpr std::string_view kTemporalities[] = {"cumulative", "delta", "lowmemory"};
  constexpr std::string_view kAggregations[] = {"explicit_bucket_histogram",
                                                "base2_exponential_bucket_histogram"};
  if (const auto i = read_choice(reader, "OTEL_METRICS_EXEMPLAR_FILTER", kFilters)) {
    metrics.exemplar_filter = static_cast<ExemplarFilter>(*i);
  }
  if (const auto i = read_choice(reader, "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
                                 kTemporalities)) {
    metrics.temporality = static_cast<v1::Temporality>(*i);
  }
  if (const auto i = read_choice(reader, "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                                 kAggregations)) {
    metrics.histogram_aggregation = static_cast<HistogramAggregation>(*i);
  }
}

/// OpenTelemetry's variable is a switch in most languages; Python's also takes where to put the
/// content, and ours goes onto spans only. Ours wins, in any way it is set.
void read_content(const EnvironmentReader& reader, Config& config) {
  constexpr std::string_view kOtel = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";
  const auto variable = reader.first_of({kOtel});
  const std::string value = variable ? lowercase(variable->value) : "";
  if (value == "span_only" || value == "span_and_event") {
    config.captures_content = true;
  } else if (value != "event_only" && value != "no_content") {
    reader.read_bool({kOtel}, config.captures_content);
  }
  reader.read_bool({"APM_CAPTURE_CONTENT"}, config.captures_content);
  reader.read_text({"APM_CONTENT_HASH_KEY"}, config.content_hash_key);
  reader.read_bool({"APM_OPENINFERENCE"}, config.uses_openinference);
}

void read_detectors(const EnvironmentReader& reader, Config& config) {
  reader.read_bool({"APM_CAPTURE_COMMAND_ARGS"}, config.captures_command_args);
  const auto list = reader.first_of({"OTEL_RESOURCE_DETECTORS"});
  if (!list) return;
  std::vector<std::string> detectors;
  for (std::string& name : split_names(list->value)) {
    if (name == "all") return;  // the default
    if (name == "none") continue;
    if (is_detector(name)) {
      detectors.push_back(std::move(name));
    } else {
      reader.warn("OTEL_RESOURCE_DETECTORS has " + excerpt(name, 40) +
                  ", which is none of host, process, container, k8s; it is skipped");
    }
  }
  config.resource_detectors = std::move(detectors);
}

}  // namespace

Config read_environment(const Environment& environment) {
  Config config;
  read_diagnostics(EnvironmentReader(environment), config);
  Environment heard = environment;
  if (config.diagnostics == DiagnosticLevel::kNone) heard.warn = [](std::string_view) {};
  const EnvironmentReader reader(heard);
  reader.read_bool({"APM_ENABLED"}, config.is_enabled);
  bool is_disabled = false;
  reader.read_bool({"OTEL_SDK_DISABLED"}, is_disabled);
  if (is_disabled) config.is_enabled = false;
  read_identity(reader, config);
  read_sampler(reader, config);
  if (const auto list = reader.first_of({"OTEL_PROPAGATORS"})) {
    read_propagators(list->value, config, [&](std::string_view text) { reader.warn(text); });
  }
  read_batching(reader, config);
  read_limits(reader, config);
  read_metrics(reader, config.metrics);
  reader.read_text({"APM_SPOOL_DIR"}, config.spool.directory);
  reader.read_count({"APM_SPOOL_LIMIT_BYTES"}, config.spool.limit_bytes, 4096);
  read_content(reader, config);
  reader.read_bool({"APM_KEEP_ERRORS"}, config.keep_errors.is_enabled);
  read_detectors(reader, config);
  read_exporters(reader, config);
  return config;
}

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {

Config Config::from_environment() {
  const sdk::Environment environment{.get = [](const char* name) -> std::optional<std::string> {
                                       const char* value = std::getenv(name);
                                       if (value == nullptr) return std::nullopt;
                                       return value;
                                     },
                                     .warn = sdk::warn};
  return sdk::read_environment(environment);
}

}  // namespace v1
}  // namespace binnacle
