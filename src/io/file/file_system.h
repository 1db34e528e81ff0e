#pragma once

#include "base/error.h"
#include "io/file/sync_point.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Files and directories, injected: stores never call the kernel themselves, so that tests can
// crash, fill and break the disk under them (fault_file_system.h). `app` makes one PosixFileSystem.
//
//   Result<std::unique_ptr<File>> file = fs.open(path, OpenMode::kCreate);
//   if (Status s = (*file)->write_at(0, bytes); !s) return std::unexpected(s.error());
//   if (Status s = (*file)->sync_data(SyncPoint::kPartContent); !s) ...
//
// Nothing is durable before a sync of the file's data AND of the directory that holds its name.
//
// Error codes (the message has the operation, the path and the system's text):
//   no space or quota left       kUnavailable, with retry_after_ns
//   too many open files, memory  kUnavailable, with retry_after_ns
//   no such file                 kNotFound
//   exists already               kAlreadyExists
//   permission, read-only        kPermissionDenied
//   not supported there          kUnimplemented
//   input/output error (EIO)     kInternal: the device failed; the same call will not help
//   anything else                kInternal

namespace binnacle {

/// Suggested wait after a full disk: deletion by retention and merges runs at about this pace.
constexpr std::int64_t kDiskFullRetryNs = 5'000'000'000;

enum class OpenMode : std::uint8_t {
  kRead,       ///< existing file, reading
  kReadWrite,  ///< existing file, reading and writing
  kCreate,     ///< new file, reading and writing; kAlreadyExists if the name is taken
};

/// One open file; closed by the destructor (close errors carry no news after a sync). Reads may run
/// on several threads at once, also beside one writer of other bytes; writes, truncate and syncs
/// need one thread at a time.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  /// Reads up to `size_bytes` from `offset_bytes`; fewer only at the end of the file. Returns how
  /// many.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset_bytes, char* out,
                                                    std::size_t size_bytes) const = 0;
  /// Writes the pieces one after the other from `offset_bytes`, extending the file as needed. On an
  /// error any part of them may have been written.
  [[nodiscard]] virtual Status write_at(std::uint64_t offset_bytes,
                                        std::span<const std::string_view> pieces) = 0;
  [[nodiscard]] Status write_at(std::uint64_t offset_bytes, std::string_view bytes) {
    return write_at(offset_bytes, std::span<const std::string_view>(&bytes, 1));
  }
  /// fdatasync: content, and as much metadata as reading it back needs. After an error the kernel
  /// may have dropped what was written and report success next time: never retry, give the file up
  /// (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
  [[nodiscard]] virtual Status sync_data(SyncPoint point) = 0;
  /// Makes sure `size_bytes` from the start have disk space, extending the file with zeros.
  /// kUnimplemented where the file system cannot; the caller then goes on without.
  [[nodiscard]] virtual Status allocate(std::uint64_t size_bytes) = 0;
  /// Cuts or extends (with zeros) to exactly `size_bytes`.
  [[nodiscard]] virtual Status truncate(std::uint64_t size_bytes) = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size_bytes() const = 0;
  /// As given to open, for messages.
  [[nodiscard]] virtual const std::string& path() const noexcept = 0;
};

/// Held while it lives; released by the destructor, and by the kernel when the process dies.
class FileLock {
 public:
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  virtual ~FileLock() = default;
};

struct DirectoryEntry {
  std::string name;  ///< without the directory
  bool is_directory = false;
  friend bool operator==(const DirectoryEntry&, const DirectoryEntry&) = default;
};

struct DiskSpace {
  std::uint64_t free_bytes = 0;  ///< available to this user
  std::uint64_t total_bytes = 0;
};

/// Paths are passed as they are; "" is invalid. Any thread may call.
class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::string& path,
                                                           OpenMode mode) = 0;
  /// Atomically gives `from` the name `to`, replacing a file of that name. Same file system.
  [[nodiscard]] virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// Removes a file's name; open Files go on working.
  [[nodiscard]] virtual Status remove(const std::string& path) = 0;
  /// Hard link; kAlreadyExists if `to` is taken, kUnimplemented across file systems.
  [[nodiscard]] virtual Status link(const std::string& from, const std::string& to) = 0;
  /// One level; kAlreadyExists if there.
  [[nodiscard]] virtual Status make_directory(const std::string& path) = 0;
  /// Entries in byte order of their names, without . and ..
  [[nodiscard]] virtual Result<std::vector<DirectoryEntry>> list(const std::string& path) = 0;
  /// False for nothing there; errors only when that cannot be told.
  [[nodiscard]] virtual Result<bool> exists(const std::string& path) = 0;
  /// fsync of a directory: names created, renamed and removed in it.
  [[nodiscard]] virtual Status sync_directory(const std::string& path, SyncPoint point) = 0;
  [[nodiscard]] virtual Result<DiskSpace> space(const std::string& path) = 0;
  /// Exclusive lock on `path` (created if absent), which then holds the owner's process id as text.
  /// kFailedPrecondition naming the path and the owner's process id when another has it.
  [[nodiscard]] virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// The whole file, which must not be larger than `limit_bytes` (kOutOfRange).
[[nodiscard]] Result<std::string> read_file(FileSystem& fs, const std::string& path,
                                            std::uint64_t limit_bytes);
/// "a/b/c" -> "a/b"; "c" -> "."; "/c" -> "/".
[[nodiscard]] std::string parent_directory(const std::string& path);

}  // namespace binnacle
