#pragma once

#include <binnacle/apm.h>
#include <binnacle/scopes.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Test support: calls every helper of every scope once, with content that a test can look for.

namespace binnacle::sdk {

/// What content is made of, so that it can be searched for in what was exported.
struct MarkedContent {
  std::string mark = "c0ntent";               ///< in every text that is content
  std::string credentials = "us3r:passw0rd";  ///< in URLs
  std::string query = "t0ken";                ///< in URLs' queries and fragments
  std::int64_t amount = 918273645;            ///< minor units

  std::string text(std::string_view what) const { return std::string(what) + " " + mark; }
  std::string url() const {
    return "https://" + credentials + "@market.example:8443/" + mark + "?key=" + query + "#" +
           query;
  }
};

struct DrivenScope {
  std::string function;  ///< its heading in docs/reference/attributes.md
  std::function<void(const MarkedContent&)> drive;
};

inline void drive_llm(const MarkedContent& content) {
  auto llm = trace_llm_call("gpt-4o", "https://" + content.credentials +
                                          "@api.openai.com/v1/chat/completions?k=" + content.query);
  llm.temperature(0.5).top_p(0.5).max_tokens(10).seed(1).choices(2).stop_sequences({"x", "y"});
  llm.streaming().conversation("c").provider("openai").operation("chat");
  llm.response_id("r").response_model("m").finish_reasons({"stop"}).http_status(200);
  llm.usage({.input = 5, .output = 4, .cache_read = 3, .cache_write = 2, .reasoning = 1});
  llm.cost(Money(1, "USD")).first_token().token(3);
  llm.system_instructions(content.text("system")).input("user", content.text("input"));
  llm.tool_call("id", "tool", content.text("arguments"));
  llm.tool_result("id", content.text("result")).output("assistant", content.text("answer"), "stop");
  llm.fail("timeout", "too slow");
}

inline void drive_rag(const MarkedContent& content) {
  auto rag = trace_rag_query(content.text("query"), 3);
  rag.collection("rules").embedding_model("e").candidates(9);
  rag.document("d1", 0.5, content.text("document")).document("d2", 0.25).fail("x");
}

inline void drive_http_client(const MarkedContent& content) {
  auto call = trace_http_client("BREW", content.url());
  call.url_template("/{x}").request_bytes(1).response_bytes(2).resend_count(1).status_code(500);
}

inline void drive_http_server(const MarkedContent& content) {
  auto request = trace_http_server("BREW", "/{x}");
  request.path("/" + content.mark + "?key=" + content.query).scheme("http").server("h", 80);
  request.request_bytes(1).response_bytes(2).status_code(500);
}

inline std::vector<DrivenScope> all_scopes() {
  return {
      {"trace_task_execution",
       [](const MarkedContent&) {
         trace_task_execution("t", "x")
             .agent("a", "b")
             .conversation("c")
             .retry("r")
             .queue_time_ms(1)
             .fail("x");
       }},
      {"trace_llm_call", drive_llm},
      {"trace_tool_execution",
       [](const MarkedContent& content) {
         trace_tool_execution("tool", "id")
             .type("function")
             .description("d")
             .arguments(content.text("arguments"))
             .result(content.text("result"))
             .fail("x");
       }},
      {"trace_marketplace_scan",
       [](const MarkedContent& content) {
         trace_marketplace_scan(content.url())
             .marketplace("m")
             .pages(1)
             .items_found(2)
             .opportunities(3)
             .http_status(500);
       }},
      {"trace_bid_placement",
       [](const MarkedContent& content) {
         trace_bid_placement(content.url(), Money(content.amount, "EUR"))
             .bid_id("b")
             .item_id("i")
             .accepted(true)
             .http_status(500);
       }},
      {"trace_payment_processing",
       [](const MarkedContent& content) {
         trace_payment_processing("p", Money(content.amount, "EUR"))
             .provider("stripe")
             .method("card")
             .webhook_sent_at(1)
             .signature(SignatureResult::kInvalid)
             .declined("d");
       }},
      {"trace_rag_query", drive_rag},
      {"trace_arena_competition",
       [](const MarkedContent& content) {
         trace_arena_competition("c")
             .arena("a")
             .rounds(1)
             .contestant("x", 1)
             .contestant("y", 2)
             .verdict("y", content.text("explanation"))
             .fail("x");
       }},
      {"trace_http_client", drive_http_client},
      {"trace_http_server", drive_http_server},
  };
}

}  // namespace binnacle::sdk
