#include "sdk/self_metrics.h"

#include "sdk/runtime.h"

#include <binnacle/metrics.h>
#include <binnacle/stats.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace binnacle::sdk {

namespace {

std::atomic<bool> g_is_described{false};
std::atomic<std::int64_t> g_span_capacity{0};
std::atomic<std::int64_t> g_log_capacity{0};

constexpr std::string_view kTypeKey = "otel.component.type";
constexpr std::string_view kNameKey = "otel.component.name";

/// Never destroyed: collecting may go on until the very end.
struct Handles {
  std::mutex mutex;
  std::vector<ObservableHandle> all;
};

Handles& handles() {
  static Handles* const instance = std::make_unique<Handles>().release();
  return *instance;
}

InstrumentOptions options(std::string_view unit, std::string_view description) noexcept {
  return InstrumentOptions().with_unit(unit).with_description(description);
}

std::int64_t number(std::uint64_t value) noexcept { return static_cast<std::int64_t>(value); }

struct ComponentType {
  std::string_view kind;
  std::string_view type;
};
// The conventions' own words where they have one.
constexpr ComponentType kComponentTypes[] = {{"otlp", "otlp_http_exporter"},
                                             {"otlp/json", "otlp_http_json_exporter"},
                                             {"otlp/grpc", "otlp_grpc_exporter"},
                                             {"zipkin", "zipkin_http_exporter"}};

/// "otlp http://host:4318" -> "otlp_http_exporter".
std::string_view type_of(const DestinationStats& destination) noexcept {
  const std::string_view name = destination.name;
  const std::string_view kind = name.substr(0, name.find(' '));
  const auto* found = std::find_if(std::begin(kComponentTypes), std::end(kComponentTypes),
                                   [&](const ComponentType& entry) { return entry.kind == kind; });
  return found == std::end(kComponentTypes) ? kind : found->type;
}

template <typename Visit>
void each_destination(Visit visit) {
  DestinationStats found[kMaxDestinations];
  const std::size_t count = destination_stats(found, kMaxDestinations);
  for (std::size_t i = 0; i < count && i < kMaxDestinations; ++i) visit(found[i]);
}

using SignalOf = SignalStats DestinationStats::*;

/// What became of a signal's items at every destination; error.type says why if they were lost.
void observe_exported(Observer& observer, SignalOf signal) {
  each_destination([&](const DestinationStats& destination) {
    const SignalStats& stats = destination.*signal;
    const std::string_view name = destination.name;
    const std::pair<std::string_view, std::uint64_t> losses[] = {
        {"queue_full", stats.dropped_queue_full},   {"export_failed", stats.dropped_export_failed},
        {"rejected", stats.dropped_rejected},       {"shutdown", stats.dropped_at_shutdown},
        {"unsupported", stats.dropped_unsupported},
    };
    observer.observe(number(stats.exported), {{kTypeKey, type_of(destination)}, {kNameKey, name}});
    for (const auto& [type, count] : losses) {
      if (count == 0) continue;
      observer.observe(number(count),
                       {{kTypeKey, type_of(destination)}, {kNameKey, name}, {"error.type", type}});
    }
  });
}

void observe_inflight(Observer& observer, SignalOf signal) {
  each_destination([&](const DestinationStats& destination) {
    observer.observe(number((destination.*signal).inflight),
                     {{kTypeKey, type_of(destination)}, {kNameKey, destination.name}});
  });
}

void register_exporter(std::vector<ObservableHandle>& to, const std::string& item,
                       std::string_view unit, SignalOf signal) {
  to.push_back(create_observable_counter(
      "otel.sdk.exporter." + item + ".exported",
      options(unit, "Items whose export has ended; error.type says why those that failed did."),
      [signal](Observer& observer) { observe_exported(observer, signal); }));
  to.push_back(create_observable_up_down_counter(
      "otel.sdk.exporter." + item + ".inflight",
      options(unit, "Items encoded and not yet delivered."),
      [signal](Observer& observer) { observe_inflight(observer, signal); }));
}

/// This process's, null if there is none.
Runtime* own_runtime() noexcept {
  Runtime* current = g_runtime.load(std::memory_order_acquire);
  return current == nullptr || current->is_inherited() ? nullptr : current;
}

// Of [0] and [1] in ExportCounters.
constexpr std::string_view kSamplingResults[] = {"RECORD_ONLY", "RECORD_AND_SAMPLE"};
constexpr std::string_view kResultKey = "otel.span.sampling_result";

void observe_started(Observer& observer) {
  Runtime* current = own_runtime();
  if (current == nullptr) return;
  const ExportCounters& counters = current->counters();
  const std::uint64_t refused = current->stats().dropped_no_memory;
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    const std::uint64_t started =
        counters.spans_started[i].load(std::memory_order_relaxed) + (i == 1 ? refused : 0);
    if (started == 0) continue;
    observer.observe(number(started), {{kResultKey, kSamplingResults[i]}});
  }
}

void observe_live(Observer& observer) {
  Runtime* current = own_runtime();
  if (current == nullptr) return;
  const ExportCounters& counters = current->counters();
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}}) {
    // In this order: a sweep in between must not make more end than start.
    const std::uint64_t ended = counters.spans_ended[i].load(std::memory_order_acquire);
    const std::uint64_t started = counters.spans_started[i].load(std::memory_order_acquire);
    if (started == 0) continue;
    observer.observe(number(started - ended), {{kResultKey, kSamplingResults[i]}});
  }
}

