#include "sdk/all_scopes_for_test.h"
#include "sdk/metrics/instruments_page_for_test.h"
#include "sdk/metrics/metrics_for_test.h"
#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/scopes.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

// The instruments that scopes record when they end: which, how often, and under which labels (the
// names and labels are a contract: the design's table of instruments).

namespace binnacle::sdk {
namespace {

/// "a=1,b=2" whatever the order was.
std::string sorted(const std::string& labels) {
  std::vector<std::string> parts;
  std::istringstream in(labels);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  std::sort(parts.begin(), parts.end());
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
  return text;
}

std::set<std::string> series(CollectedMetrics& metrics, const std::string& name) {
  std::set<std::string> labels;
  for (const auto& [key, point] : metrics[name]) labels.insert(sorted(key));
  return labels;
}

using Labels = std::set<std::string>;

TEST(ScopeMetricsTest, ATaskCountsItsCompletionAndItsError) {
  Recording recording;
  MetricsRun run;
  trace_task_execution("t-1", "check").agent("a");
  trace_task_execution("t-2", "check").fail("closed");
  auto metrics = run.collect();
  EXPECT_EQ(series(metrics, "task.execution.time"),
            (Labels{"status=error,task_type=check", "status=ok,task_type=check"}));
  EXPECT_EQ(series(metrics, "task.completion.total"),
            (Labels{"status=error,task_type=check", "status=ok,task_type=check"}));
  EXPECT_EQ(series(metrics, "task.error.total"), (Labels{"error_type=closed,task_type=check"}));
}

TEST(ScopeMetricsTest, AnLlmCallCountsTokensByType) {
  Recording recording;
  MetricsRun run;
  trace_llm_call("gpt-4o", "https://api.openai.com/v1/chat/completions")
      .usage({.input = 900, .output = 100, .cache_read = 512});
  auto metrics = run.collect();
  EXPECT_EQ(series(metrics, "llm.call.duration"),
            (Labels{"model=gpt-4o,provider=openai,status=ok"}));
  EXPECT_EQ(series(metrics, "llm.token.usage"),
            (Labels{"model=gpt-4o,token_type=cache_read", "model=gpt-4o,token_type=input",
                    "model=gpt-4o,token_type=output"}));
  EXPECT_EQ(metrics["gen_ai.client.operation.duration"].size(), 1U);
  EXPECT_EQ(metrics["gen_ai.client.token.usage"].size(), 2U) << "input and output only";
  for (const auto& [labels, point] : metrics["llm.token.usage"]) {
    if (labels.find("cache_read") != std::string::npos) {
      EXPECT_EQ(point.histogram().sum, 512);
    }
  }
}

TEST(ScopeMetricsTest, TheOthersHaveTheirLabels) {
  Recording recording;
  MetricsRun run;
  trace_marketplace_scan("https://u:p@market.example/x?k=v").http_status(200);
  trace_bid_placement("market.example", Money(1, "EUR")).accepted(false);
  trace_payment_processing("p", Money(1, "EUR")).provider("stripe");
  trace_rag_query("q", 1).collection("rules");
  trace_arena_competition("m").arena("bidding");
  trace_http_server("GET", "/offers/{id}").status_code(404);
  trace_http_server("BREW", "").status_code(200);
  trace_http_client("GET", "http://h.example:81/x").status_code(500);
  auto metrics = run.collect();
  EXPECT_EQ(series(metrics, "marketplace.scan.duration"),
            (Labels{"marketplace=market.example,status=ok"}));
  EXPECT_EQ(series(metrics, "bid.placement.total"),
            (Labels{"marketplace=market.example,status=rejected"}));
  EXPECT_EQ(series(metrics, "payment.processing.duration"), (Labels{"provider=stripe,status=ok"}));
  EXPECT_EQ(series(metrics, "rag.query.duration"), (Labels{"collection=rules,status=ok"}));
  EXPECT_EQ(series(metrics, "arena.competition.duration"), (Labels{"arena=bidding,status=ok"}));
  const Labels requests = {"method=GET,route=/offers/{id},status_code=404",
                           "method=_OTHER,route=unmatched,status_code=200"};
  EXPECT_EQ(series(metrics, "http.request.duration"), requests);
  EXPECT_EQ(series(metrics, "http.request.total"), requests);
  EXPECT_EQ(series(metrics, "http.client.request.duration"),
            (Labels{"error.type=500,http.request.method=GET,http.response.status_code=500,"
                    "server.address=h.example,server.port=81"}));
}

TEST(ScopeMetricsTest, TogetherTheyRecordTheInstrumentsOfTheReference) {
  Recording recording;
  MetricsRun run;
  for (const DrivenScope& scope : all_scopes()) scope.drive(MarkedContent{});
  MetricReader reader(TemporalityPreference::kCumulative);
  std::set<InstrumentRow> documented = documented_instruments("instruments");
  documented.merge(documented_instruments("scope instruments"));
  EXPECT_EQ(collected_instruments(reader.collect()), documented);
}

TEST(ScopeMetricsTest, UnsampledScopesAreMeasuredToo) {
  Config config = Recording::quiet_config();
  config.sampler = SamplerKind::kAlwaysOff;
  Recording recording(config);
  MetricsRun run;
  trace_task_execution("t", "unsampled").agent("a");
  auto metrics = run.collect();
  EXPECT_EQ(series(metrics, "task.completion.total"), (Labels{"status=ok,task_type=unsampled"}));
}

TEST(ScopeMetricsTest, DurationsAreMilliseconds) {
  Recording recording;
  MetricsRun run;
  const std::int64_t before_ns = monotonic_ns();
  {
    auto task = trace_task_execution("t", "slow");
    while (monotonic_ns() - before_ns < 20'000'000) {
    }
  }
  const double real_ms = static_cast<double>(monotonic_ns() - before_ns) / 1e6;
  auto metrics = run.collect();
  const double measured_ms = metrics["task.execution.time"].begin()->second.histogram().sum;
  EXPECT_GE(measured_ms, 19.9);
  EXPECT_LE(measured_ms, real_ms * 1.01);
}

}  // namespace
}  // namespace binnacle::sdk
