#include "sdk/lifecycle.h"

#include "sdk/content_policy.h"
#include "sdk/exporter_factory.h"
#include "sdk/metric_run.h"
#include "sdk/metric_source.h"
#include "sdk/pipeline.h"
#include "sdk/prometheus_endpoint.h"
#include "sdk/propagators.h"
#include "sdk/remote_poller.h"
#include "sdk/resource.h"
#include "sdk/resource_detectors.h"
#include "sdk/start_policy.h"
#include "sdk/tick_clock.h"
#include "sdk/user_exporter.h"
#include "sdk/warning.h"

#include <binnacle/apm.h>
#include <curl/curl.h>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

namespace binnacle::sdk {

namespace {

/// One run of the SDK in one process.
struct Run {
  Runtime* runtime = nullptr;
  std::shared_ptr<Pipeline> pipeline;
  std::unique_ptr<PrometheusEndpoint> endpoint;  // null: metrics are not served
};

/// What a forked child inherited and must neither use nor destroy.
struct Abandoned {
  Run run;
  std::shared_ptr<Pipeline> last_pipeline;
  std::unique_ptr<Harvester> harvester;
};

/// Never destroyed, so that exit handlers and static destructors may come in any order.
struct Lifecycle {
  std::mutex mutex;  // guards what follows
  Config config;
  DestinationFactory factory;
  Run run;                                  // pipeline: null while the SDK is off
  std::unique_ptr<Harvester> harvester;     // of run.runtime; survives restarts with it
  std::shared_ptr<Pipeline> last_pipeline;  // to see whether its thread has let go
  std::uint32_t last_epoch = kEpochOff;
  // Of all runs: a thread may be in one at any moment.
  std::vector<std::unique_ptr<StartPolicy>> policies;
  std::vector<Abandoned> abandoned;
};

Lifecycle& lifecycle() {
  static Lifecycle* const instance = std::make_unique<Lifecycle>().release();
  return *instance;
}

std::int64_t deadline_after(std::int64_t timeout_ms) noexcept {
  constexpr std::int64_t kLongestMs = 24LL * 3600 * 1000;
  return monotonic_ns() + std::min(std::max<std::int64_t>(timeout_ms, 0), kLongestMs) * 1'000'000;
}

/// Without a destination for traces nothing is sampled, not even what a parent sampled.
RecordingSettings recording_settings(const Config& config, bool takes_traces, bool takes_logs) {
  RecordingSettings settings;
  settings.records_logs = takes_logs;
  settings.log_limits = {.attributes = config.logs.attribute_count_limit,
                         .value_bytes = config.logs.attribute_value_length_limit};
  settings.log_slots = std::min(config.logs.max_records, config.max_spans - config.max_spans / 4);
  switch (config.sampler) {
    case SamplerKind::kAlwaysOn:
      settings.root_sampler = RootSampler::kAlwaysOn;
      break;
    case SamplerKind::kAlwaysOff:
      settings.root_sampler = RootSampler::kAlwaysOff;
      break;
    case SamplerKind::kJaegerRemote:
    case SamplerKind::kRateLimited:
      break;  // StartPolicy's
    case SamplerKind::kTraceIdRatio:
      settings.root_sampler = config.sample_ratio >= 1.0  ? RootSampler::kAlwaysOn
                              : config.sample_ratio > 0.0 ? RootSampler::kRatio
                                                          : RootSampler::kAlwaysOff;
      break;
  }
  settings.rejection_threshold = rejection_threshold(config.sample_ratio);
  settings.is_parent_based = config.is_parent_based;
  if (!takes_traces) {
    settings.root_sampler = RootSampler::kAlwaysOff;
    settings.is_parent_based = false;
  }
  const auto limit = [](std::uint32_t value) {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(value, 0xFFFF));
  };
  settings.attribute_limit = limit(config.attribute_count_limit);
  settings.event_limit = limit(config.event_count_limit);
  settings.link_limit = limit(config.link_count_limit);
  settings.large_value_limit_bytes = config.large_value_limit_bytes;
  return settings;
}

void on_exit() noexcept {
  const Runtime* current = g_runtime.load(std::memory_order_acquire);
  if (current == nullptr || current->is_inherited()) return;
  shutdown(lifecycle().config.exit_flush_ms);
}

/// libcurl's (and through it OpenSSL's) own exit handlers run after ours only if they are
/// registered before.
void set_up_process() {
  static std::once_flag once;
  std::call_once(once, [] {
    curl_global_init(CURL_GLOBAL_DEFAULT);
    std::atexit(on_exit);
  });
}

void add_user_exporters(const Config& config, Runtime& runtime, const std::string& resource,
                        std::vector<DestinationSetup>& destinations) {
  for (const auto& exporter : config.span_exporters) {
    if (exporter == nullptr) continue;
    if (destinations.size() == kMaxExporters) {
      warn("more than " + std::to_string(kMaxExporters) + " exporters: the rest are left out");
      return;
    }
    destinations.push_back(
        make_user_destination(exporter, runtime,
                              {.name = "user " + std::to_string(destinations.size()),
                               .timeout_ms = config.span_exporter_timeout_ms,
                               .resource = resource}));
  }
}

/// Null if the configuration needs none.
const StartPolicy* make_policy(Lifecycle& life, Pipeline& pipeline) {
  if (!StartPolicy::is_needed(life.config)) return nullptr;
  const StartPolicy& policy =
      *life.policies.emplace_back(std::make_unique<StartPolicy>(life.config));
  if (RemoteStrategyCell* remote = policy.remote()) {
    pipeline.add_job(
        make_remote_poller(pipeline.client(), *remote, *life.run.runtime, life.config));
  }
  return &policy;
}

PipelineOptions pipeline_options(const Config& config) {
  PipelineOptions options;
  options.schedule_delay_ns = config.schedule_delay_ms * 1'000'000;
  options.max_batch_spans = std::max<std::size_t>(config.max_export_batch_spans, 1);
  options.max_batch_logs = std::max<std::size_t>(config.logs.max_export_batch_records, 1);
  options.log_delay_ns = config.logs.schedule_delay_ms * 1'000'000;
  options.sender.queue_bytes = config.queue_limit_bytes;
  options.sender.retry_limit_ns = config.retry_limit_ms * 1'000'000;
  constexpr std::int64_t kDayMs = 86'400'000;
  options.sender.metrics_limit_ns = std::min(config.metrics.timeout_ms, kDayMs) * 1'000'000;
  return options;
}

FieldLimits field_limits(const Config& config) noexcept {
  return {.attributes = config.attribute_count_limit,
          .events = config.event_count_limit,
          .links = config.link_count_limit,
          .values = {.text_bytes = config.attribute_value_length_limit,
                     .event_attributes = config.event_attribute_count_limit,
                     .link_attributes = config.link_attribute_count_limit}};
}

/// Whether the run that was shut down last goes on. The lock is held, and none is running.
bool is_ending(const Lifecycle& life) {
  return life.last_pipeline != nullptr && !life.last_pipeline->has_ended();
}

/// Starts a run with the stored configuration; says why not. The lock is held.
bool start_locked(Lifecycle& life) {
  Runtime* current = runtime();
  if (current == nullptr) {
    warn("spans are not recorded: cannot reserve memory");
    return false;
  }
  if (current != life.run.runtime) {
    life.harvester = std::make_unique<Harvester>(*current);
    life.run.runtime = current;
  } else if (is_ending(life)) {
    warn("spans are not recorded: the last run is still shutting down");
    return false;
  }
  std::unique_ptr<HttpClient> client = HttpClient::create();
  if (client == nullptr) {
    warn("spans are not recorded: libcurl cannot be set up");
    return false;
  }
  const std::string resource = encode_resource(life.config);
  std::vector<DestinationSetup> destinations = life.factory(life.config, *client, resource);
  add_user_exporters(life.config, *current, resource, destinations);
  if (destinations.empty() && life.config.span_processors.empty() &&
      !life.config.prometheus.is_enabled) {
    warn("spans are not recorded: there is no exporter");
    return false;
  }
  const bool takes_traces =
      !life.config.span_processors.empty() ||
      std::any_of(destinations.begin(), destinations.end(),
                  [](const DestinationSetup& setup) { return setup.span_encoder != nullptr; });
  const bool takes_metrics =
      life.config.prometheus.is_enabled ||
      std::any_of(destinations.begin(), destinations.end(),
                  [](const DestinationSetup& setup) { return setup.takes_metrics; });
  const bool takes_logs =
      std::any_of(destinations.begin(), destinations.end(),
                  [](const DestinationSetup& setup) { return setup.log_encoder != nullptr; });
  const PipelineOptions options = pipeline_options(life.config);
  life.harvester->begin_run(field_limits(life.config), life.last_epoch + 1);
  auto pipeline = std::make_shared<Pipeline>(*current, *life.harvester, options, std::move(client),
                                             std::move(destinations));
  pipeline->set_gate(SpanGate::make(life.config, current->counters().late));
  RecordingSettings settings = recording_settings(life.config, takes_traces, takes_logs);
  if (takes_traces) settings.policy = make_policy(life, *pipeline);
  // Sent when a batch is full, but in time before a small pool runs out.
  const std::size_t wake_after =
      std::min(options.max_batch_spans, std::max<std::size_t>(life.config.max_spans / 4, 1));
  current->configure(settings, life.config.max_spans, wake_after);
  // Spans are recorded even if metrics cannot be.
  if (start_metrics(life.config, takes_metrics)) {
    pipeline->add_source(std::make_unique<MetricSource>(life.config.metrics, resource));
  }
  if (!pipeline->start()) {
    stop_metrics();
    warn("spans are not recorded: cannot start the export thread");
    return false;
  }
  life.run.pipeline = pipeline;
  life.last_pipeline = std::move(pipeline);
  g_epoch.store(++life.last_epoch, std::memory_order_release);
  if (life.config.prometheus.is_enabled) {
    life.run.endpoint = PrometheusEndpoint::start(life.config, resource);
  }
  return true;
}

bool is_running_here(const Lifecycle& life) noexcept {
  return life.run.pipeline != nullptr && !life.run.runtime->is_inherited();
}

/// In a forked child the parent's objects are left as they are: their thread is not here.
void abandon_inherited(Lifecycle& life) {
  if (life.run.runtime == nullptr || !life.run.runtime->is_inherited()) return;
  if (life.run.endpoint != nullptr) life.run.endpoint->abandon_in_child();
  life.abandoned.push_back(
      {std::move(life.run), std::move(life.last_pipeline), std::move(life.harvester)});
  life.run = {};
}

}  // namespace

