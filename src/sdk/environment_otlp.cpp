#include "sdk/environment_otlp.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kSignalNames[kSignalCount] = {"TRACES", "METRICS", "LOGS"};
constexpr std::string_view kExportTimeouts[kSignalCount] = {
    "OTEL_BSP_EXPORT_TIMEOUT", {}, "OTEL_BLRP_EXPORT_TIMEOUT"};

/// The two names of one setting: for one signal, and for all.
struct NamePair {
  std::string specific;
  std::string general;

  NamePair(Signal signal, std::string_view setting)
      : specific("OTEL_EXPORTER_OTLP_"), general("OTEL_EXPORTER_OTLP_") {
    specific.append(kSignalNames[index_of(signal)]).append("_").append(setting);
    general.append(setting);
  }
};

/// The port in a URL's authority, or empty.
std::string_view port_of(std::string_view url) noexcept {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  const std::size_t colon = url.rfind(':');
  return colon == std::string_view::npos ? std::string_view() : url.substr(colon + 1);
}

std::optional<Protocol> read_protocol(const EnvironmentReader& reader, Signal signal) {
  const NamePair names(signal, "PROTOCOL");
  const auto variable = reader.first_of({names.specific, names.general});
  if (!variable) return std::nullopt;
  const std::string value = lowercase(variable->value);
  if (value == "grpc") return Protocol::kGrpc;
  if (value == "http/protobuf") return Protocol::kHttpProtobuf;
  if (value == "http/json") return Protocol::kHttpJson;
  reader.reject(*variable, "grpc, http/protobuf or http/json");
  return std::nullopt;
}

void read_endpoint(const EnvironmentReader& reader, Signal signal, ExporterConfig& exporter) {
  const std::optional<Protocol> protocol = read_protocol(reader, signal);
  const NamePair insecure_names(signal, "INSECURE");
  bool is_insecure = true;
  reader.read_bool({insecure_names.specific, insecure_names.general}, is_insecure);
  const std::string_view scheme = is_insecure ? "http://" : "https://";
  const NamePair names(signal, "ENDPOINT");
  std::string url = read_url(reader, {names.specific}, "", scheme);
  exporter.is_exact_url = !url.empty();
  if (url.empty()) url = read_url(reader, {names.general, "OTLP_ENDPOINT"}, "", scheme);
  if (url.empty()) {
    const bool is_grpc = protocol.value_or(Protocol::kGrpc) == Protocol::kGrpc;
    url = is_grpc ? "http://localhost:4317" : "http://localhost:4318";
  }
  exporter.protocol =
      protocol.value_or(port_of(url) == "4317" ? Protocol::kGrpc : Protocol::kHttpProtobuf);
  exporter.endpoint = std::move(url);
}

void read_transport(const EnvironmentReader& reader, Signal signal, ExporterConfig& exporter) {
  const NamePair headers(signal, "HEADERS");
  reader.read_pairs({headers.specific, headers.general}, exporter.headers);
  const NamePair timeout(signal, "TIMEOUT");
  const std::string_view otherwise = kExportTimeouts[index_of(signal)];
  if (!reader.read_count({timeout.specific, timeout.general}, exporter.timeout_ms, 1) &&
      !otherwise.empty()) {
    reader.read_count({otherwise}, exporter.timeout_ms, 1);
  }
  const NamePair compression(signal, "COMPRESSION");
  if (const auto variable = reader.first_of({compression.specific, compression.general})) {
    const std::string value = lowercase(variable->value);
    if (value == "gzip") {
      exporter.compression = Compression::kGzip;
    } else if (value == "none") {
      exporter.compression = Compression::kNone;
    } else {
      reader.reject(*variable, "gzip or none");
    }
  }
  const NamePair ca(signal, "CERTIFICATE");
  const NamePair certificate(signal, "CLIENT_CERTIFICATE");
  const NamePair key(signal, "CLIENT_KEY");
  reader.read_text({ca.specific, ca.general}, exporter.tls.ca_file);
  reader.read_text({certificate.specific, certificate.general}, exporter.tls.certificate_file);
  reader.read_text({key.specific, key.general}, exporter.tls.key_file);
}

bool are_same(const ExporterConfig& a, const ExporterConfig& b) {
  // An exact URL is one signal's.
  return !a.is_exact_url && !b.is_exact_url && a.endpoint == b.endpoint &&
         a.protocol == b.protocol && a.headers == b.headers && a.compression == b.compression &&
         a.timeout_ms == b.timeout_ms && a.tls.ca_file == b.tls.ca_file &&
         a.tls.certificate_file == b.tls.certificate_file && a.tls.key_file == b.tls.key_file;
}

}  // namespace

std::string read_url(const EnvironmentReader& reader, EnvironmentReader::Names names,
                     std::string_view otherwise, std::string_view default_scheme) {
  const auto variable = reader.first_of(names);
  if (!variable) return std::string(otherwise);
  std::string url = variable->value;
  if (url.find("://") == std::string::npos) url.insert(0, default_scheme);
  const std::string scheme = lowercase(url.substr(0, url.find("://")));
  const bool is_http = scheme == "http" || scheme == "https";
  if (!is_http || url.size() == scheme.size() + 3 || url.find_first_of(" \t") != url.npos) {
    reader.reject(*variable, "an http or https URL");
    return std::string(otherwise);
  }
  return url;
}

void add_otlp(const EnvironmentReader& reader, SignalSet signals, Config& config) {
  struct Group {
    ExporterConfig exporter;
    SignalSet signals;
  };
  std::vector<Group> groups;
  for (const Signal signal : {Signal::kTraces, Signal::kMetrics, Signal::kLogs}) {
    if (!signals.has(signal)) continue;
    ExporterConfig exporter;
    read_endpoint(reader, signal, exporter);
    read_transport(reader, signal, exporter);
    auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& group) {
      return are_same(group.exporter, exporter);
    });
    if (same == groups.end()) same = groups.insert(same, Group{std::move(exporter), {}});
    same->signals.add(signal);
  }
  for (Group& group : groups) {
    group.signals.apply_to(group.exporter);
    config.exporters.push_back(std::move(group.exporter));
  }
}

}  // namespace binnacle::sdk
