#include "io/file/file_system.h"

#include <fmt/format.h>

namespace binnacle {

Result<std::string> read_file(FileSystem& fs, const std::string& path, std::uint64_t limit_bytes) {
  Result<std::unique_ptr<File>> file = fs.open(path, OpenMode::kRead);
  if (!file) return std::unexpected(file.error());
  const Result<std::uint64_t> size = (*file)->size_bytes();
  if (!size) return std::unexpected(size.error());
  if (*size > limit_bytes) {
    return fail(
        ErrorCode::kOutOfRange,
        fmt::format("{} has {} bytes, more than the {} expected there", path, *size, limit_bytes));
  }
  std::string bytes(*size, '\0');
  const Result<std::size_t> read = (*file)->read_at(0, bytes.data(), bytes.size());
  if (!read) return std::unexpected(read.error());
  bytes.resize(*read);
  return bytes;
}

std::string parent_directory(const std::string& path) {
  std::size_t end = path.find_last_not_of('/');
  if (end == std::string::npos) return path.empty() ? "." : "/";
  const std::size_t slash = path.rfind('/', end);
  if (slash == std::string::npos) return ".";
  end = path.find_last_not_of('/', slash);
  return end == std::string::npos ? "/" : path.substr(0, end + 1);
}

}  // namespace binnacle
