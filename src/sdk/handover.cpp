#include "sdk/context_stack.h"

#include <binnacle/coroutine.h>
#include <binnacle/handover.h>

#include <cstdlib>
#include <cstring>
#include <new>

// Taking what is current from one thread to another: once (bind_context), or whenever a coroutine
// moves.

namespace binnacle {
inline namespace v1 {
namespace detail {

using sdk::ContextEntry;

struct ScopeAccess {
  static Scope activate(const ContextEntry& entry) noexcept {
    Scope scope;
    scope.id_ = sdk::push_context(entry);
    return scope;
  }
};

ActiveContext ActiveContext::capture() noexcept {
  const ContextEntry* top = sdk::top_context();
  return {current_context(), top != nullptr ? top->span : SlotHandle{}};
}

Scope ActiveContext::activate() const noexcept {
  return ScopeAccess::activate({.context = context.span_context(),
                                .is_valid = context.is_valid(),
                                .span = span,
                                .extras = context.extras()});
}

namespace {

ContextEntry* entry_at(unsigned char* bytes, std::size_t index) noexcept {
  return std::launder(reinterpret_cast<ContextEntry*>(bytes + index * sizeof(ContextEntry)));
}

}  // namespace

CoroutineContexts::CoroutineContexts() noexcept { adopt(); }

CoroutineContexts::~CoroutineContexts() {
  if (is_inside()) leave();  // its frame is destroyed from within
  clear();
  std::free(more_);
}

void CoroutineContexts::clear() noexcept {
  for (std::uint32_t i = 0; i < count_; ++i) {
    const ContextEntry* entry = entry_at(entries(), i);
    if (entry->extras != nullptr) release(entry->extras);
  }
  count_ = 0;
}

void CoroutineContexts::adopt() noexcept {
  static_assert(sizeof(ContextEntry) == kEntryBytes && std::is_trivially_copyable_v<ContextEntry>);
  if (is_inside()) return;
  clear();
  // Where nothing is current an entry that says so: a thread that resumes the coroutine in the
  // middle of other work must not lend it that work's context.
  const ContextEntry* top = sdk::top_context();
  ContextEntry* first = new (entries()) ContextEntry(top != nullptr ? *top : ContextEntry{});
  if (first->extras != nullptr) retain(first->extras);
  first->id = 0;
  count_ = 1;
}

void CoroutineContexts::enter() noexcept {
  sdk::ThreadContexts* contexts = sdk::roomy_contexts();
  if (contexts == nullptr) return;
  // Scopes in the coroutine look for the ids that their entries had; the lowest entry has no scope
  // and gets an id that tells where it now is.
  entry_at(entries(), 0)->id = contexts->next_id++;
  base_id_ = entry_at(entries(), 0)->id;
  for (std::uint32_t i = 0; i < count_; ++i) {
    const ContextEntry* entry = entry_at(entries(), i);
    if (contexts->depth < kMaxScopeDepth) {
      contexts->entries[contexts->depth++] = *entry;
    } else {
      sdk::t_local.state->counters.scopes_refused.add();
      if (entry->extras != nullptr) release(entry->extras);
    }
  }
  count_ = 0;
}

void CoroutineContexts::leave() noexcept {
  if (!is_inside()) return;
  sdk::ThreadContexts* contexts = sdk::t_local.contexts;
  std::uint32_t base = contexts->depth;
  while (base > 0 && contexts->entries[base - 1].id != base_id_) --base;
  base_id_ = 0;
  if (base == 0) return adopt();  // an outer scope ended and took ours along
  --base;
  const std::uint32_t wanted = contexts->depth - base;
  if (wanted > capacity_) {
    auto* grown = static_cast<unsigned char*>(std::malloc(wanted * kEntryBytes));
    if (grown != nullptr) {
      std::free(more_);
      more_ = grown;
      capacity_ = wanted;
    }
  }
  // Without memory the uppermost are lost: what follows descends from the ones below.
  if (wanted > capacity_) sdk::pop_contexts(*contexts, base + capacity_);
  count_ = contexts->depth - base;
  std::memcpy(entries(), &contexts->entries[base], count_ * kEntryBytes);
  contexts->depth = base;
}

ActiveContext CoroutineContexts::top() const noexcept {
  if (count_ == 0) return {};
  const auto* bytes = more_ != nullptr ? more_ : inline_;
  const auto* entry = std::launder(
      reinterpret_cast<const ContextEntry*>(bytes + (count_ - 1) * sizeof(ContextEntry)));
  if (entry->extras != nullptr) retain(entry->extras);
  return {Context(entry->context, entry->extras), entry->span};
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
