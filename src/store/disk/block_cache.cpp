#include "store/disk/block_cache.h"

#include "base/hash.h"

#include <atomic>

namespace binnacle {
namespace {

// List node, map node and the string's own header, as heaptrack counts them on x86-64.
constexpr std::uint64_t kEntryOverheadBytes = 160;

std::uint64_t cost_of(const Block& block) noexcept { return block->size() + kEntryOverheadBytes; }

std::uint64_t mix(const BlockCache::Key& key) noexcept {
  // Parts and blocks are small consecutive numbers: the odd constants spread them over all bits.
  std::uint64_t h = key.part * 0x9E3779B97F4A7C15ULL + key.block * 0xD6E8FEB86659FD93ULL;
  h ^= h >> 32U;
  h *= 0xFF51AFD7ED558CCDULL;
  return h ^ h >> 29U;
}

}  // namespace

std::size_t BlockCache::KeyHash::operator()(const Key& key) const noexcept {
  return static_cast<std::size_t>(mix(key));
}

BlockCache::BlockCache(std::uint64_t limit_bytes, DiskProbe& probe)
    : limit_bytes_(limit_bytes), probe_(probe) {}

BlockCache::Shard& BlockCache::shard_of(const Key& key) noexcept {
  return shards_[mix(key) >> 60U & (kShards - 1)];
}

Block BlockCache::find(const Key& key) {
  Shard& shard = shard_of(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.index.find(key);
  if (found == shard.index.end()) {
    probe_.cache_misses.add();
    return nullptr;
  }
  probe_.cache_hits.add();
  shard.newest_first.splice(shard.newest_first.begin(), shard.newest_first, found->second);
  return found->second->block;
}

void BlockCache::insert(const Key& key, const Block& block) {
  const std::uint64_t cost = cost_of(block);
  const std::uint64_t shard_limit_bytes = limit_bytes_ / kShards;
  if (cost > shard_limit_bytes) return;
  Shard& shard = shard_of(key);
  // Freed after the lock: giving large blocks back to the system takes its time.
  std::list<Entry> evicted;
  const std::scoped_lock lock(shard.mutex);
  if (shard.index.contains(key)) return;  // two readers missed it at once
  shard.newest_first.push_front({key, block});
  shard.index.emplace(key, shard.newest_first.begin());
  shard.used_bytes += cost;
  probe_.cache_bytes.add(static_cast<std::int64_t>(cost));
  while (shard.used_bytes > shard_limit_bytes) {
    const auto oldest = std::prev(shard.newest_first.end());
    shard.used_bytes -= cost_of(oldest->block);
    probe_.cache_bytes.add(-static_cast<std::int64_t>(cost_of(oldest->block)));
    probe_.cache_evictions.add();
    shard.index.erase(oldest->key);
    evicted.splice(evicted.begin(), shard.newest_first, oldest);
  }
}

void BlockCache::erase_part(std::uint64_t part, std::uint32_t blocks) {
  for (std::uint32_t block = 0; block < blocks; ++block) {
    const Key key{part, block};
    Shard& shard = shard_of(key);
    const std::scoped_lock lock(shard.mutex);
    const auto found = shard.index.find(key);
    if (found == shard.index.end()) continue;
    const std::uint64_t cost = cost_of(found->second->block);
    shard.used_bytes -= cost;
    probe_.cache_bytes.add(-static_cast<std::int64_t>(cost));
    shard.newest_first.erase(found->second);
    shard.index.erase(found);
  }
}

std::uint64_t BlockCache::used_bytes() const noexcept {
  std::uint64_t used = 0;
  for (const Shard& shard : shards_) {
    const std::scoped_lock lock(shard.mutex);
    used += shard.used_bytes;
  }
  return used;
}

std::uint64_t BlockCache::next_part_key() noexcept {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace binnacle
