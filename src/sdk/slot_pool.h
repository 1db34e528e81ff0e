#pragma once

#include "sdk/slot.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

// The bounded memory of all open spans: chunks of 32 slots in one reserved address range, so that a
// slot's chunk follows from its address and any stale pointer stays readable. Threads take slots a
// chunk at a time and use them without further contact; the export thread gives them back one by
// one. Chunks that were freed last are granted first, so that a quiet process keeps to a few hot
// ones. Made once per process (and forked child), never destroyed. Internally locked.

namespace binnacle::sdk {

/// Some slots of one chunk, as a bit mask.
struct SlotGrant {
  Slot* chunk = nullptr;
  std::uint32_t mask = 0;
};

class SlotPool {
 public:
  /// The most that a process may ask for: 128 MiB of slots. Only the address range is taken at
  /// once; pages come with use.
  static constexpr std::size_t kMaxChunks = 8192;

  /// False if the address range cannot be had; then grants are empty.
  bool reserve() noexcept;

  /// How many slots may be in use; at most kMaxChunks * kSlotsPerChunk. May be changed at any time.
  void set_limit(std::size_t slots) noexcept;

  std::size_t limit_slots() const noexcept {
    return limit_chunks_.load(std::memory_order_relaxed) * kSlotsPerChunk;
  }

  /// Up to `want` (1 to 32) free slots; an empty mask if the limit is reached. ~30 ns.
  SlotGrant grant(std::size_t want) noexcept;

  /// Gives slots back.
  void release(SlotGrant grant) noexcept;
  /// Gives many back under one lock; `masks[i]` belongs to chunk i.
  void release_all(std::span<const std::uint32_t> masks) noexcept;

  /// Whether the pointer is one of this pool's slots.
  bool owns(const Slot* slot) const noexcept {
    return slot >= slots_ && slot < slots_ + kMaxChunks * kSlotsPerChunk;
  }
  std::size_t index_of(const Slot* slot) const noexcept {
    return static_cast<std::size_t>(slot - slots_);
  }
  Slot* slot_at(std::size_t index) const noexcept { return slots_ + index; }

  /// Chunks that were ever granted: what there is to scan.
  std::size_t touched_chunks() noexcept;
  /// Slots granted and not yet given back.
  std::size_t slots_in_use() noexcept;

 private:
  // A chunk goes back on the stack when half of it is free: fewer would make threads come for slots
  // too often, more would let long spans keep too much from use.
  static constexpr int kListAtFree = 16;

  struct Chunk {
    std::uint32_t free_mask = 0;
    bool is_listed = false;
  };

  void release_locked(std::size_t chunk, std::uint32_t mask) noexcept;
  bool list_all_free_locked() noexcept;

  Slot* slots_ = nullptr;
  std::atomic<std::size_t> limit_chunks_{0};
  std::mutex mutex_;  // guards what follows
  std::size_t touched_chunks_ = 0;
  std::size_t in_use_ = 0;
  std::vector<Chunk> chunks_;
  std::vector<std::uint32_t> available_;  // a stack of chunk numbers
};

}  // namespace binnacle::sdk
