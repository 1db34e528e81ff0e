#pragma once

#include "sdk/context_extras.h"
#include "sdk/thread_state.h"

#include <binnacle/context.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

// A thread's stack of active contexts. Every entry has an id that no other entry of the process
// has, so that a scope finds its entry again after a coroutine has carried it to another thread's
// stack. Thread-confined.

namespace binnacle::sdk {

/// This thread's stack with room for one more entry; null if there is none (counted).
inline ThreadContexts* roomy_contexts() noexcept {
  ThreadContexts* contexts = t_local.contexts;
  if (contexts == &g_no_contexts) [[unlikely]]
    contexts = enter_contexts();
  if (contexts == nullptr) return nullptr;
  if (contexts->depth >= kMaxScopeDepth) [[unlikely]] {
    t_local.state->counters.scopes_refused.add();
    return nullptr;
  }
  return contexts;
}

/// The span was most likely started a moment ago, and its context written in words: a load of two
/// of them at once would have to wait until they have left the store buffer (5 ns).
inline void copy_by_words(SpanContext& to, const SpanContext& from) noexcept {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::uint64_t span = 0;
  std::memcpy(&high, from.trace_id.bytes, sizeof high);
  std::memcpy(&low, from.trace_id.bytes + sizeof high, sizeof low);
  std::memcpy(&span, from.span_id.bytes, sizeof span);
  asm volatile("" : "+r"(high), "+r"(low), "+r"(span));  // keep them apart
  std::memcpy(to.trace_id.bytes, &high, sizeof high);
  std::memcpy(to.trace_id.bytes + sizeof high, &low, sizeof low);
  std::memcpy(to.span_id.bytes, &span, sizeof span);
  to.flags = from.flags;
  to.is_remote = from.is_remote;
}

/// Puts an entry on top, which from now on holds a count of its own on `extras`. Returns its id; 0
/// if there is no room.
inline std::uint64_t push_context(const SpanContext& context, SlotHandle span,
                                  const ContextExtras* extras) noexcept {
  ThreadContexts* contexts = roomy_contexts();
  if (contexts == nullptr) return 0;
  ContextEntry& top = contexts->entries[contexts->depth++];
  copy_by_words(top.context, context);
  top.is_valid = context.is_valid();
  top.span = span;
  top.extras = extras;
  if (extras != nullptr) [[unlikely]]
    v1::detail::retain(extras);
  top.id = contexts->next_id++;
  return top.id;
}
inline std::uint64_t push_context(const ContextEntry& entry) noexcept {
  return push_context(entry.context, entry.span, entry.extras);
}

/// Takes everything above `depth` off.
inline void pop_contexts(ThreadContexts& contexts, std::uint32_t depth) noexcept {
  while (contexts.depth > depth) {
    const ContextEntry& entry = contexts.entries[--contexts.depth];
    if (entry.extras != nullptr) v1::detail::release(entry.extras);
  }
}

/// The search of leave_context(), below the uppermost entry too.
void leave_context_slow(std::uint64_t id) noexcept;

/// Takes the entry with this id off, and what is above it. Nearly always it is the uppermost; on
/// another thread's stack it is not there at all.
inline void leave_context(std::uint64_t id) noexcept {
  ThreadContexts* contexts = t_local.contexts;
  const std::uint32_t depth = contexts->depth;
  if (depth != 0) [[likely]] {
    const ContextEntry& top = contexts->entries[depth - 1];
    if (top.id == id && top.extras == nullptr) [[likely]] {
      contexts->depth = depth - 1;
      return;
    }
  }
  leave_context_slow(id);
}

/// The current entry; null if nothing is active.
inline const ContextEntry* top_context() noexcept {
  const ThreadContexts* contexts = t_local.contexts;
  return contexts->depth == 0 ? nullptr : &contexts->entries[contexts->depth - 1];
}

}  // namespace binnacle::sdk
