#include "sdk/log_fields.h"
#include "sdk/runtime.h"
#include "sdk/stream.h"
#include "sdk/thread_state.h"
#include "sdk/tick_clock.h"

#include <binnacle/log.h>

#include <cstddef>
#include <cstring>

// Recording of log records, on the threads of the host: a slot per record, filled at once and
// handed to the export thread with one store. No allocation, no lock, no read-modify-write of
// shared memory, except in the functions named *_slow.

namespace binnacle::sdk {

namespace {

/// Taking the next few slots is up to the pool, unless records have filled their part of it.
[[gnu::noinline]] Slot* take_log_slot_slow(ThreadState& thread) noexcept {
  Runtime& runtime = *thread.runtime;
  const std::uint64_t sweep = runtime.sweeps().load(std::memory_order_relaxed) + 1;
  if (thread.refused_logs_in_sweep == sweep) return nullptr;  // nothing has been freed since
  if (runtime.pool().slots_in_use() >= thread.settings.log_slots) {
    thread.refused_logs_in_sweep = sweep;
    runtime.wake();
    return nullptr;
  }
  return take_slot(thread);
}

Slot* take_log_slot(ThreadState& thread) noexcept {
  if (thread.free_mask == 0) [[unlikely]]
    return take_log_slot_slow(thread);
  return take_slot(thread);
}

/// Whose record it is: the active span's, or that of a context that was named.
const SpanContext* find_context(const LogOptions* options) noexcept {
  if (options != nullptr && options->context != nullptr) {
    return options->context->is_valid() ? &options->context->span_context() : nullptr;
  }
  const ThreadContexts* contexts = t_local.contexts;
  if (contexts->depth == 0) return nullptr;
  const ContextEntry& top = contexts->entries[contexts->depth - 1];
  return top.is_valid ? &top.context : nullptr;
}

void set_times(Slot& slot, const LogOptions* options) noexcept {
  const bool has_time = options != nullptr && options->unix_ns != 0;
  const bool has_observed = options != nullptr && options->observed_unix_ns != 0;
  const std::uint64_t now = has_time && has_observed ? 0 : ticks_now();
  slot.start = has_time ? static_cast<std::uint64_t>(options->unix_ns) : now;
  slot.end = has_observed ? static_cast<std::uint64_t>(options->observed_unix_ns) : now;
  if (has_time) slot.marks |= kMarkStartIsUnix;
  if (has_observed) slot.marks |= kMarkEndIsUnix;
}

/// Mostly a record fits its slot, which is known without sizing each of its parts.
bool write_fields(ThreadState& thread, Slot& slot, const LogFields& fields) noexcept {
  if (fields.size_bound() <= sizeof slot.inline_bytes) [[likely]] {
    const char* end = fields.put(slot.inline_bytes);
    slot.published.store(static_cast<std::uint32_t>(end - slot.inline_bytes),
                         std::memory_order_relaxed);
    return true;
  }
  return append_to_stream(thread, slot, fields.size(), [&](char* out) { fields.put(out); });
}

void fill_slot(Slot& slot, const ThreadState& thread, Severity severity,
               const LogOptions* options) noexcept {
  slot.owner.store(nullptr, std::memory_order_relaxed);
  slot.published.store(0, std::memory_order_relaxed);
  const auto clear = [&slot](std::size_t from, std::size_t to) {
    std::memset(reinterpret_cast<char*>(&slot) + from, 0, to - from);
  };
  clear(offsetof(Slot, key_bits), offsetof(Slot, span_id));
  clear(offsetof(Slot, start), offsetof(Slot, inline_bytes));
  if (const SpanContext* context = find_context(options)) {
    std::memcpy(slot.trace_id, context->trace_id.bytes, sizeof slot.trace_id);
    std::memcpy(slot.span_id, context->span_id.bytes, sizeof slot.span_id);
    slot.trace_flags = context->flags;
    slot.marks = kMarkHasContext;
  }
  set_times(slot, options);
  slot.kind = static_cast<std::uint8_t>(severity);
  slot.run = static_cast<std::uint8_t>(thread.epoch);
}

}  // namespace

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {

using sdk::ThreadState;

namespace detail {

void emit_log(Severity severity, const AttributeValue& body, const KeyValue* attributes,
              std::size_t count, const LogOptions* options) noexcept {
  ThreadState* thread = sdk::recording_thread();
  if (thread == nullptr || !thread->settings.records_logs) return;
  Slot* slot = sdk::take_log_slot(*thread);
  if (slot == nullptr) [[unlikely]] {
    thread->counters.logs_dropped.add();
    return;
  }
  sdk::fill_slot(*slot, *thread, severity, options);
  const sdk::LogFields fields(body, {attributes, count}, options, thread->settings.log_limits);
  if (!sdk::write_fields(*thread, *slot, fields)) [[unlikely]] {
    slot->marks |= sdk::kMarkVoid;  // the export thread gives the slot back, that is all
    thread->counters.logs_dropped.add();
  }
  if (fields.dropped_attributes() != 0) [[unlikely]] {
    slot->dropped_attributes = fields.dropped_attributes();
    thread->counters.attributes_dropped.add(fields.dropped_attributes());
  }
  const std::uint32_t generation =
      sdk::generation_of(slot->state.load(std::memory_order_relaxed)) + 1;
  slot->state.store(sdk::make_state(generation, sdk::SlotPhase::kLog), std::memory_order_release);
  thread->runtime->announce_log();
}

}  // namespace detail

bool is_log_enabled() noexcept {
  const ThreadState* thread = sdk::recording_thread();
  return thread != nullptr && thread->settings.records_logs;
}

}  // namespace v1
}  // namespace binnacle
