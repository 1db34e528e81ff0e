#pragma once

#include <binnacle/context.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

// The part of a context that needs memory: W3C tracestate and baggage, as header values. Immutable
// and reference counted; made when headers carry them or baggage is set, and shared by all contexts
// and spans that descend from there. A context without them has none, and copying it counts
// nothing.

namespace binnacle {
inline namespace v1 {
namespace detail {

struct ContextExtras {
  mutable std::atomic<std::uint32_t> references;
  std::uint32_t trace_state_size;
  std::uint32_t baggage_size;

  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  std::string_view trace_state() const noexcept { return {bytes(), trace_state_size}; }
  std::string_view baggage() const noexcept { return {bytes() + trace_state_size, baggage_size}; }
};

/// With one reference; null if both are empty or there is no memory.
[[gnu::visibility("hidden")]] const ContextExtras* make_extras(std::string_view trace_state,
                                                               std::string_view baggage) noexcept;

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
