#include <binnacle/apm.h>
#include <binnacle/scopes.h>

#include <array>
#include <cstdio>
#include <string>
#include <string_view>

// One turn of a conversation with a model that asks for a tool, and then streams its answer. The
// model is played by a few lines of this program; with a real one, call the scope's helpers where
// the response is read.

namespace {

constexpr std::string_view kModel = "gpt-4o";
constexpr std::string_view kEndpoint = "https://api.openai.com/v1/chat/completions";

// What the model sends, piece by piece.
constexpr std::array<std::string_view, 6> kAnswer = {"The ",   "cheapest ", "sextant ",
                                                     "costs ", "42 ",       "euros."};

std::string cheapest(std::string_view article) {
  auto tool = binnacle::trace_tool_execution("find_cheapest", "call_1");
  tool.type("function").arguments("{\"article\":\"" + std::string(article) + "\"}");
  const std::string result = "{\"price\":4200}";
  tool.result(result);
  return result;
}

void ask_for_a_tool(std::string_view question) {
  auto llm = binnacle::trace_llm_call(kModel, kEndpoint);
  llm.temperature(0.2).max_tokens(400).system_instructions("You know the market.");
  llm.input("user", question);
  llm.tool_call("call_1", "find_cheapest", "{\"article\":\"sextant\"}").finish_reason("tool_calls");
  llm.usage({61, 17, 0, -1, -1}).response_id("chatcmpl-1").response_model("gpt-4o-2024-08-06");
}

std::string answer(std::string_view question, std::string_view found) {
  auto llm = binnacle::trace_llm_call(kModel, kEndpoint);
  llm.streaming().input("user", question).tool_result("call_1", found);
  std::string text;
  for (const std::string_view piece : kAnswer) {
    llm.token();  // the first one gives the time to the first token
    text += piece;
  }
  llm.output("assistant", text, "stop").response_id("chatcmpl-2");
  binnacle::TokenUsage usage;
  usage.input = 96;
  usage.output = static_cast<std::int64_t>(kAnswer.size());
  usage.cache_read = 64;
  llm.usage(usage).cost(binnacle::Money(1, "USD"));
  return text;
}

}  // namespace

int main() {
  binnacle::init_observability();
  {
    const auto turn = binnacle::start_active_span("turn");
    const std::string_view question = "What does a sextant cost?";
    ask_for_a_tool(question);
    std::printf("%s\n", answer(question, cheapest("sextant")).c_str());
  }
  binnacle::shutdown();
}
