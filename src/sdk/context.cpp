#include "sdk/context_extras.h"
#include "sdk/thread_state.h"

#include <binnacle/context.h>
#include <binnacle/span.h>

namespace binnacle {
inline namespace v1 {

namespace {

void put_hex(char* out, const std::uint8_t* bytes, std::size_t size) noexcept {
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < size; ++i) {
    *out++ = kDigits[bytes[i] >> 4U];
    *out++ = kDigits[bytes[i] & 0xFU];
  }
}

/// The entry to fill for a new scope, or null if there is no room; the caller counts it in.
sdk::ContextEntry* next_entry(sdk::ThreadContexts*& contexts) noexcept {
  contexts = sdk::t_local.contexts;
  if (contexts == &sdk::g_no_contexts) [[unlikely]]
    contexts = sdk::enter_contexts();
  if (contexts == nullptr) return nullptr;
  if (contexts->depth >= kMaxScopeDepth) [[unlikely]] {
    sdk::t_local.state->counters.scopes_refused.add();
    return nullptr;
  }
  return &contexts->entries[contexts->depth];
}

}  // namespace

void TraceId::to_hex(char* out) const noexcept { put_hex(out, bytes, sizeof bytes); }
void SpanId::to_hex(char* out) const noexcept { put_hex(out, bytes, sizeof bytes); }

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

Scope::Scope(const Context& context) noexcept {
  sdk::ThreadContexts* contexts = nullptr;
  sdk::ContextEntry* entry = next_entry(contexts);
  if (entry == nullptr) return;
  *entry = {context.span_context(), context.is_valid(), {}, context.extras()};
  if (entry->extras != nullptr) detail::retain(entry->extras);
  thread_ = contexts;
  depth_ = contexts->depth++;
}

Scope Span::activate() const noexcept {
  Scope scope;
  sdk::ThreadContexts* contexts = nullptr;
  sdk::ContextEntry* entry = next_entry(contexts);
  if (entry == nullptr) return scope;
  *entry = {context_, context_.is_valid(), handle_, extras_};
  if (extras_ != nullptr) detail::retain(extras_);
  scope.thread_ = contexts;
  scope.depth_ = contexts->depth++;
  return scope;
}

void Scope::leave() noexcept {
  auto* contexts = static_cast<sdk::ThreadContexts*>(thread_);
  // On another thread, or in a forked child, the entry is not ours to remove.
  if (contexts != sdk::t_local.contexts) return;
  while (contexts->depth > depth_) {
    const sdk::ContextEntry& entry = contexts->entries[--contexts->depth];
    if (entry.extras != nullptr) detail::release(entry.extras);
  }
}

std::string_view Context::trace_state() const noexcept {
  return extras_ == nullptr ? std::string_view() : extras_->trace_state();
}

std::string_view Context::baggage_header() const noexcept {
  return extras_ == nullptr ? std::string_view() : extras_->baggage();
}

}  // namespace v1
}  // namespace binnacle
