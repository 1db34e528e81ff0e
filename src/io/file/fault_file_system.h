#pragma once

#include "base/random.h"
#include "io/file/file_system.h"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

// A file system in memory that breaks on demand. It keeps apart what was written and what was
// synced, for file data and for directory entries, so that a test can cut the power at any
// operation and see what a real disk may then hold; it can also fail, fill, and forget chosen
// syncs. For tests only (target io/file:fault). Internally locked.
//
//   FaultFileSystem fs(seed);
//   fs.crash_at(17);            // the 17th mutating call from now and all after it fail
//   run_workload(fs);
//   fs.restart(Survivors::kNothingUnsynced);
//   check(reopen(fs));
//
// The model. A write is pending until its file's data is synced; a name created, renamed or removed
// is pending until its directory is synced (a rename between directories: either). A power cut
// keeps what is not pending and, of the rest, what Survivors says. Syncing a file does not sync its
// name, and the other way round. A failed sync leaves the pages clean, as Linux does: reads still
// show what was written, later syncs succeed, and the bytes never reach the disk.

namespace binnacle {

/// What of the pending changes outlives restart().
enum class Survivors : std::uint8_t {
  kNothingUnsynced,  ///< power cut, unluckiest: none
  kSomeUnsynced,     ///< power cut: each sector of each write, and each name, by a coin toss
  kPrefixUnsynced,   ///< power cut: in order up to some point, the last write torn
  kEverything,       ///< the process was killed: all, and still pending
};

class FaultFileSystem final : public FileSystem {
 public:
  /// Empty but for "/". `seed` decides all coin tosses.
  explicit FaultFileSystem(std::uint64_t seed);
  ~FaultFileSystem() override;

  /// The n-th mutating call from now (1 is the next) is begun, not finished: what it changes is
  /// pending. It and every later call fail until restart().
  void crash_at(std::uint64_t n);
  /// The n-th mutating call from now fails with EIO (a write: after half of it; a sync: after a
  /// random part, leaving the pages clean). Everything else works.
  void fail_at(std::uint64_t n);
  /// The next `times` syncs of `point` fail with EIO.
  void fail_sync(SyncPoint point, std::uint64_t times);
  /// Syncs of `point` report success and do nothing, until told nullopt. Survives restart().
  void ignore_sync(std::optional<SyncPoint> point);
  /// No file system is larger: writes beyond end short, then fail with ENOSPC.
  void set_capacity_bytes(std::uint64_t bytes);
  /// Reads of paths that contain `part_of_path` fail with EIO; empty ends it.
  void fail_reads(std::string part_of_path);
  /// Flips one bit, on the disk as well.
  void flip_bit(const std::string& path, std::uint64_t offset_bytes, int bit);
  /// Ends the machine (or process) and starts it again: open Files and locks are dead, faults but
  /// ignore_sync are over.
  void restart(Survivors survivors);

  [[nodiscard]] bool crashed() const;
  /// Mutating calls so far, failed ones included.
  [[nodiscard]] std::uint64_t mutations() const;
  /// Syncs of `point` so far, ignored ones included.
  [[nodiscard]] std::uint64_t syncs(SyncPoint point) const;

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

 private:
  friend class FaultFile;
  friend class FaultLock;
  struct Node;
  struct Change;
  struct NameChange;
  using NodePtr = std::shared_ptr<Node>;
  /// What a mutating call is to do.
  enum class Verdict : std::uint8_t { kGo, kFail, kCrash };

  Status alive(std::uint64_t epoch) const;
  Verdict begin_mutation();
  NodePtr find(const std::string& path) const;
  Result<std::pair<NodePtr, std::string>> find_parent(const std::string& path) const;
  Status change_names(std::string_view operation, const std::string& path, NameChange change);
  Status write(Node& node, const std::string& path, std::uint64_t offset,
               std::span<const std::string_view> pieces);
  Status resize(Node& node, const std::string& path, std::string_view operation, std::uint64_t size,
                bool only_grow);
  Status sync_file(Node& node, const std::string& path, SyncPoint point);
  Result<bool> begin_sync(const std::string& path, SyncPoint point);
  void cut_power(Survivors survivors);
  void settle(Node& node, Survivors survivors);
  void settle_names(Survivors survivors);
  std::uint64_t used_bytes() const;
  static std::unexpected<Error> crashed_error();

  mutable std::mutex mutex_;
  Random random_;
  NodePtr root_;
  std::vector<std::weak_ptr<Node>> files_;  // every file ever made
  std::vector<NameChange> pending_names_;
  std::set<std::string> locks_;
  std::uint64_t epoch_ = 1;
  bool crashed_ = false;
  std::uint64_t mutations_ = 0;
  std::uint64_t crash_at_ = 0;
  std::uint64_t fail_at_ = 0;
  std::optional<SyncPoint> ignored_;
  std::array<std::uint64_t, kAllSyncPoints.size()> syncs_{};
  std::array<std::uint64_t, kAllSyncPoints.size()> syncs_to_fail_{};
  std::uint64_t capacity_bytes_ = ~std::uint64_t{0} >> 2U;
  std::string unreadable_;
};

}  // namespace binnacle