bool start_sdk(const Config& config, DestinationFactory factory) noexcept try {
  Lifecycle& life = lifecycle();
  const std::lock_guard lock(life.mutex);
  if (is_running_here(life)) return true;
  abandon_inherited(life);
  use_propagators(config);
  set_warnings(config.diagnostics != DiagnosticLevel::kNone);
  if (!config.is_enabled) return false;
  set_up_process();
  configure_content(config);
  life.config = config;
  life.factory = std::move(factory);
  return start_locked(life);
} catch (const std::exception& error) {
  warn(std::string("spans are not recorded: ") + error.what());
  return false;
}

bool is_shutting_down() noexcept {
  Lifecycle& life = lifecycle();
  const std::lock_guard lock(life.mutex);
  return life.run.pipeline == nullptr && is_ending(life);
}

Runtime* restart_in_child() noexcept try {
  Lifecycle& life = lifecycle();
  const std::lock_guard lock(life.mutex);
  if (is_running_here(life)) return life.run.runtime;  // another thread of the child was faster
  abandon_inherited(life);
  if (start_locked(life)) return life.run.runtime;
  g_epoch.store(kEpochOff, std::memory_order_release);
  return nullptr;
} catch (const std::exception& error) {
  g_epoch.store(kEpochOff, std::memory_order_release);
  warn(std::string("spans of a forked process are not recorded: ") + error.what());
  return nullptr;
}

