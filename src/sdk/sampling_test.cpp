#include "sdk/json_cursor.h"
#include "sdk/rate_limiter.h"
#include "sdk/recording_for_test.h"
#include "sdk/remote_strategy.h"
#include "sdk/sampling_rules.h"
#include "sdk/start_policy.h"

#include <binnacle/apm.h>
#include <binnacle/extension.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <thread>
#include <vector>

// Who is sampled: rates, rules, parents, probability in tracestate, and Jaeger's strategies.

namespace binnacle::sdk {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// ---- Rate limiting
// -------------------------------------------------------------------------------

TEST(RateLimiterTest, GivesASecondsWorthAtOnceAndThenTheRate) {
  RateLimiter limiter(10);
  RateGrant grant;
  const auto admitted = [&](std::int64_t now_ns, int asked) {
    int count = 0;
    for (int i = 0; i < asked; ++i) count += limiter.admit(grant, now_ns) ? 1 : 0;
    return count;
  };
  EXPECT_EQ(admitted(100 * kSecond, 50), 10);
  EXPECT_EQ(admitted(100 * kSecond + kSecond / 20, 50), 0);
  EXPECT_EQ(admitted(100 * kSecond + kSecond / 10, 50), 1);
  EXPECT_EQ(admitted(101 * kSecond + kSecond / 10, 50), 10);
}

TEST(RateLimiterTest, SlowRatesLetOnePassInTheirTime) {
  RateLimiter limiter(0.5);
  RateGrant grant;
  EXPECT_TRUE(limiter.admit(grant, 100 * kSecond));
  EXPECT_FALSE(limiter.admit(grant, 101 * kSecond));
  EXPECT_TRUE(limiter.admit(grant, 102 * kSecond));
}

TEST(RateLimiterTest, NothingPassesAtZero) {
  for (const double rate : {0.0, -1.0, std::nan("")}) {
    RateLimiter limiter(rate);
    RateGrant grant;
    EXPECT_FALSE(limiter.admit(grant, 100 * kSecond));
    EXPECT_FALSE(limiter.admit(grant, 10'000 * kSecond));
  }
}

TEST(RateLimiterTest, WhatASilentThreadHoldsIsLostAndNotAddedLater) {
  RateLimiter limiter(1000);  // 20 tokens at a time
  RateGrant silent;
  EXPECT_TRUE(limiter.admit(silent, 100 * kSecond));
  EXPECT_EQ(silent.left, 19U);
  // A second later its grant is void; it has to ask like any other.
  RateGrant busy;
  int admitted = 0;
  for (int i = 0; i < 5000; ++i) admitted += limiter.admit(busy, 101 * kSecond) ? 1 : 0;
  EXPECT_EQ(admitted, 1000);
  EXPECT_FALSE(limiter.admit(silent, 101 * kSecond));
}

TEST(RateLimiterTest, ThreadsTogetherKeepToTheRate) {
  RateLimiter limiter(5000);
  std::atomic<int> admitted{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      RateGrant grant;
      int mine = 0;
      for (int n = 0; n < 100'000; ++n) {
        mine += limiter.admit(grant, 100 * kSecond + n * std::int64_t{10'000}) ? 1 : 0;
      }
      admitted += mine;
    });
  }
  for (std::thread& thread : threads) thread.join();
  // One second at 5,000 a second, and a second's worth in stock at its start.
  EXPECT_LE(admitted, 10'000);
  EXPECT_GE(admitted, 9'000);
}

TEST(RateLimitedTest, TracesOfAllThreadsTogether) {
  Config config = Recording::quiet_config();
  config.sampler = SamplerKind::kRateLimited;
  config.traces_per_second = 20;
  Recording recording(config);
  const auto burst = [] {
    for (int i = 0; i < 500; ++i) {
      ActiveSpan root("root");
      ActiveSpan child("child");  // follows its parent
    }
  };
  std::thread other(burst);
  burst();
  other.join();
  const std::vector<ReadSpan> spans = recording.spans();
  EXPECT_GE(spans.size(), 2U * 20);
  EXPECT_LE(spans.size(), 2U * 60);  // more only if this took over two seconds
  EXPECT_EQ(spans.size() % 2, 0U);
}

// ---- Rules
// ---------------------------------------------------------------------------------------

TEST(GlobTest, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches_glob("GET /health*", "GET /healthz"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("a*b*c", "aXXbYYbZc"));
  EXPECT_TRUE(matches_glob("?at", "cat"));
  EXPECT_TRUE(matches_glob("**x**", "x"));
  EXPECT_FALSE(matches_glob("?at", "at"));
  EXPECT_FALSE(matches_glob("", "x"));
  EXPECT_FALSE(matches_glob("GET", "GET "));
  EXPECT_FALSE(matches_glob("a*b", "acbd"));
  // What makes backtracking matchers slow.
  EXPECT_FALSE(matches_glob(std::string("a*a*a*a*a*a*a*b"), std::string(5000, 'a')));
}

std::size_t sampled(Recording& recording) { return recording.spans().size(); }

TEST(SamplingRulesTest, TheFirstThatMatchesDecides) {
  Config config = Recording::quiet_config();
  config.sampler = SamplerKind::kAlwaysOff;
  config.sampling_rules = {
      SamplingRule().with_name("GET /health*").with_ratio(0),
      SamplingRule().with_name("GET *").with_kind(SpanKind::kServer),
      SamplingRule().with_attribute("tenant", "gold"),
      SamplingRule().with_attribute("retries", "3").with_attribute("cached", "true"),
      SamplingRule().with_route("/api/bids/*"),
  };
  Recording recording(config);
  const auto server = SpanOptions().with_kind(SpanKind::kServer);
  start_span("GET /healthz", server).end();
  EXPECT_EQ(sampled(recording), 0U);
  start_span("GET /users", server).end();
  EXPECT_EQ(sampled(recording), 1U);
  start_span("GET /users").end();  // not a server
  EXPECT_EQ(sampled(recording), 0U);
  start_span("x", {{"tenant", "gold"}}).end();
  start_span("x", {{"tenant", "tin"}}).end();
  EXPECT_EQ(sampled(recording), 1U);
  start_span("x", {{"retries", 3}, {"cached", true}}).end();
  start_span("x", {{"retries", 3}}).end();
  EXPECT_EQ(sampled(recording), 1U);
  start_span("x", {{"http.route", "/api/bids/{id}"}}).end();
  start_span("x", {{"url.path", "/api/bids/7"}}).end();
  start_span("x", {{"http.route", "/api/asks"}, {"url.path", "/api/bids/7"}}).end();
  EXPECT_EQ(sampled(recording), 2U);
}

TEST(SamplingRulesTest, ARuleMayHaveARate) {
  Config config = Recording::quiet_config();
  config.sampling_rules = {SamplingRule().with_name("often").with_rate(1)};
  Recording recording(config);
  for (int i = 0; i < 100; ++i) start_span("often").end();
  for (int i = 0; i < 100; ++i) start_span("other").end();
  std::size_t often = 0;
  std::size_t other = 0;
  for (const ReadSpan& span : recording.spans()) ++(span.name == "often" ? often : other);
  EXPECT_GE(often, 1U);
  EXPECT_LE(often, 3U);
  EXPECT_EQ(other, 100U);
}

// ---- Parents
// -------------------------------------------------------------------------------------

SpanContext parent_context(bool is_sampled, bool is_remote) {
  SpanContext context;
  context.trace_id.bytes[0] = 1;
  context.trace_id.bytes[15] = 1;  // not sampled by any ratio below 1
  context.span_id.bytes[0] = 1;
  context.flags = is_sampled ? kTraceFlagSampled : 0;
  context.is_remote = is_remote;
  return context;
}

TEST(ParentBasedTest, EachDelegateHasItsCase) {
  for (int wanted = 0; wanted < 4; ++wanted) {
    Config config = Recording::quiet_config();
    const auto kind = [&](int index) {
      return index == wanted ? SamplerKind::kAlwaysOn : SamplerKind::kAlwaysOff;
    };
    config.sampler = SamplerKind::kAlwaysOff;
    config.parent_samplers = {kind(0), kind(1), kind(2), kind(3)};
    Recording recording(config);
    for (int given = 0; given < 4; ++given) {
      const Context parent(parent_context(given % 2 == 0, given < 2));
      Span span = start_span("child", SpanOptions().with_parent(parent));
      EXPECT_EQ(span.context().is_sampled(), given == wanted);
    }
    EXPECT_EQ(recording.spans().size(), 1U);
  }
}

TEST(ParentBasedTest, ADelegateMayBeARatio) {
  Config config = Recording::quiet_config();
  config.sample_ratio = 0.5;
  config.parent_samplers.remote_sampled = SamplerKind::kTraceIdRatio;
  Recording recording(config);
  const Context parent(parent_context(true, true));
  EXPECT_FALSE(start_span("c", SpanOptions().with_parent(parent)).context().is_sampled());
}

// ---- Consistent probability
// ----------------------------------------------------------------------

TEST(ThresholdTest, TracestateIsRewrittenAsTheSpecificationSays) {
  EXPECT_EQ(with_threshold("", rejection_threshold(0.5)), "ot=th:8");
  EXPECT_EQ(with_threshold("", rejection_threshold(1)), "ot=th:0");
  EXPECT_EQ(with_threshold("", rejection_threshold(0.25)), "ot=th:c");
  EXPECT_EQ(with_threshold("a=1,ot=th:0;rv:0123456789abcd,b=2", rejection_threshold(0.5)),
            "ot=th:8;rv:0123456789abcd,a=1,b=2");
  EXPECT_EQ(with_threshold("a=1,ot=th:0", std::nullopt), "a=1");
  EXPECT_EQ(with_threshold("ot=rv:0123456789abcd;th:8", std::nullopt), "ot=rv:0123456789abcd");
}

TEST(ThresholdTest, RandomnessComesFromTheIdOrFromTracestate) {
  TraceId id;
  id.bytes[8] = 0xFF;  // not among the 56 bits
  id.bytes[15] = 7;
  EXPECT_EQ(randomness_of(id, ""), 7U);
  EXPECT_EQ(randomness_of(id, "x=1,ot=th:1;rv:0123456789abcd"), 0x0123456789abcdU);
  EXPECT_EQ(randomness_of(id, "ot=rv:12"), 7U);  // too short to be one
  EXPECT_EQ(randomness_of(id, "ot=rv:0123456789abcg"), 7U);
}

TEST(ThresholdTest, ANewTraceSaysHowLikelyItWas) {
  Config config = Recording::quiet_config();
  config.sampler = SamplerKind::kTraceIdRatio;
  config.sample_ratio = 0.5;
  config.writes_sampling_threshold = true;
  Recording recording(config);
  for (int i = 0; i < 200; ++i) {
    ActiveSpan root("root");
    if (root.context().is_sampled()) start_span("child").end();
  }
  const std::vector<ReadSpan> spans = recording.spans();
  EXPECT_GT(spans.size(), 100U);
  for (const ReadSpan& span : spans) EXPECT_EQ(span.trace_state, "ot=th:8");
}

TEST(ThresholdTest, AParentsDecisionKeepsWhatItSays) {
  Config config = Recording::quiet_config();
  config.writes_sampling_threshold = true;
  Recording recording(config);
  const Context parent = extract_trace_context(
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1,ot=th:c", {});
  start_span("child", SpanOptions().with_parent(parent)).end();
  EXPECT_EQ(recording.span().trace_state, "a=1,ot=th:c");
}

// ---- Jaeger's strategies
// -------------------------------------------------------------------------

std::shared_ptr<RemoteStrategy> parsed(std::string_view json) {
  std::string error;
  auto strategy = RemoteStrategy::parse(json, error);
  EXPECT_NE(strategy, nullptr) << error;
  return strategy;
}

constexpr std::uint64_t kHalf = std::uint64_t{1} << 55U;

TEST(RemoteStrategyTest, Probabilistic) {
  const auto strategy =
      parsed(R"({"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}})");
  RateGrants grants{};
  EXPECT_TRUE(strategy->decide("any", kHalf, grants, kSecond).is_sampled);
  EXPECT_FALSE(strategy->decide("any", kHalf - 1, grants, kSecond).is_sampled);
}

TEST(RemoteStrategyTest, RateLimiting) {
  const auto strategy = parsed(
      R"({"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":2},
          "probabilisticSampling":null})");
  RateGrants grants{};
  int count = 0;
  for (int i = 0; i < 10; ++i) {
    count += strategy->decide("any", 0, grants, 100 * kSecond).is_sampled ? 1 : 0;
  }
  EXPECT_EQ(count, 2);
}

TEST(RemoteStrategyTest, PerOperationWithAPromise) {
  const auto strategy = parsed(R"({"operationSampling":{
      "defaultSamplingProbability":0, "defaultLowerBoundTracesPerSecond":1,
      "perOperationStrategies":[
        {"operation":"GET \u002Fa","probabilisticSampling":{"samplingRate":1}},
        {"operation":"half","probabilisticSampling":{"samplingRate":0.5},"more":[{"x":[]}]}]},
      "strategyType":0})");
  RateGrants grants{};
  EXPECT_TRUE(strategy->decide("GET /a", 0, grants, 100 * kSecond).is_sampled);
  EXPECT_TRUE(strategy->decide("GET /a", 0, grants, 100 * kSecond).is_by_probability);
  EXPECT_TRUE(strategy->decide("half", kHalf, grants, 100 * kSecond).is_sampled);
  // At least one a second, however small the probability.
  EXPECT_TRUE(strategy->decide("other", 0, grants, 100 * kSecond).is_sampled);
  EXPECT_FALSE(strategy->decide("other", 0, grants, 100 * kSecond).is_sampled);
  EXPECT_TRUE(strategy->decide("other", 0, grants, 101 * kSecond).is_sampled);
}

TEST(RemoteStrategyTest, WhatIsNoStrategyIsRefused) {
  for (const char* json :
       {"", "{}", "[]", "null", "{\"probabilisticSampling\":{}}", "{\"probabilisticSampling\":3}",
        "{\"probabilisticSampling\":{\"samplingRate\":\"much\"}}",
        "{\"probabilisticSampling\":{\"samplingRate\":0.5}", "<html>", "{\"a\":\"\\ud800\"}",
        "{\"probabilisticSampling\":{\"samplingRate\":0.5}} x"}) {
    std::string error;
    EXPECT_EQ(RemoteStrategy::parse(json, error), nullptr) << json;
    EXPECT_FALSE(error.empty());
  }
  std::string error;
  EXPECT_EQ(RemoteStrategy::parse(std::string(100'000, '['), error), nullptr);
}

TEST(RemoteStrategyTest, RatiosAreBroughtIntoRange) {
  const auto strategy = parsed(R"({"probabilisticSampling":{"samplingRate":17}})");
  RateGrants grants{};
  EXPECT_TRUE(strategy->decide("any", 0, grants, kSecond).is_sampled);
}

}  // namespace
}  // namespace binnacle::sdk
