#include "sdk/raise_for_test.h"
#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/scopes.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace binnacle::sdk {
namespace {

constexpr unsigned kInternal = 1;
constexpr unsigned kServer = 2;
constexpr unsigned kClient = 3;
constexpr unsigned kError = 2;

TEST(ScopeTest, ATaskHasItsNameItsIdsAndItsOutcome) {
  Recording recording;
  {
    auto task = trace_task_execution("task-1", "price_arbitrage");
    task.agent("scout", "a-7").conversation("c-1").queue_time_ms(12);
    task.retry("429").retry("timeout");
    const ActiveSpan inside("inside");
    EXPECT_EQ(inside.context().trace_id, task.context().trace_id);
  }
  const auto spans = recording.spans();
  ASSERT_EQ(spans.size(), 2U);
  const ReadSpan& span = spans[0].name == "inside" ? spans[1] : spans[0];
  EXPECT_EQ(span.name, "task price_arbitrage");
  EXPECT_EQ(span.kind, kInternal);
  EXPECT_EQ(span.text("task.id"), "task-1");
  EXPECT_EQ(span.text("task.type"), "price_arbitrage");
  EXPECT_EQ(span.text("task.outcome"), "ok");
  EXPECT_EQ(span.text("task.retry.count"), "2");
  EXPECT_EQ(span.text("task.queue_time_ms"), "12");
  EXPECT_EQ(span.text("gen_ai.agent.name"), "scout");
  EXPECT_EQ(span.text("gen_ai.conversation.id"), "c-1");
  EXPECT_EQ(span.events.size(), 2U);
  EXPECT_EQ(span.status, 0U);
}

TEST(ScopeTest, RunRecordsTypeAndMessageOnceAndLetsTheExceptionGo) {
  Recording recording;
  EXPECT_THROW(
      {
        auto task = trace_task_execution("t", "x");
        task.run([](TaskScope& scope) {
          scope.set_attribute("k", 1);
          raise(std::out_of_range("no offers"));
        });
      },
      std::out_of_range);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.status, kError);
  EXPECT_EQ(span.message, "no offers");
  EXPECT_EQ(span.text("error.type"), "std::out_of_range");
  EXPECT_EQ(span.text("task.outcome"), "error");
  EXPECT_EQ(span.events.size(), 1U);
}

TEST(ScopeTest, UnwindingPastAScopeMarksItToo) {
  Recording recording;
  EXPECT_THROW(
      {
        const auto task = trace_task_execution("t", "x");
        raise(std::runtime_error("x"));
      },
      std::runtime_error);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.status, kError);
  EXPECT_EQ(span.text("error.type"), "_OTHER");
  EXPECT_EQ(span.text("task.outcome"), "error");
}

TEST(ScopeTest, RunReturnsWhatItsCallableReturns) {
  Recording recording;
  auto task = trace_task_execution("t", "x");
  int value = 1;
  int& reference = task.run([&]() -> int& { return value; });
  EXPECT_EQ(&reference, &value);
  EXPECT_EQ(*task.run([] { return std::make_unique<int>(3); }), 3);
}

TEST(ScopeTest, OutcomesAreLabelsAndOnlyFailuresAreErrors) {
  Recording recording;
  for (const Outcome outcome :
       {Outcome::kOk, Outcome::kTimeout, Outcome::kCancelled, Outcome::kRejected}) {
    trace_task_execution("t", "x").set_outcome(outcome);
  }
  const auto spans = recording.spans();
  ASSERT_EQ(spans.size(), 4U);
  for (const ReadSpan& span : spans) {
    const bool is_failure = span.text("task.outcome") == "timeout";
    EXPECT_EQ(span.status, is_failure ? kError : 0U);
    EXPECT_EQ(span.text("error.type"), is_failure ? "timeout" : "none");
  }
}

TEST(ScopeTest, ADetachedScopeIsEndedOnAnotherThread) {
  Recording recording;
  auto scope = std::make_unique<LlmCallScope>("gpt-4o", "api.openai.com");
  scope->detach();
  EXPECT_FALSE(current_context().is_valid());
  std::thread([moved = std::move(scope)]() mutable {
    moved->usage({.input = 3, .output = 4});
    moved.reset();
  }).join();
  EXPECT_FALSE(current_context().is_valid());
  EXPECT_EQ(recording.span().text("gen_ai.usage.input_tokens"), "3");
}

