#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "io/file/file_system.h"
#include "store/disk/block_cache.h"
#include "store/disk/disk_probe.h"
#include "store/disk/manifest.h"
#include "store/disk/part_reader.h"
#include "store/disk/part_writer.h"
#include "store/disk/wal.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

// One store's directory: its lock, format version, manifest and parts. An engine opens one, then
// its Wal in wal_directory(), and commits flushes and merges through it. Internally locked.
//
//   <directory>/LOCK        held by the process that has it open; the process id as text
//   <directory>/FORMAT      "binnacle store <kind> <version>"
//   <directory>/MANIFEST    which parts count
//   <directory>/parts/      <id as 16 hex digits>.part, *.tmp while being written
//   <directory>/wal/        log segments
//   <directory>/set_aside/  damaged parts and segments; never read, never deleted by us
//
//   auto dir = StoreDirectory::open(fs, path, {.kind = "spans"}, cache, probe);
//   auto writer = (*dir)->begin_part(kSpanPart);  ... add_block ...
//   auto finished = (*writer)->finish();
//   (*dir)->commit({.add = {{*finished, summary}}, .remove = merged_ids, .wal_checkpoint =
//   sequence});

namespace binnacle {

constexpr std::uint32_t kStoreFormatVersion = 1;

struct StoreDirectoryOptions {
  /// "spans", "logs", "series": a directory of another kind is refused.
  std::string kind{};
};

/// A live part. Immutable; holders keep it readable after it was merged or expired.
class StoredPart {
 public:
  StoredPart(PartRecord record, std::unique_ptr<PartReader> reader)
      : record_(std::move(record)), reader_(std::move(reader)) {}
  [[nodiscard]] std::uint64_t id() const noexcept { return record_.part_id; }
  [[nodiscard]] const PartRecord& record() const noexcept { return record_; }
  [[nodiscard]] const std::string& summary() const noexcept { return record_.summary; }
  [[nodiscard]] const PartReader& reader() const noexcept { return *reader_; }

 private:
  const PartRecord record_;
  const std::unique_ptr<PartReader> reader_;
};

/// All live parts at one moment, by ascending id. Immutable.
using PartSnapshot = std::shared_ptr<const std::vector<std::shared_ptr<const StoredPart>>>;

struct NewPart {
  FinishedPart part{};
  std::string summary{};
};

struct StoreEdit {
  std::vector<NewPart> add{};
  std::vector<std::uint64_t> remove{};
  std::optional<std::uint64_t> wal_checkpoint{};
  std::optional<std::string> engine_state{};
};

class StoreDirectory {
 public:
  /// Opens or creates (one level) the store. Locks it, reads the manifest, removes orphans of
  /// unfinished work, opens every part; a part that is damaged or missing is set aside and reported
  /// in warnings(), the rest is served. Errors: kFailedPrecondition if another process has it
  /// (names path and process id), if it is another kind of store, or if files are there but FORMAT
  /// is not; kUnimplemented if a newer version wrote it.
  [[nodiscard]] static Result<std::unique_ptr<StoreDirectory>> open(FileSystem& fs,
                                                                    const std::string& directory,
                                                                    StoreDirectoryOptions options,
                                                                    BlockCache& cache,
                                                                    DiskProbe& probe);
  StoreDirectory(const StoreDirectory&) = delete;
  StoreDirectory& operator=(const StoreDirectory&) = delete;
  ~StoreDirectory();

  /// A new part's writer, with an id greater than all before.
  [[nodiscard]] Result<std::unique_ptr<PartWriter>> begin_part(std::uint32_t kind,
                                                               PartWriterOptions options = {});
  /// Makes the edit durable and visible in one step, then deletes the files of removed parts. On an
  /// error nothing changed: finished parts named in `add` stay on disk uncommitted; call again, or
  /// discard() them. `remove` must name live parts (kFailedPrecondition, e.g. one that was set
  /// aside while it was being merged).
  [[nodiscard]] Status commit(const StoreEdit& edit);
  /// Deletes a finished part that will not be committed.
  void discard(const FinishedPart& part);

  [[nodiscard]] PartSnapshot parts() const;
  /// Takes a damaged part out of service: durable in the manifest, file moved to set_aside/. Part
  /// of the error path of reads: logs nothing, counts, adds a warning. Idempotent.
  [[nodiscard]] Status set_aside(std::uint64_t part_id, const std::string& reason);
  /// One line per part that is set aside, also by earlier runs.
  [[nodiscard]] std::vector<std::string> warnings() const;

  [[nodiscard]] std::uint64_t wal_checkpoint() const;
  [[nodiscard]] std::string engine_state() const;
  [[nodiscard]] std::string wal_directory() const;
  [[nodiscard]] std::string set_aside_directory() const;
  [[nodiscard]] const std::string& path() const noexcept { return directory_; }

  /// A consistent copy, openable as a store, of the parts and of all that is durable in `wal` (may
  /// be null) at `target` (absent or empty). Hard links where the file system allows.
  [[nodiscard]] Status snapshot_to(const std::string& target, Wal* wal);

 private:
  StoreDirectory(FileSystem& fs, std::string directory, StoreDirectoryOptions options,
                 BlockCache& cache, DiskProbe& probe);
  Status open_layout(bool created);
  Status open_manifest(bool created);
  Status recover_parts();
  Status recover_set_aside();
  Status remove_orphans();
  Status set_aside_edit_locked(std::uint64_t part_id, const std::string& reason);
  Status check_edit(const StoreEdit& edit) const;
  void publish();
  void remove_files(const std::vector<std::uint64_t>& part_ids);
  Status snapshot_parts(const std::string& target);
  [[nodiscard]] std::string part_path(std::uint64_t part_id) const;
  [[nodiscard]] std::string set_aside_path(std::uint64_t part_id) const;

  FileSystem& fs_;
  const std::string directory_;
  const StoreDirectoryOptions options_;
  BlockCache& cache_;
  DiskProbe& probe_;
  std::unique_ptr<FileLock> lock_;

  // Serialises edits; held while they are written. Guards what follows it.
  mutable std::mutex edit_mutex_;
  std::unique_ptr<Manifest> manifest_;
  std::map<std::uint64_t, std::shared_ptr<const StoredPart>> live_;
  std::vector<std::string>
      unserved_;  // parts that could not be read this time: still in the manifest

  // Never held across I/O: readers take it. Guards what follows it; taken after edit_mutex_.
  mutable std::mutex published_mutex_;
  PartSnapshot snapshot_;
  std::vector<std::string> warnings_;
  std::uint64_t wal_checkpoint_ = 0;
  std::string engine_state_;
  std::uint64_t next_part_id_ = 1;
};

}  // namespace binnacle
