#include "sdk/spool.h"

#include "sdk/tick_clock.h"

#include <zlib.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kMagic = "BNSPOOL1";
constexpr std::size_t kHeadBytes = 8 + 4 + 4 + 8 + 8;
constexpr std::string_view kSuffix = ".batch";
constexpr std::string_view kBadSuffix = ".bad";
constexpr std::string_view kTemporarySuffix = ".tmp";
// A batch is at most a few MiB; what claims to be more is broken.
constexpr std::size_t kMaxFileBytes = std::size_t{64} << 20U;

void put_number(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
}

std::uint64_t get_number(std::string_view bytes, std::size_t at, unsigned size) noexcept {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < size; ++i) {
    value |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  }
  return value;
}

std::uint32_t checksum(std::string_view bytes) noexcept {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

bool write_whole(const std::string& path, std::string_view bytes) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return close(fd) == 0 && bytes.empty();
}

std::optional<std::string> read_whole(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return std::nullopt;
  struct stat status{};
  std::string bytes;
  const bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
                       static_cast<std::size_t>(status.st_size) <= kMaxFileBytes;
  if (is_file) bytes.resize(static_cast<std::size_t>(status.st_size));
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t got = read(fd, bytes.data() + done, bytes.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  close(fd);
  if (!is_file || done != bytes.size()) return std::nullopt;
  return bytes;
}

bool make_directories(const std::string& path) {
  for (std::size_t at = 1; at != path.npos;) {
    at = path.find('/', at);
    const std::string part = path.substr(0, at);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return false;
    if (at != path.npos) ++at;
  }
  return true;
}

}  // namespace

std::string encode_spooled(const EncodedBatch& batch) {
  const std::string_view body = batch.body();
  std::string rest;
  rest.reserve(kHeadBytes + body.size());
  put_number(rest, index_of(batch.signal), 4);
  put_number(rest, batch.items, 8);
  put_number(rest, body.size(), 8);
  rest += body;
  std::string file(kMagic);
  put_number(file, checksum(rest), 4);
  return file += rest;
}

std::optional<EncodedBatch> decode_spooled(std::string_view file) {
  if (file.size() < kHeadBytes || !file.starts_with(kMagic)) return std::nullopt;
  const std::string_view rest = file.substr(kMagic.size() + 4);
  const std::uint64_t signal = get_number(file, 12, 4);
  const std::uint64_t items = get_number(file, 16, 8);
  const std::uint64_t bytes = get_number(file, 24, 8);
  const bool is_whole = bytes == file.size() - kHeadBytes && signal < kSignalCount && items > 0 &&
                        get_number(file, kMagic.size(), 4) == checksum(rest);
  if (!is_whole) return std::nullopt;
  EncodedBatch batch = make_batch(static_cast<Signal>(signal), file.substr(kHeadBytes), items);
  if (batch.items == 0) return std::nullopt;  // no memory
  return batch;
}

Spool::Spool(std::string directory, std::size_t limit_bytes)
    : directory_(std::move(directory)), limit_bytes_(limit_bytes) {}

std::unique_ptr<Spool> Spool::open(std::string directory, std::size_t limit_bytes) {
  if (!make_directories(directory) || access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return nullptr;
  }
  std::unique_ptr<Spool> spool(new Spool(std::move(directory), limit_bytes));
  const std::string lock = spool->directory_ + "/lock";
  spool->lock_fd_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (spool->lock_fd_ < 0) return nullptr;
  spool->list();
  return spool;
}

Spool::~Spool() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

/// A lock of POSIX's kind, because a forked child does not inherit it with the descriptor.
bool Spool::is_taker() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  if (!is_taker_) is_taker_ = fcntl(lock_fd_, F_SETLK, &lock) == 0;
  return is_taker_;
}

void Spool::list() {
  files_.clear();
  bad_.clear();
  bytes_ = 0;
  DIR* directory = opendir(directory_.c_str());
  if (directory == nullptr) return;
  const std::int64_t now_s = read_clock_ns(CLOCK_REALTIME) / 1'000'000'000;
  while (const dirent* entry = readdir(directory)) list_file(entry->d_name, now_s);
  closedir(directory);
  std::sort(files_.begin(), files_.end(),
            [](const File& a, const File& b) { return a.name < b.name; });
}

