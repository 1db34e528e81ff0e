#pragma once

#include "http_peer.h"

#include <cstdint>
#include <string>
#include <string_view>

// Calls an OpenAI-compatible chat endpoint, streaming, under a span of the GenAI semantic
// conventions. Thread-confined, as its HttpPeer is.

namespace arbitrage {

/// CHAT_BASE_URL ("https://api.openai.com/v1"; the demo's own model by default), CHAT_API_KEY,
/// CHAT_MODEL.
struct ChatEndpoint {
  std::string base_url;
  std::string api_key;
  std::string model;
  static ChatEndpoint from_environment();
};

struct ChatAnswer {
  std::string text;
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  bool ok = false;
};

[[nodiscard]] ChatAnswer chat(HttpPeer& peer, const ChatEndpoint& endpoint, std::string_view system,
                              std::string_view user, int max_tokens);

}  // namespace arbitrage
