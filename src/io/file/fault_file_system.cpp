#include "io/file/fault_file_system.h"

#include "base/check.h"
#include "io/file/posix_file_system.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace binnacle {
namespace {

// What disks write whole, or not at all.
constexpr std::uint64_t kSectorBytes = 512;

std::unexpected<Error> failure(std::string_view operation, const std::string& path, int number) {
  return std::unexpected(system_error(operation, path, number));
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> names;
  std::string name;
  for (const char c : path + "/") {
    if (c != '/') {
      name.push_back(c);
    } else if (!name.empty()) {
      if (name != ".") names.push_back(name);
      name.clear();
    }
  }
  return names;
}

void write_into(std::string& data, std::uint64_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  if (data.size() < offset + bytes.size()) data.resize(offset + bytes.size(), '\0');
  std::memcpy(data.data() + offset, bytes.data(), bytes.size());
}

}  // namespace

/// A pending change of a file: bytes at an offset, or a new size.
struct FaultFileSystem::Change {
  std::uint64_t offset = 0;
  std::string bytes;
  std::optional<std::uint64_t> size;

  void apply(std::string& data) const {
    if (size) {
      data.resize(*size, '\0');
    } else {
      write_into(data, offset, bytes);
    }
  }
};

/// A file or a directory.
struct FaultFileSystem::Node {
  bool is_directory = false;
  std::string data;                      // as read
  std::string durable;                   // as on the disk
  std::vector<Change> pending;           // what makes the one from the other
  std::map<std::string, NodePtr> names;  // as read
  std::map<std::string, NodePtr> durable_names;
};

/// A pending change of directory entries; all of its effects or none.
struct FaultFileSystem::NameChange {
  struct Effect {
    NodePtr directory;
    std::string name;
    NodePtr target;  // null: removed
  };
  std::vector<Effect> effects;

  void apply(std::map<std::string, NodePtr> Node::* names) const {
    for (const Effect& effect : effects) {
      if (effect.target == nullptr) {
        ((*effect.directory).*names).erase(effect.name);
      } else {
        ((*effect.directory).*names)[effect.name] = effect.target;
      }
    }
  }
  [[nodiscard]] bool touches(const NodePtr& directory) const {
    return std::ranges::any_of(effects, [&](const Effect& e) { return e.directory == directory; });
  }
};

class FaultFile final : public File {
 public:
  FaultFile(FaultFileSystem& fs, FaultFileSystem::NodePtr node, std::string path)
      : fs_(fs), node_(std::move(node)), path_(std::move(path)), epoch_(fs.epoch_) {}

  Result<std::size_t> read_at(std::uint64_t offset_bytes, char* out,
                              std::size_t size_bytes) const override {
    const std::scoped_lock lock(fs_.mutex_);
    if (Status s = fs_.alive(epoch_); !s) return std::unexpected(s.error());
    if (!fs_.unreadable_.empty() && path_.find(fs_.unreadable_) != std::string::npos) {
      return failure("read", path_, EIO);
    }
    const std::string& data = node_->data;
    if (offset_bytes >= data.size()) return 0;
    const std::size_t n = std::min<std::size_t>(size_bytes, data.size() - offset_bytes);
    std::memcpy(out, data.data() + offset_bytes, n);
    return n;
  }
  Status write_at(std::uint64_t offset_bytes, std::span<const std::string_view> pieces) override {
    const std::scoped_lock lock(fs_.mutex_);
    if (Status s = fs_.alive(epoch_); !s) return s;
    return fs_.write(*node_, path_, offset_bytes, pieces);
  }
  Status sync_data(SyncPoint point) override {
    const std::scoped_lock lock(fs_.mutex_);
    if (Status s = fs_.alive(epoch_); !s) return s;
    return fs_.sync_file(*node_, path_, point);
  }
  Status allocate(std::uint64_t size_bytes) override {
    const std::scoped_lock lock(fs_.mutex_);
    if (Status s = fs_.alive(epoch_); !s) return s;
    return fs_.resize(*node_, path_, "allocate", size_bytes, true);
  }
  Status truncate(std::uint64_t size_bytes) override {
    const std::scoped_lock lock(fs_.mutex_);
    if (Status s = fs_.alive(epoch_); !s) return s;
    return fs_.resize(*node_, path_, "truncate", size_bytes, false);
  }
  Result<std::uint64_t> size_bytes() const override {
    const std::scoped_lock lock(fs_.mutex_);
    if (Status s = fs_.alive(epoch_); !s) return std::unexpected(s.error());
    return node_->data.size();
  }
  const std::string& path() const noexcept override { return path_; }

