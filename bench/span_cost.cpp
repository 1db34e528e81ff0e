#include "sdk/lifecycle.h"
#include "sdk/otlp_encoder.h"
#include "sdk/otlp_log_encoder.h"

#include <benchmark/benchmark.h>
#include <binnacle/config.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What does a span cost? The recording thread's time per operation, with the export thread sweeping
// and encoding behind it into a destination that takes everything. Batches of 200 spans are timed
// and then flushed untimed, as real services pause between requests; `flood` does not pause, so
// that the export thread, which is slower than one recording thread, drops what it cannot take
// (dropped_share).

namespace {

using namespace binnacle;

/// Takes batches and forgets them.
class NullExporter final : public sdk::BatchExporter {
 public:
  void start(const sdk::EncodedBatch& batch) override { benchmark::DoNotOptimize(batch.body()); }
  std::optional<sdk::ExportResult> poll() override { return sdk::ExportResult{}; }
  void cancel() noexcept override {}
};

std::vector<sdk::DestinationSetup> to_nowhere(const Config&, sdk::HttpClient&,
                                              const std::string& resource) {
  auto destinations = sdk::one_destination(std::make_unique<sdk::OtlpEncoder>(resource),
                                           std::make_unique<NullExporter>());
  destinations[0].log_encoder = std::make_unique<sdk::OtlpLogEncoder>(resource);
  return destinations;
}

void start(SamplerKind sampler) {
  shutdown(5000);
  Config config;
  config.sampler = sampler;
  config.max_export_batch_spans = 4096;
  sdk::start_sdk(config, to_nowhere);
}

constexpr int kBatch = 200;

/// Times `f` per call, in batches between which what was recorded is exported untimed.
template <typename F>
void measure(benchmark::State& state, F f) {
  while (state.KeepRunningBatch(kBatch)) {
    for (int i = 0; i < kBatch; ++i) f();
    state.PauseTiming();
    force_flush(10'000);
    state.ResumeTiming();
  }
}

void set_five(const Span& span) {
  span.set_attribute("http.method", "GET")
      .set_attribute("http.route", "/api/v1/users/{id}")
      .set_attribute("http.status_code", 200)
      .set_attribute("net.peer.name", "backend-7.example.internal")
      .set_attribute("net.peer.port", 8080);
}

void sampled_0_attributes(benchmark::State& state) {
  measure(state, [] { Span span = start_span("GET /users"); });
}
void sampled_5_attributes_set(benchmark::State& state) {
  measure(state, [] {
    Span span = start_span("GET /users");
    set_five(span);
  });
}
void sampled_5_attributes_at_start(benchmark::State& state) {
  measure(state, [] {
    Span span = start_span("GET /users", {{"http.method", "GET"},
                                          {"http.route", "/api/v1/users/{id}"},
                                          {"http.status_code", 200},
                                          {"net.peer.name", "backend-7.example.internal"},
                                          {"net.peer.port", 8080}});
  });
}
void nested_and_active(benchmark::State& state) {
  ActiveSpan parent("parent");
  measure(state, [] { ActiveSpan span("child"); });
}
void unsampled_root(benchmark::State& state) {
  for (auto _ : state) {
    Span span = start_span("GET /users");
    benchmark::DoNotOptimize(span);
  }
}
void unsampled_root_5_attributes(benchmark::State& state) {
  for (auto _ : state) {
    Span span = start_span("GET /users");
    set_five(span);
    benchmark::DoNotOptimize(span);
  }
}
void unsampled_nested_and_active(benchmark::State& state) {
  ActiveSpan parent("parent");
  for (auto _ : state) {
    ActiveSpan span("child");
    benchmark::DoNotOptimize(span);
  }
}
void off(benchmark::State& state) {
  for (auto _ : state) {
    Span span = start_span("GET /users");
    set_five(span);
    benchmark::DoNotOptimize(span);
  }
}
void event_with_1_attribute(benchmark::State& state) {
  measure(state, [] {
    Span span = start_span("GET /users");
    span.add_event("cache miss", {{"cache.key", "user:17"}});
  });
}

void log_1_attribute(benchmark::State& state) {
  measure(state, [] { emit_log(Severity::kInfo, "cache miss", {{"cache.key", "user:17"}}); });
}
void log_5_attributes_in_a_span(benchmark::State& state) {
  const ActiveSpan span("GET /users");
  measure(state, [] {
    emit_log(Severity::kInfo, "answered",
             {{"http.method", "GET"},
              {"http.route", "/api/v1/users/{id}"},
              {"http.status_code", 200},
              {"net.peer.name", "backend-7.example.internal"},
              {"net.peer.port", 8080}});
  });
}
void log_off(benchmark::State& state) {
  for (auto _ : state) {
    emit_log(Severity::kInfo, "cache miss", {{"cache.key", "user:17"}});
  }
}

void flood_5_attributes(benchmark::State& state) {
  const SdkStats before = sdk_stats();
  for (auto _ : state) {
    Span span = start_span("GET /users");
    set_five(span);
  }
  if (state.thread_index() != 0) return;
  force_flush(10'000);
  const SdkStats after = sdk_stats();
  state.counters["dropped_share"] =
      static_cast<double>(after.dropped_no_memory - before.dropped_no_memory) /
      static_cast<double>(state.iterations() * state.threads());
}

void inject_w3c(benchmark::State& state) {
  const Span span = start_span("client");
  const Context context = span.capture();
  for (auto _ : state) {
    add_trace_context_to_headers(
        [](std::string_view name, std::string_view value) {
          benchmark::DoNotOptimize(name.data());
          benchmark::DoNotOptimize(value.data());
        },
        context);
  }
}
void extract_w3c(benchmark::State& state) {
  for (auto _ : state) {
    const Context context =
        extract_trace_context("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", {}, {});
    benchmark::DoNotOptimize(context);
  }
}

/// A request's headers, ours among them.
void extract_w3c_from_headers(benchmark::State& state) {
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"Host", "example.com"},
      {"User-Agent", "curl/7.88.1"},
      {"Accept", "*/*"},
      {"Content-Type", "application/json"},
      {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
      {"Content-Length", "17"}};
  for (auto _ : state) {
    const Context context = extract_trace_context(headers);
    benchmark::DoNotOptimize(context);
  }
}

/// What the export thread does per span with 5 attributes: harvest, encode, free (no compression,
/// no network): the process's CPU time, since the flushing thread only waits. Recording is not
/// timed.
void harvest_and_encode_5_attributes(benchmark::State& state) {
  constexpr int kSpans = 4096;
  while (state.KeepRunningBatch(kSpans)) {
    state.PauseTiming();
    for (int i = 0; i < kSpans; ++i) {
      Span span = start_span("GET /users");
      set_five(span);
    }
    state.ResumeTiming();
    force_flush(10'000);
  }
}

void start_on(const benchmark::State&) { start(SamplerKind::kAlwaysOn); }
void start_off(const benchmark::State&) { start(SamplerKind::kAlwaysOff); }
void stop(const benchmark::State&) { shutdown(5000); }
/// With an export thread that sweeps only when it is told to.
void start_quiet(const benchmark::State&) {
  shutdown(5000);
  Config config;
  config.schedule_delay_ms = 3'600'000;
  config.max_export_batch_spans = 1'000'000;
  sdk::start_sdk(config, to_nowhere);
}

BENCHMARK(sampled_0_attributes)->Setup(start_on)->Threads(1)->Threads(2);
BENCHMARK(sampled_5_attributes_set)->Setup(start_on)->Threads(1)->Threads(2);
BENCHMARK(sampled_5_attributes_at_start)->Setup(start_on)->Threads(1)->Threads(2);
BENCHMARK(nested_and_active)->Setup(start_on)->Threads(1)->Threads(2);
BENCHMARK(event_with_1_attribute)->Setup(start_on)->Threads(1)->Threads(2);
BENCHMARK(log_1_attribute)->Setup(start_on)->Threads(1)->Threads(2);
BENCHMARK(log_5_attributes_in_a_span)->Setup(start_on)->Threads(1)->Threads(2);
BENCHMARK(log_off)->Setup(stop)->Threads(1);
BENCHMARK(unsampled_root)->Setup(start_off)->Threads(1)->Threads(2);
BENCHMARK(unsampled_root_5_attributes)->Setup(start_off)->Threads(1)->Threads(2);
BENCHMARK(unsampled_nested_and_active)->Setup(start_off)->Threads(1)->Threads(2);
BENCHMARK(off)->Setup(stop)->Threads(1)->Threads(2);
BENCHMARK(flood_5_attributes)->Setup(start_on)->Threads(1)->Threads(2);
BENCHMARK(inject_w3c)->Setup(start_on)->Threads(1);
BENCHMARK(extract_w3c)->Setup(start_on)->Threads(1);
BENCHMARK(extract_w3c_from_headers)->Setup(start_on)->Threads(1);
BENCHMARK(harvest_and_encode_5_attributes)->Setup(start_quiet)->MeasureProcessCPUTime();

}  // namespace

BENCHMARK_MAIN();
