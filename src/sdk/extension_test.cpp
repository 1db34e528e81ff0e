#include "sdk/http_server_for_test.h"
#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/extension.h>
#include <binnacle/testing.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// The user's own code inside the SDK, keep-errors, and Jaeger's remote sampling end to end.

namespace binnacle::sdk {
namespace {

using InMemory = v1::testing::InMemoryExporter;

/// The SDK with a user's exporter and nothing else.
class InMemoryRun {
 public:
  explicit InMemoryRun(Config config = Recording::quiet_config()) {
    config.exporters.clear();
    config.span_exporters.push_back(exported);
    is_started = init_observability(config);
  }
  InMemoryRun(const InMemoryRun&) = delete;
  InMemoryRun& operator=(const InMemoryRun&) = delete;
  ~InMemoryRun() { shutdown(5000); }

  std::shared_ptr<InMemory> exported = std::make_shared<InMemory>();
  bool is_started = false;
};

TEST(InMemoryExporterTest, ShowsAllOfASpan) {
  InMemoryRun run;
  ASSERT_TRUE(run.is_started);
  SpanContext linked;
  {
    ActiveSpan parent("parent");
    linked = parent.context();
    Span span = start_span("child", SpanOptions().with_kind(SpanKind::kClient));
    const std::vector<std::string> texts = {"a", "", "c"};
    const std::vector<std::int64_t> numbers = {1, -2};
    span.set_attribute("text", "value").set_attribute("int", 42).set_attribute("real", 0.5);
    span.set_attribute("flag", true).set_attribute("texts", texts).set_attribute("ints", numbers);
    span.set_attribute(std::string("run-time key"), std::string(300, 'x'));
    span.add_event("cache miss", {{"key", "user:17"}}).add_link(linked, {{"why", "retry"}});
    span.set_error("it broke");
  }
  ASSERT_TRUE(force_flush(5000));
  ASSERT_EQ(run.exported->size(), 2U);
  const auto span = run.exported->find("child");
  ASSERT_TRUE(span);
  EXPECT_EQ(span->kind, SpanKind::kClient);
  EXPECT_EQ(span->context.trace_id, linked.trace_id);
  EXPECT_EQ(span->parent_span_id, linked.span_id);
  EXPECT_TRUE(span->context.is_sampled());
  EXPECT_LE(span->start_unix_ns, span->end_unix_ns);
  EXPECT_EQ(span->status, StatusCode::kError);
  EXPECT_EQ(span->status_message, "it broke");
  EXPECT_EQ(span->text("text"), "value");
  EXPECT_EQ(span->integer("int"), 42);
  EXPECT_EQ(span->real("real"), 0.5);
  EXPECT_EQ(span->boolean("flag"), true);
  EXPECT_EQ(span->text("run-time key"), std::string(300, 'x'));
  EXPECT_FALSE(span->text("int"));
  EXPECT_FALSE(span->text("absent"));
  ASSERT_NE(span->attribute("texts"), nullptr);
  EXPECT_EQ(*span->attribute("texts"), AttributeData(std::vector<std::string>{"a", "", "c"}));
  EXPECT_EQ(*span->attribute("ints"), AttributeData(std::vector<std::int64_t>{1, -2}));
  ASSERT_NE(span->event("cache miss"), nullptr);
  EXPECT_EQ(span->event("cache miss")->attributes.at(0).value,
            AttributeData(std::string("user:17")));
  ASSERT_EQ(span->links.size(), 1U);
  EXPECT_EQ(span->links[0].context.span_id, linked.span_id);
  EXPECT_EQ(run.exported->spans("parent").size(), 1U);
  bool has_name = false;
  for (const Attribute& attribute : run.exported->resource()) {
    has_name = has_name || attribute.key == "service.name";
  }
  EXPECT_TRUE(has_name);
  EXPECT_TRUE(shutdown(5000));
  EXPECT_TRUE(run.exported->is_shut_down());
}

/// Keeps replies, to answer from elsewhere and later.
struct LateExporter final : SpanExporter {
  void export_spans(const SpanBatch& spans, ExportReply reply) override {
    batches.push_back(spans);
    if (calls++ == 0) return reply.retry("not yet");
    std::thread([reply] { reply.succeed(); }).detach();
  }
  std::vector<SpanBatch> batches;
  std::atomic<int> calls{0};
};

TEST(SpanExporterTest, MayAnswerLateFromAnotherThreadAndAskForARetry) {
  auto exporter = std::make_shared<LateExporter>();
  Config config = Recording::quiet_config();
  config.exporters.clear();
  config.span_exporters = {exporter};
  ASSERT_TRUE(init_observability(config));
  start_span("s").end();
  EXPECT_TRUE(force_flush(20'000));
  EXPECT_EQ(exporter->calls, 2);
  shutdown(5000);
  // A batch is good for as long as somebody has it.
  ASSERT_EQ(exporter->batches.size(), 2U);
  EXPECT_EQ(exporter->batches[1][0].name(), "s");
}

struct FaultyExporter final : SpanExporter {
  void export_spans(const SpanBatch& spans, ExportReply reply) override {
    if (spans[0].name() == "throws") throw std::runtime_error("no");  // tidy: allow(throw) users do
    if (spans[0].name() == "fails") reply.fail("refused");
    // else: says nothing, which is known once the last copy of the reply is gone
  }
};

TEST(SpanExporterTest, FailuresAreLossesAndNeverTheHosts) {
  const SdkStats before = sdk_stats();
  Config config = Recording::quiet_config();
  config.exporters.clear();
  config.span_exporters = {std::make_shared<FaultyExporter>()};
  ASSERT_TRUE(init_observability(config));
  for (const char* name : {"throws", "fails", "is silent"}) {
    start_span(name).end();
    EXPECT_FALSE(force_flush(5000)) << name;
  }
  shutdown(5000);
  EXPECT_EQ(sdk_stats().dropped_export_failed - before.dropped_export_failed, 3U);
  EXPECT_EQ(sdk_stats().extension_errors - before.extension_errors, 1U);
}

/// Samples by name, adds an attribute and a tracestate.
struct ByName final : Sampler {
  SamplingResult should_sample(const SamplingParameters& parameters) override {
    if (parameters.name == "throws") throw 7;  // tidy: allow(throw) users do
    if (parameters.name == "record only") return {SamplingDecision::kRecordOnly, {}, {}};
    if (parameters.name != "keep") return {};
    return {SamplingDecision::kRecordAndSample,
            {{"sampler.rule", std::string("by name")}, {"n", std::vector<bool>{true, false}}},
            "vendor=1"};
  }
};

struct Watcher final : SpanProcessor {
  bool wants_start() const override { return true; }
  void on_start(const SpanRef& span, const Context& parent) override {
    span.set_attribute("started by", "processor");
    if (!parent.is_valid()) ++roots;
  }
  void on_end(const ReadableSpan& span) override {
    ended.emplace_back(span.name());
    if (span.name() == "keep")
      throw std::runtime_error("processors may throw");  // tidy: allow(throw) users do
  }
  void on_shutdown() override { ++shutdowns; }
  std::atomic<int> roots{0};
  std::vector<std::string> ended;  // export thread; read after a flush
  int shutdowns = 0;
};

TEST(SamplerTest, TheUsersDecides) {
  auto watcher = std::make_shared<Watcher>();
  Config config = Recording::quiet_config();
  config.user_sampler = std::make_shared<ByName>();
  config.span_processors = {watcher, nullptr};
  InMemoryRun run(config);
  {
    ActiveSpan kept("keep");
    EXPECT_TRUE(kept.context().is_sampled());
    ActiveSpan dropped("drop");  // the parent does not count
    EXPECT_FALSE(dropped.is_recording());
    EXPECT_EQ(dropped.context().trace_id, kept.context().trace_id);
    ActiveSpan recorded("record only");
    EXPECT_TRUE(recorded.is_recording());
    EXPECT_FALSE(recorded.context().is_sampled());
    EXPECT_FALSE(start_active_span("throws").is_recording());
  }
  ASSERT_TRUE(force_flush(5000));
  ASSERT_EQ(run.exported->size(), 1U);
  const auto span = run.exported->find("keep");
  ASSERT_TRUE(span);
  EXPECT_EQ(span->text("sampler.rule"), "by name");
  EXPECT_EQ(*span->attribute("n"), AttributeData(std::vector<bool>{true, false}));
  EXPECT_EQ(span->text("started by"), "processor");
  EXPECT_EQ(span->trace_state, "vendor=1");
  EXPECT_EQ(watcher->roots, 1);
  EXPECT_EQ(watcher->ended.size(), 2U);  // what was recorded, exported or not
  shutdown(5000);
  EXPECT_EQ(watcher->shutdowns, 1);
}

struct Countdown final : IdGenerator {
  TraceId make_trace_id() override {
    TraceId id;
    id.bytes[15] = 0x77;
    return id;
  }
  SpanId make_span_id() override {
    SpanId id;
    if (next != 0) id.bytes[7] = next--;
    return id;  // invalid in the end: the SDK's own is used
  }
  std::uint8_t next = 2;
};

TEST(IdGeneratorTest, TheUsersIdsAreUsedWhileTheyAreValid) {
  Config config = Recording::quiet_config();
  config.id_generator = std::make_shared<Countdown>();
  InMemoryRun run(config);
  {
    ActiveSpan root("root");
    EXPECT_EQ(root.context().trace_id.bytes[15], 0x77);
    EXPECT_EQ(root.context().span_id.bytes[7], 2);
    EXPECT_EQ(root.context().flags & kTraceFlagRandom, 0);
    ActiveSpan child("child");
    EXPECT_EQ(child.context().trace_id, root.context().trace_id);
    EXPECT_EQ(child.context().span_id.bytes[7], 1);
    ActiveSpan last("last");
    EXPECT_TRUE(last.context().is_valid());
  }
  force_flush(5000);
  EXPECT_EQ(run.exported->size(), 3U);
}

// ---- keep-errors
// ---------------------------------------------------------------------------------

Config keeping_errors() {
  Config config = Recording::quiet_config();
  config.sampler = SamplerKind::kAlwaysOff;
  config.keep_errors.is_enabled = true;
  return config;
}

void request(bool fails, const char* name = "request") {
  ActiveSpan root(name);
  EXPECT_TRUE(root.is_recording());
  EXPECT_FALSE(root.context().is_sampled());
  ActiveSpan child("step");
  child.set_attribute("k", "v");
  if (fails) child.set_error("broken");
}

TEST(KeepErrorsTest, AFailedTraceIsExportedWholeAndOthersNotAtAll) {
  const SdkStats before = sdk_stats();
  InMemoryRun run(keeping_errors());
  for (int i = 0; i < 10; ++i) request(false);
  request(true);
  ASSERT_TRUE(force_flush(5000));
  ASSERT_EQ(run.exported->size(), 2U);
  const auto step = run.exported->find("step");
  const auto root = run.exported->find("request");
  ASSERT_TRUE(step && root);
  EXPECT_EQ(step->parent_span_id, root->context.span_id);
  EXPECT_FALSE(root->context.is_sampled());
  EXPECT_EQ(sdk_stats().kept_for_errors - before.kept_for_errors, 2U);
  EXPECT_EQ(sdk_stats().dropped_no_error - before.dropped_no_error, 20U);
}

TEST(KeepErrorsTest, AnExceptionIsAnErrorToo) {
  InMemoryRun run(keeping_errors());
  {
    ActiveSpan root("root");
    root.record_exception(std::runtime_error("caught"));
  }
  force_flush(5000);
  EXPECT_EQ(run.exported->size(), 1U);
}

TEST(KeepErrorsTest, NothingIsDecidedBeforeTheLocalRootEnds) {
  InMemoryRun run(keeping_errors());
  const Context remote =
      extract_trace_context("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", {}, {});
  Span root = start_span("server", SpanOptions().with_parent(remote));
  {
    const Scope scope = root.activate();
    request(true, "inner");  // not a local root: it has a parent here
  }
  force_flush(5000);
  EXPECT_EQ(run.exported->size(), 0U);
  root.end();
  force_flush(5000);
  EXPECT_EQ(run.exported->size(), 3U);
}

TEST(KeepErrorsTest, WhatEndsLaterFollowsTheDecision) {
  InMemoryRun run(keeping_errors());
  Span kept_late;
  Span dropped_late;
  Span failed_late;
  {
    ActiveSpan root("failed");
    root.set_error();
    kept_late = start_span("late, kept");
  }
  {
    ActiveSpan root("fine");
    dropped_late = start_span("late, dropped");
    failed_late = start_span("late, failed");
  }
  force_flush(5000);
  failed_late.set_error();
  for (Span* span : {&kept_late, &dropped_late, &failed_late}) span->end();
  force_flush(5000);
  EXPECT_EQ(run.exported->size(), 3U);
  EXPECT_TRUE(run.exported->find("late, kept"));
  EXPECT_TRUE(run.exported->find("late, failed"));
  EXPECT_FALSE(run.exported->find("late, dropped"));
}

TEST(KeepErrorsTest, SampledTracesPassAtOnceAndRoomIsBounded) {
  const SdkStats before = sdk_stats();
  Config config = keeping_errors();
  config.keep_errors.limit_bytes = 64 << 10;
  config.sampling_rules = {SamplingRule().with_name("sampled")};
  InMemoryRun run(config);
  std::vector<Span> open;
  for (int i = 0; i < 500; ++i) {
    open.push_back(start_span("root"));
    const Scope scope = open.back().activate();
    start_span("step", {{"k", std::string(200, 'x')}}).end();
  }
  start_span("sampled").end();
  force_flush(5000);
  EXPECT_EQ(run.exported->size(), 1U);
  const SdkStats after = sdk_stats();
  EXPECT_GT(after.dropped_undecided - before.dropped_undecided, 200U);
  EXPECT_LE(after.memory_bytes, std::uint64_t{16} << 20U);
}

// ---- Jaeger's remote sampling
// --------------------------------------------------------------------

template <typename F>
bool eventually(F condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(RemoteSamplingTest, TheServersStrategyReplacesTheInitialOneAndSurvivesIt) {
  const SdkStats before = sdk_stats();
  HttpServerForTest server([](int number) {
    if (number > 0) return Answer{.status = 503};
    return Answer{.body = R"({"strategyType":"PROBABILISTIC",
                              "probabilisticSampling":{"samplingRate":1}})"};
  });
  Config config = Recording::quiet_config();
  config.service_name = "a service/ü";
  config.sampler = SamplerKind::kJaegerRemote;
  config.remote_sampler = {server.url(), 100, 0.0};
  InMemoryRun run(config);
  EXPECT_TRUE(eventually([] { return start_span("probe").context().is_sampled(); }));
  // The second poll fails, and the strategy holds.
  EXPECT_TRUE(
      eventually([&] { return sdk_stats().sampling_polls_failed > before.sampling_polls_failed; }));
  EXPECT_TRUE(start_span("probe").context().is_sampled());
}

}  // namespace
}  // namespace binnacle::sdk
