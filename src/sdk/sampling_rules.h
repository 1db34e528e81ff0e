#pragma once

#include "sdk/rate_limiter.h"

#include <binnacle/extension.h>
#include <binnacle/sampling.h>

#include <cstdint>
#include <memory>
#include <string_view>

// Matching of sampling rules against a starting span. Pure, but for a rule's own limiter.

namespace binnacle::sdk {

struct CompiledRule {
  SamplingRule rule;
  std::uint64_t threshold = 0;
  std::unique_ptr<RateLimiter> limiter = nullptr;  ///< null: no rate
};

/// Whether `text` fits a pattern of literal characters, `*` (any text) and `?` (any character).
/// Linear in the text for each `*`; no recursion, no allocation.
bool matches_glob(std::string_view pattern, std::string_view text) noexcept;

bool matches_rule(const SamplingRule& rule, const SamplingParameters& span) noexcept;

}  // namespace binnacle::sdk
