#include "examples/sdk/run_example_for_test.h"
#include "sdk/http_server_for_test.h"
#include "sdk/recording_for_test.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

// Runs every example as its own process against a collector in this one, and checks the spans that
// arrive: names, parents, kinds, and the attributes that the example is about.

namespace {

using binnacle::sdk::HttpServerForTest;
using binnacle::sdk::ReadSpan;

/// A span that an example exports. `parent` is a name, "" for a root.
struct Expected {
  std::string name;
  std::string parent;
  std::vector<std::pair<std::string, std::string>> attributes = {};  ///< "*": any value
  bool is_error = false;
};

struct Example {
  std::string name;
  std::vector<Expected> spans;
  bool is_complete = false;  ///< true: nothing but `spans` is exported
};

// What an attribute has that must not be there.
constexpr const char* kAbsent = "none";

std::vector<Example> agent_examples() {
  return {
      {"task_scope",
       {{"task price_check", "", {{"task.id", "task-1"}, {"task.outcome", "ok"}}},
        {"task price_check", "", {{"task.id", "task-2"}, {"task.retry.count", "1"}}},
        {"task seller_review",
         "",
         {{"task.id", "task-3"},
          {"task.outcome", "error"},
          {"error.type", "std::runtime_error"},
          {"gen_ai.agent.name", "scout"}},
         true},
        {"attempt", "task seller_review", {{"attempt.number", "3"}}}}},
      {"llm_scope",
       {{"turn", ""},
        {"chat gpt-4o",
         "turn",
         {{"gen_ai.provider.name", "openai"},
          {"gen_ai.response.id", "chatcmpl-1"},
          {"gen_ai.usage.input_tokens", "61"},
          {"gen_ai.input.messages", kAbsent},
          {"content.input.count", "1"}}},
        {"execute_tool find_cheapest", "turn", {{"gen_ai.tool.call.id", "call_1"}}},
        {"chat gpt-4o",
         "turn",
         {{"gen_ai.response.id", "chatcmpl-2"},
          {"gen_ai.response.time_to_first_chunk", "*"},
          {"gen_ai.usage.cache_read.input_tokens", "64"},
          {"llm.cost.minor_units", "1"}}}}},
      {"rag_scope",
       {{"retrieval rules",
         "",
         {{"gen_ai.data_source.id", "rules"},
          {"rag.documents", "2"},
          {"rag.candidates", "3"},
          {"gen_ai.retrieval.documents", "*"},
          {"gen_ai.retrieval.query.text", kAbsent}}}}},
      {"arena_scope",
       {{"arena bidding",
         "",
         {{"arena.verdict", "*"}, {"arena.contestants", "2"}, {"arena.margin", "*"}}}}},
      {"content",
       {{"chat gpt-4o",
         "",
         {{"gen_ai.input.messages",
           R"([{"role":"user","parts":[{"type":"text","content":"Charge [card] for \"order 17\"."}]}])"},
          {"gen_ai.output.messages", "*"},
          {"gen_ai.system_instructions", kAbsent},
          {"content.system.hash", "*"}}}}},
  };
}

std::vector<Example> trade_examples() {
  return {
      {"marketplace_scope",
       {{"round", ""},
        {"scan market.example",
         "round",
         {{"marketplace.items_found", "2"},
          {"server.address", "market.example"},
          {"url.full", kAbsent}}},
        {"scan market.example", "round", {{"error.type", "429"}}, true},
        {"bid market.example", "round", {{"bid.outcome", "ok"}, {"bid.currency", "EUR"}}},
        {"bid market.example", "round", {{"bid.outcome", "rejected"}}}}},
      {"payment_scope",
       {{"payment process",
         "",
         {{"payment.id", "pay-1"},
          {"payment.outcome", "ok"},
          {"payment.currency", "EUR"},
          {"payment.amount.minor_units", kAbsent},
          {"payment.webhook.latency_ms", "*"}}},
        {"ledger append", "payment process"},
        {"payment process", "", {{"payment.id", "pay-2"}, {"payment.outcome", "rejected"}}},
        {"payment process",
         "",
         {{"payment.id", "pay-3"}, {"payment.webhook.signature", "invalid"}},
         true}}},
      {"http_scopes",
       {{"GET /offers/{id}", "", {{"server.address", "offers.example"}}},
        {"GET /offers/{id}", "GET /offers/{id}", {{"http.route", "/offers/{id}"}}},
        {"GET /offers/{id}", "", {{"error.type", "404"}}, true},
        {"look up offer", "GET /offers/{id}"}}},
  };
}