TEST(ScopeTest, EndingTwiceIsEndingOnce) {
  Recording recording;
  {
    auto task = trace_task_execution("t", "x");
    task.end();
    EXPECT_FALSE(current_context().is_valid());
    task.end();
  }
  EXPECT_EQ(recording.spans().size(), 1U);
}

TEST(ScopeTest, WithoutTheSdkEverythingIsANoOp) {
  auto llm = trace_llm_call("gpt-4o", "https://api.openai.com/v1/chat/completions");
  llm.input("user", "hi").output("assistant", "ho", "stop").usage({.input = 1, .output = 2});
  llm.token().end();
  trace_rag_query("q", 3).document("d", 0.5);
  EXPECT_FALSE(llm.is_recording());
}

TEST(LlmScopeTest, FollowsTheGenAiConventions) {
  Recording recording;
  {
    auto llm = trace_llm_call("gpt-4o", "https://api.openai.com/v1/chat/completions");
    llm.temperature(0.25).top_p(0.5).max_tokens(400).seed(7).stop_sequences({"END", "STOP"});
    llm.response_id("chatcmpl-1").response_model("gpt-4o-2024-08-06").finish_reason("stop");
    llm.usage({.input = 900, .output = 100, .cache_read = 512, .cache_write = 64, .reasoning = 20});
    llm.cost(Money(3, "USD")).conversation("c-9").http_status(200);
  }
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "chat gpt-4o");
  EXPECT_EQ(span.kind, kClient);
  EXPECT_EQ(span.text("gen_ai.operation.name"), "chat");
  EXPECT_EQ(span.text("gen_ai.provider.name"), "openai");
  EXPECT_EQ(span.text("gen_ai.request.model"), "gpt-4o");
  EXPECT_EQ(span.text("gen_ai.response.model"), "gpt-4o-2024-08-06");
  EXPECT_EQ(span.text("gen_ai.request.max_tokens"), "400");
  EXPECT_EQ(span.text("gen_ai.usage.input_tokens"), "900");
  EXPECT_EQ(span.text("gen_ai.usage.output_tokens"), "100");
  EXPECT_EQ(span.text("gen_ai.usage.cache_read.input_tokens"), "512");
  EXPECT_EQ(span.text("gen_ai.usage.cache_creation.input_tokens"), "64");
  EXPECT_EQ(span.text("gen_ai.usage.reasoning.output_tokens"), "20");
  EXPECT_EQ(span.text("server.address"), "api.openai.com");
  EXPECT_EQ(span.text("server.port"), "443");
  EXPECT_EQ(span.text("llm.cost.minor_units"), "3");
  EXPECT_EQ(span.text("llm.cost.currency"), "USD");
  EXPECT_NE(span.text("gen_ai.response.finish_reasons"), "none");
  EXPECT_EQ(span.text("openinference.span.kind"), "none");
}

TEST(LlmScopeTest, ProviderAndOperationCanBeSaid) {
  Recording recording;
  trace_llm_call("tiny", "127.0.0.1:8080").provider("quayside").operation("text_completion");
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "text_completion tiny");
  EXPECT_EQ(span.text("gen_ai.provider.name"), "quayside");
  EXPECT_EQ(span.text("server.port"), "8080");
}

TEST(LlmScopeTest, AStreamHasTimeToFirstTokenAndPerToken) {
  Recording recording;
  {
    auto llm = trace_llm_call("m", "h");
    llm.first_token();
    for (int i = 0; i < 10; ++i) llm.token();
  }
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.text("gen_ai.request.stream"), "1");
  EXPECT_NE(span.text("gen_ai.response.time_to_first_chunk"), "none");
  EXPECT_NE(span.text("llm.time_per_output_token"), "none");
}

TEST(LlmScopeTest, AnHttpErrorFailsTheCall) {
  Recording recording;
  trace_llm_call("m", "h").http_status(429);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.status, kError);
  EXPECT_EQ(span.text("error.type"), "429");
}

TEST(ToolScopeTest, IsAnExecuteToolSpan) {
  Recording recording;
  trace_tool_execution("get_weather", "call-1").type("function").arguments("{}").result("sunny");
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "execute_tool get_weather");
  EXPECT_EQ(span.kind, kInternal);
  EXPECT_EQ(span.text("gen_ai.tool.name"), "get_weather");
  EXPECT_EQ(span.text("gen_ai.tool.call.id"), "call-1");
  EXPECT_EQ(span.text("gen_ai.tool.call.result"), "none");
  EXPECT_EQ(span.text("content.result.length"), "5");
}

