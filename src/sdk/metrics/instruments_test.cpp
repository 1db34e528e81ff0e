#include "sdk/metrics/instruments_page_for_test.h"
#include "sdk/metrics/metrics_for_test.h"

#include <binnacle/instruments.h>
#include <gtest/gtest.h>

#include <set>

// The ready-made instruments are those of docs/reference/instruments.md, and the page has no
// others.

namespace binnacle::sdk {
namespace {

void record_everything() {
  const Instruments& all = instruments();
  all.record_task("t", "ok", 1);
  all.record_task_error("t", "timeout");
  all.record_llm_call("m", "p", "ok", 1);
  all.record_tokens("m", "input", 1);
  all.record_marketplace_scan("host", "ok", 1);
  all.record_bid("host", "ok");
  all.record_payment("p", "ok", 1);
  all.record_rag_query("c", "ok", 1);
  all.record_arena_competition("a", "ok", 1);
  all.record_http_request("GET", "/", 200, 1);
  all.record_gen_ai_operation("chat", "p", "m", "m2", "timeout", 1);
  all.record_gen_ai_tokens("chat", "p", "m", "m2", "input", 1);
}

TEST(InstrumentsTest, AreThoseOfTheReference) {
  MetricsRun run;
  record_everything();
  MetricReader reader(TemporalityPreference::kCumulative);
  const std::set<InstrumentRow> actual = collected_instruments(reader.collect());
  EXPECT_EQ(actual, documented_instruments("instruments"));
  EXPECT_EQ(actual.size(), 14U);
}

TEST(InstrumentsTest, MissingTextsLeaveTheirAttributeOut) {
  MetricsRun run;
  instruments().record_gen_ai_operation("chat", "openai", "gpt-4o", "", "", 0.5);
  EXPECT_EQ(run.collect()["gen_ai.client.operation.duration"].count(
                "gen_ai.operation.name=chat,gen_ai.provider.name=openai,"
                "gen_ai.request.model=gpt-4o"),
            1U);
}

}  // namespace
}  // namespace binnacle::sdk
