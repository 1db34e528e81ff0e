#include "sdk/environment_exporters.h"

#include "sdk/environment_otlp.h"
#include "sdk/formats/encoded_batch.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace binnacle::sdk {

namespace {

enum class Backend : std::uint8_t {
  kJaeger,
  kOtlp,
  kDatadog,
  kHoneycomb,
  kZipkin,
  kConsole,
  kFile,
  kPrometheus,
};
constexpr std::size_t kBackendCount = 8;

/// The signals a backend is asked to take.
using Wishes = std::array<SignalSet, kBackendCount>;

struct BackendName {
  std::string_view name;
  Backend backend;
};
constexpr BackendName kBackendNames[] = {
    {"jaeger", Backend::kJaeger},   {"otlp", Backend::kOtlp},
    {"datadog", Backend::kDatadog}, {"honeycomb", Backend::kHoneycomb},
    {"zipkin", Backend::kZipkin},   {"console", Backend::kConsole},
    {"file", Backend::kFile},       {"prometheus", Backend::kPrometheus},
    {"logging", Backend::kConsole},  // OpenTelemetry's old name
};

bool sends_without_agent(const EnvironmentReader& reader) {
  const auto endpoint = reader.first_of({"DATADOG_ENDPOINT"});
  return endpoint && lowercase(endpoint->value).starts_with("https://") &&
         reader.is_any_set({"DATADOG_API_KEY"});
}

bool can_take(Backend backend, Signal signal, const EnvironmentReader& reader) {
  switch (backend) {
    case Backend::kJaeger:
    case Backend::kZipkin:
      return signal == Signal::kTraces;
    case Backend::kDatadog:
      return signal == Signal::kTraces || sends_without_agent(reader);
    case Backend::kPrometheus:
      return signal == Signal::kMetrics;
    case Backend::kOtlp:
    case Backend::kHoneycomb:
    case Backend::kConsole:
    case Backend::kFile:
      return true;
  }
  return false;
}

/// The backends a list names; nullopt if the variable is unset or names nothing known. An empty
/// list: none.
std::optional<std::vector<Backend>> read_backends(const EnvironmentReader& reader,
                                                  std::string_view name) {
  const auto variable = reader.first_of({name});
  if (!variable) return std::nullopt;
  std::vector<Backend> backends;
  bool is_none = false;
  for (const std::string& word : split_names(variable->value)) {
    const auto* known = std::find_if(std::begin(kBackendNames), std::end(kBackendNames),
                                     [&](const BackendName& entry) { return entry.name == word; });
    if (word == "none") {
      is_none = true;
    } else if (known != std::end(kBackendNames)) {
      backends.push_back(known->backend);
    } else {
      reader.warn(variable->name + "=" + excerpt(word, 40) +
                  " is none of jaeger, otlp, datadog, honeycomb, zipkin, prometheus, console, "
                  "file and none; it is ignored");
    }
  }
  if (is_none) return std::vector<Backend>{};
  if (backends.empty()) return std::nullopt;
  return backends;
}

std::vector<Backend> default_backends(const EnvironmentReader& reader) {
  const bool is_otlp = reader.is_any_set({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                                          "OTEL_EXPORTER_OTLP_ENDPOINT", "OTLP_ENDPOINT"}) &&
                       !reader.is_any_set({"OTEL_EXPORTER_JAEGER_ENDPOINT", "JAEGER_ENDPOINT"});
  return {is_otlp ? Backend::kOtlp : Backend::kJaeger};
}

/// Adds what one signal wants.
void wish(const EnvironmentReader& reader, Signal signal, std::string_view name,
          const std::vector<Backend>& general, Wishes& wishes) {
  const auto own = read_backends(reader, name);
  bool is_taken = false;
  for (const Backend backend : own ? *own : general) {
    if (can_take(backend, signal, reader)) {
      wishes[static_cast<std::size_t>(backend)].add(signal);
      is_taken = true;
    } else if (own) {
      reader.warn(std::string(name) + " names a backend that takes no such signal; it is ignored");
    }
  }
  // Metrics that nobody is sent can at least be looked at.
  if (signal == Signal::kMetrics && !own && !is_taken && !general.empty()) {
    wishes[static_cast<std::size_t>(Backend::kPrometheus)].add(signal);
  }
}

void add_jaeger(const EnvironmentReader& reader, Config& config) {
  ExporterConfig exporter = ExporterConfig().with_kind(ExporterKind::kJaeger);
  exporter.endpoint = read_url(reader, {"OTEL_EXPORTER_JAEGER_ENDPOINT", "JAEGER_ENDPOINT"},
                               "http://localhost:14268");
  config.exporters.push_back(std::move(exporter));
}

void add_zipkin(const EnvironmentReader& reader, Config& config) {
  ExporterConfig exporter = ExporterConfig().with_kind(ExporterKind::kZipkin);
  exporter.endpoint =
      read_url(reader, {"OTEL_EXPORTER_ZIPKIN_ENDPOINT"}, "http://localhost:9411/api/v2/spans");
  reader.read_count({"OTEL_EXPORTER_ZIPKIN_TIMEOUT"}, exporter.timeout_ms, 1);
  config.exporters.push_back(std::move(exporter));
}

void add_datadog(const EnvironmentReader& reader, SignalSet signals, Config& config) {
  ExporterConfig exporter = ExporterConfig().with_kind(ExporterKind::kDatadog);
  exporter.endpoint = read_url(reader, {"DATADOG_ENDPOINT"}, "http://localhost:8126");
  const auto api_key = reader.first_of({"DATADOG_API_KEY"});
  if (api_key && sends_without_agent(reader)) {
    exporter.kind = ExporterKind::kOtlp;
    exporter.with_header("dd-api-key", api_key->value);
    signals.apply_to(exporter);
  }
  config.exporters.push_back(std::move(exporter));
}

void add_honeycomb(const EnvironmentReader& reader, SignalSet signals, Config& config) {
  const auto key = reader.first_of({"HONEYCOMB_API_KEY"});
  if (!key) {
    reader.warn("HONEYCOMB_API_KEY is not set; nothing is sent to honeycomb");
    return;
  }
  ExporterConfig exporter;
  exporter.endpoint = read_url(reader, {"HONEYCOMB_API_ENDPOINT"}, "https://api.honeycomb.io");
  exporter.with_header("x-honeycomb-team", key->value);
  if (const auto dataset = reader.first_of({"HONEYCOMB_DATASET"})) {
    exporter.with_header("x-honeycomb-dataset", dataset->value);
  }
  signals.apply_to(exporter);
  config.exporters.push_back(std::move(exporter));
}

void add_console(const EnvironmentReader& reader, SignalSet signals, Config& config) {
  ExporterConfig exporter =
      ExporterConfig().with_kind(ExporterKind::kConsole).with_endpoint("stderr");
  if (const auto stream = reader.first_of({"APM_CONSOLE_STREAM"})) {
    const std::string name = lowercase(stream->value);
    if (name == "stdout" || name == "stderr") {
      exporter.endpoint = name;
    } else {
      reader.reject(*stream, "stderr or stdout");
    }
  }
  signals.apply_to(exporter);
  config.exporters.push_back(std::move(exporter));
}

void add_file(const EnvironmentReader& reader, SignalSet signals, Config& config) {
  ExporterConfig exporter = ExporterConfig().with_kind(ExporterKind::kFile);
  exporter.path = "binnacle.jsonl";
  reader.read_text({"APM_FILE_PATH"}, exporter.path);
  reader.read_count({"APM_FILE_LIMIT_BYTES"}, exporter.file_limit_bytes, 4096);
  reader.read_count({"APM_FILE_COUNT"}, exporter.file_count, 1);
  signals.apply_to(exporter);
  config.exporters.push_back(std::move(exporter));
}

void read_prometheus(const EnvironmentReader& reader, PrometheusConfig& prometheus) {
  reader.read_text({"OTEL_EXPORTER_PROMETHEUS_HOST", "PROMETHEUS_HOST"}, prometheus.host);
  reader.read_count({"OTEL_EXPORTER_PROMETHEUS_PORT", "PROMETHEUS_PORT"}, prometheus.port, 0);
  reader.read_text({"PROMETHEUS_TARGET_DIR"}, prometheus.target_directory);
  const auto path = reader.first_of({"PROMETHEUS_METRICS_PATH"});
  if (path && path->value.front() != '/') {
    reader.reject(*path, "a path that begins with /");
  } else if (path) {
    prometheus.path = path->value;
  }
}

void add_backend(const EnvironmentReader& reader, Backend backend, SignalSet signals,
                 Config& config) {
  switch (backend) {
    case Backend::kJaeger:
      return add_jaeger(reader, config);
    case Backend::kOtlp:
      return add_otlp(reader, signals, config);
    case Backend::kDatadog:
      return add_datadog(reader, signals, config);
    case Backend::kHoneycomb:
      return add_honeycomb(reader, signals, config);
    case Backend::kZipkin:
      return add_zipkin(reader, config);
    case Backend::kConsole:
      return add_console(reader, signals, config);
    case Backend::kFile:
      return add_file(reader, signals, config);
    case Backend::kPrometheus:
      config.prometheus.is_enabled = true;
  }
}

}  // namespace

void read_exporters(const EnvironmentReader& reader, Config& config) {
  const std::vector<Backend> general =
      read_backends(reader, "APM_BACKEND").value_or(default_backends(reader));
  Wishes wishes{};
  wish(reader, Signal::kTraces, "OTEL_TRACES_EXPORTER", general, wishes);
  wish(reader, Signal::kMetrics, "OTEL_METRICS_EXPORTER", general, wishes);
  wish(reader, Signal::kLogs, "OTEL_LOGS_EXPORTER", general, wishes);
  config.exporters.clear();
  read_prometheus(reader, config.prometheus);
  for (std::size_t i = 0; i < kBackendCount; ++i) {
    if (!wishes[i].is_empty()) add_backend(reader, static_cast<Backend>(i), wishes[i], config);
  }
  if (config.exporters.empty() && !config.prometheus.is_enabled) config.is_enabled = false;
}

}  // namespace binnacle::sdk
