#include "sdk/environment.h"

#include "sdk/percent_encoding.h"
#include "sdk/propagators.h"
#include "sdk/resource_detectors.h"
#include "sdk/w3c_headers.h"
#include "sdk/warning.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <utility>
#include <vector>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kTracesPath = "/v1/traces";

std::string lowercase(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

/// One reading of all the variables.
class Reader {
 public:
  explicit Reader(const Environment& environment) : environment_(environment) {}

  Config read() {
    read_switches();
    read_identity();
    read_sampler();
    read_propagation();
    read_late_decision();
    read_detectors();
    read_endpoint();
    read_transport();
    read_batching();
    read_limits();
    read_content();
    config_.exporters = {std::move(exporter_)};
    return std::move(config_);
  }

 private:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  std::optional<std::string> get(const char* name) const {
    std::optional<std::string> value = environment_.get(name);
    if (!value) return std::nullopt;
    const std::string_view trimmed = trim(*value);
    if (trimmed.empty()) return std::nullopt;
    return std::string(trimmed);
  }
  std::optional<std::string> first_of(std::initializer_list<const char*> names,
                                      const char** found = nullptr) const {
    for (const char* name : names) {
      if (auto value = get(name)) {
        if (found != nullptr) *found = name;
        return value;
      }
    }
    return std::nullopt;
  }

  void reject(const char* name, std::string_view value, std::string_view wanted) const {
    environment_.warn(std::string(name) + "=" + std::string(value) + " is not " +
                      std::string(wanted) + "; the default holds");
  }

  void read_bool(const char* name, bool& out) const {
    const auto value = get(name);
    if (!value) return;
    const std::string text = lowercase(*value);
    if (text == "true" || text == "1" || text == "yes" || text == "on") {
      out = true;
    } else if (text == "false" || text == "0" || text == "no" || text == "off") {
      out = false;
    } else {
      reject(name, *value, "true or false");
    }
  }

  template <typename T>
  bool read_count(const char* name, T& out, std::int64_t least) const {
    const auto value = get(name);
    if (!value) return false;
    std::int64_t number = 0;
    const char* end = value->data() + value->size();
    const auto [stop, failed] = std::from_chars(value->data(), end, number);
    const bool fits = number <= std::numeric_limits<std::int32_t>::max();
    if (failed != std::errc{} || stop != end || number < least || !fits) {
      reject(name, *value, "a whole number from " + std::to_string(least));
      return false;
    }
    out = static_cast<T>(number);
    return true;
  }

  static bool to_number(std::string_view text, double& out) noexcept {
    const char* end = text.data() + text.size();
    const auto [stop, failed] = std::from_chars(text.data(), end, out);
    return failed == std::errc{} && stop == end;
  }

  void read_number(const char* name, double& out) const {
    const auto value = get(name);
    if (!value) return;
    double number = 0;
    if (to_number(*value, number) && number >= 0.0 && number < 1e9) {
      out = number;
    } else {
      reject(name, *value, "a number from 0");
    }
  }

  std::optional<double> read_ratio(const char* name) const {
    const auto value = get(name);
    if (!value) return std::nullopt;
    double number = 0;
    const char* end = value->data() + value->size();
    const auto [stop, failed] = std::from_chars(value->data(), end, number);
    if (failed == std::errc{} && stop == end && number >= 0.0 && number <= 1.0) return number;
    reject(name, *value, "a number from 0 to 1");
    return std::nullopt;
  }

  /// key=value,key=value with percent-encoded values, as W3C Baggage has it.
  Pairs read_pairs(const char* name) const {
    Pairs pairs;
    const auto value = get(name);
    if (!value) return pairs;
    std::string_view list = *value;
    while (!list.empty()) {
      const std::string_view member = next_member(list);
      if (member.empty()) continue;
      const std::size_t equals = member.find('=');
      if (equals == std::string_view::npos || trim(member.substr(0, equals)).empty()) {
        // Not the value itself: headers hold secrets.
        environment_.warn(std::string(name) + " has an entry that is not key=value; it is skipped");
        continue;
      }
      pairs.emplace_back(percent_decode(trim(member.substr(0, equals))),
                         percent_decode(trim(member.substr(equals + 1))));
    }
    return pairs;
  }

  void read_switches() {
    read_bool("APM_ENABLED", config_.is_enabled);
    bool is_disabled = false;
    read_bool("OTEL_SDK_DISABLED", is_disabled);
    if (is_disabled) config_.is_enabled = false;
    const char* name = nullptr;
    const auto backend = first_of({"OTEL_TRACES_EXPORTER", "APM_BACKEND"}, &name);
    if (!backend) return;
    std::string_view list = *backend;
    while (!list.empty()) {
      const std::string backend_name = lowercase(next_member(list));
      if (backend_name == "none") {
        config_.is_enabled = false;
      } else if (backend_name != "otlp" && backend_name != "jaeger" && !backend_name.empty()) {
        environment_.warn(std::string(name) + "=" + backend_name +
                          " is not supported yet; spans are sent as OTLP over HTTP");
      }
    }
  }

  void read_identity() {
    if (auto value = get("APM_SERVICE_NAME")) config_.service_name = *value;
    if (auto value = get("APM_VERSION")) config_.service_version = *value;
    if (auto value = get("APM_ENVIRONMENT")) config_.environment = *value;
    for (auto& [key, value] : read_pairs("OTEL_RESOURCE_ATTRIBUTES")) {
      if (key == "service.name") {
        config_.service_name = value;
      } else if (key == "service.version") {
        config_.service_version = value;
      } else if (key == "deployment.environment.name" || key == "deployment.environment") {
        config_.environment = value;
      } else {
        config_.resource_attributes.emplace_back(std::move(key), std::move(value));
      }
    }
    if (auto value = get("OTEL_SERVICE_NAME")) config_.service_name = *value;
  }

  void read_sampler() {
    const std::string environment = lowercase(config_.environment);
    const bool is_local =
        environment == "development" || environment == "test" || environment == "local";
    config_.sampler = SamplerKind::kTraceIdRatio;
    config_.sample_ratio = read_ratio("TRACE_SAMPLE_RATE").value_or(is_local ? 1.0 : 0.1);
    const auto sampler = get("OTEL_TRACES_SAMPLER");
    if (!sampler) return;
    constexpr std::string_view kParentBased = "parentbased_";
    std::string name = lowercase(*sampler);
    const bool is_parent_based = name.substr(0, kParentBased.size()) == kParentBased;
    if (is_parent_based) name.erase(0, kParentBased.size());
    if (name == "always_on") {
      config_.sampler = SamplerKind::kAlwaysOn;
    } else if (name == "always_off") {
      config_.sampler = SamplerKind::kAlwaysOff;
    } else if (name == "traceidratio") {
      config_.sample_ratio = read_ratio("OTEL_TRACES_SAMPLER_ARG").value_or(1.0);
    } else if (name == "rate_limited") {
      config_.sampler = SamplerKind::kRateLimited;
      read_number("OTEL_TRACES_SAMPLER_ARG", config_.traces_per_second);
    } else if (name == "jaeger_remote") {
      config_.sampler = SamplerKind::kJaegerRemote;
      read_remote_sampler();
    } else {
      return reject(
          "OTEL_TRACES_SAMPLER", *sampler,
          "[parentbased_]always_on, always_off, traceidratio, rate_limited or jaeger_remote");
    }
    config_.is_parent_based = is_parent_based;
  }

  void read_propagation() {
    if (const auto list = get("OTEL_PROPAGATORS")) {
      read_propagators(*list, config_, environment_.warn);
    }
  }

  /// endpoint=URL,pollingIntervalMs=N,initialSamplingRate=R
  void read_remote_sampler() {
    constexpr const char* kName = "OTEL_TRACES_SAMPLER_ARG";
    RemoteSamplerConfig& remote = config_.remote_sampler;
    for (const auto& [key, value] : read_pairs(kName)) {
      double number = 0;
      const bool is_number = to_number(value, number) && number >= 0;
      if (key == "endpoint") {
        remote.endpoint = value;
      } else if (key == "pollingIntervalMs" && is_number && number >= 1 && number <= 1e9) {
        remote.polling_interval_ms = static_cast<std::int64_t>(number);
      } else if (key == "initialSamplingRate" && is_number && number <= 1) {
        remote.initial_ratio = number;
      } else {
        environment_.warn(std::string(kName) + " has " + key + "=" + value +
                          ", which is no setting of jaeger_remote; it is skipped");
      }
    }
  }

  void read_late_decision() { read_bool("APM_KEEP_ERRORS", config_.keep_errors.is_enabled); }

  void read_detectors() {
    read_bool("APM_CAPTURE_COMMAND_ARGS", config_.captures_command_args);
    const auto value = get("OTEL_RESOURCE_DETECTORS");
    if (!value) return;
    std::vector<std::string> names;
    std::string_view list = *value;
    while (!list.empty()) {
      const std::string name = lowercase(next_member(list));
      if (name == "all") return;  // the default
      if (name == "none" || name.empty()) continue;
      if (is_detector(name)) {
        names.push_back(name);
      } else {
        environment_.warn("OTEL_RESOURCE_DETECTORS has " + name +
                          ", which is none of host, process, container, k8s; it is skipped");
      }
    }
    config_.resource_detectors = std::move(names);
  }

  void read_endpoint() {
    if (auto endpoint = get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")) {
      return use_endpoint("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", *endpoint, false);
    }
    const char* name = nullptr;
    const auto endpoint = first_of({"OTEL_EXPORTER_OTLP_ENDPOINT", "OTLP_ENDPOINT"}, &name);
    if (endpoint) use_endpoint(name, *endpoint, true);
  }

  void use_endpoint(const char* name, std::string endpoint, bool appends_path) {
    if (endpoint.find("://") == std::string::npos) endpoint.insert(0, "http://");
    const std::string scheme = lowercase(endpoint.substr(0, endpoint.find("://")));
    const std::size_t host = scheme.size() + 3;
    if ((scheme != "http" && scheme != "https") || endpoint.size() == host) {
      return reject(name, endpoint, "an http or https URL");
    }
    const std::size_t path = std::min(endpoint.find('/', host), endpoint.size());
    constexpr std::string_view kGrpcPort = ":4317";
    if (endpoint.substr(host, path - host).ends_with(kGrpcPort)) {
      environment_.warn(std::string(name) + "=" + endpoint +
                        " names the gRPC port 4317; spans are sent over HTTP to port 4318");
      endpoint.replace(path - kGrpcPort.size(), kGrpcPort.size(), ":4318");
    }
    if (appends_path && !endpoint.ends_with(kTracesPath)) {
      while (endpoint.back() == '/') endpoint.pop_back();
      endpoint += kTracesPath;
    }
    exporter_.endpoint = std::move(endpoint);
    exporter_.is_exact_url = true;
  }

  void read_transport() {
    exporter_.headers = read_pairs("OTEL_EXPORTER_OTLP_HEADERS");
    Pairs specific = read_pairs("OTEL_EXPORTER_OTLP_TRACES_HEADERS");
    if (!specific.empty()) exporter_.headers = std::move(specific);
    if (!read_count("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", exporter_.timeout_ms, 1)) {
      read_count("OTEL_EXPORTER_OTLP_TIMEOUT", exporter_.timeout_ms, 1);
    }
    const char* name = nullptr;
    if (const auto value = first_of(
            {"OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"}, &name)) {
      if (*value == "gzip") {
        exporter_.compression = Compression::kGzip;
      } else if (*value == "none") {
        exporter_.compression = Compression::kNone;
      } else {
        reject(name, *value, "gzip or none");
      }
    }
    if (const auto value = first_of(
            {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"}, &name)) {
      if (*value != "http/protobuf") {
        environment_.warn(std::string(name) + "=" + *value +
                          " is not supported yet; spans are sent as http/protobuf");
      }
    }
  }

  void read_batching() {
    read_count("OTEL_BSP_SCHEDULE_DELAY", config_.schedule_delay_ms, 1);
    read_count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", config_.max_export_batch_spans, 1);
    read_count("OTEL_BSP_MAX_QUEUE_SIZE", config_.max_spans, 1);
    if (!get("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") && !get("OTEL_EXPORTER_OTLP_TIMEOUT")) {
      read_count("OTEL_BSP_EXPORT_TIMEOUT", exporter_.timeout_ms, 1);
    }
  }

  void read_limits() {
    read_count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", config_.attribute_count_limit, 0) ||
        read_count("OTEL_ATTRIBUTE_COUNT_LIMIT", config_.attribute_count_limit, 0);
    read_count("OTEL_SPAN_EVENT_COUNT_LIMIT", config_.event_count_limit, 0);
    read_count("OTEL_SPAN_LINK_COUNT_LIMIT", config_.link_count_limit, 0);
  }

  /// OpenTelemetry's variable is a switch in most languages; Python's also takes where to put the
  /// content, and ours goes onto spans only.
  void read_capture_switch(const char* name) {
    const std::string value = lowercase(get(name).value_or(""));
    if (value == "span_only" || value == "span_and_event") {
      config_.captures_content = true;
    } else if (value != "event_only" && value != "no_content") {
      read_bool(name, config_.captures_content);
    }
  }

  void read_content() {
    read_capture_switch("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT");
    read_bool("APM_CAPTURE_CONTENT", config_.captures_content);
    if (auto value = get("APM_CONTENT_HASH_KEY")) config_.content_hash_key = *value;
    read_bool("APM_OPENINFERENCE", config_.uses_openinference);
  }

  const Environment& environment_;
  Config config_;
  ExporterConfig exporter_ = ExporterConfig().with_endpoint("http://localhost:4318/v1/traces");
};

}  // namespace

Config read_environment(const Environment& environment) { return Reader(environment).read(); }

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
