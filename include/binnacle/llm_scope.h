#pragma once

#include <binnacle/money.h>
#include <binnacle/scope.h>

#include <cstdint>
#include <initializer_list>
#include <string_view>

// A call to a language model, and the execution of a tool that it asked for, under OpenTelemetry's
// GenAI conventions. See scope.h for what all scopes share.
//
//   auto llm = binnacle::trace_llm_call("gpt-4o", "https://api.openai.com/v1/chat/completions");
//   llm.temperature(0.2).max_tokens(400).system_instructions(rules).input("user", question);
//   for (const Chunk& chunk : stream) llm.token(chunk.tokens);    // time to first token, per token
//   llm.output("assistant", text, "stop").usage({.input = 912, .output = 141, .cache_read = 512});
//
// Span "chat gpt-4o", client. Instruments: llm.call.duration (model, provider, status),
// llm.token.usage (model, token_type), gen_ai.client.operation.duration, gen_ai.client.token.usage.
// Messages are content: recorded only if capture is on (content.h), else their number, length and
// keyed hash. Attributes: docs/reference/attributes.md.

namespace binnacle {
namespace sdk {
struct LlmMessages;  // the messages that are captured, until the call ends
struct MessagePart;
}  // namespace sdk
inline namespace v1 {

/// Tokens as the provider reports them; a negative count is not recorded. As the conventions have
/// it, `input` includes what was read from and written to the cache, and `output` includes
/// reasoning.
struct TokenUsage {
  std::int64_t input = -1;
  std::int64_t output = -1;
  std::int64_t cache_read = -1;
  std::int64_t cache_write = -1;
  std::int64_t reasoning = -1;
};

namespace detail {
/// Stands for messages that are not captured.
struct MessageDigest {
  std::uint64_t hash = 0;
  std::uint64_t bytes = 0;
  std::uint32_t count = 0;
};
}  // namespace detail

class [[nodiscard]] LlmCallScope : public detail::ScopeCalls<LlmCallScope> {
 public:
  /// `endpoint` is the URL that is called, or its host; the provider and the operation (chat,
  /// embeddings, text_completion, generate_content) are derived from it and from the model.
  LlmCallScope(std::string_view model, std::string_view endpoint) noexcept;
  ~LlmCallScope() { end(); }

  /// Overrides what was derived: gen_ai.provider.name, a name of the conventions where there is
  /// one.
  LlmCallScope& provider(std::string_view name) noexcept;
  /// Overrides what was derived: gen_ai.operation.name; renames the span.
  LlmCallScope& operation(std::string_view name) noexcept;
  LlmCallScope& conversation(std::string_view id) noexcept;

  // The request.
  LlmCallScope& temperature(double value) noexcept;
  LlmCallScope& top_p(double value) noexcept;
  LlmCallScope& max_tokens(std::int64_t value) noexcept;
  LlmCallScope& seed(std::int64_t value) noexcept;
  LlmCallScope& choices(std::int64_t count) noexcept;
  LlmCallScope& stop_sequences(std::initializer_list<std::string_view> sequences) noexcept;
  LlmCallScope& streaming() noexcept;

  // The response.
  LlmCallScope& response_id(std::string_view id) noexcept;
  LlmCallScope& response_model(std::string_view model) noexcept;
  LlmCallScope& finish_reasons(std::initializer_list<std::string_view> reasons) noexcept;
  LlmCallScope& finish_reason(std::string_view reason) noexcept { return finish_reasons({reason}); }
  /// Replaces what was reported before (a stream reports running totals).
  LlmCallScope& usage(const TokenUsage& tokens) noexcept;
  /// What the call cost: llm.cost.minor_units, llm.cost.currency.
  LlmCallScope& cost(const Money& amount) noexcept;
  /// The provider's answer: from 400 on the call has failed, and error.type is the code.
  LlmCallScope& http_status(int code) noexcept;

  // Streaming. The time to the first token is taken at the first of these calls.
  LlmCallScope& first_token() noexcept { return token(0); }
  /// `count` more tokens have come.
  LlmCallScope& token(std::int64_t count = 1) noexcept;

  // Messages, in their order. Roles: user, assistant, system, tool.
  LlmCallScope& system_instructions(std::string_view text) noexcept;
  LlmCallScope& input(std::string_view role, std::string_view text) noexcept;
  /// What a tool gave, sent back to the model.
  LlmCallScope& tool_result(std::string_view call_id, std::string_view result) noexcept;
  LlmCallScope& output(std::string_view role, std::string_view text,
                       std::string_view finish_reason = {}) noexcept;
  /// The model asks for a tool; `arguments` is JSON. The name is recorded, the arguments are
  /// content.
  LlmCallScope& tool_call(std::string_view call_id, std::string_view name,
                          std::string_view arguments) noexcept;

  /// Records the instruments and ends the span; the destructor does it otherwise.
  void end() noexcept;

 private:
  LlmCallScope& add(const sdk::MessagePart& part) noexcept;
  void record_messages() noexcept;
  void record_usage() noexcept;
  void record_stream() noexcept;
  void record_instruments() noexcept;

  detail::ShortText<127> model_;
  detail::ShortText<127> response_model_;
  detail::ShortText<63> provider_;
  detail::ShortText<31> operation_;
  TokenUsage usage_;
  double first_token_ms_ = -1;
  double last_token_ms_ = -1;
  std::int64_t streamed_tokens_ = 0;
  detail::MessageDigest digests_[3];
  sdk::LlmMessages* messages_ = nullptr;  ///< owned; null unless content is captured
};

/// See LlmCallScope.
inline LlmCallScope trace_llm_call(std::string_view model, std::string_view endpoint) noexcept {
  return LlmCallScope(model, endpoint);
}

/// The execution of a tool. Span "execute_tool <name>", internal; no instruments of its own.
class [[nodiscard]] ToolScope : public detail::ScopeCalls<ToolScope> {
 public:
  ToolScope(std::string_view name, std::string_view call_id) noexcept;
  ~ToolScope() { end(); }

  /// function, extension or datastore.
  ToolScope& type(std::string_view type) noexcept;
  ToolScope& description(std::string_view text) noexcept;
  /// Content.
  ToolScope& arguments(std::string_view json) noexcept;
  /// Content.
  ToolScope& result(std::string_view text) noexcept;
  void end() noexcept;
};

/// `call_id` is the model's id of the call; may be empty.
inline ToolScope trace_tool_execution(std::string_view name,
                                      std::string_view call_id = {}) noexcept {
  return ToolScope(name, call_id);
}

}  // namespace v1
}  // namespace binnacle
