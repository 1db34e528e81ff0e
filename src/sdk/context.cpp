#include "sdk/context_extras.h"
#include "sdk/context_stack.h"
#include "sdk/hex.h"
#include "sdk/thread_state.h"

#include <binnacle/context.h>
#include <binnacle/span.h>

namespace binnacle::sdk {

void leave_context_slow(std::uint64_t id) noexcept {
  ThreadContexts* contexts = t_local.contexts;
  for (std::uint32_t depth = contexts->depth; depth > 0; --depth) {
    if (contexts->entries[depth - 1].id == id) return pop_contexts(*contexts, depth - 1);
  }
}

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {

void TraceId::to_hex(char* out) const noexcept { sdk::put_hex(out, bytes, sizeof bytes); }
void SpanId::to_hex(char* out) const noexcept { sdk::put_hex(out, bytes, sizeof bytes); }

Context current_context() noexcept {
  const sdk::ThreadContexts* contexts = sdk::t_local.contexts;
  if (contexts->depth == 0) return Context();
  const sdk::ContextEntry& top = contexts->entries[contexts->depth - 1];
  if (top.extras != nullptr) detail::retain(top.extras);
  return Context(top.context, top.extras);
}

SpanRef current_span() noexcept {
  SpanRef span;
  const sdk::ThreadContexts* contexts = sdk::t_local.contexts;
  if (contexts->depth == 0) return span;
  const sdk::ContextEntry& top = contexts->entries[contexts->depth - 1];
  span.handle_ = top.span;
  span.context_ = top.context;
  return span;
}

Scope::Scope(const Context& context) noexcept
    : id_(sdk::push_context({.context = context.span_context(),
                             .is_valid = context.is_valid(),
                             .span = {},
                             .extras = context.extras()})) {}

void Scope::leave_entry() noexcept { sdk::leave_context(id_); }

std::string_view Context::trace_state() const noexcept {
  return extras_ == nullptr ? std::string_view() : extras_->trace_state();
}

std::string_view Context::baggage_header() const noexcept {
  return extras_ == nullptr ? std::string_view() : extras_->baggage();
}

}  // namespace v1
}  // namespace binnacle
