#include "sdk/slot_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

namespace binnacle::sdk {

bool SlotPool::reserve() noexcept {
  constexpr std::size_t kBytes = kMaxChunks * kChunkBytes;
  void* memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  // Fresh pages are zero, which is a valid slot: phase kUnused, generation 0.
  slots_ = static_cast<Slot*>(memory);
  chunks_.resize(kMaxChunks);
  available_.reserve(kMaxChunks);
  return true;
}

void SlotPool::set_limit(std::size_t slots) noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t chunks = (slots + kSlotsPerChunk - 1) / kSlotsPerChunk;
  limit_chunks_ = std::clamp<std::size_t>(chunks, 1, chunks_.size());
}

SlotGrant SlotPool::grant(std::size_t want) noexcept {
  const std::lock_guard lock(mutex_);
  if (available_.empty() && touched_chunks_ < limit_chunks_) {
    chunks_[touched_chunks_] = {~std::uint32_t{0}, true};
    available_.push_back(static_cast<std::uint32_t>(touched_chunks_++));
  }
  if (available_.empty() && !list_all_free_locked()) return {};
  if (in_use_ >= limit_slots()) return {};  // the limit was lowered below what is in use
  const std::uint32_t number = available_.back();
  Chunk& chunk = chunks_[number];
  std::uint32_t mask = chunk.free_mask;
  while (static_cast<std::size_t>(std::popcount(mask)) > want) {
    mask &= ~(std::uint32_t{1} << (31 - std::countl_zero(mask)));
  }
  chunk.free_mask &= ~mask;
  in_use_ += static_cast<std::size_t>(std::popcount(mask));
  if (chunk.free_mask == 0) {
    chunk.is_listed = false;
    available_.pop_back();
  }
  return {slots_ + number * kSlotsPerChunk, mask};
}

void SlotPool::release(SlotGrant grant) noexcept {
  if (grant.mask == 0) return;
  const std::lock_guard lock(mutex_);
  release_locked(index_of(grant.chunk) / kSlotsPerChunk, grant.mask);
}

void SlotPool::release_all(std::span<const std::uint32_t> masks) noexcept {
  const std::lock_guard lock(mutex_);
  for (std::size_t chunk = 0; chunk < masks.size(); ++chunk) {
    if (masks[chunk] != 0) release_locked(chunk, masks[chunk]);
  }
}

void SlotPool::release_locked(std::size_t number, std::uint32_t mask) noexcept {
  Chunk& chunk = chunks_[number];
  chunk.free_mask |= mask;
  in_use_ -= static_cast<std::size_t>(std::popcount(mask));
  if (!chunk.is_listed && std::popcount(chunk.free_mask) >= kListAtFree) {
    chunk.is_listed = true;
    available_.push_back(static_cast<std::uint32_t>(number));
  }
}

bool SlotPool::list_all_free_locked() noexcept {
  for (std::size_t number = 0; number < touched_chunks_; ++number) {
    Chunk& chunk = chunks_[number];
    if (chunk.free_mask == 0 || chunk.is_listed) continue;
    chunk.is_listed = true;
    available_.push_back(static_cast<std::uint32_t>(number));
  }
  return !available_.empty();
}

std::size_t SlotPool::touched_chunks() noexcept {
  const std::lock_guard lock(mutex_);
  return touched_chunks_;
}

std::size_t SlotPool::slots_in_use() noexcept {
  const std::lock_guard lock(mutex_);
  return in_use_;
}

}  // namespace binnacle::sdk
