#include "io/file/posix_file_system.h"

#include <fmt/format.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <utility>

namespace binnacle {
namespace {

// Half of Linux's IOV_MAX: beyond a few hundred pieces a call's fixed cost no longer shows.
constexpr std::size_t kPiecesPerCall = 512;
// Long enough for any process id.
constexpr std::size_t kLockTextBytes = 32;

std::unexpected<Error> system_failure(std::string_view operation, std::string_view path) {
  return std::unexpected(system_error(operation, path, errno));
}

/// Repeats a system call while signals interrupt it.
template <typename Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class Descriptor final {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset_bytes, char* out,
                              std::size_t size_bytes) const override {
    std::size_t done = 0;
    while (done < size_bytes) {
      const ssize_t n = uninterrupted([&] {
        return ::pread(fd_.get(), out + done, size_bytes - done,
                       static_cast<off_t>(offset_bytes + done));
      });
      if (n < 0) return system_failure("read", path_);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

  Status write_at(std::uint64_t offset_bytes, std::span<const std::string_view> pieces) override {
    std::array<iovec, kPiecesPerCall> vectors{};
    std::size_t piece = 0;
    std::size_t within = 0;  // bytes of pieces[piece] that are written
    while (true) {
      std::size_t count = 0;
      for (std::size_t i = piece; i < pieces.size() && count < kPiecesPerCall; ++i) {
        const std::string_view rest = i == piece ? pieces[i].substr(within) : pieces[i];
        if (rest.empty()) continue;
        vectors[count++] = iovec{const_cast<char*>(rest.data()), rest.size()};
      }
      if (count == 0) return {};
      const ssize_t n = uninterrupted([&] {
        return ::pwritev(fd_.get(), vectors.data(), static_cast<int>(count),
                         static_cast<off_t>(offset_bytes));
      });
      if (n < 0) return system_failure("write", path_);
      offset_bytes += static_cast<std::uint64_t>(n);
      within += static_cast<std::size_t>(n);
      while (piece < pieces.size() && within >= pieces[piece].size()) {
        within -= pieces[piece].size();
        ++piece;
      }
    }
  }

  Status sync_data(SyncPoint point) override {
    if (uninterrupted([&] { return ::fdatasync(fd_.get()); }) != 0) {
      return system_failure(fmt::format("sync ({})", to_string(point)), path_);
    }
    return {};
  }

  Status allocate(std::uint64_t size_bytes) override {
    // Not posix_fallocate: that writes zeros where the file system cannot, slowly.
    if (uninterrupted(
            [&] { return ::fallocate(fd_.get(), 0, 0, static_cast<off_t>(size_bytes)); }) != 0) {
      return system_failure("allocate", path_);
    }
    return {};
  }

  Status truncate(std::uint64_t size_bytes) override {
    if (uninterrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)); }) !=
        0) {
      return system_failure("truncate", path_);
    }
    return {};
  }

  Result<std::uint64_t> size_bytes() const override {
    struct stat info{};
    if (::fstat(fd_.get(), &info) != 0) return system_failure("stat", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

  const std::string& path() const noexcept override { return path_; }

 private:
  const Descriptor fd_;
  const std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor fd) : fd_(std::move(fd)) {}

 private:
  const Descriptor fd_;
};

ErrorCode code_of(int error_number) noexcept {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return ErrorCode::kUnavailable;
    case ENOENT:
      return ErrorCode::kNotFound;
    case EEXIST:
      return ErrorCode::kAlreadyExists;
    case EACCES:
    case EPERM:
    case EROFS:
      return ErrorCode::kPermissionDenied;
    case EOPNOTSUPP:
    case ENOSYS:
    case EXDEV:
      return ErrorCode::kUnimplemented;
    default:
      return ErrorCode::kInternal;
  }
}

}  // namespace

Error system_error(std::string_view operation, std::string_view path, int error_number) {
  const ErrorCode code = code_of(error_number);
  return Error{
      code,
      fmt::format("{} {}: {}", operation, path, std::generic_category().message(error_number)),
      code == ErrorCode::kUnavailable ? kDiskFullRetryNs : 0};
}

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case OpenMode::kRead:
      flags |= O_RDONLY;
      break;
    case OpenMode::kReadWrite:
      flags |= O_RDWR;
      break;
    case OpenMode::kCreate:
      flags |= O_RDWR | O_CREAT | O_EXCL;
      break;
  }
  // Telemetry holds prompts, addresses and the like: nobody but the owner's group may read it.
  const int fd = uninterrupted([&] { return ::open(path.c_str(), flags, 0640); });
  if (fd < 0) return system_failure(mode == OpenMode::kCreate ? "create" : "open", path);
  return std::make_unique<PosixFile>(Descriptor(fd), path);
}

Status PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return system_failure(fmt::format("rename {} to", from), to);
  }
  return {};
}

Status PosixFileSystem::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return system_failure("remove", path);
  return {};
}

Status PosixFileSystem::link(const std::string& from, const std::string& to) {
  if (::link(from.c_str(), to.c_str()) != 0) {
    return system_failure(fmt::format("link {} to", from), to);
  }
  return {};
}

Status PosixFileSystem::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) != 0) return system_failure("create directory", path);
  return {};
}

Result<std::vector<DirectoryEntry>> PosixFileSystem::list(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
  if (directory == nullptr) return system_failure("list", path);
  std::vector<DirectoryEntry> entries;
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(directory.get());
    if (entry == nullptr) {
      if (errno != 0) return system_failure("list", path);
      break;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    bool is_directory = entry->d_type == DT_DIR;
    if (entry->d_type == DT_UNKNOWN) {
      struct stat info{};
      is_directory = ::fstatat(::dirfd(directory.get()), entry->d_name, &info, 0) == 0 &&
                     S_ISDIR(info.st_mode);
    }
    entries.push_back({std::string(name), is_directory});
  }
  std::ranges::sort(entries, {}, &DirectoryEntry::name);
  return entries;
}

Result<bool> PosixFileSystem::exists(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  return system_failure("stat", path);
}

Status PosixFileSystem::sync_directory(const std::string& path, SyncPoint point) {
  const Descriptor fd(
      uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (fd.get() < 0) return system_failure("open directory", path);
  if (uninterrupted([&] { return ::fsync(fd.get()); }) != 0) {
    return system_failure(fmt::format("sync directory ({})", to_string(point)), path);
  }
  return {};
}

Result<DiskSpace> PosixFileSystem::space(const std::string& path) {
  struct statvfs info{};
  if (uninterrupted([&] { return ::statvfs(path.c_str(), &info); }) != 0) {
    return system_failure("ask for the free space of", path);
  }
  return DiskSpace{static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize,
                   static_cast<std::uint64_t>(info.f_blocks) * info.f_frsize};
}

Result<std::unique_ptr<FileLock>> PosixFileSystem::lock(const std::string& path) {
  Descriptor fd(
      uninterrupted([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640); }));
  if (fd.get() < 0) return system_failure("open lock", path);
  if (uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return system_failure("lock", path);
    std::array<char, kLockTextBytes> text{};
    const ssize_t n = ::pread(fd.get(), text.data(), text.size(), 0);
    std::string_view owner(text.data(), static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    owner = owner.substr(0, owner.find('\n'));
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} is held by process {}: stop it, or use another directory", path,
                            owner.empty() ? "(unknown)" : owner));
  }
  // Only for people: the lock itself is the kernel's.
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    // A full disk must not keep the store from opening.
    [[maybe_unused]] const int emptied = ::ftruncate(fd.get(), 0);
  }
  return std::make_unique<PosixLock>(std::move(fd));
}

}  // namespace binnacle
