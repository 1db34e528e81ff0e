#include "chat_client.h"

#include "json.h"

#include <binnacle/llm_scope.h>
#include <fmt/format.h>

#include <cstdlib>

namespace arbitrage {
namespace {

std::string environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

// Reads server-sent events as they arrive, in whatever pieces.
class EventStream {
 public:
  EventStream(ChatAnswer& answer, binnacle::LlmCallScope& scope) : answer_(answer), scope_(scope) {}

  bool feed(std::string_view piece) {
    buffer_.append(piece);
    for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
      line(std::string_view(buffer_).substr(0, end));
      buffer_.erase(0, end + 1);
    }
    return true;
  }

 private:
  void line(std::string_view text) {
    if (!text.starts_with("data: ") || text.starts_with("data: [DONE]")) return;
    const auto event = parse_json(text.substr(6));
    const auto* usage = event.if_contains("usage");
    if (usage != nullptr && usage->is_object()) {
      answer_.input_tokens = int_member(usage->get_object(), "prompt_tokens", 0);
      answer_.output_tokens = int_member(usage->get_object(), "completion_tokens", 0);
    }
    const auto* choices = event.if_contains("choices");
    if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return;
    const auto& delta = object_member(as_object(choices->get_array().front(), "choice"), "delta");
    // A role without text opens the stream, or null closes it.
    const auto* content = delta.if_contains("content");
    if (content == nullptr || !content->is_string()) return;
    scope_.token();
    answer_.text += string_member(delta, "content");
  }

  ChatAnswer& answer_;
  binnacle::LlmCallScope& scope_;
  std::string buffer_;
};

}  // namespace

ChatEndpoint ChatEndpoint::from_environment() {
  return ChatEndpoint{environment("CHAT_BASE_URL", "http://127.0.0.1:18081/v1"),
                      environment("CHAT_API_KEY", ""),
                      environment("CHAT_MODEL", "quayside-trigram")};
}

ChatAnswer chat(HttpPeer& peer, const ChatEndpoint& endpoint, std::string_view system,
                std::string_view user, int max_tokens) {
  const std::string url = endpoint.base_url + "/chat/completions";
  auto scope = binnacle::trace_llm_call(endpoint.model, url);
  if (endpoint.api_key.empty()) scope.provider("quayside");  // the demo's own model
  scope.max_tokens(max_tokens).streaming().system_instructions(system).input("user", user);
  ChatAnswer answer;
  EventStream events(answer, scope);
  Call call{
      "POST",
      url,
      fmt::format(
          R"({{"model":{},"stream":true,"stream_options":{{"include_usage":true}},"max_tokens":{},)"
          R"("messages":[{{"role":"system","content":{}}},{{"role":"user","content":{}}}]}})",
          json_string(endpoint.model), max_tokens, json_string(system), json_string(user)),
      {"content-type: application/json"},
      [&](std::string_view piece) { return events.feed(piece); }};
  if (!endpoint.api_key.empty())
    call.headers.push_back("authorization: Bearer " + endpoint.api_key);
  const Answer http = peer.send_untraced(call);
  answer.ok = http.ok() && !answer.text.empty();
  if (http.status == 0) {
    scope.fail("transport", http.error);
  } else {
    scope.http_status(http.status);
    if (http.ok() && !answer.ok) scope.fail("no_text", "chat endpoint gave no text");
  }
  if (answer.ok) {
    scope.usage({.input = answer.input_tokens, .output = answer.output_tokens});
    scope.output("assistant", answer.text);
  }
  return answer;
}

}  // namespace arbitrage
