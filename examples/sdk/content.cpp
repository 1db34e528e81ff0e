#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/content.h>
#include <binnacle/scopes.h>

#include <cctype>
#include <optional>
#include <string>

// Records what was asked and answered, with card numbers taken out first. Without the switch, the
// same program records only lengths and keyed hashes.

namespace {

// Replaces runs of 13 to 19 digits.
std::string without_card_numbers(std::string_view text) {
  std::string out;
  std::string digits;
  const auto put_digits = [&] {
    out += digits.size() >= 13 && digits.size() <= 19 ? "[card]" : digits;
    digits.clear();
  };
  for (const char c : text) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      digits += c;
      continue;
    }
    put_digits();
    out += c;
  }
  put_digits();
  return out;
}

}  // namespace

int main() {
  binnacle::Config config = binnacle::Config::from_environment();
  config.captures_content = true;  // or APM_CAPTURE_CONTENT=true
  binnacle::set_redaction_hook([](const binnacle::Content& content) -> std::optional<std::string> {
    if (content.attribute == "gen_ai.system_instructions") return std::nullopt;  // never
    return without_card_numbers(content.text);
  });
  binnacle::init_observability(config);
  {
    auto llm = binnacle::trace_llm_call("gpt-4o", "api.openai.com");
    llm.system_instructions("The house rules are secret.");
    llm.input("user", "Charge 4111111111111111 for \"order 17\".");
    llm.output("assistant", "Done.", "stop");
  }
  binnacle::shutdown();
}
