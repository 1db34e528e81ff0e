#include "sdk/llm_provider.h"

#include <array>

namespace binnacle::sdk {

namespace {

struct Rule {
  std::string_view text;
  std::string_view provider;
};

// Ends of host names. The providers' public API hosts, as their documentation gives them.
constexpr std::array kHosts = {
    Rule{"api.openai.com", "openai"},
    Rule{"openai.azure.com", "azure.ai.openai"},
    Rule{"services.ai.azure.com", "azure.ai.inference"},
    Rule{"models.ai.azure.com", "azure.ai.inference"},
    Rule{"models.inference.ai.azure.com", "azure.ai.inference"},
    Rule{"anthropic.com", "anthropic"},
    Rule{"generativelanguage.googleapis.com", "gcp.gemini"},
    Rule{"aiplatform.googleapis.com", "gcp.vertex_ai"},
    Rule{"cohere.com", "cohere"},
    Rule{"cohere.ai", "cohere"},
    Rule{"mistral.ai", "mistral_ai"},
    Rule{"groq.com", "groq"},
    Rule{"deepseek.com", "deepseek"},
    Rule{"perplexity.ai", "perplexity"},
    Rule{"api.x.ai", "x_ai"},
    Rule{"moonshot.ai", "moonshot_ai"},
    Rule{"moonshot.cn", "moonshot_ai"},
    Rule{"ml.cloud.ibm.com", "ibm.watsonx.ai"},
    Rule{"openrouter.ai", "openrouter"},
    Rule{"together.xyz", "together_ai"},
    Rule{"fireworks.ai", "fireworks_ai"},
};

// Beginnings of model names that only their makers use.
constexpr std::array kModels = {
    Rule{"gpt-", "openai"},         Rule{"chatgpt-", "openai"},
    Rule{"o1", "openai"},           Rule{"o3", "openai"},
    Rule{"o4-", "openai"},          Rule{"text-embedding-", "openai"},
    Rule{"claude-", "anthropic"},   Rule{"gemini-", "gcp.gemini"},
    Rule{"mistral-", "mistral_ai"}, Rule{"codestral-", "mistral_ai"},
    Rule{"command-", "cohere"},     Rule{"grok-", "x_ai"},
    Rule{"deepseek-", "deepseek"},  Rule{"sonar", "perplexity"},
    Rule{"kimi-", "moonshot_ai"},   Rule{"ibm/granite", "ibm.watsonx.ai"},
};

/// `end` is all of `host`, or follows a dot or (as in "eu-aiplatform...") a hyphen.
bool ends_in_domain(std::string_view host, std::string_view end) noexcept {
  if (!host.ends_with(end)) return false;
  if (host.size() == end.size()) return true;
  const char before = host[host.size() - end.size() - 1];
  return before == '.' || before == '-';
}

/// bedrock-runtime.eu-west-1.amazonaws.com
bool is_bedrock(std::string_view host) noexcept {
  return host.starts_with("bedrock") && host.find(".amazonaws.com") != std::string_view::npos;
}

}  // namespace

std::string_view provider_of(std::string_view host, std::string_view model) noexcept {
  if (is_bedrock(host)) return "aws.bedrock";
  for (const Rule& rule : kHosts) {
    if (ends_in_domain(host, rule.text)) return rule.provider;
  }
  for (const Rule& rule : kModels) {
    if (model.starts_with(rule.text)) return rule.provider;
  }
  return "_OTHER";
}

std::string_view operation_of(std::string_view path) noexcept {
  if (path.ends_with("/embeddings") || path.ends_with(":embedContent") ||
      path.ends_with(":batchEmbedContents") || path.ends_with("/embed")) {
    return "embeddings";
  }
  if (path.ends_with(":generateContent") || path.ends_with(":streamGenerateContent")) {
    return "generate_content";
  }
  if (path.ends_with("/completions") && !path.ends_with("/chat/completions")) {
    return "text_completion";
  }
  return "chat";
}

}  // namespace binnacle::sdk
