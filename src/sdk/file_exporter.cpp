#include "sdk/file_exporter.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

namespace binnacle::sdk {

namespace {

/// A file that lines are appended to.
class RotatedFile {
 public:
  RotatedFile() = default;
  RotatedFile(const RotatedFile&) = delete;
  RotatedFile& operator=(const RotatedFile&) = delete;
  ~RotatedFile() { close_file(); }

  void set_path(std::string path) { path_ = std::move(path); }

  /// Appends all of `line` and a line feed, or nothing. False: errno says why.
  bool append(std::string_view line, const FileExporterOptions& options) {
    struct stat status{};
    if (!open_locked(status)) return false;
    const auto size = static_cast<std::size_t>(status.st_size);
    if (size > 0 && size + line.size() + 1 > options.limit_bytes) {
      const bool is_rotated = rotate(options.rotated_files);
      close_file();  // and with it the lock
      if (!is_rotated || !open_locked(status)) return false;
    }
    const bool is_written = write_line(line, status.st_size);
    flock(fd_, LOCK_UN);
    return is_written;
  }

 private:
  /// Opens what stands at the path now, and locks it. Another process may rotate in between.
  bool open_locked(struct stat& status) {
    constexpr int kTries = 10;
    for (int i = 0; i < kTries; ++i) {
      if (fd_ < 0) {
        fd_ = open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
        if (fd_ < 0) return false;
      }
      if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        poll(nullptr, 0, 1);  // others hold it for one write only
        continue;
      }
      struct stat named{};
      if (fstat(fd_, &status) == 0 && stat(path_.c_str(), &named) == 0 &&
          named.st_ino == status.st_ino && named.st_dev == status.st_dev) {
        return true;
      }
      close_file();
    }
    errno = EAGAIN;
    return false;
  }

  bool rotate(std::size_t files) const {
    const auto name = [&](std::size_t n) { return path_ + "." + std::to_string(n); };
    for (std::size_t n = files; n > 1; --n) {
      if (rename(name(n - 1).c_str(), name(n).c_str()) != 0 && errno != ENOENT) return false;
    }
    if (files == 0) return unlink(path_.c_str()) == 0;
    return rename(path_.c_str(), name(1).c_str()) == 0;
  }

  /// A line that does not fit the disk is taken back, so that no torn one stays.
  bool write_line(std::string_view line, off_t size_before) {
    char end[] = "\n";
    iovec parts[] = {{const_cast<char*>(line.data()), line.size()}, {end, 1}};
    const auto wanted = static_cast<ssize_t>(line.size() + 1);
    ssize_t written = 0;
    do written = writev(fd_, parts, 2);
    while (written < 0 && errno == EINTR);
    if (written == wanted) return true;
    const int error = written < 0 ? errno : ENOSPC;
    if (written > 0 && ftruncate(fd_, size_before) != 0) close_file();
    errno = error;
    return false;
  }

  void close_file() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  std::string path_;
  int fd_ = -1;
};

class FileExporter final : public BatchExporter {
 public:
  explicit FileExporter(FileExporterOptions options) : options_(std::move(options)) {
    for (const Signal signal : {Signal::kTraces, Signal::kMetrics, Signal::kLogs}) {
      files_[index_of(signal)].set_path(signal_path(options_.path, signal));
    }
  }

  void start(const EncodedBatch& batch) override {
    result_ = {.message = {}, .sent_bytes = batch.body().size()};
    if (!files_[index_of(batch.signal)].append(batch.body(), options_)) {
      result_.outcome = ExportOutcome::kRetry;
      result_.message = "cannot write to " + signal_path(options_.path, batch.signal) + ": " +
                        std::strerror(errno);
      result_.sent_bytes = 0;
    }
  }
  std::optional<ExportResult> poll() override { return result_; }
  void cancel() noexcept override {}

 private:
  FileExporterOptions options_;
  RotatedFile files_[kSignalCount];
  ExportResult result_;
};

}  // namespace

std::string signal_path(const std::string& path, Signal signal) {
  constexpr std::string_view kInfixes[kSignalCount] = {"", ".metrics", ".logs"};
  const std::size_t name = path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1;
  std::size_t dot = path.rfind('.');
  if (dot == path.npos || dot <= name) dot = path.size();
  return std::string(path).insert(dot, kInfixes[index_of(signal)]);
}

std::unique_ptr<BatchExporter> make_file_exporter(FileExporterOptions options) {
  return std::make_unique<FileExporter>(std::move(options));
}

}  // namespace binnacle::sdk
