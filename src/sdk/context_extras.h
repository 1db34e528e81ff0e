#pragma once

#include <binnacle/context.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

// The part of a context that needs memory: W3C tracestate and baggage, as header values, and the
// marks of other formats. Immutable
// and reference counted; made when headers carry them or baggage is set, and shared by all contexts
// and spans that descend from there. A context without them has none, and copying it counts
// nothing.

namespace binnacle {
inline namespace v1 {
namespace detail {

/// What some formats say beside ids and the sampled flag.
enum ContextMark : std::uint8_t {
  kMarkDebug = 1,         ///< B3's and Jaeger's debug flag: record in any case, and pass it on
  kMarkRootAccepted = 2,  ///< B3 without ids: record the trace that starts here
  kMarkRootDenied = 4,    ///< B3 without ids: do not
};

struct ContextExtras {
  mutable std::atomic<std::uint32_t> references;
  std::uint32_t trace_state_size;
  std::uint32_t baggage_size;
  std::uint8_t marks;

  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
  std::string_view trace_state() const noexcept { return {bytes(), trace_state_size}; }
  std::string_view baggage() const noexcept { return {bytes() + trace_state_size, baggage_size}; }
};

/// With one reference; null if there is nothing to keep, or no memory.
[[gnu::visibility("hidden")]] const ContextExtras* make_extras(std::string_view trace_state,
                                                               std::string_view baggage,
                                                               std::uint8_t marks = 0) noexcept;

inline std::uint8_t marks_of(const ContextExtras* extras) noexcept {
  return extras == nullptr ? std::uint8_t{0} : extras->marks;
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
