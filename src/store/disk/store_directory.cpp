#include "store/disk/store_directory.h"

#include "store/disk/file_copy.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

namespace binnacle {
namespace {

constexpr std::string_view kPartSuffix = ".part";
constexpr std::string_view kTemporarySuffix = ".tmp";
constexpr std::size_t kIdDigits = 16;
constexpr std::uint64_t kFormatLimitBytes = 4096;
constexpr std::string_view kFormatPrefix = "binnacle store ";

std::string part_name(std::uint64_t part_id) {
  return fmt::format("{:016x}{}", part_id, kPartSuffix);
}

std::optional<std::uint64_t> part_id_of(std::string_view name) {
  if (name.size() != kIdDigits + kPartSuffix.size() || !name.ends_with(kPartSuffix)) {
    return std::nullopt;
  }
  std::uint64_t id = 0;
  const char* end = name.data() + kIdDigits;
  const auto [stop, error] = std::from_chars(name.data(), end, id, 16);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return id;
}

std::string parts_directory(const std::string& store) { return store + "/parts"; }

/// Creates one level unless it is there.
Status ensure_directory(FileSystem& fs, const std::string& path) {
  Status made = fs.make_directory(path);
  if (!made && made.error().code == ErrorCode::kAlreadyExists) return {};
  return made;
}

Status remove_if_there(FileSystem& fs, const std::string& path) {
  Status removed = fs.remove(path);
  if (!removed && removed.error().code == ErrorCode::kNotFound) return {};
  return removed;
}

/// FORMAT, whole or not at all; the caller syncs the directory.
Status write_format(FileSystem& fs, const std::string& store, const std::string& kind) {
  const std::string path = store + "/FORMAT";
  const std::string temporary = path + std::string(kTemporarySuffix);
  if (Status s = remove_if_there(fs, temporary); !s) return s;
  Result<std::unique_ptr<File>> file = fs.open(temporary, OpenMode::kCreate);
  if (!file) return std::unexpected(file.error());
  const std::string text = fmt::format("{}{} {}\n", kFormatPrefix, kind, kStoreFormatVersion);
  if (Status s = (*file)->write_at(0, text); !s) return s;
  if (Status s = (*file)->sync_data(SyncPoint::kStoreFormat); !s) return s;
  return fs.rename(temporary, path);
}

Status check_format(FileSystem& fs, const std::string& store, const std::string& kind) {
  const std::string path = store + "/FORMAT";
  const Result<std::string> text = read_file(fs, path, kFormatLimitBytes);
  if (!text) return std::unexpected(text.error());
  std::string_view rest = *text;
  const bool ours = rest.starts_with(kFormatPrefix) && rest.ends_with('\n');
  if (ours) rest = rest.substr(kFormatPrefix.size(), rest.size() - kFormatPrefix.size() - 1);
  const std::size_t space = rest.rfind(' ');
  std::uint32_t version = 0;
  const bool numbered =
      ours && space != std::string_view::npos &&
      std::from_chars(rest.data() + space + 1, rest.data() + rest.size(), version).ec ==
          std::errc{};
  if (!numbered || version == 0) {
    return fail(ErrorCode::kDataLoss, fmt::format("{} is damaged: it should read \"{}{} {}\"", path,
                                                  kFormatPrefix, kind, kStoreFormatVersion));
  }
  if (rest.substr(0, space) != kind) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} holds {}, not {}: use another directory", store,
                            rest.substr(0, space), kind));
  }
  if (version > kStoreFormatVersion) {
    return fail(ErrorCode::kUnimplemented,
                fmt::format("{} has format version {}, this binary reads up to {}: use a newer one",
                            store, version, kStoreFormatVersion));
  }
  return {};
}

/// Whether anything was ever stored in a directory that has no FORMAT.
Result<bool> holds_data(FileSystem& fs, const std::string& store) {
  for (const std::string& folder : {parts_directory(store), store + "/wal"}) {
    const Result<std::vector<DirectoryEntry>> entries = fs.list(folder);
    if (!entries && entries.error().code == ErrorCode::kNotFound) continue;
    if (!entries) return std::unexpected(entries.error());
    if (!entries->empty()) return true;
  }
  return false;
}

}  // namespace

StoreDirectory::StoreDirectory(FileSystem& fs, std::string directory, StoreDirectoryOptions options,
                               BlockCache& cache, DiskProbe& probe)
    : fs_(fs),
      directory_(std::move(directory)),
      options_(std::move(options)),
      cache_(cache),
      probe_(probe),
      snapshot_(std::make_shared<std::vector<std::shared_ptr<const StoredPart>>>()) {}

