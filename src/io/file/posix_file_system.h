#pragma once

#include "io/file/file_system.h"

// The machine's files: pread, pwritev, fdatasync, flock and so on, retried on EINTR. Stateless; any
// thread may call. Descriptors are close-on-exec. Made once by `app` (and by each test).

namespace binnacle {

class PosixFileSystem final : public FileSystem {
 public:
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  [[nodiscard]] Status rename(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status remove(const std::string& path) override;
  [[nodiscard]] Status link(const std::string& from, const std::string& to) override;
  [[nodiscard]] Status make_directory(const std::string& path) override;
  [[nodiscard]] Result<std::vector<DirectoryEntry>> list(const std::string& path) override;
  [[nodiscard]] Result<bool> exists(const std::string& path) override;
  [[nodiscard]] Status sync_directory(const std::string& path, SyncPoint point) override;
  [[nodiscard]] Result<DiskSpace> space(const std::string& path) override;
  [[nodiscard]] Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
};

/// The error for a failed system call: "<operation> <path>: <text of error_number>".
[[nodiscard]] Error system_error(std::string_view operation, std::string_view path,
                                 int error_number);

}  // namespace binnacle