 private:
  FaultFileSystem& fs_;
  const FaultFileSystem::NodePtr node_;
  const std::string path_;
  const std::uint64_t epoch_;
};

class FaultLock final : public FileLock {
 public:
  FaultLock(FaultFileSystem& fs, std::string path)
      : fs_(fs), path_(std::move(path)), epoch_(fs.epoch_) {}
  ~FaultLock() override {
    const std::scoped_lock lock(fs_.mutex_);
    if (epoch_ == fs_.epoch_) fs_.locks_.erase(path_);
  }

 private:
  FaultFileSystem& fs_;
  const std::string path_;
  const std::uint64_t epoch_;
};

FaultFileSystem::FaultFileSystem(std::uint64_t seed)
    : random_(seed), root_(std::make_shared<Node>()) {
  root_->is_directory = true;
}

FaultFileSystem::~FaultFileSystem() {
  // Nodes may hold each other through pending names only; break that.
  pending_names_.clear();
}

std::unexpected<Error> FaultFileSystem::crashed_error() {
  return fail(ErrorCode::kInternal, "the machine is off");
}

Status FaultFileSystem::alive(std::uint64_t epoch) const {
  if (crashed_ || epoch != epoch_) return crashed_error();
  return {};
}

FaultFileSystem::Verdict FaultFileSystem::begin_mutation() {
  ++mutations_;
  if (mutations_ == crash_at_) {
    crashed_ = true;
    return Verdict::kCrash;
  }
  return mutations_ == fail_at_ ? Verdict::kFail : Verdict::kGo;
}

void FaultFileSystem::crash_at(std::uint64_t n) {
  const std::scoped_lock lock(mutex_);
  crash_at_ = mutations_ + n;
}
void FaultFileSystem::fail_at(std::uint64_t n) {
  const std::scoped_lock lock(mutex_);
  fail_at_ = mutations_ + n;
}
void FaultFileSystem::fail_sync(SyncPoint point, std::uint64_t times) {
  const std::scoped_lock lock(mutex_);
  syncs_to_fail_.at(static_cast<std::size_t>(point)) = times;
}
void FaultFileSystem::ignore_sync(std::optional<SyncPoint> point) {
  const std::scoped_lock lock(mutex_);
  ignored_ = point;
}
void FaultFileSystem::set_capacity_bytes(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  capacity_bytes_ = bytes;
}
void FaultFileSystem::fail_reads(std::string part_of_path) {
  const std::scoped_lock lock(mutex_);
  unreadable_ = std::move(part_of_path);
}
bool FaultFileSystem::crashed() const {
  const std::scoped_lock lock(mutex_);
  return crashed_;
}
std::uint64_t FaultFileSystem::mutations() const {
  const std::scoped_lock lock(mutex_);
  return mutations_;
}
std::uint64_t FaultFileSystem::syncs(SyncPoint point) const {
  const std::scoped_lock lock(mutex_);
  return syncs_.at(static_cast<std::size_t>(point));
}