StoreDirectory::~StoreDirectory() = default;

std::string StoreDirectory::part_path(std::uint64_t part_id) const {
  return parts_directory(directory_) + "/" + part_name(part_id);
}
std::string StoreDirectory::set_aside_path(std::uint64_t part_id) const {
  return set_aside_directory() + "/" + part_name(part_id);
}
std::string StoreDirectory::wal_directory() const { return directory_ + "/wal"; }
std::string StoreDirectory::set_aside_directory() const { return directory_ + "/set_aside"; }

Result<std::unique_ptr<StoreDirectory>> StoreDirectory::open(FileSystem& fs,
                                                             const std::string& directory,
                                                             StoreDirectoryOptions options,
                                                             BlockCache& cache, DiskProbe& probe) {
  if (Status s = ensure_directory(fs, directory); !s) return std::unexpected(s.error());
  std::unique_ptr<StoreDirectory> store(
      new StoreDirectory(fs, directory, std::move(options), cache, probe));
  Result<std::unique_ptr<FileLock>> lock = fs.lock(directory + "/LOCK");
  if (!lock) return std::unexpected(lock.error());
  store->lock_ = std::move(*lock);
  const Result<bool> has_format = fs.exists(directory + "/FORMAT");
  if (!has_format) return std::unexpected(has_format.error());
  const std::scoped_lock edit_lock(store->edit_mutex_);
  if (Status s = store->open_layout(!*has_format); !s) return std::unexpected(s.error());
  if (Status s = store->open_manifest(!*has_format); !s) return std::unexpected(s.error());
  // In this order: a part found missing now stays reported until the next open.
  if (Status s = store->recover_set_aside(); !s) return std::unexpected(s.error());
  if (Status s = store->recover_parts(); !s) return std::unexpected(s.error());
  if (Status s = store->remove_orphans(); !s) return std::unexpected(s.error());
  store->publish();
  return store;
}

Status StoreDirectory::open_layout(bool created) {
  if (!created) {
    if (Status s = check_format(fs_, directory_, options_.kind); !s) return s;
  } else {
    const Result<bool> data = holds_data(fs_, directory_);
    if (!data) return std::unexpected(data.error());
    if (*data) {
      return fail(
          ErrorCode::kFailedPrecondition,
          fmt::format("{} holds data but has no FORMAT file: restore the file, or use another "
                      "directory",
                      directory_));
    }
  }
  for (const std::string& folder :
       {parts_directory(directory_), wal_directory(), set_aside_directory()}) {
    if (Status s = ensure_directory(fs_, folder); !s) return s;
  }
  return {};
}

Status StoreDirectory::open_manifest(bool created) {
  Result<std::unique_ptr<Manifest>> manifest = created
                                                   ? Manifest::create(fs_, directory_, {}, probe_)
                                                   : Manifest::open(fs_, directory_, probe_);
  if (!manifest) return std::unexpected(manifest.error());
  manifest_ = std::move(*manifest);
  if (created) {
    // Last: a directory with a FORMAT has all the rest.
    if (Status s = write_format(fs_, directory_, options_.kind); !s) return s;
  }
  // At every open, because the process that made them may have been killed before it came to this.
  if (Status s = fs_.sync_directory(directory_, SyncPoint::kStoreLayout); !s) return s;
  const std::string parent = parent_directory(directory_);
  if (Status s = fs_.sync_directory(parent, SyncPoint::kStoreParent); !s) return s;
  // The parent is often as new as the store (a data directory that holds one store per signal).
  Status above = fs_.sync_directory(parent_directory(parent), SyncPoint::kStoreParent);
  // What we may not read, we did not just make.
  if (!above && above.error().code == ErrorCode::kPermissionDenied) return {};
  return above;
}

Status StoreDirectory::recover_parts() {
  std::vector<SetAsidePart> damaged;
  for (const auto& [id, record] : manifest_->state().parts) {
    Result<std::unique_ptr<PartReader>> reader =
        PartReader::open(fs_, part_path(id), cache_, probe_);
    if (reader && (*reader)->part_id() != id) {
      reader = fail(ErrorCode::kDataLoss,
                    fmt::format("{} holds part {}", part_path(id), (*reader)->part_id()));
    }
    if (reader) {
      live_.emplace(id, std::make_shared<StoredPart>(record, std::move(*reader)));
      continue;
    }
    const Error& error = reader.error();
    if (error.code == ErrorCode::kDataLoss || error.code == ErrorCode::kNotFound) {
      damaged.push_back({id, error.message});
    } else if (error.code == ErrorCode::kInternal) {
      // The device, perhaps only now: the part stays in the manifest, unserved until the next open.
      unserved_.push_back(fmt::format("part {:016x} cannot be read: {}", id, error.message));
    } else {
      return std::unexpected(error);
    }
  }
  for (const SetAsidePart& part : damaged) {
    // A full disk must not keep the store from opening: then the next open records it.
    if (Status s = set_aside_edit_locked(part.part_id, part.reason); !s) {
      unserved_.push_back(fmt::format("part {:016x} is damaged: {}", part.part_id, part.reason));
    }
  }
  return {};
}

