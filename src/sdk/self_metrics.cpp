#include "sdk/self_metrics.h"

#include <binnacle/metrics.h>
#include <binnacle/stats.h>

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
std::atomic<std::int64_t> g_capacity{0};

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

/// "otlp http://host:4318" -> "otlp".
std::string_view kind_of(const DestinationStats& destination) noexcept {
  const std::string_view name = destination.name;
  return name.substr(0, name.find(' '));
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
        {"queue_full", stats.dropped_queue_full},
        {"export_failed", stats.dropped_export_failed},
        {"rejected", stats.dropped_rejected},
        {"shutdown", stats.dropped_at_shutdown}};
    observer.observe(number(stats.exported), {{"otel.component.type", kind_of(destination)},
                                              {"otel.component.name", name}});
    for (const auto& [type, count] : losses) {
      if (count == 0) continue;
      observer.observe(number(count), {{"otel.component.type", kind_of(destination)},
                                       {"otel.component.name", name},
                                       {"error.type", type}});
    }
  });
}

void observe_inflight(Observer& observer, SignalOf signal) {
  each_destination([&](const DestinationStats& destination) {
    const SignalStats& stats = destination.*signal;
    const std::uint64_t done = stats.exported + stats.dropped_export_failed +
                               stats.dropped_rejected + stats.dropped_at_shutdown;
    observer.observe(number(stats.encoded - done), {{"otel.component.type", kind_of(destination)},
                                                    {"otel.component.name", destination.name}});
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

void register_spans(std::vector<ObservableHandle>& to) {
  to.push_back(create_observable_up_down_counter(
      "otel.sdk.processor.span.queue.size",
      options("{span}", "Slots of spans that are open or wait to be encoded."),
      [] { return number(sdk_stats().open_slots); }));
  to.push_back(create_observable_up_down_counter(
      "otel.sdk.processor.span.queue.capacity", options("{span}", "Slots of spans there are."),
      [] { return g_capacity.load(std::memory_order_relaxed); }));
  to.push_back(create_observable_counter(
      "otel.sdk.processor.span.processed",
      options("{span}", "Spans handed to exporters; with error.type, those that were not."),
      [](Observer& observer) {
        const SdkStats stats = sdk_stats();
        observer.observe(number(stats.spans_encoded));
        observer.observe(number(stats.dropped_no_memory), {{"error.type", "queue_full"}});
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

void describe_sdk(bool is_on, std::size_t max_spans) {
  g_capacity.store(static_cast<std::int64_t>(max_spans), std::memory_order_relaxed);
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
    register_exporter(own.all, "span", "{span}", &DestinationStats::traces);
    register_exporter(own.all, "metric_data_point", "{data_point}", &DestinationStats::metrics);
    register_exporter(own.all, "log", "{log_record}", &DestinationStats::logs);
  }
}

void record_collection(std::int64_t duration_ns) noexcept {
  if (!g_is_described.load(std::memory_order_relaxed)) return;
  static const BoundHistogram duration =
      collection_duration().bind({{"otel.component.type", "periodic_metric_reader"},
                                  {"otel.component.name", "periodic_metric_reader/0"}});
  duration.record(static_cast<double>(duration_ns) * 1e-9);
}

}  // namespace binnacle::sdk
