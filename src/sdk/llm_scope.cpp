#include "sdk/llm_messages.h"
#include "sdk/llm_provider.h"
#include "sdk/scope_start.h"
#include "sdk/span_name.h"

#include <binnacle/instruments.h>
#include <binnacle/llm_scope.h>

#include <memory>
#include <new>

namespace binnacle {
inline namespace v1 {

namespace {

/// A view of a list that AttributeValue takes.
struct Texts {
  std::initializer_list<std::string_view> list;
  const std::string_view* data() const noexcept { return list.begin(); }
  std::size_t size() const noexcept { return list.size(); }
};

/// What an endpoint says: a URL, or a bare host.
std::string_view operation_for(std::string_view endpoint) noexcept {
  return sdk::operation_of(sdk::split_url(endpoint).path);
}

/// A count's attribute names: OpenTelemetry's and OpenInference's.
struct UsageKey {
  std::int64_t TokenUsage::* count;
  std::string_view gen_ai;
  std::string_view openinference;
  std::string_view token_type;
};
constexpr UsageKey kUsage[] = {
    {&TokenUsage::input, "gen_ai.usage.input_tokens", "llm.token_count.prompt", "input"},
    {&TokenUsage::output, "gen_ai.usage.output_tokens", "llm.token_count.completion", "output"},
    {&TokenUsage::cache_read, "gen_ai.usage.cache_read.input_tokens",
     "llm.token_count.prompt_details.cache_read", "cache_read"},
    {&TokenUsage::cache_write, "gen_ai.usage.cache_creation.input_tokens",
     "llm.token_count.prompt_details.cache_write", "cache_write"},
    {&TokenUsage::reasoning, "gen_ai.usage.reasoning.output_tokens",
     "llm.token_count.completion_details.reasoning", "reasoning"},
};

}  // namespace

LlmCallScope::LlmCallScope(std::string_view model, std::string_view endpoint) noexcept
    : ScopeCalls(sdk::SpanName(operation_for(endpoint), model).view(),
                 sdk::scope_options(SpanKind::kClient)) {
  const sdk::UrlParts parts = sdk::split_url(endpoint);
  model_.assign(model);
  provider_.assign(sdk::provider_of(parts.host, model));
  operation_.assign(sdk::operation_of(parts.path));
  if (!is_recording()) return;
  set_attribute("gen_ai.operation.name", operation_.view())
      .set_attribute("gen_ai.provider.name", provider_.view())
      .set_attribute("gen_ai.request.model", model);
  if (!parts.host.empty()) set_attribute("server.address", parts.host);
  if (parts.port != 0) set_attribute("server.port", parts.port);
  if (!sdk::uses_openinference()) return;
  set_attribute("openinference.span.kind", operation_.view() == "embeddings" ? "EMBEDDING" : "LLM");
  set_attribute("llm.model_name", model).set_attribute("llm.provider", provider_.view());
}

LlmCallScope& LlmCallScope::provider(std::string_view name) noexcept {
  provider_.assign(name);
  if (sdk::uses_openinference()) set_attribute("llm.provider", name);
  return set_attribute("gen_ai.provider.name", name);
}

LlmCallScope& LlmCallScope::operation(std::string_view name) noexcept {
  operation_.assign(name);
  span().update_name(sdk::SpanName(name, model_.view()).view());
  return set_attribute("gen_ai.operation.name", name);
}

LlmCallScope& LlmCallScope::conversation(std::string_view id) noexcept {
  if (sdk::uses_openinference()) set_attribute("session.id", id);
  return set_attribute("gen_ai.conversation.id", id);
}

LlmCallScope& LlmCallScope::temperature(double value) noexcept {
  return set_attribute("gen_ai.request.temperature", value);
}
LlmCallScope& LlmCallScope::top_p(double value) noexcept {
  return set_attribute("gen_ai.request.top_p", value);
}
LlmCallScope& LlmCallScope::max_tokens(std::int64_t value) noexcept {
  return set_attribute("gen_ai.request.max_tokens", value);
}
LlmCallScope& LlmCallScope::seed(std::int64_t value) noexcept {
  return set_attribute("gen_ai.request.seed", value);
}
LlmCallScope& LlmCallScope::choices(std::int64_t count) noexcept {
  return set_attribute("gen_ai.request.choice.count", count);
}
LlmCallScope& LlmCallScope::stop_sequences(
    std::initializer_list<std::string_view> sequences) noexcept {
  return set_attribute("gen_ai.request.stop_sequences", Texts{sequences});
}
LlmCallScope& LlmCallScope::streaming() noexcept {
  return set_attribute("gen_ai.request.stream", true);
}

LlmCallScope& LlmCallScope::response_id(std::string_view id) noexcept {
  return set_attribute("gen_ai.response.id", id);
}
LlmCallScope& LlmCallScope::response_model(std::string_view model) noexcept {
  response_model_.assign(model);
  return set_attribute("gen_ai.response.model", model);
}
LlmCallScope& LlmCallScope::finish_reasons(
    std::initializer_list<std::string_view> reasons) noexcept {
  return set_attribute("gen_ai.response.finish_reasons", Texts{reasons});
}

LlmCallScope& LlmCallScope::usage(const TokenUsage& tokens) noexcept {
  usage_ = tokens;
  return *this;
}

LlmCallScope& LlmCallScope::cost(const Money& amount) noexcept {
  return set_attribute("llm.cost.minor_units", amount.minor_units())
      .set_attribute("llm.cost.currency", amount.currency());
}

LlmCallScope& LlmCallScope::http_status(int code) noexcept {
  set_attribute("http.response.status_code", code);
  return code < 400 ? *this : fail(sdk::StatusText(code).view());
}

LlmCallScope& LlmCallScope::token(std::int64_t count) noexcept {
  last_token_ms_ = elapsed_ms();
  if (first_token_ms_ < 0) first_token_ms_ = last_token_ms_;
  streamed_tokens_ += count;
  return *this;
}

LlmCallScope& LlmCallScope::system_instructions(std::string_view text) noexcept {
  return add({sdk::MessageList::kSystem, sdk::PartKind::kText, "system", text});
}
LlmCallScope& LlmCallScope::input(std::string_view role, std::string_view text) noexcept {
  return add({sdk::MessageList::kInput, sdk::PartKind::kText, role, text});
}
LlmCallScope& LlmCallScope::tool_result(std::string_view call_id,
                                        std::string_view result) noexcept {
  return add({sdk::MessageList::kInput, sdk::PartKind::kToolResult, "tool", result, call_id});
}
LlmCallScope& LlmCallScope::output(std::string_view role, std::string_view text,
                                   std::string_view finish_reason) noexcept {
  if (!finish_reason.empty()) finish_reasons({finish_reason});
  return add({sdk::MessageList::kOutput, sdk::PartKind::kText, role, text, {}, {}, finish_reason});
}
LlmCallScope& LlmCallScope::tool_call(std::string_view call_id, std::string_view name,
                                      std::string_view arguments) noexcept {
  add_event("gen_ai.tool.call", {{"gen_ai.tool.name", name}, {"gen_ai.tool.call.id", call_id}});
  return add(
      {sdk::MessageList::kOutput, sdk::PartKind::kToolCall, "assistant", arguments, call_id, name});
}

LlmCallScope& LlmCallScope::add(const sdk::MessagePart& part) noexcept {
  if (!is_recording()) return *this;
  const auto list = static_cast<std::size_t>(part.list);
  try {
    if (const auto text = sdk::capture(sdk::kMessageKeys[list].attribute, part.text)) {
      if (messages_ == nullptr) messages_ = std::make_unique<sdk::LlmMessages>().release();
      messages_->add(part, *text);
      return *this;
    }
  } catch (const std::bad_alloc&) {
    // Counted in the digest, as if the hook had dropped it.
  }
  sdk::add_to_digest(digests_[list], part.text);
  return *this;
}

void LlmCallScope::record_messages() noexcept {
  const std::unique_ptr<sdk::LlmMessages> captured(messages_);
  messages_ = nullptr;
  for (std::size_t i = 0; i < sdk::kMessageLists; ++i) {
    const detail::MessageDigest& digest = digests_[i];
    if (digest.count == 0) continue;
    set_attribute(sdk::kMessageCounts[i], digest.count);
    sdk::set_digest(ref(), sdk::kMessageKeys[i], digest.bytes, digest.hash);
  }
  if (captured == nullptr) return;
  try {
    captured->record(ref());
  } catch (const std::bad_alloc&) {
    // Then they are missing.
  }
}

void LlmCallScope::record_usage() noexcept {
  const bool is_openinference = sdk::uses_openinference();
  for (const UsageKey& key : kUsage) {
    const std::int64_t count = usage_.*key.count;
    if (count < 0) continue;
    set_attribute(key.gen_ai, count);
    if (is_openinference) set_attribute(key.openinference, count);
  }
  if (is_openinference && usage_.input >= 0 && usage_.output >= 0) {
    set_attribute("llm.token_count.total", usage_.input + usage_.output);
  }
}

void LlmCallScope::record_stream() noexcept {
  if (first_token_ms_ < 0) return;
  set_attribute("gen_ai.request.stream", true);
  set_attribute("gen_ai.response.time_to_first_chunk", first_token_ms_ / 1000.0);
  // The first token waits for the prompt to be read; the others are what generation costs.
  const std::int64_t tokens = usage_.output > 0 ? usage_.output : streamed_tokens_;
  if (tokens < 2) return;
  set_attribute("llm.time_per_output_token",
                (last_token_ms_ - first_token_ms_) / 1000.0 / static_cast<double>(tokens - 1));
}

void LlmCallScope::record_instruments() noexcept {
  const Instruments& record = instruments();
  const std::string_view model = model_.view();
  const double duration_ms = elapsed_ms();
  record.record_llm_call(model, provider_.view(), status_label(), duration_ms);
  record.record_gen_ai_operation(operation_.view(), provider_.view(), model, response_model_.view(),
                                 has_failed() ? error_type() : std::string_view(),
                                 duration_ms / 1000.0);
  for (const UsageKey& key : kUsage) {
    const std::int64_t count = usage_.*key.count;
    if (count < 0) continue;
    record.record_tokens(model, key.token_type, count);
    if (key.count != &TokenUsage::input && key.count != &TokenUsage::output) continue;
    record.record_gen_ai_tokens(operation_.view(), provider_.view(), model, response_model_.view(),
                                key.token_type, count);
  }
}

void LlmCallScope::end() noexcept {
  if (!begin_end()) return;
  record_messages();
  if (is_recording()) {
    record_usage();
    record_stream();
  }
  if (is_timed()) record_instruments();
  finish_end();
}

ToolScope::ToolScope(std::string_view name, std::string_view call_id) noexcept
    : ScopeCalls(sdk::SpanName("execute_tool", name).view(),
                 sdk::scope_options(SpanKind::kInternal)) {
  set_attribute("gen_ai.operation.name", "execute_tool").set_attribute("gen_ai.tool.name", name);
  if (!call_id.empty()) set_attribute("gen_ai.tool.call.id", call_id);
  sdk::set_openinference_kind(ref(), "TOOL");
  if (sdk::uses_openinference()) set_attribute("tool.name", name);
}

ToolScope& ToolScope::type(std::string_view type) noexcept {
  return set_attribute("gen_ai.tool.type", type);
}
ToolScope& ToolScope::description(std::string_view text) noexcept {
  return set_attribute("gen_ai.tool.description", text);
}

ToolScope& ToolScope::arguments(std::string_view json) noexcept {
  constexpr sdk::ContentKey kArguments{"gen_ai.tool.call.arguments", "content.arguments.length",
                                       "content.arguments.hash"};
  sdk::set_content(ref(), kArguments, json);
  return *this;
}
ToolScope& ToolScope::result(std::string_view text) noexcept {
  constexpr sdk::ContentKey kResult{"gen_ai.tool.call.result", "content.result.length",
                                    "content.result.hash"};
  sdk::set_content(ref(), kResult, text);
  return *this;
}

void ToolScope::end() noexcept {
  if (begin_end()) finish_end();
}

}  // namespace v1
}  // namespace binnacle
