#pragma once

#include <cstdint>
#include <span>
#include <string_view>

// Every environment variable that the SDK reads, once: .env.example and
// docs/reference/environment.md are compared with this table, and so is what the code asks for.
// Immutable.

namespace binnacle::sdk {

enum class VariableGroup : std::uint8_t {
  kService,
  kSampling,
  kBackends,
  kVendors,
  kOtlp,
  kPrometheus,
  kLocal,
  kBatching,
  kLimits,
  kMetrics,
  kContent,
};
inline constexpr std::size_t kVariableGroupCount = 11;

struct Variable {
  VariableGroup group;
  std::string_view name;
  std::string_view default_value;  ///< as it would be written; empty: unset
  std::string_view meaning;
  bool is_secret = false;  ///< its value is never shown
};

std::span<const Variable> environment_variables() noexcept;

std::string_view title_of(VariableGroup group) noexcept;

/// Null if the SDK knows no such variable.
const Variable* find_variable(std::string_view name) noexcept;

}  // namespace binnacle::sdk
