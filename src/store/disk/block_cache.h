#pragma once

#include "store/disk/disk_probe.h"

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

// Checked, decompressed blocks of parts, bounded in bytes: sharded, least recently used goes first.
// Shared by all parts of a store (or of the process). Internally locked; a lock is held for a
// look-up only, never across I/O. Two readers that miss the same block at once both read it:
// cheaper than making one wait on the other's disk.

namespace binnacle {

/// A block's bytes. Shared so that eviction never pulls them from under a reader.
using Block = std::shared_ptr<const std::string>;

class BlockCache {
 public:
  struct Key {
    std::uint64_t part = 0;   ///< unique per opened part in this process, not the part's id
    std::uint32_t block = 0;  ///< position in the part's index
    friend bool operator==(const Key&, const Key&) = default;
  };

  BlockCache(std::uint64_t limit_bytes, DiskProbe& probe);
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  /// Null if it is not there.
  [[nodiscard]] Block find(const Key& key);
  /// Keeps the block unless it is larger than a shard's share.
  void insert(const Key& key, const Block& block);
  /// Drops every block of a part that goes away.
  void erase_part(std::uint64_t part, std::uint32_t blocks);

  [[nodiscard]] std::uint64_t used_bytes() const noexcept;
  [[nodiscard]] std::uint64_t limit_bytes() const noexcept { return limit_bytes_; }
  /// A number for Key::part.
  [[nodiscard]] static std::uint64_t next_part_key() noexcept;

 private:
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept;
  };
  struct Entry {
    Key key;
    Block block;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Entry> newest_first;
    std::unordered_map<Key, std::list<Entry>::iterator, KeyHash> index;
    std::uint64_t used_bytes = 0;
  };
  // 16: more than the cores of the machines this is meant for can hit at once.
  static constexpr std::size_t kShards = 16;

  [[nodiscard]] Shard& shard_of(const Key& key) noexcept;

  const std::uint64_t limit_bytes_;
  DiskProbe& probe_;
  std::array<Shard, kShards> shards_;
};

}  // namespace binnacle
