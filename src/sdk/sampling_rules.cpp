#include "sdk/sampling_rules.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace binnacle::sdk {

namespace {

const AttributeValue* find_attribute(const SamplingParameters& span,
                                     std::string_view key) noexcept {
  // From behind: the last value set under a key counts.
  for (std::size_t i = span.attribute_count; i > 0; --i) {
    if (span.attributes[i - 1].key == key) return &span.attributes[i - 1].value;
  }
  return nullptr;
}

template <typename Number>
bool is_text_of(Number number, std::string_view text) noexcept {
  char digits[32];
  const auto [end, failed] = std::to_chars(digits, digits + sizeof digits, number);
  return failed == std::errc{} && std::string_view(digits, end) == text;
}

bool equals_text(const AttributeValue& value, std::string_view text) noexcept {
  switch (value.kind()) {
    case AttributeKind::kString:
      return value.string() == text;
    case AttributeKind::kBool:
      return text == (value.boolean() ? "true" : "false");
    case AttributeKind::kInt:
      return is_text_of(value.integer(), text);
    case AttributeKind::kDouble:
      return is_text_of(value.real(), text);
    default:
      return false;  // arrays equal no text
  }
}

std::optional<std::string_view> route_of(const SamplingParameters& span) noexcept {
  for (const std::string_view key : {"http.route", "url.path", "http.target"}) {
    const AttributeValue* value = find_attribute(span, key);
    if (value != nullptr && value->kind() == AttributeKind::kString) return value->string();
  }
  return std::nullopt;
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) noexcept {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last one seen, to come back to
  std::size_t star_text = 0;                  // and how far its text reached
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool matches_rule(const SamplingRule& rule, const SamplingParameters& span) noexcept {
  if (rule.kind && *rule.kind != span.kind) return false;
  if (!rule.name.empty() && !matches_glob(rule.name, span.name)) return false;
  if (!rule.route.empty()) {
    const auto route = route_of(span);
    if (!route || !matches_glob(rule.route, *route)) return false;
  }
  return std::all_of(rule.attributes.begin(), rule.attributes.end(), [&](const auto& wanted) {
    const AttributeValue* value = find_attribute(span, wanted.first);
    return value != nullptr && equals_text(*value, wanted.second);
  });
}

}  // namespace binnacle::sdk