TEST(MarketplaceScopeTest, NamesTheHostOnly) {
  Recording recording;
  trace_marketplace_scan("https://u:p@market.example/lamps?key=k")
      .pages(2)
      .items_found(40)
      .opportunities(3)
      .http_status(200);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "scan market.example");
  EXPECT_EQ(span.kind, kClient);
  EXPECT_EQ(span.text("marketplace.name"), "market.example");
  EXPECT_EQ(span.text("marketplace.items_found"), "40");
  EXPECT_EQ(span.text("server.address"), "market.example");
  EXPECT_EQ(span.text("url.full"), "none");
  EXPECT_EQ(span.text("marketplace.outcome"), "ok");
}

TEST(BidScopeTest, IsAcceptedOrRejected) {
  Recording recording;
  trace_bid_placement("market.example", Money(4200, "EUR")).bid_id("b-1").accepted(false);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "bid market.example");
  EXPECT_EQ(span.text("bid.outcome"), "rejected");
  EXPECT_EQ(span.text("bid.currency"), "EUR");
  EXPECT_EQ(span.text("bid.amount.minor_units"), "none");
  EXPECT_EQ(span.status, 0U);
}

TEST(PaymentScopeTest, ABadSignatureFailsIt) {
  Recording recording;
  {
    auto payment = trace_payment_processing("pay-1", Money(4200, "EUR"));
    payment.provider("stripe").method("card").webhook_latency_ms(80);
    payment.signature(SignatureResult::kExpired);
  }
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "payment process");
  EXPECT_EQ(span.text("payment.id"), "pay-1");
  EXPECT_EQ(span.text("payment.provider"), "stripe");
  EXPECT_EQ(span.text("payment.currency"), "EUR");
  EXPECT_EQ(span.text("payment.webhook.latency_ms"), "80");
  EXPECT_EQ(span.text("payment.webhook.signature"), "expired");
  EXPECT_EQ(span.text("error.type"), "signature expired");
  EXPECT_EQ(span.text("payment.outcome"), "error");
}

TEST(PaymentScopeTest, ADeclinedOneIsNoError) {
  Recording recording;
  trace_payment_processing("pay-1", Money(1, "EUR"))
      .signature(SignatureResult::kValid)
      .webhook_sent_at(0x7FFFFFFFFFFFFFFF)
      .declined("insufficient_funds");
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.status, 0U);
  EXPECT_EQ(span.text("payment.outcome"), "rejected");
  EXPECT_EQ(span.text("payment.decline.reason"), "insufficient_funds");
  EXPECT_EQ(span.text("payment.webhook.latency_ms"), "0");
}

TEST(RagScopeTest, ListsDocumentsWithScores) {
  Recording recording;
  trace_rag_query("what are the fees?", 3)
      .collection("rules")
      .embedding_model("text-embedding-3-small")
      .candidates(70)
      .document("fees \"2024\"", 0.5)
      .document("shipping", 0.25);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "retrieval rules");
  EXPECT_EQ(span.kind, kClient);
  EXPECT_EQ(span.text("gen_ai.operation.name"), "retrieval");
  EXPECT_EQ(span.text("gen_ai.data_source.id"), "rules");
  EXPECT_EQ(span.text("gen_ai.request.model"), "text-embedding-3-small");
  EXPECT_EQ(span.text("rag.documents"), "2");
  EXPECT_EQ(span.text("rag.candidates"), "70");
  EXPECT_EQ(span.text("gen_ai.retrieval.documents"),
            R"([{"id":"fees \"2024\"","score":0.5},{"id":"shipping","score":0.25}])");
  EXPECT_EQ(span.text("content.query.length"), "18");
}

TEST(RagScopeTest, AListThatIsFullStaysWellFormed) {
  Recording recording;
  {
    auto rag = trace_rag_query("q", 100);
    for (int i = 0; i < 100; ++i) rag.document(std::string(25, 'd'), 1.0 / 3.0);
  }
  const ReadSpan span = recording.span();
  const std::string list = span.text("gen_ai.retrieval.documents");
  EXPECT_EQ(list.front(), '[');
  EXPECT_EQ(list.substr(list.size() - 2), "}]");
  EXPECT_LE(list.size(), 1024U);
  EXPECT_EQ(span.text("rag.documents"), "100");
}

