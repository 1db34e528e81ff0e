#include "sdk/lifecycle.h"
#include "sdk/metrics/registry.h"
#include "sdk/otlp_encoder.h"
#include "sdk/tick_clock.h"

#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/metrics.h>

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <barrier>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// What does each operation of the SDK cost the thread that does it? One table, against the targets.
//
//   build/release/bench/sdk_cost [--csv] [--rounds N] [--only TEXT]
//
// Batches of 200 operations are timed by the clock that spans use; what they recorded is exported
// between batches, untimed, so that the export thread sleeps while anything is measured. Recording
// threads are pinned, each to a processor of its own. The median over all batches stands in the
// table, and the best batch beside it: where the two are far apart the machine was not quiet.

namespace {

using namespace binnacle;

constexpr int kBatch = 200;

struct Settings {
  bool is_csv = false;
  int rounds = 2000;
  std::string only;
};

class NullExporter final : public sdk::BatchExporter {
 public:
  void start(const sdk::EncodedBatch& /*batch*/) override {}
  std::optional<sdk::ExportResult> poll() override { return sdk::ExportResult{}; }
  void cancel() noexcept override {}
};

/// An SDK whose export thread wakes only when it is told to.
void start(const std::function<void(Config&)>& change) {
  shutdown(5000);
  Config config;
  config.schedule_delay_ms = 3'600'000;
  config.max_export_batch_spans = 1'000'000;
  change(config);
  sdk::start_sdk(config, [](const Config&, sdk::HttpClient&, const std::string& resource) {
    return sdk::one_destination(std::make_unique<sdk::OtlpEncoder>(resource),
                                std::make_unique<NullExporter>());
  });
}

void pin_to(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(processor) % std::max(1U, std::thread::hardware_concurrency()),
          &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

double ns_per_tick() {
  static const double rate = [] {
    const std::int64_t start_ns = sdk::monotonic_ns();
    const std::uint64_t start = sdk::ticks_now();
    while (sdk::monotonic_ns() - start_ns < 100'000'000) {
    }
    return static_cast<double>(sdk::monotonic_ns() - start_ns) /
           static_cast<double>(sdk::ticks_now() - start);
  }();
  return rate;
}

struct Figure {
  double median_ns = 0;
  double best_ns = 0;
};

Figure figure_of(std::vector<double>& ns) {
  std::sort(ns.begin(), ns.end());
  return {ns[ns.size() / 2], ns.front()};
}

/// `make()` gives each thread its own operation.
template <typename Make>
Figure measure(const Settings& settings, int threads, Make make) {
  std::vector<std::vector<double>> all(static_cast<std::size_t>(threads));
  std::barrier sync(threads);
  const auto run = [&](int index) {
    pin_to(index);
    auto operation = make();
    std::vector<double>& mine = all[static_cast<std::size_t>(index)];
    for (int round = 0; round < settings.rounds; ++round) {
      sync.arrive_and_wait();
      const std::uint64_t before = sdk::ticks_now();
      for (int i = 0; i < kBatch; ++i) operation();
      const std::uint64_t after = sdk::ticks_now();
      mine.push_back(static_cast<double>(after - before) * ns_per_tick() / kBatch);
      sync.arrive_and_wait();
      if (index == 0) force_flush(10'000);
    }
  };
  std::vector<std::thread> others;
  for (int index = 0; index < threads; ++index) others.emplace_back(run, index);
  for (std::thread& thread : others) thread.join();
  std::vector<double> merged;
  for (const auto& one : all) merged.insert(merged.end(), one.begin(), one.end());
  return figure_of(merged);
}

struct Row {
  const char* name;
  double target_ns;  // 0: none
  std::function<void(Config&)> config;
  std::function<Figure(const Settings&, int threads)> run;
};

template <typename F>
std::function<Figure(const Settings&, int)> plain(F operation) {
  return [operation](const Settings& settings, int threads) {
    return measure(settings, threads, [operation] { return operation; });
  };
}

/// With an active span around.
template <typename F>
std::function<Figure(const Settings&, int)> nested(F operation) {
  return [operation](const Settings& settings, int threads) {
    return measure(settings, threads, [operation] {
      return [operation, parent = std::make_shared<ActiveSpan>("parent")] { operation(); };
    });
  };
}

void keep(const void* what) { asm volatile("" ::"r"(what) : "memory"); }

void set_five_literals(const Span& span) {
  span.set_attribute("http.method", "GET")
      .set_attribute("http.route", "/api/v1/users/{id}")
      .set_attribute("http.status_code", 200)
      .set_attribute("net.peer.name", "backend-7.example.internal")
      .set_attribute("net.peer.port", 8080);
}

struct RunTimeValues {
  std::string method = "GET";
  std::string route = "/api/v1/users/{id}";
  std::string peer = "backend-7.example.internal";
  int status = 200;
  int port = 8080;
};
const RunTimeValues& run_time_values() {
  static const RunTimeValues values;
  keep(&values);
  return values;
}

/// The export thread's share: harvest, encode, free, for spans of five attributes.
Figure measure_export(const Settings& settings, int /*threads*/) {
  constexpr int kSpans = 4096;
  std::vector<double> ns;
  for (int round = 0; round < std::max(settings.rounds / 20, 10); ++round) {
    for (int i = 0; i < kSpans; ++i) set_five_literals(start_span("GET /users"));
    const std::uint64_t before = sdk::ticks_now();
    force_flush(10'000);
    ns.push_back(static_cast<double>(sdk::ticks_now() - before) * ns_per_tick() / kSpans);
  }
  return figure_of(ns);
}

void sampled(Config& /*config*/) {}
void unsampled(Config& config) { config.sampler = SamplerKind::kAlwaysOff; }
void keeping_errors(Config& config) {
  unsampled(config);
  config.keep_errors.is_enabled = true;
}
void rate_limited(Config& config) {
  config.sampler = SamplerKind::kRateLimited;
  config.traces_per_second = 1;
}
void ruled(Config& config) {
  unsampled(config);
  config.sampling_rules = {SamplingRule().with_name("POST *"),
                           SamplingRule().with_attribute("tenant", "gold"),
                           SamplingRule().with_route("/api/bids/*")};
}
void off(Config& config) { config.is_enabled = false; }

std::vector<Row> span_rows() {
  return {
      {"sampled span, 0 attributes", 30, sampled,
       plain([] { Span span = start_span("GET /users"); })},
      {"sampled span, 5 attributes, literals", 40, sampled,
       plain([] { set_five_literals(start_span("GET /users")); })},
      {"sampled span, 5 attributes, run-time values", 40, sampled, plain([] {
         const RunTimeValues& values = run_time_values();
         start_span("GET /users")
             .set_attribute("http.method", values.method)
             .set_attribute("http.route", values.route)
             .set_attribute("http.status_code", values.status)
             .set_attribute("net.peer.name", values.peer)
             .set_attribute("net.peer.port", values.port);
       })},
      {"sampled span, 5 attributes as a list at start", 0, sampled, plain([] {
         Span span = start_span("GET /users", {{"http.method", "GET"},
                                               {"http.route", "/api/v1/users/{id}"},
                                               {"http.status_code", 200},
                                               {"net.peer.name", "backend-7.example.internal"},
                                               {"net.peer.port", 8080}});
       })},
      {"nested child with activation", 40, sampled, nested([] { ActiveSpan span("child"); })},
      {"sampled span with an event of 1 attribute", 0, sampled,
       plain([] { start_span("GET /users").add_event("cache miss", {{"cache.key", "user:17"}}); })},
      {"unsampled root", 5, unsampled, plain([] {
         Span span = start_span("GET /users");
         keep(&span);
       })},
      {"unsampled root, 5 attributes", 5, unsampled, plain([] {
         Span span = start_span("GET /users");
         set_five_literals(span);
         keep(&span);
       })},
      {"unsampled child with activation", 0, unsampled, nested([] { ActiveSpan span("child"); })},
      {"unsampled root, rate used up", 0, rate_limited, plain([] {
         Span span = start_span("GET /users");
         keep(&span);
       })},
      {"unsampled root, 3 rules that do not match", 0, ruled, plain([] {
         Span span = start_span("GET /users");
         keep(&span);
       })},
      {"unsampled root recorded by keep-errors, 5 attributes", 0, keeping_errors,
       plain([] { set_five_literals(start_span("GET /users")); })},
      {"SDK off, 5 attributes", 0, off, plain([] {
         Span span = start_span("GET /users");
         set_five_literals(span);
         keep(&span);
       })},
  };
}

/// Recorded into series that are never exported here.
void measuring(Config& /*config*/) { sdk::MetricRegistry::instance().begin_run({}); }

std::vector<Row> other_rows() {
  const Counter counter = create_counter("bench.counter");
  const Histogram histogram = create_histogram("bench.histogram");
  return {
      {"bound counter", 3, measuring,
       plain([bound = counter.bind({{"cache", "prices"}})] { bound.add(1); })},
      {"bound histogram, 15 bounds", 5, measuring,
       plain([bound = histogram.bind({{"cache", "prices"}})] { bound.record(42); })},
      {"counter, 3 attributes", 25, measuring, plain([counter] {
         counter.add(1, {{"method", "GET"}, {"route", "/api/v1/users/{id}"}, {"status", 200}});
       })},
      {"inject W3C", 20, sampled,
       [](const Settings& settings, int threads) {
         return measure(settings, threads, [] {
           const auto span = std::make_shared<Span>(start_span("client"));
           return [span, context = span->capture()] {
             add_trace_context_to_headers(
                 [](std::string_view name, std::string_view value) {
                   keep(name.data());
                   keep(value.data());
                 },
                 context);
           };
         });
       }},
      {"extract W3C", 30, sampled, plain([] {
         const Context context = extract_trace_context(
             "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", {}, {});
         keep(&context);
       })},
  };
}

void print(const Settings& settings, const char* name, int threads, const Figure& figure,
           double target_ns) {
  if (settings.is_csv) {
    std::printf("\"%s\",%d,%.2f,%.2f,%.0f\n", name, threads, figure.median_ns, figure.best_ns,
                target_ns);
  } else {
    std::printf("%-54s %8d %9.1f %9.1f", name, threads, figure.median_ns, figure.best_ns);
    if (target_ns > 0) std::printf(" %8.0f", target_ns);
    std::printf("\n");
  }
  std::fflush(stdout);
}

void run_row(const Settings& settings, const Row& row, std::initializer_list<int> threads) {
  if (std::string_view(row.name).find(settings.only) == std::string_view::npos) return;
  for (const int count : threads) {
    start(row.config);
    print(settings, row.name, count, row.run(settings, count), row.target_ns);
  }
}

/// Bytes in use by the SDK after `threads` threads recorded, `at_once` of them at a time.
void print_memory(const Settings& settings, const char* name, int threads, int at_once,
                  double target_mib) {
  if (std::string_view(name).find(settings.only) == std::string_view::npos) return;
  start(sampled);
  for (int done = 0; done < threads; done += at_once) {
    std::vector<std::thread> recording;
    for (int i = 0; i < at_once; ++i) {
      recording.emplace_back([] {
        for (int n = 0; n < 100; ++n) set_five_literals(start_span("GET /users"));
      });
    }
    for (std::thread& thread : recording) thread.join();
    force_flush(10'000);
  }
  const double mib = static_cast<double>(sdk_stats().memory_bytes) / (1U << 20U);
  std::printf(settings.is_csv ? "\"%s (MiB)\",%d,%.2f,,%.0f\n" : "%-54s %8d %9.2f MiB    %8.0f\n",
              name, threads, mib, target_mib);
}

bool read_arguments(int count, char** arguments, Settings& settings) {
  for (int i = 1; i < count; ++i) {
    if (std::strcmp(arguments[i], "--csv") == 0) {
      settings.is_csv = true;
    } else if (std::strcmp(arguments[i], "--rounds") == 0 && i + 1 < count) {
      const std::string_view text = arguments[++i];
      std::from_chars(text.data(), text.data() + text.size(), settings.rounds);
      settings.rounds = std::max(settings.rounds, 10);
    } else if (std::strcmp(arguments[i], "--only") == 0 && i + 1 < count) {
      settings.only = arguments[++i];
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  Settings settings;
  if (!read_arguments(count, arguments, settings)) {
    std::fprintf(stderr, "usage: %s [--csv] [--rounds N] [--only TEXT]\n", arguments[0]);
    return 2;
  }
  std::printf(
      settings.is_csv ? "operation,threads,median_ns,best_ns,target\n" : "%-54s %8s %9s %9s %8s\n",
      "operation", "threads", "median ns", "best ns", "target");
  const Row floor = {"two clock reads", 0, sampled, plain([] {
                       std::uint64_t ticks = sdk::ticks_now();
                       keep(&ticks);
                       ticks = sdk::ticks_now();
                       keep(&ticks);
                     })};
  run_row(settings, floor, {1});
  for (const Row& row : span_rows()) run_row(settings, row, {1, 2});
  for (const Row& row : other_rows()) run_row(settings, row, {1, 2});
  run_row(settings, {"harvest and encode a span of 5 attributes", 100, sampled, measure_export},
          {1});
  print_memory(settings, "memory, 8 threads", 8, 8, 16);
  print_memory(settings, "memory, threads that came and went", 1000, 50, 32);
  shutdown(5000);
  return 0;
}
