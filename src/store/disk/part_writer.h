#pragma once

#include "base/error.h"
#include "codec/block/zstd_block.h"
#include "io/file/file_system.h"
#include "store/disk/disk_probe.h"
#include "store/disk/part_format.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// Writes one part: blocks in any order, then finish(), which makes it durable under its final name.
// It becomes part of the store only by a manifest edit (StoreDirectory::commit). Destroyed without
// finish(), the temporary file is removed; after a crash recovery removes it. Made by
// StoreDirectory::begin_part. Thread-confined.

namespace binnacle {

struct PartWriterOptions {
  /// zstd level of compressed blocks. 1 for flushes: 3.0M spans a second and core on our encodings;
  /// merges, which run once per byte and level, pass more.
  int zstd_level = 1;
};

/// A durable part that no manifest names yet.
struct FinishedPart {
  std::uint64_t part_id = 0;
  std::uint32_t kind = 0;
  std::uint64_t file_bytes = 0;
};

class PartWriter {
 public:
  /// Writes to `final_path` + ".tmp" until finish().
  [[nodiscard]] static Result<std::unique_ptr<PartWriter>> create(
      FileSystem& fs, std::string final_path, std::uint64_t part_id, std::uint32_t kind,
      PartWriterOptions options, DiskProbe& probe);
  PartWriter(const PartWriter&) = delete;
  PartWriter& operator=(const PartWriter&) = delete;
  ~PartWriter();

  /// Adds one block; (name, ordinal) must be new. With kZstd, blocks that do not shrink are stored
  /// as they are. Blocks stand in the file in the order of the calls.
  [[nodiscard]] Status add_block(std::string_view name, std::uint32_t ordinal,
                                 std::string_view bytes, BlockCodec codec = BlockCodec::kZstd);
  /// Bytes written so far.
  [[nodiscard]] std::uint64_t size_bytes() const noexcept { return offset_bytes_; }
  [[nodiscard]] std::uint64_t part_id() const noexcept { return part_id_; }
  /// Writes the index, syncs the file, renames it, syncs the directory. No call but destruction
  /// after it.
  [[nodiscard]] Result<FinishedPart> finish();

 private:
  PartWriter(FileSystem& fs, std::string final_path, std::uint64_t part_id, std::uint32_t kind,
             PartWriterOptions options, DiskProbe& probe);
  Status write(std::string_view bytes);

  FileSystem& fs_;
  const std::string final_path_;
  const std::string temporary_path_;
  const std::uint64_t part_id_;
  const std::uint32_t kind_;
  const PartWriterOptions options_;
  DiskProbe& probe_;
  codec::ZstdCompressor zstd_;
  std::string stored_;  // the compressed block at hand, kept for its capacity
  std::unique_ptr<File> file_;
  std::uint64_t offset_bytes_ = 0;
  std::map<std::pair<std::string, std::uint32_t>, BlockEntry> entries_;
  bool finished_ = false;
};

}  // namespace binnacle
