#include "sdk/otlp_log_encoder.h"
#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/coroutine.h>
#include <binnacle/instruments.h>
#include <binnacle/scopes.h>
#include <gtest/gtest.h>

#include <dlfcn.h>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// Recording allocates nothing once a thread is warm. Every allocation of the process goes through
// the counters below; under a sanitizer through its own hooks.

namespace {

thread_local std::size_t g_allocations = 0;  // of the calling thread

}  // namespace

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BINNACLE_HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BINNACLE_HAS_SANITIZER 1
#endif
#endif

#if defined(BINNACLE_HAS_SANITIZER)

extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*)(const volatile void*,
                                                                  std::size_t),
                                                         void (*)(const volatile void*));
namespace {
const int g_hooks = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++g_allocations; }, [](const volatile void*) {});
}  // namespace

#else

extern "C" void* __libc_malloc(std::size_t);
extern "C" void* __libc_calloc(std::size_t, std::size_t);
extern "C" void* __libc_realloc(void*, std::size_t);
extern "C" void* malloc(std::size_t size) {
  ++g_allocations;
  return __libc_malloc(size);
}
extern "C" void* calloc(std::size_t count, std::size_t size) {
  ++g_allocations;
  return __libc_calloc(count, size);
}
extern "C" void* realloc(void* old, std::size_t size) {
  ++g_allocations;
  return __libc_realloc(old, size);
}

#endif

