#include "store/disk/part_reader.h"

#include "base/hash.h"
#include "codec/block/zstd_block.h"
#include "store/disk/file_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace binnacle {
namespace {

/// Exactly `size_bytes`, or kDataLoss if the file ends before.
Result<std::string> read_exactly(const File& file, std::uint64_t offset_bytes,
                                 std::uint64_t size_bytes) {
  std::string bytes;
  // pread overwrites all of it: no need for zeros first.
  // (GCC 12 hands the lambda the capacity, so the size is not taken from there.)
  bytes.resize_and_overwrite(size_bytes, [size_bytes](char*, std::size_t) { return size_bytes; });
  const Result<std::size_t> read = file.read_at(offset_bytes, bytes.data(), bytes.size());
  if (!read) return std::unexpected(read.error());
  if (*read != size_bytes) {
    return fail(ErrorCode::kDataLoss, fmt::format("{} ends at byte {}, before byte {}", file.path(),
                                                  offset_bytes + *read, offset_bytes + size_bytes));
  }
  return bytes;
}

}  // namespace

PartReader::PartReader(std::unique_ptr<File> file, BlockCache& cache, DiskProbe& probe)
    : file_(std::move(file)),
      cache_(cache),
      probe_(probe),
      cache_key_(BlockCache::next_part_key()) {}

PartReader::~PartReader() {
  cache_.erase_part(cache_key_, static_cast<std::uint32_t>(index_.blocks.size()));
}

Result<std::unique_ptr<PartReader>> PartReader::open(FileSystem& fs, const std::string& path,
                                                     BlockCache& cache, DiskProbe& probe) {
  Result<std::unique_ptr<File>> file = fs.open(path, OpenMode::kRead);
  if (!file) return std::unexpected(file.error());
  std::unique_ptr<PartReader> part(new PartReader(std::move(*file), cache, probe));
  const Result<std::uint64_t> size = part->file_->size_bytes();
  if (!size) return std::unexpected(size.error());
  part->file_bytes_ = *size;
  if (*size < kPartHeaderBytes + kPartTailBytes) {
    return fail(ErrorCode::kDataLoss,
                fmt::format("{} has {} bytes, too few for a part", path, *size));
  }
  const auto read = [&](std::uint64_t offset, std::uint64_t bytes) {
    return read_exactly(*part->file_, offset, bytes);
  };
  const Result<std::string> header_bytes = read(0, kPartHeaderBytes);
  if (!header_bytes) return std::unexpected(header_bytes.error());
  const Result<PartHeader> header = decode_part_header(*header_bytes);
  if (!header) return std::unexpected(header.error().in(path));
  const Result<std::string> tail_bytes = read(*size - kPartTailBytes, kPartTailBytes);
  if (!tail_bytes) return std::unexpected(tail_bytes.error());
  const Result<PartTail> tail = decode_part_tail(*tail_bytes);
  if (!tail) return std::unexpected(tail.error().in(path));
  const std::uint64_t tail_offset = *size - kPartTailBytes;
  if (tail->part_id != header->part_id || tail->index_bytes > kPartIndexLimitBytes ||
      tail->index_offset_bytes < kPartHeaderBytes || tail->index_offset_bytes > tail_offset ||
      tail_offset - tail->index_offset_bytes != tail->index_bytes) {
    return fail(ErrorCode::kDataLoss, fmt::format("{}: tail does not match the file", path));
  }
  const Result<std::string> index_bytes = read(tail->index_offset_bytes, tail->index_bytes);
  if (!index_bytes) return std::unexpected(index_bytes.error());
  Result<PartIndex> index = decode_part_index(*index_bytes, *tail);
  if (!index) return std::unexpected(index.error().in(path));
  part->part_id_ = header->part_id;
  part->index_ = std::move(*index);
  return part;
}

const BlockEntry* PartReader::find(std::string_view name, std::uint32_t ordinal) const {
  const auto named = std::ranges::lower_bound(
      index_.names, name, {}, [](const std::string& n) { return std::string_view(n); });
  if (named == index_.names.end() || *named != name) return nullptr;
  const auto name_index = static_cast<std::uint32_t>(named - index_.names.begin());
  const std::pair wanted(name_index, ordinal);
  const auto found = std::ranges::lower_bound(
      index_.blocks, wanted, {}, [](const BlockEntry& e) { return std::pair(e.name, e.ordinal); });
  if (found == index_.blocks.end() || found->name != name_index || found->ordinal != ordinal) {
    return nullptr;
  }
  return &*found;
}

Result<Block> PartReader::load(const BlockEntry& entry) const {
  Result<std::string> stored = read_exactly(*file_, entry.offset_bytes, entry.stored_bytes);
  if (stored && checksum64(*stored) != entry.checksum) {
    stored = fail(ErrorCode::kDataLoss,
                  fmt::format("{}: block {} {} at byte {} fails its checksum", path(),
                              index_.names[entry.name], entry.ordinal, entry.offset_bytes));
  }
  if (stored && entry.codec == BlockCodec::kZstd) {
    stored = codec::zstd_decompress_block(*stored, entry.raw_bytes);
    if (!stored) {
      stored = std::unexpected(stored.error().in(
          fmt::format("{}: block {} {}", path(), index_.names[entry.name], entry.ordinal)));
    }
  }
  if (!stored) {
    if (stored.error().code == ErrorCode::kDataLoss) probe_.blocks_damaged.add();
    return std::unexpected(stored.error());
  }
  return std::make_shared<const std::string>(std::move(*stored));
}

Result<Block> PartReader::read(std::string_view name, std::uint32_t ordinal) const {
  const BlockEntry* entry = find(name, ordinal);
  if (entry == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("{} has no block {} {}", path(), name, ordinal));
  }
  const BlockCache::Key key{cache_key_, static_cast<std::uint32_t>(entry - index_.blocks.data())};
  if (Block cached = cache_.find(key); cached != nullptr) return cached;
  Result<Block> block = load(*entry);
  if (block) cache_.insert(key, *block);
  return block;
}

Result<Block> PartReader::read_once(std::string_view name, std::uint32_t ordinal) const {
  const BlockEntry* entry = find(name, ordinal);
  if (entry == nullptr) {
    return fail(ErrorCode::kNotFound, fmt::format("{} has no block {} {}", path(), name, ordinal));
  }
  return load(*entry);
}

Status PartReader::verify() const {
  for (const BlockEntry& entry : index_.blocks) {
    if (const Result<Block> block = load(entry); !block) return std::unexpected(block.error());
  }
  return {};
}

Status PartReader::copy_to(FileSystem& fs, const std::string& path) const {
  return copy_bytes(*file_, fs, path, file_bytes_);
}

}  // namespace binnacle