std::vector<Example> decorator_examples() {
  return {
      {"traced_callable",
       {{"main", ""},
        {"parse", "main", {{"error.type", kAbsent}}},
        {"parse", "main", {{"error.type", "std::invalid_argument"}}, true},
        {"bid", "main"},
        {"halve", "main"},
        {"sum", "main", {{"sum.terms", "3"}}}}},
      {"trace_function",
       {{"Scanner::scan", "", {{"code.function.name", "Scanner::scan"}, {"code.line.number", "*"}}},
        {"read page", "Scanner::scan", {{"page", "3"}}}}},
      {"threads", {{"request", ""}, {"square", "request", {{"n", "7"}}}, {"worker", "request"}}},
      {"coroutine",
       {{"scan", ""},
        {"wait for page", "scan"},
        {"fetch", "wait for page", {{"offers", "40"}}},
        {"parse", "scan", {{"offers", "40"}}}}},
  };
}

// Settings in code: what is recorded, by whom it is seen, and where it goes.
std::vector<Example> setting_examples() {
  return {
      {"sampling",
       {{"/bids/{id}", "", {{"http.route", "/bids/{id}"}}},
        {"look up", "/bids/{id}"},
        {"/prices/{id}", ""},
        {"look up", "/prices/{id}", {}, true}},
       true},
      {"extensions",
       {{"ask model", "", {{"tenant", "north"}, {"cost.cents", "21"}}},
        {"ask model", "", {{"tenant", "south"}}}},
       true},
      // Its spans stay in the process; it checks them itself.
      {"in_memory", {}, true},
  };
}

bool has_attributes(const ReadSpan& span, const Expected& expected) {
  for (const auto& [key, value] : expected.attributes) {
    const std::string found = span.text(key);
    if (value == "*" ? found == "none" : found != value) return false;
  }
  return (span.status == 2) == expected.is_error;
}

std::string describe(const std::vector<ReadSpan>& spans) {
  std::string text = "exported:\n";
  for (const ReadSpan& span : spans) {
    text += "  " + span.name + (span.status == 2 ? " (error)" : "");
    for (const auto& [key, value] : span.attributes) text += " " + key + "=" + value;
    text += "\n";
  }
  return text;
}

class SdkExamplesTest : public testing::TestWithParam<Example> {};

TEST_P(SdkExamplesTest, ExportsWhatItShows) {
  HttpServerForTest collector;
  ASSERT_EQ(binnacle::examples::run_example(
                GetParam().name, {"OTEL_METRICS_EXPORTER=none", "OTEL_LOGS_EXPORTER=none",
                                  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=" + collector.url()}),
            0);
  std::vector<ReadSpan> spans;
  bool is_good = true;
  for (const auto& request : collector.requests()) {
    for (ReadSpan& span : binnacle::sdk::read_request(request.body, is_good)) {
      spans.push_back(std::move(span));
    }
  }
  ASSERT_TRUE(is_good);
  std::map<std::string, std::string> names;
  for (const ReadSpan& span : spans) names[span.span_id] = span.name;
  for (const Expected& expected : GetParam().spans) {
    bool is_found = false;
    for (const ReadSpan& span : spans) {
      const std::string parent = span.parent_span_id.empty() ? "" : names[span.parent_span_id];
      is_found = is_found || (span.name == expected.name && parent == expected.parent &&
                              has_attributes(span, expected));
    }
    EXPECT_TRUE(is_found) << expected.name << " under '" << expected.parent << "'\n"
                          << describe(spans);
  }
  if (GetParam().is_complete) {
    EXPECT_EQ(spans.size(), GetParam().spans.size()) << describe(spans);
  }
  // Nothing that the examples treat as secret is in any byte that left the process.
  for (const auto& request : collector.requests()) {
    for (const char* secret : {"agent:secret", "key=k", "4111111111111111", "house rules"}) {
      EXPECT_EQ(request.body.find(secret), std::string::npos) << secret;
    }
  }
}

std::string name_of(const testing::TestParamInfo<Example>& example) { return example.param.name; }

INSTANTIATE_TEST_SUITE_P(Agents, SdkExamplesTest, testing::ValuesIn(agent_examples()), name_of);
INSTANTIATE_TEST_SUITE_P(Trade, SdkExamplesTest, testing::ValuesIn(trade_examples()), name_of);
INSTANTIATE_TEST_SUITE_P(Decorators, SdkExamplesTest, testing::ValuesIn(decorator_examples()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Settings, SdkExamplesTest, testing::ValuesIn(setting_examples()), name_of);

}  // namespace
