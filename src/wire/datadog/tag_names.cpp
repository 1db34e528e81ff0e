#include "wire/datadog/tag_names.h"

#include "model/semconv.h"

#include <algorithm>
#include <array>
#include <utility>

namespace binnacle::datadog {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

// Sorted by tag.
constexpr std::array kSpanTags = std::to_array<Pair>({
    {"aws.operation", "rpc.method"},
    {"aws.response.request_id", "aws.request_id"},
    {"aws.s3.bucket_name", "aws.s3.bucket"},
    {"db.instance", "db.namespace"},
    {"db.operation", "db.operation.name"},
    {"db.pool.name", "db.client.connection.pool.name"},
    {"db.sql.table", "db.collection.name"},
    {"db.statement", "db.query.text"},
    {"db.type", "db.system.name"},
    {"error.msg", "exception.message"},
    {"error.stacktrace", "exception.stacktrace"},
    {"http.client_ip", "client.address"},
    {"http.method", "http.request.method"},
    {"http.referer", "http.request.header.referer"},
    {"http.request.content_length", "http.request.body.size"},
    {"http.response.content_length", "http.response.body.size"},
    {"http.server_name", "server.address"},
    {"http.status_code", "http.response.status_code"},
    {"http.url", "url.full"},
    {"http.useragent", "user_agent.original"},
    {"http.version", "network.protocol.version"},
});

constexpr std::array kResourceTags = std::to_array<Pair>({
    {"_dd.hostname", semconv::kHostName},
    {"container_id", "container.id"},
    {"container_name", "container.name"},
    {"ecs_cluster_name", "aws.ecs.cluster.arn"},
    {"env", "deployment.environment.name"},
    {"image_name", "container.image.name"},
    {"kube_cluster_name", "k8s.cluster.name"},
    {"kube_container_name", "k8s.container.name"},
    {"kube_cronjob", "k8s.cronjob.name"},
    {"kube_daemon_set", "k8s.daemonset.name"},
    {"kube_deployment", "k8s.deployment.name"},
    {"kube_job", "k8s.job.name"},
    {"kube_namespace", "k8s.namespace.name"},
    {"kube_replica_set", "k8s.replicaset.name"},
    {"kube_stateful_set", "k8s.statefulset.name"},
    {"pod_name", "k8s.pod.name"},
    {"runtime-id", semconv::kServiceInstanceId},
    {"version", semconv::kServiceVersion},
});

static_assert(std::ranges::is_sorted(kSpanTags, {}, &Pair::first));
static_assert(std::ranges::is_sorted(kResourceTags, {}, &Pair::first));

// What SDKs of OpenTelemetry know of their surroundings.
constexpr std::array<std::string_view, 8> kResourcePrefixes = {
    "cloud.", "container.", "host.", "k8s.", "os.", "process.", "service.", "telemetry.sdk."};

template <std::size_t n>
std::string_view look_up(const std::array<Pair, n>& table, std::string_view tag) noexcept {
  const auto it = std::ranges::lower_bound(table, tag, {}, &Pair::first);
  return it != table.end() && it->first == tag ? it->second : std::string_view();
}

}  // namespace

std::string_view otel_key(std::string_view tag) noexcept {
  const std::string_view otel = look_up(kSpanTags, tag);
  return otel.empty() ? tag : otel;
}

HeaderPrefix otel_header_prefix(std::string_view tag) noexcept {
  constexpr std::string_view kRequest = "http.request.headers.";
  constexpr std::string_view kResponse = "http.response.headers.";
  if (tag.starts_with(kRequest)) return {"http.request.header.", kRequest.size()};
  if (tag.starts_with(kResponse)) return {"http.response.header.", kResponse.size()};
  return {};
}

std::string_view resource_key(std::string_view tag) noexcept {
  const std::string_view otel = look_up(kResourceTags, tag);
  if (!otel.empty()) return otel;
  const bool is_of_resource = std::ranges::any_of(
      kResourcePrefixes, [tag](std::string_view prefix) { return tag.starts_with(prefix); });
  return is_of_resource ? tag : std::string_view();
}

}  // namespace binnacle::datadog