void renew_lifecycle_lock() noexcept { new (&lifecycle().mutex) std::mutex; }

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {

using sdk::Lifecycle;

bool init_observability() noexcept try {
  return init_observability(Config::from_environment());
} catch (const std::exception& error) {
  sdk::warn(std::string("spans are not recorded: ") + error.what());
  return false;
}

bool init_observability(const Config& config) noexcept {
  return sdk::start_sdk(config, sdk::make_destinations);
}

bool force_flush(std::int64_t timeout_ms) noexcept {
  const std::int64_t deadline_ns = sdk::deadline_after(timeout_ms);
  std::shared_ptr<sdk::Pipeline> pipeline;
  {
    Lifecycle& life = sdk::lifecycle();
    const std::lock_guard lock(life.mutex);
    if (!sdk::is_running_here(life)) return true;  // nothing was recorded
    pipeline = life.run.pipeline;
  }
  return pipeline->flush(deadline_ns);
}

bool shutdown(std::int64_t timeout_ms) noexcept {
  const std::int64_t deadline_ns = sdk::deadline_after(timeout_ms);
  std::shared_ptr<sdk::Pipeline> pipeline;
  std::unique_ptr<sdk::PrometheusEndpoint> endpoint;  // destroyed last, without the lock
  {
    Lifecycle& life = sdk::lifecycle();
    const std::lock_guard lock(life.mutex);
    sdk::g_epoch.store(sdk::kEpochOff, std::memory_order_release);
    sdk::stop_metrics();
    if (!sdk::is_running_here(life)) return true;
    pipeline = std::move(life.run.pipeline);
    life.run.pipeline = nullptr;
    endpoint = std::move(life.run.endpoint);
  }
  return pipeline->stop(deadline_ns);
}

bool is_enabled() noexcept {
  return sdk::g_epoch.load(std::memory_order_relaxed) != sdk::kEpochOff;
}

std::size_t destination_stats(DestinationStats* out, std::size_t capacity) noexcept {
  sdk::Runtime* current = sdk::g_runtime.load(std::memory_order_acquire);
  if (current == nullptr || current->is_inherited()) return 0;
  return current->destinations().read(out, capacity);
}

SdkStats sdk_stats() noexcept {
  sdk::Runtime* current = sdk::g_runtime.load(std::memory_order_acquire);
  if (current == nullptr || current->is_inherited()) return {};
  return current->stats();
}

}  // namespace v1
}  // namespace binnacle
