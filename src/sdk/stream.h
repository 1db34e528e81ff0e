#pragma once

#include "sdk/slot.h"
#include "sdk/thread_state.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Appending to a span's stream: by its owner straight into the slot and its segments, by any other
// thread as an amend in that thread's own log. `put(char* out)` writes exactly `size` bytes.

namespace binnacle::sdk {

/// Records of more bytes than this take memory from malloc, within a byte limit, instead of from
/// the pool.
inline constexpr std::size_t kLargeRecordBytes = 4096;

/// Declares for its lifetime that this thread is writing into a slot, so that the export thread
/// does not free it meanwhile (it may, once another thread has ended the span). True if the span is
/// still open and may be written.
class OwnerWrite {
 public:
  OwnerWrite(ThreadState& thread, SlotHandle span) noexcept : thread_(thread) {
    thread.busy_slot.store(span.slot, std::memory_order_relaxed);
    // The export thread issues the matching barrier for all threads (membarrier), so that here the
    // compiler alone must keep the order.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    is_open_ = span.slot->state.load(std::memory_order_relaxed) == span.open_state;
  }
  OwnerWrite(const OwnerWrite&) = delete;
  OwnerWrite& operator=(const OwnerWrite&) = delete;
  ~OwnerWrite() { thread_.busy_slot.store(nullptr, std::memory_order_release); }
  explicit operator bool() const noexcept { return is_open_; }

 private:
  ThreadState& thread_;
  bool is_open_;
};

inline bool is_owner(const ThreadState& thread, SlotHandle span) noexcept {
  return span.slot->owner.load(std::memory_order_relaxed) == &thread;
}

/// Room for `size` contiguous bytes of stream in a slot's segments, or null. Not for records over
/// kSegmentCapacity and up to kLargeRecordBytes, which are split.
char* reserve_in_segments(ThreadState& thread, Slot& slot, std::size_t size) noexcept;
/// Copies a record over as many segments as it takes; nothing is kept if they are not to be had.
bool append_split(ThreadState& thread, Slot& slot, const char* bytes, std::size_t size) noexcept;

template <typename Put>
[[gnu::noinline]] bool append_beyond_slot(ThreadState& thread, Slot& slot, std::size_t size,
                                          Put put) noexcept {
  if (size > kSegmentCapacity && size <= kLargeRecordBytes) {
    char record[kLargeRecordBytes];
    put(record);
    return append_split(thread, slot, record, size);
  }
  char* out = reserve_in_segments(thread, slot, size);
  if (out == nullptr) return false;
  put(out);
  return true;
}

/// For the owner, inside an OwnerWrite. False if there is no memory for it.
template <typename Put>
inline bool append_to_stream(ThreadState& thread, Slot& slot, std::size_t size, Put put) noexcept {
  const std::uint32_t used = slot.published.load(std::memory_order_relaxed);
  if (slot.first_segment == nullptr && size <= sizeof slot.inline_bytes - used) [[likely]] {
    put(slot.inline_bytes + used);
  } else if (!append_beyond_slot(thread, slot, size, put)) {
    return false;
  }
  slot.published.store(used + static_cast<std::uint32_t>(size), std::memory_order_relaxed);
  return true;
}

/// A record that another thread than the owner wants to make, with room for `size` bytes at
/// `bytes`; commit it after filling them. Null bytes: no memory, or the SDK is off.
struct AmendDraft {
  ThreadState* thread = nullptr;
  AmendRecord* record = nullptr;
  char* bytes = nullptr;

  void commit() noexcept;
};
AmendDraft draft_amend(SlotHandle span, AmendKind kind, std::uint64_t argument,
                       std::size_t size) noexcept;

template <typename Put>
[[gnu::noinline]] void amend_fields(SlotHandle span, std::size_t size, Put put) noexcept {
  AmendDraft draft = draft_amend(span, AmendKind::kFields, 0, size);
  if (draft.bytes == nullptr) return;
  put(draft.bytes);
  draft.commit();
}

/// Frees a heap segment and its share of the byte limit.
void free_heap_segment(Runtime& runtime, Segment* segment) noexcept;

}  // namespace binnacle::sdk
