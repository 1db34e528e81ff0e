#pragma once

#include "sdk/header_names.h"

#include <binnacle/config.h>
#include <binnacle/propagation.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

// Which formats a context is written in and read from, in order. Sets are immutable and never
// freed, so that reading headers takes no lock; equal ones are made once. Internally locked.

namespace binnacle {
inline namespace v1 {
namespace detail {

struct Propagators {
  static constexpr std::size_t kMaxSteps = 16;  // each built-in once, and more than anybody wrote
  struct Step {
    PropagatorKind kind = PropagatorKind::kCustom;
    const TextMapPropagator* custom = nullptr;
    friend bool operator==(const Step&, const Step&) = default;
  };

  std::uint32_t wanted_names = 0;    ///< a bit per sdk::HeaderName
  std::uint32_t wanted_lengths = 0;  ///< of those names, a bit each
  bool is_w3c = false;               ///< nothing but kTraceContext and kBaggage, both
  std::size_t count = 0;
  Step steps[kMaxSteps] = {};

  constexpr void add(Step step) noexcept {
    if (count == kMaxSteps) return;
    for (std::size_t i = 0; i < count; ++i) {
      if (steps[i] == step) return;  // OpenTelemetry: duplicates are removed
    }
    steps[count++] = step;
    wanted_names |= sdk::names_of(step.kind);
    wanted_lengths = sdk::lengths_of(wanted_names);
    is_w3c = count == 2 && wanted_names == (sdk::names_of(PropagatorKind::kTraceContext) |
                                            sdk::names_of(PropagatorKind::kBaggage));
  }
  friend bool operator==(const Propagators&, const Propagators&) = default;
};

}  // namespace detail
}  // namespace v1
}  // namespace binnacle

namespace binnacle::sdk {

/// From now on contexts travel as `config` says, whether or not spans are recorded.
void use_propagators(const Config& config);

/// OTEL_PROPAGATORS: sets Config::propagators and Config::custom_propagators; tells `warn` of what
/// it does not know. If nothing is left, the default stands.
void read_propagators(std::string_view list, Config& config,
                      const std::function<void(std::string_view)>& warn);

}  // namespace binnacle::sdk