void FaultFileSystem::flip_bit(const std::string& path, std::uint64_t offset_bytes, int bit) {
  const std::scoped_lock lock(mutex_);
  const NodePtr node = find(path);
  BINNACLE_CHECK(node != nullptr && offset_bytes < node->data.size(),
                 "the byte to damage is there");
  const auto mask = static_cast<char>(1 << bit);
  node->data[offset_bytes] = static_cast<char>(node->data[offset_bytes] ^ mask);
  if (offset_bytes < node->durable.size()) {
    node->durable[offset_bytes] = static_cast<char>(node->durable[offset_bytes] ^ mask);
  }
}

FaultFileSystem::NodePtr FaultFileSystem::find(const std::string& path) const {
  NodePtr node = root_;
  for (const std::string& name : split(path)) {
    const auto found = node->names.find(name);
    if (found == node->names.end()) return nullptr;
    node = found->second;
  }
  return node;
}

Result<std::pair<FaultFileSystem::NodePtr, std::string>> FaultFileSystem::find_parent(
    const std::string& path) const {
  std::vector<std::string> names = split(path);
  if (names.empty()) return failure("find", path, EINVAL);
  const NodePtr parent = find(parent_directory(path));
  if (parent == nullptr || !parent->is_directory) return failure("find", path, ENOENT);
  return std::pair(parent, names.back());
}

Status FaultFileSystem::change_names(std::string_view operation, const std::string& path,
                                     NameChange change) {
  const Verdict verdict = begin_mutation();
  if (verdict == Verdict::kFail) return failure(operation, path, EIO);
  change.apply(&Node::names);
  pending_names_.push_back(std::move(change));
  if (verdict == Verdict::kCrash) return crashed_error();
  return {};
}

Result<std::unique_ptr<File>> FaultFileSystem::open(const std::string& path, OpenMode mode) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return std::unexpected(s.error());
  NodePtr node = find(path);
  if (mode != OpenMode::kCreate) {
    if (node == nullptr) return failure("open", path, ENOENT);
    if (node->is_directory) return failure("open", path, EISDIR);
    return std::make_unique<FaultFile>(*this, node, path);
  }
  if (node != nullptr) return failure("create", path, EEXIST);
  auto parent = find_parent(path);
  if (!parent) return std::unexpected(parent.error());
  node = std::make_shared<Node>();
  if (Status s = change_names("create", path, {{{parent->first, parent->second, node}}}); !s) {
    return std::unexpected(s.error());
  }
  files_.push_back(node);
  return std::make_unique<FaultFile>(*this, node, path);
}

Status FaultFileSystem::rename(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return s;
  const NodePtr node = find(from);
  if (node == nullptr) return failure("rename", from, ENOENT);
  auto source = find_parent(from);
  auto target = find_parent(to);
  if (!target) return std::unexpected(target.error());
  return change_names(
      "rename", to,
      {{{source->first, source->second, nullptr}, {target->first, target->second, node}}});
}

Status FaultFileSystem::remove(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return s;
  const NodePtr node = find(path);
  if (node == nullptr) return failure("remove", path, ENOENT);
  if (node->is_directory) return failure("remove", path, EISDIR);
  auto parent = find_parent(path);
  return change_names("remove", path, {{{parent->first, parent->second, nullptr}}});
}

Status FaultFileSystem::link(const std::string& from, const std::string& to) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return s;
  const NodePtr node = find(from);
  if (node == nullptr) return failure("link", from, ENOENT);
  if (find(to) != nullptr) return failure("link", to, EEXIST);
  auto target = find_parent(to);
  if (!target) return std::unexpected(target.error());
  return change_names("link", to, {{{target->first, target->second, node}}});
}

Status FaultFileSystem::make_directory(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return s;
  if (find(path) != nullptr) return failure("create directory", path, EEXIST);
  auto parent = find_parent(path);
  if (!parent) return std::unexpected(parent.error());
  auto node = std::make_shared<Node>();
  node->is_directory = true;
  return change_names("create directory", path, {{{parent->first, parent->second, node}}});
}