void Spool::list_file(const std::string& name, std::int64_t now_s) {
  const std::string path = directory_ + "/" + name;
  struct stat status{};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const auto bytes = static_cast<std::size_t>(status.st_size);
  if (name.ends_with(kSuffix)) {
    files_.push_back({name, bytes});
  } else if (name.ends_with(kBadSuffix)) {
    bad_.push_back({name, bytes});
  } else {
    // What a process left that died while writing.
    constexpr std::int64_t kStaleS = 3600;
    if (name.ends_with(kTemporarySuffix) && now_s - status.st_mtime > kStaleS) {
      unlink(path.c_str());
    }
    return;
  }
  bytes_ += bytes;
}

void Spool::drop_oldest(std::uint64_t& dropped_items) {
  std::vector<File>& from = bad_.empty() ? files_ : bad_;
  const std::string path = directory_ + "/" + from.front().name;
  if (bad_.empty()) {
    const auto file = read_whole(path);
    const auto batch = file ? decode_spooled(*file) : std::nullopt;
    if (batch) dropped_items += batch->items;
  }
  unlink(path.c_str());
  bytes_ -= from.front().bytes;
  from.erase(from.begin());
}

bool Spool::make_room(std::size_t bytes, std::uint64_t& dropped_items) {
  if (bytes > limit_bytes_) return false;
  if (bytes_ + bytes > limit_bytes_) list();  // others may have taken some out
  while (bytes_ + bytes > limit_bytes_ && !(files_.empty() && bad_.empty())) {
    drop_oldest(dropped_items);
  }
  return bytes_ + bytes <= limit_bytes_;
}

bool Spool::put(const EncodedBatch& batch, std::uint64_t& dropped_items) {
  const std::string file = encode_spooled(batch);
  if (!make_room(file.size(), dropped_items)) return false;
  char name[96];  // sorts by age, and is unique among processes
  snprintf(name, sizeof name, "%020" PRId64 "-%d-%06" PRIu64, read_clock_ns(CLOCK_REALTIME),
           static_cast<int>(getpid()), ++sequence_);
  const std::string path = directory_ + "/" + name;
  const std::string temporary = path + std::string(kTemporarySuffix);
  const std::string final_path = path + std::string(kSuffix);
  if (!write_whole(temporary, file) || rename(temporary.c_str(), final_path.c_str()) != 0) {
    unlink(temporary.c_str());
    return false;
  }
  files_.push_back({std::string(name) + std::string(kSuffix), file.size()});
  bytes_ += file.size();
  return true;
}

void Spool::set_aside(const std::string& name) {
  const std::string path = directory_ + "/" + name;
  if (rename(path.c_str(), (path + std::string(kBadSuffix)).c_str()) == 0) {
    bad_.push_back({name + std::string(kBadSuffix), files_.front().bytes});
  } else {
    unlink(path.c_str());
    bytes_ -= files_.front().bytes;
  }
}

std::optional<EncodedBatch> Spool::oldest() {
  if (files_.empty()) list();
  while (!files_.empty() && is_taker()) {
    const std::string name = files_.front().name;
    const std::string path = directory_ + "/" + name;
    const auto file = read_whole(path);
    if (auto batch = file ? decode_spooled(*file) : std::nullopt) {
      current_ = name;
      return batch;
    }
    if (access(path.c_str(), F_OK) == 0) {
      set_aside(name);
    } else {  // another process has made room
      bytes_ -= files_.front().bytes;
    }
    files_.erase(files_.begin());
  }
  return std::nullopt;
}

void Spool::remove_oldest() {
  unlink((directory_ + "/" + current_).c_str());
  const auto found = std::find_if(files_.begin(), files_.end(),
                                  [&](const File& file) { return file.name == current_; });
  if (found == files_.end()) return;
  bytes_ -= found->bytes;
  files_.erase(found);
}

}  // namespace binnacle::sdk
