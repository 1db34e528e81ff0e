#pragma once

#include "base/error.h"
#include "io/file/file_system.h"
#include "store/disk/block_cache.h"
#include "store/disk/part_format.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

// Reads one part's blocks with pread, through the cache; every block is checked against its
// checksum before anyone sees it. Made by StoreDirectory. Immutable after open: any thread may
// read. Holds its file open, so that a part merged away stays readable for those who have it.

namespace binnacle {

class PartReader {
 public:
  /// Reads and checks header, tail and index. kDataLoss if any is damaged.
  [[nodiscard]] static Result<std::unique_ptr<PartReader>> open(FileSystem& fs,
                                                                const std::string& path,
                                                                BlockCache& cache,
                                                                DiskProbe& probe);
  PartReader(const PartReader&) = delete;
  PartReader& operator=(const PartReader&) = delete;
  ~PartReader();

  /// The block, from the cache or from disk. kNotFound if the part has none of that name and
  /// ordinal; kDataLoss if it is damaged (report it with StoreDirectory::set_aside); kInternal or
  /// kUnavailable if the read failed.
  [[nodiscard]] Result<Block> read(std::string_view name, std::uint32_t ordinal = 0) const;
  /// The same, neither looked up nor kept in the cache: for merges, which read everything once.
  [[nodiscard]] Result<Block> read_once(std::string_view name, std::uint32_t ordinal = 0) const;
  /// Null if the part has no such block. Binary search.
  [[nodiscard]] const BlockEntry* find(std::string_view name, std::uint32_t ordinal = 0) const;

  [[nodiscard]] const PartIndex& index() const noexcept { return index_; }
  [[nodiscard]] std::uint64_t part_id() const noexcept { return part_id_; }
  [[nodiscard]] std::uint32_t kind() const noexcept { return index_.kind; }
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  [[nodiscard]] const std::string& path() const noexcept { return file_->path(); }
  /// Checks every block; the first damage found. For `snapshot_to` and operators.
  [[nodiscard]] Status verify() const;
  /// Copies the whole file, as it is, from the open descriptor, and syncs it (kSnapshotFile).
  [[nodiscard]] Status copy_to(FileSystem& fs, const std::string& path) const;

 private:
  PartReader(std::unique_ptr<File> file, BlockCache& cache, DiskProbe& probe);
  [[nodiscard]] Result<Block> load(const BlockEntry& entry) const;

  std::unique_ptr<File> file_;
  BlockCache& cache_;
  DiskProbe& probe_;
  const std::uint64_t cache_key_;
  std::uint64_t part_id_ = 0;
  std::uint64_t file_bytes_ = 0;
  PartIndex index_;
};

}  // namespace binnacle
