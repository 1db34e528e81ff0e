#include "sdk/lifecycle.h"
#include "sdk/otlp_encoder.h"

#include <benchmark/benchmark.h>
#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/coroutine.h>
#include <binnacle/scopes.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

// What does a scope cost, over the span that is inside it: names put together, URLs taken apart,
// attributes, instruments? CPU time of the recording thread, the exporter taking everything.
// Content is off, as by default. Beside them the decorators, over an empty call.

namespace {

using namespace binnacle;

class NullExporter final : public sdk::BatchExporter {
 public:
  void start(const sdk::EncodedBatch& batch) override { benchmark::DoNotOptimize(batch.body()); }
  std::optional<sdk::ExportResult> poll() override { return sdk::ExportResult{}; }
  void cancel() noexcept override {}
};

std::vector<sdk::DestinationSetup> to_nowhere(const Config&, sdk::HttpClient&,
                                              const std::string& resource) {
  return sdk::one_destination(std::make_unique<sdk::OtlpEncoder>(resource),
                              std::make_unique<NullExporter>());
}

void start(SamplerKind sampler) {
  shutdown(5000);
  Config config;
  config.sampler = sampler;
  config.max_export_batch_spans = 4096;
  sdk::start_sdk(config, to_nowhere);
}
void start_on(const benchmark::State&) { start(SamplerKind::kAlwaysOn); }
void start_unsampled(const benchmark::State&) { start(SamplerKind::kAlwaysOff); }
void stop(const benchmark::State&) { shutdown(5000); }

/// Times `f` per call, in batches between which what was recorded is exported untimed.
template <typename F>
void measure(benchmark::State& state, F f) {
  constexpr int kBatch = 200;
  while (state.KeepRunningBatch(kBatch)) {
    for (int i = 0; i < kBatch; ++i) f();
    state.PauseTiming();
    force_flush(10'000);
    state.ResumeTiming();
  }
}

void bare_active_span(benchmark::State& state) {
  measure(state, [] { const ActiveSpan span("task price_arbitrage"); });
}
void task(benchmark::State& state) {
  measure(state, [] { const auto scope = trace_task_execution("task-17", "price_arbitrage"); });
}
void llm(benchmark::State& state) {
  measure(state, [] {
    auto scope = trace_llm_call("gpt-4o", "https://api.openai.com/v1/chat/completions");
    scope.max_tokens(400).usage({.input = 900, .output = 100});
  });
}
void marketplace(benchmark::State& state) {
  measure(state, [] {
    auto scope = trace_marketplace_scan("https://market.example/lamps?page=2");
    scope.items_found(40).http_status(200);
  });
}
void payment(benchmark::State& state) {
  measure(state, [] {
    auto scope = trace_payment_processing("pay-17", Money(4200, "EUR"));
    scope.provider("stripe").signature(SignatureResult::kValid);
  });
}
void rag(benchmark::State& state) {
  measure(state, [] {
    auto scope = trace_rag_query("what are the fees?", 3);
    scope.collection("rules").document("fees", 0.5).document("shipping", 0.25);
  });
}
void arena(benchmark::State& state) {
  measure(state, [] {
    auto scope = trace_arena_competition("match-17");
    scope.arena("bidding").contestant("bold", 1.0).contestant("careful", 2.0);
  });
}
void http_server(benchmark::State& state) {
  measure(state, [] { trace_http_server("GET", "/offers/{id}").status_code(200); });
}
void http_client(benchmark::State& state) {
  measure(state, [] {
    trace_http_client("GET", "https://market.example:8443/offers/17").status_code(200);
  });
}
void traced_call(benchmark::State& state) {
  auto call = traced("call", [](int n) noexcept { return n + 1; });
  measure(state, [&] { benchmark::DoNotOptimize(call(1)); });
}
void bound_call(benchmark::State& state) {
  const ActiveSpan span("outer");
  auto call = bind_context([](int n) noexcept { return n + 1; });
  for (auto _ : state) benchmark::DoNotOptimize(call(1));
}
/// One suspension and resumption of a coroutine with one open scope.
void coroutine_switch(benchmark::State& state) {
  struct Gate {
    std::coroutine_handle<>& waiting;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const noexcept { waiting = coroutine; }
    void await_resume() const noexcept {}
  };
  std::coroutine_handle<> waiting;
  bool is_over = false;
  const auto loop = [](std::coroutine_handle<>& gate, const bool& over) -> TracedTask<> {
    const ActiveSpan span("loop");
    while (!over) co_await Gate{gate};
  };
  loop(waiting, is_over).start([] {});
  for (auto _ : state) waiting.resume();
  is_over = true;
  waiting.resume();
}

BENCHMARK(bare_active_span)->Setup(start_on);
BENCHMARK(task)->Setup(start_on);
BENCHMARK(llm)->Setup(start_on);
BENCHMARK(marketplace)->Setup(start_on);
BENCHMARK(payment)->Setup(start_on);
BENCHMARK(rag)->Setup(start_on);
BENCHMARK(arena)->Setup(start_on);
BENCHMARK(http_server)->Setup(start_on);
BENCHMARK(http_client)->Setup(start_on);
BENCHMARK(traced_call)->Setup(start_on);
BENCHMARK(bound_call)->Setup(start_on);
BENCHMARK(coroutine_switch)->Setup(start_on);
BENCHMARK(task)->Name("task_unsampled")->Setup(start_unsampled);
BENCHMARK(http_server)->Name("http_server_unsampled")->Setup(start_unsampled);
BENCHMARK(http_server)->Name("http_server_off")->Setup(stop);

}  // namespace

BENCHMARK_MAIN();
