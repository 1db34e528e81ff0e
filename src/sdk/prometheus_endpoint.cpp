#include "sdk/prometheus_endpoint.h"

#include "sdk/formats/span_reader.h"
#include "sdk/scrape/exposition.h"
#include "sdk/tick_clock.h"
#include "sdk/warning.h"

#include <exception>
#include <utility>

namespace binnacle::sdk {

namespace {

std::int64_t clock_ns() noexcept { return monotonic_ns(); }

/// Only scalars are labels of target_info; a list would be one value nobody can match.
std::vector<Label> scalar_labels(std::string_view resource) {
  std::vector<Label> labels;
  for (const AttributeView& attribute : attributes_of_resource(resource)) {
    std::string key(attribute.key);
    switch (attribute.value.kind) {
      case ValueKind::kString:
        labels.push_back({std::move(key), std::string(attribute.value.text)});
        break;
      case ValueKind::kInt:
        labels.push_back({std::move(key), attribute.value.integer});
        break;
      case ValueKind::kDouble:
        labels.push_back({std::move(key), attribute.value.real});
        break;
      case ValueKind::kBool:
        labels.push_back({std::move(key), attribute.value.boolean});
        break;
      default:
        break;
    }
  }
  return labels;
}

}  // namespace

PrometheusEndpoint::PrometheusEndpoint(std::string_view resource)
    : resource_(scalar_labels(resource)) {}

std::unique_ptr<PrometheusEndpoint> PrometheusEndpoint::start(const Config& config,
                                                              std::string_view resource) {
  std::unique_ptr<PrometheusEndpoint> endpoint(new PrometheusEndpoint(resource));
  const auto render = [self = endpoint.get()](ScrapeFormat format) {
    return expose_metrics(self->reader_.collect(), self->resource_, format);
  };
  ScrapeServerOptions options;
  options.host = config.prometheus.host;
  options.port = config.prometheus.port;
  options.path = config.prometheus.path;
  options.monotonic_ns = clock_ns;
  options.warn = warn;
  std::string problem;
  endpoint->server_ = ScrapeServer::start(std::move(options), render, problem);
  if (endpoint->server_ == nullptr) {
    warn("metrics are not served: " + problem + "; PROMETHEUS_HOST and PROMETHEUS_PORT say where");
    return nullptr;
  }
  if (endpoint->server_->has_moved()) {
    const std::string& configured = config.prometheus.target_directory;
    const std::string directory = configured.empty() ? default_target_directory() : configured;
    std::string where = "port " + std::to_string(config.prometheus.port) +
                        " (PROMETHEUS_PORT) is taken; metrics are at http://" +
                        endpoint->address() + config.prometheus.path;
    if (endpoint->target_file_.write(directory, endpoint->address(), config.service_name,
                                     problem)) {
      where += ", registered for file_sd in " + directory;
    } else {
      where += ", and nobody is told: " + problem;
    }
    warn(where);
  }
  return endpoint;
}

}  // namespace binnacle::sdk