namespace binnacle::sdk {
namespace {

/// Allocations that `f` makes on this thread when it has run before.
template <typename F>
std::size_t allocations_of(F f) {
  f();
  force_flush(5000);
  f();
  const std::size_t before = g_allocations;
  f();
  return g_allocations - before;
}

TEST(AllocationTest, CountersCount) {
  const std::size_t before = g_allocations;
  void* volatile memory = std::malloc(100);
  std::free(memory);
  EXPECT_GT(g_allocations, before);
}

TEST(AllocationTest, RecordingAllocatesNothing) {
  Recording recording;
  const std::string medium(1000, 'm');
  const std::string longest(3900, 'l');
  const auto record = [&] {
    for (int i = 0; i < 200; ++i) {
      ActiveSpan outer = start_active_span(
          "outer", SpanOptions().with_kind(SpanKind::kServer).with_attributes({{"a", 1}}));
      outer.set_attribute("text", "value").set_attribute("n", 1).set_attribute("d", 0.5);
      outer.set_attributes({{"x", true}, {"y", "z"}}).add_event("e", {{"k", "v"}});
      ActiveSpan inner = start_active_span("inner");
      inner.set_attribute("medium", medium).set_attribute("longest", longest);
      inner.add_link(outer.context()).set_error("why").update_name("other");
      current_span().set_attribute("through", "reference");
      const Context here = current_context();
      Span child = start_span("child", SpanOptions().with_parent(here));
    }
  };
  EXPECT_EQ(allocations_of(record), 0U);
}

TEST(AllocationTest, AmendingAllocatesNothing) {
  Recording recording;
  std::vector<Span> spans(300);
  const auto amend = [&] {
    std::thread([&] {
      for (Span& span : spans) span = start_span("theirs");
    }).join();
    const std::size_t before = g_allocations;
    for (Span& span : spans) {
      span.set_attribute("text", "value").add_event("e");
      span.end();
    }
    return g_allocations - before;
  };
  amend();
  force_flush(5000);
  EXPECT_EQ(amend(), 0U);
}

TEST(AllocationTest, LogRecordsAllocateNothing) {
  const auto to_nowhere = [](const Config&, HttpClient&, const std::string& resource) {
    auto destinations =
        one_destination(std::make_unique<OtlpEncoder>(resource),
                        std::make_unique<MemoryExporter>(std::make_shared<RecordedBodies>()));
    destinations[0].log_encoder = std::make_unique<OtlpLogEncoder>(resource);
    return destinations;
  };
  ASSERT_TRUE(start_sdk(Recording::quiet_config(), to_nowhere));
  const std::string medium(1000, 'm');
  EXPECT_EQ(allocations_of([&] {
              const ActiveSpan span("work");
              for (int i = 0; i < 200; ++i) {
                emit_log(Severity::kInfo, "text", {{"k", "v"}, {"n", i}},
                         LogOptions().with_logger_name("db"));
                emit_log(Severity::kWarn, medium);
              }
            }),
            0U);
  shutdown(5000);
}

TEST(AllocationTest, UnsampledSpansAllocateNothing) {
  Config config = Recording::quiet_config();
  config.sampler = SamplerKind::kAlwaysOff;
  Recording recording(config);
  EXPECT_EQ(allocations_of([] {
              ActiveSpan span = start_active_span("unsampled");
              span.set_attribute("k", "v").add_event("e");
            }),
            0U);
}

TEST(AllocationTest, SamplersAllocateNothing) {
  Config config = Recording::quiet_config();
  config.sampler = SamplerKind::kRateLimited;
  config.sampling_rules = {SamplingRule().with_name("never*").with_attribute("k", "17"),
                           SamplingRule().with_route("/api/*").with_rate(1000)};
  config.parent_samplers.local_not_sampled = SamplerKind::kTraceIdRatio;
  config.keep_errors.is_enabled = true;
  Recording recording(config);
  EXPECT_EQ(allocations_of([] {
              for (int i = 0; i < 200; ++i) {
                ActiveSpan span = start_active_span("request", {{"http.route", "/api/users"}});
                ActiveSpan child("child");
                child.set_attribute("k", i).set_error("why");
                ActiveSpan other = start_active_span("other", SpanOptions().with_root());
              }
            }),
            0U);
}

TEST(AllocationTest, PropagationWithoutTracestateAllocatesNothing) {
  Recording recording;
  EXPECT_EQ(allocations_of([] {
              ActiveSpan span = start_active_span("client");
              char traceparent[kTraceparentLength];
              add_trace_context_to_headers([&](std::string_view, std::string_view value) {
                value.copy(traceparent, sizeof traceparent);
              });
              const Context context =
                  extract_trace_context(std::string_view(traceparent, sizeof traceparent), {}, {});
              EXPECT_TRUE(context.is_valid());
            }),
            0U);
}

void use_every_scope() {
  auto task = trace_task_execution("task-1", "price_check");
  task.agent("scout").conversation("c").retry("429").queue_time_ms(3);
  {
    auto llm = trace_llm_call("gpt-4o", "https://api.openai.com/v1/chat/completions");
    llm.temperature(0.5).max_tokens(10).stop_sequences({"x"}).system_instructions("be brief");
    llm.input("user", "what does it cost?").token().token();
    llm.tool_call("id", "find", "{}").output("assistant", "42 euros", "stop");
    llm.usage({.input = 5, .output = 4, .cache_read = 3}).cost(Money(1, "USD")).http_status(200);
  }
  trace_tool_execution("find", "id").arguments("{}").result("42");
  trace_marketplace_scan("https://u:p@market.example:8443/lamps?k=v")
      .items_found(2)
      .http_status(429);
  trace_bid_placement("market.example", Money(4200, "EUR")).bid_id("b").accepted(false);
  trace_payment_processing("p", Money(4200, "EUR"))
      .provider("stripe")
      .webhook_sent_at(1)
      .signature(SignatureResult::kInvalid);
  trace_rag_query("fees", 3).collection("rules").document("d", 0.5, "text").candidates(7);
  trace_arena_competition("m").arena("a").contestant("x", 1).contestant("y", 2).verdict("y", "why");
  trace_http_client("GET", "https://market.example/x?k=v").url_template("/x").status_code(200);
  trace_http_server("POST", "/offers/{id}").path("/offers/17").status_code(500);
}

TEST(AllocationTest, ScopesWithoutContentAllocateNothing) {
  Recording recording;
  EXPECT_EQ(allocations_of(use_every_scope), 0U);
}

TEST(AllocationTest, UnsampledScopesAllocateNothing) {
  Config config = Recording::quiet_config();
  config.sampler = SamplerKind::kAlwaysOff;
  Recording recording(config);
  EXPECT_EQ(allocations_of(use_every_scope), 0U);
}

/// Suspends until the test resumes it.
struct Gate {
  std::coroutine_handle<>& waiting;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) const noexcept { waiting = coroutine; }
  void await_resume() const noexcept {}
};

TracedTask<> loop(std::coroutine_handle<>& waiting, const bool& is_over) {
  while (!is_over) {
    const ActiveSpan span("round");
    co_await Gate{waiting};
  }
}

TEST(AllocationTest, DecoratorsAndSuspensionsAllocateNothing) {
  Recording recording;
  auto call = traced("call", [](int n) { return n + 1; });
  std::coroutine_handle<> waiting;
  bool is_over = false;
  loop(waiting, is_over).start([] {});
  EXPECT_EQ(allocations_of([&] {
              BINNACLE_TRACE_FUNCTION("function");
              auto bound = bind_context([](int n) { return n * 2; });
              EXPECT_EQ(bound(call(1)), 4);
              waiting.resume();
            }),
            0U);
  is_over = true;
  waiting.resume();
}

TEST(AllocationTest, MeasuringAllocatesNothing) {
  Recording recording;
  const Counter counter = create_counter("allocation.counter");
  const BoundCounter bound = counter.bind({{"k", "v"}});
  const Histogram histogram = create_histogram("allocation.histogram");
  const Histogram exponential =
      create_histogram("allocation.exponential", InstrumentOptions().with_exponential_buckets());
  const Gauge gauge = create_gauge("allocation.gauge");
  const auto measure = [&] {
    ActiveSpan span("measured");  // sampled: exemplars are taken
    for (int i = 0; i < 1000; ++i) {
      bound.add(1);
      counter.add(1, {{"a", i % 10}, {"b", "text"}, {"c", true}});
      counter.add(1, {{"b", "text"}, {"a", i % 10}, {"c", true}});
      histogram.record(i, {{"a", i % 10}});
      exponential.record(i * 1000.0);
      gauge.set(i, {{"a", i % 10}});
      instruments().record_http_request("GET", "/", 200, i);
    }
  };
  EXPECT_EQ(allocations_of(measure), 0U);
}

}  // namespace
}  // namespace binnacle::sdk
