#include "sdk/stream.h"

#include "sdk/runtime.h"
#include "sdk/tick_clock.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace binnacle::sdk {

namespace {

/// A segment of malloc for a large record, within the limit; null beyond it.
Segment* make_heap_segment(ThreadState& thread, std::size_t size) noexcept {
  thread.counters.values_large.add();
  if (thread.runtime == nullptr || size > thread.settings.large_value_limit_bytes ||
      !thread.runtime->reserve_large(size, thread.settings.large_value_limit_bytes)) {
    thread.counters.values_dropped.add();
    return nullptr;
  }
  void* memory = std::malloc(sizeof(Segment) + size);
  if (memory == nullptr) {
    thread.runtime->release_large(size);
    thread.counters.values_dropped.add();
    return nullptr;
  }
  return new (memory) Segment{nullptr, 0, static_cast<std::uint32_t>(size), true};
}

/// Takes a slot for other use than a span.
Slot* take_part(ThreadState& thread) noexcept {
  Slot* slot = take_slot(thread);
  if (slot == nullptr) return nullptr;
  const std::uint32_t generation = generation_of(slot->state.load(std::memory_order_relaxed)) + 1;
  slot->owner.store(nullptr, std::memory_order_relaxed);
  slot->state.store(make_state(generation, SlotPhase::kPart), std::memory_order_release);
  return slot;
}

Segment* make_slot_segment(ThreadState& thread) noexcept {
  Slot* slot = take_part(thread);
  if (slot == nullptr) return nullptr;
  return new (segment_in(slot))
      Segment{nullptr, 0, static_cast<std::uint32_t>(kSegmentCapacity), false};
}

void link_segment(Slot& slot, Segment* segment) noexcept {
  if (slot.first_segment == nullptr) {
    slot.first_segment = segment;
    slot.inline_used = static_cast<std::uint16_t>(slot.published.load(std::memory_order_relaxed));
    slot.attribute_end = 0;
  } else {
    slot.last_segment->next = segment;
  }
  slot.last_segment = segment;
}

/// This thread's log with room for `size` more bytes, or null.
AmendLog* log_with_room(ThreadState& thread, std::size_t size) noexcept {
  AmendLog* log = thread.amend_log;
  if (log != nullptr && log->used.load(std::memory_order_relaxed) + size <= kAmendLogCapacity) {
    return log;
  }
  Slot* slot = take_part(thread);
  if (slot == nullptr) return nullptr;
  auto* next = new (amend_log_in(slot)) AmendLog{nullptr, 0};
  thread.amend_log = next;
  if (log == nullptr) {
    thread.first_amend_log.store(next, std::memory_order_release);
  } else {
    log->next.store(next, std::memory_order_release);  // from here on `log` is the reader's
  }
  return next;
}

constexpr std::size_t aligned(std::size_t size) noexcept { return (size + 7) & ~std::size_t{7}; }

}  // namespace

char* reserve_in_segments(ThreadState& thread, Slot& slot, std::size_t size) noexcept {
  Segment* last = slot.last_segment;
  if (last == nullptr || size > last->capacity - last->used) {
    last = size > kSegmentCapacity ? make_heap_segment(thread, size) : make_slot_segment(thread);
    if (last == nullptr) return nullptr;
    link_segment(slot, last);
  }
  char* out = last->bytes() + last->used;
  last->used += static_cast<std::uint32_t>(size);
  return out;
}

bool append_split(ThreadState& thread, Slot& slot, const char* bytes, std::size_t size) noexcept {
  // Take all segments before writing any: then there is nothing to undo in the stream.
  Segment* made[kLargeRecordBytes / kSegmentCapacity + 1];
  const std::size_t count = (size + kSegmentCapacity - 1) / kSegmentCapacity;
  std::size_t taken = 0;
  while (taken < count && (made[taken] = make_slot_segment(thread)) != nullptr) ++taken;
  if (taken < count) {
    // Rare enough (the pool is exhausted) that the way back may be the slow one.
    for (std::size_t i = 0; i < taken; ++i) {
      const std::size_t index = thread.runtime->pool().index_of(slot_of(made[i]));
      Slot* chunk = thread.runtime->pool().slot_at(index - index % kSlotsPerChunk);
      thread.runtime->pool().release({chunk, std::uint32_t{1} << (index % kSlotsPerChunk)});
    }
    return false;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t part = std::min(size, kSegmentCapacity);
    std::memcpy(made[i]->bytes(), bytes, part);
    made[i]->used = static_cast<std::uint32_t>(part);
    link_segment(slot, made[i]);
    bytes += part;
    size -= part;
  }
  return true;
}

AmendDraft draft_amend(SlotHandle span, AmendKind kind, std::uint64_t argument,
                       std::size_t size) noexcept {
  if (generation_of(span.slot->state.load(std::memory_order_relaxed)) != span.generation())
    return {};
  ThreadState* thread = recording_thread();
  // A span of a forking parent is the parent's to export.
  if (thread == nullptr || !thread->runtime->pool().owns(span.slot)) return {};
  Segment* heap = nullptr;
  std::size_t inline_size = size;
  if (sizeof(AmendRecord) + aligned(size) > kAmendLogCapacity) {
    heap = make_heap_segment(*thread, size);
    if (heap == nullptr) return {};
    heap->used = static_cast<std::uint32_t>(size);
    kind = AmendKind::kHeapFields;
    argument = reinterpret_cast<std::uintptr_t>(heap);
    inline_size = 0;
  }
  AmendLog* log = log_with_room(*thread, sizeof(AmendRecord) + aligned(inline_size));
  if (log == nullptr) {
    thread->counters.attributes_dropped.add();
    if (heap != nullptr) free_heap_segment(*thread->runtime, heap);
    return {};
  }
  auto* record = new (log->bytes() + log->used.load(std::memory_order_relaxed))
      AmendRecord{.target = span.slot,
                  .generation = span.generation(),
                  .position = span.slot->published.load(std::memory_order_relaxed),
                  .ticks = ticks_now(),
                  .argument = argument,
                  .size = static_cast<std::uint32_t>(inline_size),
                  .kind = kind};
  return {thread, record, heap != nullptr ? heap->bytes() : reinterpret_cast<char*>(record + 1)};
}

void AmendDraft::commit() noexcept {
  AmendLog* log = thread->amend_log;
  const auto size = static_cast<std::uint32_t>(sizeof(AmendRecord) + aligned(record->size));
  log->used.store(log->used.load(std::memory_order_relaxed) + size, std::memory_order_release);
}

void free_heap_segment(Runtime& runtime, Segment* segment) noexcept {
  runtime.release_large(segment->capacity);
  std::free(segment);
}

}  // namespace binnacle::sdk