void observe_created_logs(Observer& observer) {
  Runtime* current = own_runtime();
  if (current == nullptr) return;
  const std::uint64_t swept = current->counters().logs_created.load(std::memory_order_relaxed);
  const std::uint64_t created = swept + current->stats().logs_dropped_no_memory;
  if (created != 0) observer.observe(number(created));
}

struct Component {
  std::string_view type;
  std::string_view name;
};
constexpr Component kSpanProcessor{"batching_span_processor", "batching_span_processor/0"};
constexpr Component kLogProcessor{"batching_log_processor", "batching_log_processor/0"};

void observe_of(Observer& observer, const Component& component, std::int64_t value) {
  observer.observe(value, {{kTypeKey, component.type}, {kNameKey, component.name}});
}

void observe_processed(Observer& observer, const Component& component, std::uint64_t passed,
                       std::uint64_t refused) {
  observe_of(observer, component, number(passed));
  if (refused == 0) return;
  observer.observe(
      number(refused),
      {{kTypeKey, component.type}, {kNameKey, component.name}, {"error.type", "queue_full"}});
}

void register_spans(std::vector<ObservableHandle>& to) {
  to.push_back(create_observable_counter(
      "otel.sdk.span.started",
      options("{span}", "Spans started and recorded, as of the last sweep."),
      [](Observer& observer) { observe_started(observer); }));
  to.push_back(create_observable_up_down_counter(
      "otel.sdk.span.live", options("{span}", "Recorded spans that have not been swept up yet."),
      [](Observer& observer) { observe_live(observer); }));
  to.push_back(create_observable_up_down_counter(
      "otel.sdk.processor.span.queue.size",
      options("{span}", "Slots of spans and log records that are open or wait to be encoded."),
      [](Observer& observer) {
        observe_of(observer, kSpanProcessor, number(sdk_stats().open_slots));
      }));
  to.push_back(create_observable_up_down_counter(
      "otel.sdk.processor.span.queue.capacity", options("{span}", "Slots there are."),
      [](Observer& observer) {
        observe_of(observer, kSpanProcessor, g_span_capacity.load(std::memory_order_relaxed));
      }));
  to.push_back(create_observable_counter(
      "otel.sdk.processor.span.processed",
      options("{span}", "Spans swept up; with error.type, those that found no room."),
      [](Observer& observer) {
        Runtime* current = own_runtime();
        if (current == nullptr) return;
        const ExportCounters& counters = current->counters();
        observe_processed(observer, kSpanProcessor,
                          counters.spans_ended[0].load(std::memory_order_relaxed) +
                              counters.spans_ended[1].load(std::memory_order_relaxed),
                          current->stats().dropped_no_memory);
      }));
}

void register_logs(std::vector<ObservableHandle>& to) {
  to.push_back(create_observable_counter(
      "otel.sdk.log.created", options("{log_record}", "Log records, as of the last sweep."),
      [](Observer& observer) { observe_created_logs(observer); }));
  to.push_back(create_observable_up_down_counter(
      "otel.sdk.processor.log.queue.capacity",
      options("{log_record}", "Slots that may be in use when a log record asks for one."),
      [](Observer& observer) {
        observe_of(observer, kLogProcessor, g_log_capacity.load(std::memory_order_relaxed));
      }));
  to.push_back(create_observable_counter(
      "otel.sdk.processor.log.processed",
      options("{log_record}", "Log records swept up; with error.type, those that found no room."),
      [](Observer& observer) {
        Runtime* current = own_runtime();
        if (current == nullptr) return;
        observe_processed(observer, kLogProcessor,
                          current->counters().logs_created.load(std::memory_order_relaxed),
                          current->stats().logs_dropped_no_memory);
      }));
}

Histogram collection_duration() noexcept {
  constexpr double kBounds[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                0.025,  0.05,    0.1,    0.25,  0.5,    1};
  return create_histogram(
      "otel.sdk.metric_reader.collection.duration",
      options("s", "How long collecting metrics took.").with_bounds(kBounds, std::size(kBounds)));
}

}  // namespace

void describe_sdk(bool is_on, std::size_t span_slots, std::size_t log_slots) {
  g_span_capacity.store(number(span_slots), std::memory_order_relaxed);
  g_log_capacity.store(number(log_slots), std::memory_order_relaxed);
  g_is_described.store(is_on, std::memory_order_relaxed);
  Handles& own = handles();
  std::vector<ObservableHandle> made;
  {
    const std::lock_guard lock(own.mutex);
    if (!is_on) {
      made.swap(own.all);  // destroyed without the lock
      return;
    }
    if (!own.all.empty()) return;
    register_spans(own.all);
    register_logs(own.all);
    register_exporter(own.all, "span", "{span}", &DestinationStats::traces);
    register_exporter(own.all, "metric_data_point", "{data_point}", &DestinationStats::metrics);
    register_exporter(own.all, "log", "{log_record}", &DestinationStats::logs);
  }
}

void record_collection(std::int64_t duration_ns) noexcept {
  if (!g_is_described.load(std::memory_order_relaxed)) return;
  static const BoundHistogram duration = collection_duration().bind(
      {{kTypeKey, "periodic_metric_reader"}, {kNameKey, "periodic_metric_reader/0"}});
  duration.record(static_cast<double>(duration_ns) * 1e-9);
}

}  // namespace binnacle::sdk
