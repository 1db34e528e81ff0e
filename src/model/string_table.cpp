#include "model/string_table.h"

#include "base/check.h"
#include "base/hash.h"
#include "base/random.h"

#include <algorithm>
#include <cstring>

namespace binnacle {
namespace {

constexpr std::uint32_t kFreeSlot = 0xFFFF'FFFF;
// A typical OTLP request of 500 spans has 100 to 300 distinct strings: no regrowth for most.
constexpr std::size_t kInitialSlots = 512;
// Big enough that a request needs a handful of blocks, small enough that an idle batch wastes
// little.
constexpr std::size_t kBlockBytes = 16 * 1024;

// Strings come from the network. With a hash that senders can compute, 20,000 strings chosen to
// share a slot (seconds of searching, 220 KB to send) take 0.5 s to intern instead of 7 ms, and the
// square of that for more; so slots depend on a number of this process that nobody outside knows.
std::uint32_t slot_hash(std::string_view text) noexcept {
  static const std::uint64_t seed = Random::from_system().next();
  return static_cast<std::uint32_t>(hash64(text, seed));
}

}  // namespace

StringTable::StringTable() : slots_(kInitialSlots, kFreeSlot) { intern({}); }

StringId StringTable::find(std::string_view text) const noexcept {
  const std::uint32_t hash = slot_hash(text);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const std::uint32_t slot = slots_[i];
    if (slot == kFreeSlot) return kAbsent;
    const Entry& e = entries_[slot];
    if (e.hash == hash && e.size_bytes == text.size() &&
        std::equal(text.begin(), text.end(), e.data)) {
      return StringId{slot};
    }
  }
}

StringId StringTable::intern(std::string_view text) {
  const std::uint32_t hash = slot_hash(text);
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  for (;; i = (i + 1) & mask) {
    const std::uint32_t slot = slots_[i];
    if (slot == kFreeSlot) break;
    const Entry& e = entries_[slot];
    if (e.hash == hash && e.size_bytes == text.size() &&
        (text.empty() || std::memcmp(e.data, text.data(), text.size()) == 0)) {
      return StringId{slot};
    }
  }
  BINNACLE_CHECK(entries_.size() < kAbsent.value, "a batch is bounded far below 2^32 strings");
  const auto id = static_cast<std::uint32_t>(entries_.size());
  slots_[i] = id;
  entries_.push_back(Entry{store(text), static_cast<std::uint32_t>(text.size()), hash});
  if (entries_.size() * 2 > slots_.size()) grow_slots();
  return StringId{id};
}

const char* StringTable::store(std::string_view text) {
  if (text.empty()) return "";
  while (block_ < blocks_.size() && blocks_[block_].size_bytes - block_used_ < text.size()) {
    ++block_;
    block_used_ = 0;
  }
  if (block_ == blocks_.size()) {
    const std::size_t size = std::max(kBlockBytes, text.size());
    blocks_.push_back(Block{std::make_unique_for_overwrite<char[]>(size), size});
    block_used_ = 0;
  }
  char* out = blocks_[block_].data.get() + block_used_;
  std::memcpy(out, text.data(), text.size());
  block_used_ += text.size();
  return out;
}

void StringTable::grow_slots() {
  std::vector<std::uint32_t> bigger(slots_.size() * 2, kFreeSlot);
  const std::size_t mask = bigger.size() - 1;
  for (std::uint32_t id = 0; id < entries_.size(); ++id) {
    std::size_t i = entries_[id].hash & mask;
    while (bigger[i] != kFreeSlot) i = (i + 1) & mask;
    bigger[i] = id;
  }
  slots_ = std::move(bigger);
}

std::size_t StringTable::memory_bytes() const noexcept {
  std::size_t bytes =
      entries_.capacity() * sizeof(Entry) + slots_.capacity() * sizeof(std::uint32_t);
  for (const Block& block : blocks_) bytes += block.size_bytes;
  return bytes;
}

void StringTable::clear() {
  entries_.clear();
  std::ranges::fill(slots_, kFreeSlot);
  block_ = 0;
  block_used_ = 0;
  intern({});
}

}  // namespace binnacle