// A set-aside part lies in set_aside/; a crash may have left it in parts/; or the operator took it.
Status StoreDirectory::recover_set_aside() {
  ManifestEdit edit;
  for (const auto& [id, part] : manifest_->state().set_aside) {
    const Status moved = fs_.rename(part_path(id), set_aside_path(id));
    if (moved) continue;
    if (moved.error().code != ErrorCode::kNotFound) return moved;
    const Result<bool> there = fs_.exists(set_aside_path(id));
    if (!there) return std::unexpected(there.error());
    if (!*there) edit.forget.push_back(id);
  }
  if (!edit.forget.empty()) (void)manifest_->append(edit);  // else the next open does
  return {};
}

Status StoreDirectory::remove_orphans() {
  const Result<std::vector<DirectoryEntry>> entries = fs_.list(parts_directory(directory_));
  if (!entries) return std::unexpected(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    const std::optional<std::uint64_t> id = part_id_of(entry.name);
    const bool unfinished = entry.name.ends_with(kTemporarySuffix);
    const bool uncommitted = id && !manifest_->state().parts.contains(*id);
    if (!unfinished && !uncommitted) continue;
    if (Status s = fs_.remove(parts_directory(directory_) + "/" + entry.name); !s) return s;
  }
  if (Status s = remove_if_there(fs_, manifest_path(directory_) + ".tmp"); !s) return s;
  return remove_if_there(fs_, directory_ + "/FORMAT.tmp");
}

void StoreDirectory::publish() {
  auto parts = std::make_shared<std::vector<std::shared_ptr<const StoredPart>>>();
  std::uint64_t bytes = 0;
  parts->reserve(live_.size());
  for (const auto& [id, part] : live_) {
    parts->push_back(part);
    bytes += part->reader().file_bytes();
  }
  std::vector<std::string> warnings = unserved_;
  const ManifestState& state = manifest_->state();
  for (const auto& [id, part] : state.set_aside) {
    warnings.push_back(fmt::format("part {:016x} is set aside: {}", id, part.reason));
  }
  probe_.parts.set(static_cast<std::int64_t>(parts->size()));
  probe_.parts_bytes.set(static_cast<std::int64_t>(bytes));
  const std::scoped_lock lock(published_mutex_);
  snapshot_ = std::move(parts);
  warnings_ = std::move(warnings);
  wal_checkpoint_ = state.wal_checkpoint;
  engine_state_ = state.engine_state;
  next_part_id_ = std::max(next_part_id_, state.next_part_id);
}

Result<std::unique_ptr<PartWriter>> StoreDirectory::begin_part(std::uint32_t kind,
                                                               PartWriterOptions options) {
  std::uint64_t id = 0;
  {
    const std::scoped_lock lock(published_mutex_);
    id = next_part_id_++;
  }
  return PartWriter::create(fs_, part_path(id), id, kind, options, probe_);
}

Status StoreDirectory::check_edit(const StoreEdit& edit) const {
  for (const std::uint64_t id : edit.remove) {
    if (!live_.contains(id)) {
      return fail(ErrorCode::kFailedPrecondition,
                  fmt::format("part {:016x} is not live any more", id));
    }
  }
  for (const NewPart& part : edit.add) {
    if (part.summary.size() > kPartSummaryLimitBytes) {
      return fail(ErrorCode::kOutOfRange,
                  fmt::format("summary of part {:016x} has {} bytes, the limit is {}",
                              part.part.part_id, part.summary.size(), kPartSummaryLimitBytes));
    }
  }
  return {};
}

