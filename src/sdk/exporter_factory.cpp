#include "sdk/exporter_factory.h"

#include "sdk/console_encoder.h"
#include "sdk/console_exporter.h"
#include "sdk/file_exporter.h"
#include "sdk/formats/datadog_encoder.h"
#include "sdk/formats/jaeger_thrift_encoder.h"
#include "sdk/formats/otlp_json_encoder.h"
#include "sdk/formats/otlp_json_log_encoder.h"
#include "sdk/formats/zipkin_json_encoder.h"
#include "sdk/grpc_exporter.h"
#include "sdk/http_exporter.h"
#include "sdk/otlp_encoder.h"
#include "sdk/otlp_log_encoder.h"
#include "sdk/text.h"
#include "sdk/warning.h"

#include <zlib.h>

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kOtlpGrpcDefault = "http://localhost:4317";
constexpr std::string_view kOtlpHttpDefault = "http://localhost:4318";
constexpr std::string_view kFileDefault = "binnacle.jsonl";
constexpr std::string_view kOtlpPaths[kSignalCount] = {"/v1/traces", "/v1/metrics", "/v1/logs"};

std::string_view endpoint_of(const ExporterConfig& config) {
  if (!config.endpoint.empty()) return config.endpoint;
  switch (config.kind) {
    case ExporterKind::kOtlp:
      return config.protocol == Protocol::kGrpc ? kOtlpGrpcDefault : kOtlpHttpDefault;
    case ExporterKind::kJaeger:
      return JaegerThriftEncoder::kFormat.default_endpoint;
    case ExporterKind::kZipkin:
      return ZipkinJsonEncoder::kFormat.default_endpoint;
    case ExporterKind::kDatadog:
      return DatadogEncoder::kFormat.default_endpoint;
    case ExporterKind::kConsole:
      return "stderr";
    case ExporterKind::kFile:
      return {};
  }
  return {};
}

/// `url` with `path` at its end, once. A query counts as part of the path only where it is missing.
std::string with_path(std::string_view url, std::string_view path) {
  while (url.ends_with('/')) url.remove_suffix(1);
  const std::string_view plain = path.substr(0, path.find('?'));
  if (url.ends_with(path)) return std::string(url);
  if (url.ends_with(plain)) url.remove_suffix(plain.size());
  return std::string(url).append(path);
}

/// Zipkin's endpoint is the whole URL; but who names a host only does not mean its root.
std::string zipkin_url(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t path = url.find('/', host);
  const bool has_path = path != std::string_view::npos && path + 1 < url.size();
  return has_path ? std::string(url) : with_path(url, ZipkinJsonEncoder::kFormat.path);
}

bool uses_gzip(const ExporterConfig& config) {
  return config.compression == Compression::kGzip ||
         (config.compression == Compression::kAuto && !is_loopback_url(endpoint_of(config)));
}

HttpPostOptions post_options(const ExporterConfig& config) {
  return {.headers = config.headers, .tls = config.tls, .timeout_ms = config.timeout_ms};
}

DestinationSetup make_otlp_http(const ExporterConfig& config, HttpClient& client,
                                const std::string& resource) {
  const bool is_json = config.protocol == Protocol::kHttpJson;
  HttpExporterOptions options;
  for (const Signal signal : {Signal::kTraces, Signal::kMetrics, Signal::kLogs}) {
    options.urls[index_of(signal)] = otlp_http_url(config, signal);
  }
  options.content_type = is_json ? "application/json" : "application/x-protobuf";
  options.answer_format = is_json ? AnswerFormat::kOtlpJson : AnswerFormat::kOtlpProtobuf;
  options.uses_gzip = uses_gzip(config);
  options.post = post_options(config);
  DestinationSetup setup;
  setup.exporter = make_http_exporter(client, std::move(options));
  setup.format = is_json ? BatchFormat::kOtlpJson : BatchFormat::kOtlpProtobuf;
  if (is_json) {
    setup.span_encoder = std::make_unique<OtlpJsonEncoder>(resource);
    setup.log_encoder = std::make_unique<OtlpJsonLogEncoder>(resource);
  } else {
    setup.span_encoder = std::make_unique<OtlpEncoder>(resource);
    setup.log_encoder = std::make_unique<OtlpLogEncoder>(resource);
  }
  return setup;
}

