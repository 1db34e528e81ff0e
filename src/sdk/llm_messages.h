#pragma once

#include "sdk/content_policy.h"

#include <binnacle/llm_scope.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The messages of one LLM call. Captured, they are kept as the GenAI conventions' JSON until the
// call ends; else only a digest of each list is kept, in the scope itself. Thread-confined.

namespace binnacle::sdk {

enum class MessageList : std::uint8_t { kSystem, kInput, kOutput };
inline constexpr std::size_t kMessageLists = 3;

enum class PartKind : std::uint8_t { kText, kToolCall, kToolResult };

/// One message of one part.
struct MessagePart {
  MessageList list;
  PartKind kind;
  std::string_view role;
  std::string_view text;  ///< the text, the tool's arguments, or its result
  std::string_view call_id = {};
  std::string_view tool_name = {};
  std::string_view finish_reason = {};
};

/// The attributes of each list.
inline constexpr std::array<ContentKey, kMessageLists> kMessageKeys = {{
    {"gen_ai.system_instructions", "content.system.length", "content.system.hash"},
    {"gen_ai.input.messages", "content.input.length", "content.input.hash"},
    {"gen_ai.output.messages", "content.output.length", "content.output.hash"},
}};
inline constexpr std::array<std::string_view, kMessageLists> kMessageCounts = {
    "content.system.count", "content.input.count", "content.output.count"};

/// Adds a message that is not captured. The digest of one message is that of its text alone.
void add_to_digest(v1::detail::MessageDigest& digest, std::string_view text) noexcept;

struct LlmMessages {
  /// Messages past this many are not captured one by one for OpenInference.
  static constexpr std::size_t kMaxFlattened = 32;
  struct Flat {
    MessageList list;
    std::string role;
    std::string text;
  };

  std::array<std::string, kMessageLists> json;  ///< without the closing bracket
  std::vector<Flat> flat;                       ///< for OpenInference only

  /// `text` is what the redaction hook left of the part's.
  void add(const MessagePart& part, const std::string& text);
  void record(const SpanRef& span);

 private:
  void record_openinference(const SpanRef& span) const;
};

}  // namespace binnacle::sdk
