#include "sdk/context_extras.h"

#include <cstdlib>
#include <new>

namespace binnacle {
inline namespace v1 {
namespace detail {

const ContextExtras* make_extras(std::string_view trace_state, std::string_view baggage,
                                 std::uint8_t marks) noexcept {
  if (trace_state.empty() && baggage.empty() && marks == 0) return nullptr;
  void* memory = std::malloc(sizeof(ContextExtras) + trace_state.size() + baggage.size());
  if (memory == nullptr) return nullptr;
  auto* extras = new (memory) ContextExtras{1, static_cast<std::uint32_t>(trace_state.size()),
                                            static_cast<std::uint32_t>(baggage.size()), marks};
  char* bytes = reinterpret_cast<char*>(extras + 1);
  trace_state.copy(bytes, trace_state.size());
  baggage.copy(bytes + trace_state.size(), baggage.size());
  return extras;
}

void retain(const ContextExtras* extras) noexcept {
  extras->references.fetch_add(1, std::memory_order_relaxed);
}

void release(const ContextExtras* extras) noexcept {
  if (extras->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  std::free(const_cast<ContextExtras*>(extras));
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