DestinationSetup make_otlp_grpc(const ExporterConfig& config, HttpClient& client,
                                const std::string& resource) {
  DestinationSetup setup;
  setup.exporter = make_grpc_exporter(client, {.endpoint = std::string(endpoint_of(config)),
                                               .uses_gzip = uses_gzip(config),
                                               .post = post_options(config)});
  setup.span_encoder = std::make_unique<OtlpEncoder>(resource);
  setup.log_encoder = std::make_unique<OtlpLogEncoder>(resource);
  return setup;
}

/// Formats that only know traces, all of which are answered by a status alone.
template <typename Encoder>
DestinationSetup make_traces_only(const ExporterConfig& config, HttpClient& client,
                                  const std::string& resource, std::string url,
                                  std::string trace_count_header = {}) {
  HttpExporterOptions options;
  options.trace_count_header = std::move(trace_count_header);
  options.urls[index_of(Signal::kTraces)] = std::move(url);
  options.content_type = Encoder::kFormat.content_type;
  options.answer_format = AnswerFormat::kNothing;
  // Jaeger's collector does not decompress, nor does every agent; only who asks gets it.
  options.uses_gzip = config.compression == Compression::kGzip;
  options.post = post_options(config);
  DestinationSetup setup;
  setup.exporter = make_http_exporter(client, std::move(options));
  setup.span_encoder = std::make_unique<Encoder>(resource);
  return setup;
}

DestinationSetup make_datadog(const ExporterConfig& config, HttpClient& client,
                              const std::string& resource) {
  ExporterConfig named = config;
  named.with_header("Datadog-Meta-Lang", "cpp")
      .with_header("Datadog-Meta-Tracer-Version", kVersion);
  return make_traces_only<DatadogEncoder>(
      named, client, resource, with_path(endpoint_of(config), DatadogEncoder::kFormat.path),
      "X-Datadog-Trace-Count");
}

DestinationSetup make_console(const ExporterConfig& config) {
  const bool is_stdout = endpoint_of(config) == "stdout";
  DestinationSetup setup;
  setup.exporter = make_console_exporter(is_stdout ? STDOUT_FILENO : STDERR_FILENO,
                                         is_stdout ? "stdout" : "stderr");
  setup.span_encoder = std::make_unique<ConsoleEncoder>();
  setup.format = BatchFormat::kText;
  return setup;
}

DestinationSetup make_file(const ExporterConfig& config, const std::string& resource) {
  DestinationSetup setup;
  setup.exporter =
      make_file_exporter({.path = config.path.empty() ? std::string(kFileDefault) : config.path,
                          .limit_bytes = config.file_limit_bytes,
                          .rotated_files = config.file_count});
  setup.span_encoder = std::make_unique<OtlpJsonEncoder>(resource);
  setup.log_encoder = std::make_unique<OtlpJsonLogEncoder>(resource);
  setup.format = BatchFormat::kOtlpJson;
  return setup;
}

DestinationSetup make_parts(const ExporterConfig& config, HttpClient& client,
                            const std::string& resource) {
  switch (config.kind) {
    case ExporterKind::kOtlp:
      return config.protocol == Protocol::kGrpc ? make_otlp_grpc(config, client, resource)
                                                : make_otlp_http(config, client, resource);
    case ExporterKind::kJaeger:
      return make_traces_only<JaegerThriftEncoder>(
          config, client, resource,
          with_path(endpoint_of(config), JaegerThriftEncoder::kFormat.path));
    case ExporterKind::kZipkin:
      return make_traces_only<ZipkinJsonEncoder>(config, client, resource,
                                                 zipkin_url(endpoint_of(config)));
    case ExporterKind::kDatadog:
      return make_datadog(config, client, resource);
    case ExporterKind::kConsole:
      return make_console(config);
    case ExporterKind::kFile:
      return make_file(config, resource);
  }
  return {};
}