TEST(ArenaScopeTest, TheHighestScoreWins) {
  Recording recording;
  trace_arena_competition("m-1")
      .arena("bidding")
      .rounds(4000)
      .contestant("shading", 10.0)
      .contestant("learning", 17.5);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "arena bidding");
  EXPECT_EQ(span.text("arena.competition.id"), "m-1");
  EXPECT_EQ(span.text("arena.contestants"), "2");
  EXPECT_EQ(span.text("arena.verdict"), "learning");
  EXPECT_EQ(span.text("arena.margin"), "7.500000");
  ASSERT_EQ(span.events.size(), 1U);
  EXPECT_EQ(span.events[0].name, "gen_ai.evaluation.result");
}

TEST(ArenaScopeTest, EqualScoresAreADrawAndAVerdictCounts) {
  Recording recording;
  trace_arena_competition("m-1").contestant("a", 1).contestant("b", 1);
  EXPECT_EQ(recording.span().text("arena.verdict"), "draw");
  trace_arena_competition("m-2").contestant("a", 1).contestant("b", 2).verdict("a", "b cheated");
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.text("arena.verdict"), "a");
  EXPECT_EQ(span.text("gen_ai.evaluation.explanation"), "none");
  for (int i = 0; i < 40; ++i) trace_arena_competition("m").contestant("x", i);
  EXPECT_EQ(recording.spans().size(), 40U);
}

TEST(HttpScopeTest, AServerContinuesTheCallersTrace) {
  Recording recording;
  std::vector<std::pair<std::string, std::string>> headers;
  {
    auto call = trace_http_client("POST", "http://user:pw@127.0.0.1:8080/offers/17?key=k");
    call.url_template("/offers/{id}").request_bytes(12);
    add_trace_context_to_headers(headers);
    call.status_code(404);
  }
  {
    auto request = trace_http_server("POST", "/offers/{id}", extract_trace_context(headers));
    request.path("/offers/17?key=k").scheme("http").server("127.0.0.1", 8080).status_code(404);
  }
  const auto spans = recording.spans();
  ASSERT_EQ(spans.size(), 2U);
  const ReadSpan& client = spans[0].kind == kClient ? spans[0] : spans[1];
  const ReadSpan& server = spans[0].kind == kServer ? spans[0] : spans[1];
  EXPECT_EQ(server.parent_span_id, client.span_id);
  EXPECT_EQ(client.name, "POST /offers/{id}");
  EXPECT_EQ(client.status, kError);
  EXPECT_EQ(client.text("error.type"), "404");
  EXPECT_EQ(client.text("server.address"), "127.0.0.1");
  EXPECT_EQ(client.text("server.port"), "8080");
  EXPECT_EQ(client.text("http.request.method"), "POST");
  EXPECT_EQ(server.name, "POST /offers/{id}");
  EXPECT_EQ(server.status, 0U);
  EXPECT_EQ(server.text("http.route"), "/offers/{id}");
  EXPECT_EQ(server.text("http.response.status_code"), "404");
  EXPECT_EQ(server.text("url.path"), "none");
}

TEST(HttpScopeTest, AClientMaySayLateWhatItAskedFor) {
  Recording recording;
  {
    auto call = trace_http_client();
    call.url_template("/offers/{id}");
    call.request("PUT", "https://shop.example/offers/17?key=k").status_code(200);
  }
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "PUT /offers/{id}");
  EXPECT_EQ(span.kind, kClient);
  EXPECT_EQ(span.text("http.request.method"), "PUT");
  EXPECT_EQ(span.text("http.request.method_original"), "none");
  EXPECT_EQ(span.text("server.address"), "shop.example");
  EXPECT_EQ(span.text("server.port"), "443");
  EXPECT_EQ(span.text("url.template"), "/offers/{id}");
  EXPECT_EQ(span.text("url.full"), "none");
}

TEST(HttpScopeTest, InventedMethodsBecomeOne) {
  Recording recording;
  trace_http_server("BREW", "/pot").status_code(500);
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.name, "HTTP /pot");
  EXPECT_EQ(span.text("http.request.method"), "_OTHER");
  EXPECT_EQ(span.text("http.request.method_original"), "BREW");
  EXPECT_EQ(span.status, kError);
}

}  // namespace
}  // namespace binnacle::sdk
