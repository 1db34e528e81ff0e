#include "chat_client.h"

#include "json.h"

#include <binnacle/apm.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

namespace arbitrage {
namespace {

using SteadyClock = std::chrono::steady_clock;

std::string environment(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : fallback;
}

std::string host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find_first_of(":/")));
}

// Reads server-sent events as they arrive, in whatever pieces.
class EventStream {
 public:
  explicit EventStream(ChatAnswer& answer) : answer_(answer), start_(SteadyClock::now()) {}

  bool feed(std::string_view piece) {
    buffer_.append(piece);
    for (auto end = buffer_.find('\n'); end != std::string::npos; end = buffer_.find('\n')) {
      line(std::string_view(buffer_).substr(0, end));
      buffer_.erase(0, end + 1);
    }
    return true;
  }
  [[nodiscard]] double first_token_ms() const { return first_token_ms_; }

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
    if (answer_.text.empty()) {
      const std::chrono::duration<double, std::milli> waited = SteadyClock::now() - start_;
      first_token_ms_ = waited.count();
      binnacle::current_span().add_event("gen_ai.first_token");
    }
    answer_.text += string_member(delta, "content");
  }

  ChatAnswer& answer_;
  SteadyClock::time_point start_;
  std::string buffer_;
  double first_token_ms_ = 0;
};

}  // namespace

ChatEndpoint ChatEndpoint::from_environment() {
  return ChatEndpoint{environment("CHAT_BASE_URL", "http://127.0.0.1:18081/v1"),
                      environment("CHAT_API_KEY", ""),
                      environment("CHAT_MODEL", "quayside-trigram")};
}

ChatAnswer chat(HttpPeer& peer, const ChatEndpoint& endpoint, std::string_view system,
                std::string_view user, int max_tokens) {
  auto span = binnacle::start_active_span(
      "chat " + endpoint.model, binnacle::SpanOptions().with_kind(binnacle::SpanKind::kClient));
  span.set_attributes({{"gen_ai.operation.name", "chat"},
                       {"gen_ai.provider.name", endpoint.api_key.empty() ? "quayside" : "openai"},
                       {"gen_ai.request.model", endpoint.model},
                       {"gen_ai.request.max_tokens", max_tokens},
                       {"server.address", host_of(endpoint.base_url)}});
  ChatAnswer answer;
  EventStream events(answer);
  Call call{
      "POST",
      endpoint.base_url + "/chat/completions",
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
  span.set_attributes({{"gen_ai.usage.input_tokens", answer.input_tokens},
                       {"gen_ai.usage.output_tokens", answer.output_tokens},
                       {"gen_ai.server.time_to_first_token_ms", events.first_token_ms()},
                       {"http.response.status_code", http.status}});
  if (!answer.ok) {
    span.set_attribute("error.type", http.status == 0 ? "transport" : std::to_string(http.status));
    span.set_error(http.error.empty() ? "chat endpoint gave no text" : http.error);
  }
  return answer;
}

}  // namespace arbitrage