std::string_view name_of(const ExporterConfig& config) {
  switch (config.kind) {
    case ExporterKind::kOtlp:
      return config.protocol == Protocol::kGrpc       ? "otlp/grpc "
             : config.protocol == Protocol::kHttpJson ? "otlp/json "
                                                      : "otlp ";
    case ExporterKind::kJaeger:
      return "jaeger ";
    case ExporterKind::kZipkin:
      return "zipkin ";
    case ExporterKind::kDatadog:
      return "datadog ";
    case ExporterKind::kConsole:
      return "console ";
    case ExporterKind::kFile:
      return "file ";
  }
  return "";
}

/// Each destination has its own directory, so that nothing is sent where it was not meant for.
std::unique_ptr<Spool> open_spool(const SpoolConfig& config, const std::string& destination,
                                  std::size_t share_bytes) {
  if (config.directory.empty()) return nullptr;
  char name[16];
  snprintf(name, sizeof name, "%08lx",
           crc32_z(0, reinterpret_cast<const Bytef*>(destination.data()), destination.size()));
  const std::string directory = config.directory + "/" + name;
  std::unique_ptr<Spool> spool = Spool::open(directory, share_bytes);
  if (spool == nullptr) {
    warn("APM_SPOOL_DIR: cannot use " + directory + ": " + std::strerror(errno) +
         "; nothing is spooled");
  }
  return spool;
}

bool is_networked(ExporterKind kind) noexcept {
  return kind != ExporterKind::kConsole && kind != ExporterKind::kFile;
}

bool is_exact_http(const ExporterConfig& config) noexcept {
  return config.kind == ExporterKind::kOtlp && config.protocol != Protocol::kGrpc &&
         config.is_exact_url;
}

bool knows_traces_only(ExporterKind kind) noexcept {
  return kind == ExporterKind::kJaeger || kind == ExporterKind::kZipkin ||
         kind == ExporterKind::kDatadog;
}

}  // namespace

std::vector<DestinationSetup> make_destinations(const Config& config, HttpClient& client,
                                                const std::string& resource) {
  std::vector<DestinationSetup> destinations;
  for (const ExporterConfig& exporter : config.exporters) {
    if (destinations.size() == kMaxExporters) {
      warn("more than " + std::to_string(kMaxExporters) + " exporters: the rest are left out");
      break;
    }
    DestinationSetup setup = make_parts(exporter, client, resource);
    setup.name = name_of(exporter);
    setup.name += exporter.kind == ExporterKind::kFile ? exporter.path
                                                       : without_credentials(endpoint_of(exporter));
    if (setup.exporter == nullptr) {
      warn("cannot set up the exporter " + setup.name + "; it is left out");
      continue;
    }
    // One exact URL is one signal's: if it is that of traces, nothing else may go there.
    const bool is_for_traces =
        knows_traces_only(exporter.kind) || (is_exact_http(exporter) && exporter.takes_traces);
    setup.takes_metrics = exporter.takes_metrics && !is_for_traces;
    if (!exporter.takes_logs || is_for_traces) setup.log_encoder = nullptr;
    if (!exporter.takes_traces) setup.span_encoder = nullptr;
    const bool is_first =
        std::none_of(destinations.begin(), destinations.end(),
                     [&](const DestinationSetup& other) { return other.name == setup.name; });
    if (is_networked(exporter.kind) && is_first) {
      setup.spool =
          open_spool(config.spool, setup.name, config.spool.limit_bytes / config.exporters.size());
    }
    destinations.push_back(std::move(setup));
  }
  return destinations;
}

std::string otlp_http_url(const ExporterConfig& config, Signal signal) {
  std::string url(endpoint_of(config));
  if (config.is_exact_url) return url;
  // An endpoint that names the path of traces is meant for the other signals as well.
  for (const std::string_view path : kOtlpPaths) {
    if (url.ends_with(path)) url.resize(url.size() - path.size());
  }
  return with_path(url, kOtlpPaths[index_of(signal)]);
}

}  // namespace binnacle::sdk
