#include "store/disk/file_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace binnacle {
namespace {

// Large enough that the calls do not show next to the disk.
constexpr std::uint64_t kCopyChunkBytes = 1ULL << 20;

}  // namespace

Status copy_bytes(const File& from, FileSystem& fs, const std::string& to,
                  std::uint64_t size_bytes) {
  Result<std::unique_ptr<File>> target = fs.open(to, OpenMode::kCreate);
  if (!target) return std::unexpected(target.error());
  std::string chunk(std::min(size_bytes, kCopyChunkBytes), '\0');
  for (std::uint64_t at = 0; at < size_bytes;) {
    const auto wanted = static_cast<std::size_t>(std::min(size_bytes - at, kCopyChunkBytes));
    const Result<std::size_t> read = from.read_at(at, chunk.data(), wanted);
    if (!read) return std::unexpected(read.error());
    if (*read != wanted) {
      return fail(ErrorCode::kDataLoss, fmt::format("{} ends at byte {}, before byte {}",
                                                    from.path(), at + *read, size_bytes));
    }
    if (Status s = (*target)->write_at(at, std::string_view(chunk.data(), wanted)); !s) return s;
    at += wanted;
  }
  return (*target)->sync_data(SyncPoint::kSnapshotFile);
}

Status copy_file(FileSystem& fs, const std::string& from, const std::string& to,
                 std::uint64_t size_bytes) {
  const Result<std::unique_ptr<File>> source = fs.open(from, OpenMode::kRead);
  if (!source) return std::unexpected(source.error());
  return copy_bytes(**source, fs, to, size_bytes);
}

Status link_or_copy(FileSystem& fs, const std::string& from, const std::string& to) {
  Status linked = fs.link(from, to);
  if (linked || linked.error().code != ErrorCode::kUnimplemented) return linked;
  const Result<std::unique_ptr<File>> source = fs.open(from, OpenMode::kRead);
  if (!source) return std::unexpected(source.error());
  const Result<std::uint64_t> size = (*source)->size_bytes();
  if (!size) return std::unexpected(size.error());
  return copy_bytes(**source, fs, to, *size);
}

}  // namespace binnacle
