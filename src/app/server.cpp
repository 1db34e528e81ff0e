#include "app/server.h"

#include "app/commands.h"
#include "ingest/span_ingest.h"
#include "io/file/posix_file_system.h"
#include "io/net/address.h"
#include "io/net/grpc_server.h"
#include "io/net/http_server.h"
#include "io/net/static_files.h"
#include "query/trace/trace_query.h"
#include "server/api/health.h"
#include "server/api/jaeger_api.h"
#include "server/api/metrics_page.h"
#include "server/api/ui_pages.h"
#include "server/receive/datadog_receiver.h"
#include "server/receive/jaeger_receiver.h"
#include "server/receive/otlp_grpc_receiver.h"
#include "server/receive/otlp_receiver.h"
#include "server/receive/zipkin_receiver.h"
#include "server/ui/ui_files.h"
#include "store/trace/trace_store.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <utility>

namespace binnacle::app {
namespace {

using config::Port;
using config::ServerConfig;

HttpServerConfig http_config(const ServerConfig& config) {
  HttpServerConfig out;
  out.body_limit_bytes = config.request_limit_bytes;
  out.bodies_limit_bytes = config.inflight_limit_bytes;
  out.connection_limit = static_cast<std::uint32_t>(config.connection_limit);
  return out;
}

GrpcServerConfig grpc_config(const ServerConfig& config) {
  GrpcServerConfig out;
  // gRPC's limit is on the message after decompression.
  out.message_limit_bytes = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(config.decompressed_limit_bytes, 1ULL << 30U));
  out.messages_limit_bytes = config.inflight_limit_bytes;
  return out;
}

IngestConfig ingest_config(const ServerConfig& config) {
  IngestConfig out;
  out.in_flight_limit_bytes = config.inflight_limit_bytes;
  return out;
}

TraceQueryLimits query_limits(const ServerConfig& config) {
  TraceQueryLimits out;
  out.traces_limit = static_cast<std::uint32_t>(config.query_trace_limit);
  out.spans_limit = config.query_span_limit;
  out.values_limit = static_cast<std::uint32_t>(config.query_name_limit);
  out.memory_limit_bytes = config.query_memory_bytes;
  out.timeout_ns = config.query_timeout_ns;
  return out;
}

TraceStoreOptions store_options(const ServerConfig& config) {
  TraceStoreOptions out;
  out.directory = config.data_dir + "/spans";
  out.cache_bytes = config.cache_bytes;
  out.retention_ns = config.trace_retention_ns;
  out.retention_bytes = config.trace_disk_limit_bytes;
  out.reserve.reserve_bytes = config.disk_reserve_bytes;
  out.report = [](std::string_view message) { spdlog::warn("span store: {}", message); };
  return out;
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerConfig& config, const Clock& clock)
      : config_(config),
        clock_(clock),
        // A second, wider budget over all queries: four of the largest at once.
        query_memory_("all queries", 4 * config.query_memory_bytes),
        http_(http_config(config), clock),
        grpc_(grpc_config(config), clock),
        metrics_(version(), ""),
        ui_(ui_files()) {}

  Status open() {
    if (!config_.insecure && !is_loopback(config_.listen_address)) {
      return fail(
          ErrorCode::kFailedPrecondition,
          fmt::format("listen.address {} can be reached from other machines and there is no "
                      "authentication yet; listen on 127.0.0.1 behind a proxy, or give "
                      "--insecure",
                      config_.listen_address));
    }
    const auto made = files_.make_directory(config_.data_dir);
    if (!made && made.error().code != ErrorCode::kAlreadyExists) return made;
    auto store = open_trace_store(files_, clock_, store_options(config_));
    if (!store) return std::unexpected(store.error());
    store_ = std::move(*store);
    ingest_ = std::make_unique<SpanIngest>(*store_, ingest_config(config_), clock_);
    query_ = std::make_unique<TraceQuery>(*store_, clock_, query_limits(config_), &query_memory_);
    jaeger_ = std::make_unique<JaegerApi>(*query_, clock_);
    return listen();
  }

  Status start() {
    http_.start();
    is_ready_ = true;
    return {};
  }

  void stop() {
    is_ready_ = false;
    grpc_.stop();
    http_.stop();
    jaeger_.reset();
    query_.reset();
    // The store completes what it still has when it closes, and completions count in ingest.
    store_.reset();
    ingest_.reset();
  }

  std::vector<ServedPort> ports;
  std::vector<std::string> warnings;

 private:
  std::shared_ptr<HttpRouter> router() {
    auto out = std::make_shared<HttpRouter>();
    add_health_routes(*out, [this]() -> Status {
      if (is_ready_) return {};
      return fail(ErrorCode::kUnavailable, "starting or stopping");
    });
    return out;
  }