Result<std::vector<DirectoryEntry>> FaultFileSystem::list(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return std::unexpected(s.error());
  const NodePtr node = find(path);
  if (node == nullptr || !node->is_directory) return failure("list", path, ENOENT);
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->names) entries.push_back({name, child->is_directory});
  return entries;
}

Result<bool> FaultFileSystem::exists(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return std::unexpected(s.error());
  return find(path) != nullptr;
}

// True: do it. False: report success and do nothing.
Result<bool> FaultFileSystem::begin_sync(const std::string& path, SyncPoint point) {
  const auto index = static_cast<std::size_t>(point);
  ++syncs_.at(index);
  Verdict verdict = begin_mutation();
  if (verdict == Verdict::kCrash) return crashed_error();
  if (syncs_to_fail_.at(index) > 0) {
    --syncs_to_fail_.at(index);
    verdict = Verdict::kFail;
  }
  if (verdict == Verdict::kFail) {
    return failure(fmt::format("sync ({})", to_string(point)), path, EIO);
  }
  return ignored_ != point;
}

Status FaultFileSystem::sync_directory(const std::string& path, SyncPoint point) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return s;
  const NodePtr node = find(path);
  if (node == nullptr || !node->is_directory) return failure("open directory", path, ENOENT);
  const Result<bool> go = begin_sync(path, point);
  if (!go) return std::unexpected(go.error());
  if (!*go) return {};
  std::erase_if(pending_names_, [&](const NameChange& change) {
    if (!change.touches(node)) return false;
    change.apply(&Node::durable_names);
    return true;
  });
  return {};
}

Status FaultFileSystem::sync_file(Node& node, const std::string& path, SyncPoint point) {
  const Result<bool> go = begin_sync(path, point);
  if (!go) {
    if (!crashed_) settle(node, Survivors::kSomeUnsynced);  // and the pages are clean
    return std::unexpected(go.error());
  }
  if (!*go) return {};
  for (const Change& change : node.pending) change.apply(node.durable);
  node.pending.clear();
  return {};
}

std::uint64_t FaultFileSystem::used_bytes() const {
  std::uint64_t used = 0;
  for (const auto& weak : files_) {
    if (const NodePtr node = weak.lock(); node != nullptr) used += node->data.size();
  }
  return used;
}

Status FaultFileSystem::write(Node& node, const std::string& path, std::uint64_t offset,
                              std::span<const std::string_view> pieces) {
  std::string bytes;
  for (const std::string_view piece : pieces) bytes.append(piece);
  const Verdict verdict = begin_mutation();
  int error = 0;
  if (verdict == Verdict::kFail) {
    bytes.resize(bytes.size() / 2);
    error = EIO;
  }
  const std::uint64_t end = offset + bytes.size();
  const std::uint64_t used = used_bytes();
  const std::uint64_t room = capacity_bytes_ > used ? capacity_bytes_ - used : 0;
  if (end > node.data.size() && end - node.data.size() > room) {
    const std::uint64_t fits = node.data.size() + room;
    bytes.resize(fits > offset ? fits - offset : 0);
    error = ENOSPC;
  }
  write_into(node.data, offset, bytes);
  node.pending.push_back({offset, std::move(bytes), std::nullopt});
  if (verdict == Verdict::kCrash) return crashed_error();
  if (error != 0) return failure("write", path, error);
  return {};
}

Status FaultFileSystem::resize(Node& node, const std::string& path, std::string_view operation,
                               std::uint64_t size, bool only_grow) {
  if (only_grow && size <= node.data.size()) return {};
  const Verdict verdict = begin_mutation();
  if (verdict == Verdict::kFail) return failure(operation, path, EIO);
  if (size > node.data.size() && used_bytes() + (size - node.data.size()) > capacity_bytes_) {
    return failure(operation, path, ENOSPC);
  }
  node.data.resize(size, '\0');
  node.pending.push_back({0, {}, size});
  if (verdict == Verdict::kCrash) return crashed_error();
  return {};
}