Status StoreDirectory::commit(const StoreEdit& edit) {
  const std::scoped_lock edit_lock(edit_mutex_);
  if (Status s = check_edit(edit); !s) return s;
  ManifestEdit change;
  std::vector<std::shared_ptr<const StoredPart>> added;
  for (const NewPart& part : edit.add) {
    PartRecord record{part.part.part_id, part.part.kind, part.part.file_bytes, part.summary};
    Result<std::unique_ptr<PartReader>> reader =
        PartReader::open(fs_, part_path(record.part_id), cache_, probe_);
    if (!reader) return std::unexpected(reader.error());
    change.add.push_back(record);
    added.push_back(std::make_shared<StoredPart>(std::move(record), std::move(*reader)));
  }
  change.remove = edit.remove;
  change.wal_checkpoint = edit.wal_checkpoint;
  change.engine_state = edit.engine_state;
  if (Status s = manifest_->append(change); !s) return s;
  for (const std::uint64_t id : edit.remove) live_.erase(id);
  for (auto& part : added) live_.emplace(part->id(), part);
  publish();
  remove_files(edit.remove);
  return {};
}

void StoreDirectory::remove_files(const std::vector<std::uint64_t>& part_ids) {
  for (const std::uint64_t id : part_ids) {
    // Not synced: the manifest does not name it any more, so should it come back, open() removes
    // it.
    (void)fs_.remove(part_path(id));
    probe_.parts_removed.add();
  }
}

void StoreDirectory::discard(const FinishedPart& part) {
  const std::scoped_lock edit_lock(edit_mutex_);
  if (manifest_->in_doubt() || live_.contains(part.part_id)) return;  // the next open removes it
  (void)fs_.remove(part_path(part.part_id));
}

PartSnapshot StoreDirectory::parts() const {
  const std::scoped_lock lock(published_mutex_);
  return snapshot_;
}

Status StoreDirectory::set_aside_edit_locked(std::uint64_t part_id, const std::string& reason) {
  ManifestEdit edit;
  edit.set_aside.push_back({part_id, reason.substr(0, kPartSummaryLimitBytes)});
  if (Status s = manifest_->append(edit); !s) return s;
  live_.erase(part_id);
  probe_.parts_set_aside.add();
  (void)fs_.rename(part_path(part_id), set_aside_path(part_id));  // else the next open does
  return {};
}

Status StoreDirectory::set_aside(std::uint64_t part_id, const std::string& reason) {
  const std::scoped_lock edit_lock(edit_mutex_);
  if (!live_.contains(part_id)) return {};
  if (Status s = set_aside_edit_locked(part_id, reason); !s) return s;
  publish();
  return {};
}

std::vector<std::string> StoreDirectory::warnings() const {
  const std::scoped_lock lock(published_mutex_);
  return warnings_;
}
std::uint64_t StoreDirectory::wal_checkpoint() const {
  const std::scoped_lock lock(published_mutex_);
  return wal_checkpoint_;
}
std::string StoreDirectory::engine_state() const {
  const std::scoped_lock lock(published_mutex_);
  return engine_state_;
}

Status StoreDirectory::snapshot_parts(const std::string& target) {
  const std::scoped_lock edit_lock(edit_mutex_);
  ManifestState state = manifest_->state();
  state.set_aside.clear();
  for (const auto& [id, record] : manifest_->state().parts) {
    const auto part = live_.find(id);
    if (part == live_.end()) {
      state.parts.erase(id);
      continue;
    }
    const std::string to = parts_directory(target) + "/" + part_name(id);
    Status copied = fs_.link(part_path(id), to);
    if (!copied) copied = part->second->reader().copy_to(fs_, to);
    if (!copied) return copied;
  }
  const Result<std::unique_ptr<Manifest>> manifest = Manifest::create(fs_, target, state, probe_);
  if (!manifest) return std::unexpected(manifest.error());
  return {};
}

Status StoreDirectory::snapshot_to(const std::string& target, Wal* wal) {
  if (Status s = ensure_directory(fs_, target); !s) return s;
  const Result<std::vector<DirectoryEntry>> entries = fs_.list(target);
  if (!entries) return std::unexpected(entries.error());
  if (!entries->empty()) {
    return fail(ErrorCode::kAlreadyExists,
                fmt::format("{} is not empty: name a new directory for the snapshot", target));
  }
  for (const std::string& folder :
       {parts_directory(target), target + "/wal", target + "/set_aside"}) {
    if (Status s = ensure_directory(fs_, folder); !s) return s;
  }
  // The log first: what is flushed meanwhile is then in both, and replay skips it by the
  // checkpoint.
  if (wal != nullptr) {
    if (Status s = wal->snapshot_to(target + "/wal", wal_checkpoint()); !s) return s;
  }
  if (Status s = snapshot_parts(target); !s) return s;
  if (Status s = write_format(fs_, target, options_.kind); !s) return s;
  for (const std::string& folder : {parts_directory(target), target, parent_directory(target)}) {
    if (Status s = fs_.sync_directory(folder, SyncPoint::kSnapshotDirectory); !s) return s;
  }
  return {};
}

}  // namespace binnacle