  Status listen() {
    auto otlp = router();
    otlp_http_ = std::make_unique<OtlpHttpReceiver>(*ingest_, receive_limits());
    otlp_http_->add_routes(*otlp);
    auto jaeger = router();
    jaeger_http_ = std::make_unique<JaegerThriftReceiver>(*ingest_, receive_limits());
    jaeger_http_->add_routes(*jaeger);
    auto zipkin = router();
    zipkin_http_ = std::make_unique<ZipkinReceiver>(*ingest_, receive_limits());
    zipkin_http_->add_routes(*zipkin);
    auto datadog = router();
    datadog_http_ = std::make_unique<DatadogReceiver>(*ingest_, receive_limits());
    datadog_http_->add_routes(*datadog);
    auto pages = router();
    jaeger_->add_routes(*pages);
    add_ui_routes(*pages, ui_);
    auto metrics = router();
    collect_metrics();
    metrics_.add_routes(*metrics);
    for (auto& [name, port, routes] :
         std::vector<std::tuple<std::string, Port, std::shared_ptr<HttpRouter>>>{
             {"otlp_http", config_.otlp_http, otlp},
             {"jaeger_thrift_http", config_.jaeger_thrift_http, jaeger},
             {"zipkin", config_.zipkin, zipkin},
             {"datadog", config_.datadog, datadog},
             {"jaeger_query", config_.jaeger_query, pages},
             {"prometheus", config_.prometheus, metrics},
             {"ui", config_.ui, pages}}) {
      if (auto ok = listen_http(name, port, routes); !ok) return ok;
    }
    return listen_grpc();
  }

  Status listen_http(const std::string& name, Port port, std::shared_ptr<HttpRouter> routes) {
    HttpListenerConfig listener;
    listener.name = name;
    listener.address = config_.listen_address;
    listener.port = port.number;
    listener.setting = "ports." + name;
    listener.allowed_hosts = config_.allowed_hosts;
    if (name == "otlp_http") listener.cors = CorsConfig{.allowed_origins = config_.cors_origins};
    const auto bound = http_.listen(std::move(listener), std::move(routes));
    return served(name, port, bound);
  }

  Status listen_grpc() {
    otlp_grpc_ = std::make_unique<OtlpGrpcReceiver>(*ingest_);
    otlp_grpc_->add_methods(grpc_);
    GrpcListenerConfig listener;
    listener.name = "otlp_grpc";
    listener.address = config_.listen_address;
    listener.port = config_.otlp_grpc.number;
    listener.setting = "ports.otlp_grpc";
    grpc_.listen(std::move(listener));
    const auto bound = grpc_.start();
    if (!bound) return served("otlp_grpc", config_.otlp_grpc, std::unexpected(bound.error()));
    return served("otlp_grpc", config_.otlp_grpc, bound->front());
  }

  // A taken port is an error if it was asked for by name, else a warning: the rest goes on.
  Status served(const std::string& name, Port port, const Result<std::uint16_t>& bound) {
    if (bound) {
      ports.push_back(
          ServedPort{name, fmt::format("{}:{}", config_.listen_address, *bound), *bound});
      return {};
    }
    if (port.explicitly_set || bound.error().code != ErrorCode::kAlreadyExists) {
      return std::unexpected(bound.error());
    }
    warnings.push_back(fmt::format("{}; {} is not served", bound.error().message, name));
    return {};
  }

  void collect_metrics() {
    std::vector<Descriptor> all = store_->describe();
    ingest_->probe().describe(all);
    query_->probe().describe(all);
    http_.probe().describe(all);
    grpc_.probe().describe(all);
    metrics_.add(all);
  }

  [[nodiscard]] ReceiveLimits receive_limits() const {
    ReceiveLimits limits;
    limits.body_bytes = config_.request_limit_bytes;
    limits.decompressed_bytes = config_.decompressed_limit_bytes;
    return limits;
  }

  const ServerConfig config_;
  const Clock& clock_;
  PosixFileSystem files_;
  MemoryBudget query_memory_;
  std::atomic<bool> is_ready_{false};
  std::unique_ptr<SpanIngest> ingest_;  // outlives store_: its completions count here
  std::unique_ptr<TraceStore> store_;
  std::unique_ptr<TraceQuery> query_;
  std::unique_ptr<JaegerApi> jaeger_;
  std::unique_ptr<OtlpHttpReceiver> otlp_http_;
  std::unique_ptr<JaegerThriftReceiver> jaeger_http_;
  std::unique_ptr<ZipkinReceiver> zipkin_http_;
  std::unique_ptr<DatadogReceiver> datadog_http_;
  std::unique_ptr<OtlpGrpcReceiver> otlp_grpc_;
  // Before what their handlers use is destroyed, stop() has ended them.
  HttpServer http_;
  GrpcServer grpc_;
  MetricsPage metrics_;
  StaticFiles ui_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::create(const ServerConfig& config, const Clock& clock) {
  auto impl = std::make_unique<Impl>(config, clock);
  if (auto opened = impl->open(); !opened) {
    impl->stop();
    return std::unexpected(opened.error());
  }
  return std::unique_ptr<Server>(
      new Server(std::move(impl)));  // tidy: allow(naked-new) private constructor
}

void Server::start() { (void)impl_->start(); }
void Server::stop() { impl_->stop(); }
const std::vector<ServedPort>& Server::ports() const noexcept { return impl_->ports; }
const std::vector<std::string>& Server::warnings() const noexcept { return impl_->warnings; }

}  // namespace binnacle::app
