#include "sdk/llm_messages.h"

#include "sdk/indexed_key.h"
#include "sdk/json_text.h"

#include <cstring>

namespace binnacle::sdk {

void add_to_digest(v1::detail::MessageDigest& digest, std::string_view text) noexcept {
  const std::uint64_t hash = content_hash(text);
  if (digest.count == 0) {
    digest.hash = hash;
  } else {
    char both[16];
    std::memcpy(both, &digest.hash, 8);
    std::memcpy(both + 8, &hash, 8);
    digest.hash = content_hash({both, sizeof both});
  }
  digest.bytes += text.size();
  ++digest.count;
}

namespace {

/// A part as the conventions' JSON schemas for messages have it.
void append_part(std::string& out, const MessagePart& part, const std::string& text) {
  switch (part.kind) {
    case PartKind::kText:
      out += R"({"type":"text","content":)";
      append_json_string(out, text);
      break;
    case PartKind::kToolCall:
      out += R"({"type":"tool_call","id":)";
      append_json_string(out, part.call_id);
      out += R"(,"name":)";
      append_json_string(out, part.tool_name);
      // As a string: whether it is JSON is for the reader to find out.
      out += R"(,"arguments":)";
      append_json_string(out, text);
      break;
    case PartKind::kToolResult:
      out += R"({"type":"tool_call_response","id":)";
      append_json_string(out, part.call_id);
      out += R"(,"response":)";
      append_json_string(out, text);
      break;
  }
  out += '}';
}

}  // namespace

void LlmMessages::add(const MessagePart& part, const std::string& text) {
  std::string& out = json[static_cast<std::size_t>(part.list)];
  if (out.size() + text.size() <= kMaxContentBytes) {
    out += out.empty() ? '[' : ',';
    if (part.list == MessageList::kSystem) {
      append_part(out, part, text);  // the conventions: parts, not messages
    } else {
      out += R"({"role":)";
      append_json_string(out, part.role);
      out += R"(,"parts":[)";
      append_part(out, part, text);
      out += ']';
      if (!part.finish_reason.empty()) {
        out += R"(,"finish_reason":)";
        append_json_string(out, part.finish_reason);
      }
      out += '}';
    }
  }
  if (uses_openinference() && flat.size() < kMaxFlattened) {
    flat.push_back({part.list, std::string(part.role), text});
  }
}

void LlmMessages::record(const SpanRef& span) {
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i].empty()) continue;
    json[i] += ']';
    span.set_attribute(kMessageKeys[i].attribute, json[i]);
  }
  if (uses_openinference()) record_openinference(span);
}

void LlmMessages::record_openinference(const SpanRef& span) const {
  constexpr std::string_view kJson = "application/json";
  const std::string& input = json[static_cast<std::size_t>(MessageList::kInput)];
  const std::string& output = json[static_cast<std::size_t>(MessageList::kOutput)];
  if (!input.empty()) {
    span.set_attribute("input.value", input).set_attribute("input.mime_type", kJson);
  }
  if (!output.empty()) {
    span.set_attribute("output.value", output).set_attribute("output.mime_type", kJson);
  }
  std::uint32_t inputs = 0;
  std::uint32_t outputs = 0;
  for (const Flat& message : flat) {
    const bool is_output = message.list == MessageList::kOutput;
    const std::string_view list = is_output ? "llm.output_messages." : "llm.input_messages.";
    const std::uint32_t index = is_output ? outputs++ : inputs++;
    span.set_attribute(IndexedKey(list, index, ".message.role").view(), message.role)
        .set_attribute(IndexedKey(list, index, ".message.content").view(), message.text);
  }
}

}  // namespace binnacle::sdk