Result<DiskSpace> FaultFileSystem::space(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return std::unexpected(s.error());
  if (find(path) == nullptr) return failure("ask for the free space of", path, ENOENT);
  const std::uint64_t used = used_bytes();
  return DiskSpace{capacity_bytes_ > used ? capacity_bytes_ - used : 0, capacity_bytes_};
}

Result<std::unique_ptr<FileLock>> FaultFileSystem::lock(const std::string& path) {
  const std::scoped_lock lock(mutex_);
  if (Status s = alive(epoch_); !s) return std::unexpected(s.error());
  if (!locks_.insert(path).second) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("{} is held", path));
  }
  return std::make_unique<FaultLock>(*this, path);
}

// Decides which pending changes of a file reached the disk; afterwards nothing is pending.
void FaultFileSystem::settle(Node& node, Survivors survivors) {
  std::vector<Change> pending = std::exchange(node.pending, {});
  if (survivors == Survivors::kNothingUnsynced) return;
  std::uint64_t keep = pending.size();
  if (survivors == Survivors::kPrefixUnsynced) keep = random_.below(pending.size() + 1);
  for (std::size_t i = 0; i < pending.size() && i <= keep; ++i) {
    Change& change = pending[i];
    const bool torn = survivors == Survivors::kPrefixUnsynced && i == keep;
    if (change.size) {
      if (!torn && (survivors == Survivors::kPrefixUnsynced || random_.below(2) == 0)) {
        change.apply(node.durable);
      }
      continue;
    }
    if (survivors == Survivors::kPrefixUnsynced) {
      if (torn) change.bytes.resize(random_.below(change.bytes.size() + 1));
      change.apply(node.durable);
      continue;
    }
    // By sectors of the file, as the disk takes them.
    for (std::uint64_t at = 0; at < change.bytes.size();) {
      const std::uint64_t step = std::min<std::uint64_t>(
          kSectorBytes - (change.offset + at) % kSectorBytes, change.bytes.size() - at);
      if (random_.below(2) == 0) {
        write_into(node.durable, change.offset + at,
                   std::string_view(change.bytes).substr(at, step));
      }
      at += step;
    }
  }
}

void FaultFileSystem::settle_names(Survivors survivors) {
  std::vector<NameChange> pending = std::exchange(pending_names_, {});
  if (survivors == Survivors::kNothingUnsynced) return;
  std::uint64_t keep = pending.size();
  if (survivors == Survivors::kPrefixUnsynced) keep = random_.below(pending.size() + 1);
  for (std::size_t i = 0; i < keep; ++i) {
    if (survivors == Survivors::kSomeUnsynced && random_.below(2) == 0) continue;
    pending[i].apply(&Node::durable_names);
  }
}

void FaultFileSystem::cut_power(Survivors survivors) {
  settle_names(survivors);
  std::vector<NodePtr> directories{root_};
  std::set<Node*> seen;
  for (std::size_t i = 0; i < directories.size(); ++i) {
    const NodePtr directory = directories[i];
    directory->names = directory->durable_names;
    for (const auto& [name, child] : directory->names) {
      if (!seen.insert(child.get()).second) continue;
      if (child->is_directory) {
        directories.push_back(child);
      } else {
        settle(*child, survivors);
        child->data = child->durable;
      }
    }
  }
}

void FaultFileSystem::restart(Survivors survivors) {
  const std::scoped_lock lock(mutex_);
  if (survivors != Survivors::kEverything) cut_power(survivors);
  ++epoch_;
  crashed_ = false;
  crash_at_ = 0;
  fail_at_ = 0;
  syncs_to_fail_.fill(0);
  unreadable_.clear();
  locks_.clear();
  std::erase_if(files_, [](const std::weak_ptr<Node>& file) { return file.expired(); });
}

}  // namespace binnacle
