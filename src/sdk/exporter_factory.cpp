#include "sdk/exporter_factory.h"

#include "sdk/http_exporter.h"
#include "sdk/otlp_encoder.h"
#include "sdk/otlp_log_encoder.h"
#include "sdk/warning.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kOtlpHttpDefault = "http://localhost:4318";
constexpr std::string_view kOtlpPaths[kSignalCount] = {"/v1/traces", "/v1/metrics", "/v1/logs"};

bool uses_gzip(const ExporterConfig& config, std::string_view url) {
  return config.compression == Compression::kGzip ||
         (config.compression == Compression::kAuto && !is_loopback_url(url));
}

std::string_view endpoint_of(const ExporterConfig& config, std::string_view otherwise) {
  return config.endpoint.empty() ? otherwise : std::string_view(config.endpoint);
}

/// Encoder and exporter of one destination; nullopt if it cannot be.
std::optional<DestinationSetup> make_otlp(const ExporterConfig& config, HttpClient& client,
                                          const std::string& resource) {
  if (config.protocol != Protocol::kHttpProtobuf) return std::nullopt;
  HttpExporterOptions options;
  for (const Signal signal : {Signal::kTraces, Signal::kMetrics, Signal::kLogs}) {
    options.urls[index_of(signal)] = otlp_http_url(config, signal);
  }
  options.headers = config.headers;
  options.timeout_ms = config.timeout_ms;
  options.uses_gzip = uses_gzip(config, options.urls[0]);
  DestinationSetup setup;
  setup.name = "otlp " + without_credentials(endpoint_of(config, kOtlpHttpDefault));
  setup.exporter = make_http_exporter(client, std::move(options));
  if (config.takes_traces) setup.span_encoder = std::make_unique<OtlpEncoder>(resource);
  // One exact URL is one signal's: if it is that of traces, nothing else may go there.
  const bool is_for_traces = config.is_exact_url && config.takes_traces;
  setup.takes_metrics = config.takes_metrics && !is_for_traces;
  if (config.takes_logs && !is_for_traces)
    setup.log_encoder = std::make_unique<OtlpLogEncoder>(resource);
  return setup;
}

std::optional<DestinationSetup> make_destination(const ExporterConfig& config, HttpClient& client,
                                                 const std::string& resource) {
  switch (config.kind) {
    case ExporterKind::kOtlp:
      return make_otlp(config, client, resource);
    case ExporterKind::kJaeger:
    case ExporterKind::kZipkin:
    case ExporterKind::kDatadog:
    case ExporterKind::kConsole:
    case ExporterKind::kFile:
      break;
  }
  return std::nullopt;
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
    std::optional<DestinationSetup> setup = make_destination(exporter, client, resource);
    if (!setup || setup->exporter == nullptr) {
      warn("cannot set up the exporter for " + without_credentials(exporter.endpoint) +
           "; it is left out");
      continue;
    }
    destinations.push_back(std::move(*setup));
  }
  return destinations;
}

std::string otlp_http_url(const ExporterConfig& config, Signal signal) {
  std::string url(endpoint_of(config, kOtlpHttpDefault));
  if (config.is_exact_url) return url;
  // An endpoint that names the path of traces is meant for the other signals as well.
  for (const std::string_view path : kOtlpPaths) {
    if (url.ends_with(path)) url.resize(url.size() - path.size());
  }
  while (url.ends_with('/')) url.pop_back();
  return url.append(kOtlpPaths[index_of(signal)]);
}

std::string without_credentials(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", host), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < host) return std::string(url);
  return std::string(url.substr(0, host)).append(url.substr(at + 1));
}

}  // namespace binnacle::sdk
