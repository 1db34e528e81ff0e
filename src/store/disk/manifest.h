#pragma once

#include "base/error.h"
#include "io/file/file_system.h"
#include "store/disk/disk_probe.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a store consists of: an append-only log of checksummed edits in the file MANIFEST
// (docs/formats/manifest.md). One edit is atomic: merging replaces parts in one. When the log has
// grown to several times its content it is rewritten under a temporary name and renamed. Made by
// StoreDirectory, which engines use instead. Thread-confined (StoreDirectory locks).

namespace binnacle {

/// What the manifest knows of a part.
struct PartRecord {
  std::uint64_t part_id = 0;
  std::uint32_t kind = 0;
  std::uint64_t file_bytes = 0;
  /// The engine's, opaque: what it wants to know of a part without opening it. At most
  /// kPartSummaryLimitBytes.
  std::string summary{};
  friend bool operator==(const PartRecord&, const PartRecord&) = default;
};

constexpr std::size_t kPartSummaryLimitBytes = 64UL << 10;

struct SetAsidePart {
  std::uint64_t part_id = 0;
  std::string reason{};
  friend bool operator==(const SetAsidePart&, const SetAsidePart&) = default;
};

/// One atomic change. Members left empty change nothing.
struct ManifestEdit {
  std::vector<PartRecord> add{};
  std::vector<std::uint64_t> remove{};    ///< ids of live parts
  std::vector<SetAsidePart> set_aside{};  ///< live parts: no longer served, kept for the operator
  std::vector<std::uint64_t> forget{};    ///< set-aside parts that the operator has dealt with
  std::optional<std::uint64_t> wal_checkpoint{};  ///< log records up to here are in parts
  /// The engine's own small state (retention mark, catalogue epoch), replaced as a whole.
  std::optional<std::string> engine_state{};
  /// Ids below were given out. Written by rewrites, so that ids of removed parts do not come back.
  std::optional<std::uint64_t> next_part_id{};
};

/// The result of all edits.
struct ManifestState {
  std::map<std::uint64_t, PartRecord> parts;  ///< by id; ids grow in order of creation
  std::map<std::uint64_t, SetAsidePart> set_aside;
  std::uint64_t wal_checkpoint = 0;
  std::uint64_t next_part_id = 1;
  std::string engine_state;
};

/// Applies `edit`; kDataLoss (and an unspecified state) if it removes what is not there or adds
/// what is.
[[nodiscard]] Status apply(const ManifestEdit& edit, ManifestState& state);

/// The bytes of one record and of a whole manifest; pure, fuzzed.
[[nodiscard]] std::string encode_manifest_edit(const ManifestEdit& edit);
[[nodiscard]] Result<ManifestEdit> decode_manifest_edit(std::string_view payload);
struct ManifestReplay {
  ManifestState state;
  std::uint64_t valid_bytes = 0;  ///< what follows is a torn edit that was never acknowledged
  std::uint64_t edits = 0;
};
[[nodiscard]] Result<ManifestReplay> replay_manifest(std::string_view bytes);

/// "<directory>/MANIFEST"
[[nodiscard]] std::string manifest_path(const std::string& directory);

class Manifest {
 public:
  /// Writes a manifest with this state into `directory`, replacing any, and syncs it and the
  /// directory.
  [[nodiscard]] static Result<std::unique_ptr<Manifest>> create(FileSystem& fs,
                                                                const std::string& directory,
                                                                const ManifestState& state,
                                                                DiskProbe& probe);
  /// kNotFound if there is none; kDataLoss if a durable edit is damaged; kUnimplemented if it is of
  /// a newer version. What it read is durable when it returns.
  [[nodiscard]] static Result<std::unique_ptr<Manifest>> open(FileSystem& fs,
                                                              const std::string& directory,
                                                              DiskProbe& probe);
  Manifest(const Manifest&) = delete;
  Manifest& operator=(const Manifest&) = delete;
  ~Manifest();

  /// Appends and syncs one edit, then applies it to state(). On an error the state is unchanged,
  /// and the manifest is rewritten to a new file, so that whatever was half written or half synced
  /// is never read; if even that fails, in_doubt().
  [[nodiscard]] Status append(const ManifestEdit& edit);
  [[nodiscard]] const ManifestState& state() const noexcept { return state_; }
  /// A failed edit may yet be found in effect after a crash: files that it names must stay, both
  /// the added and the removed ones. Ends with the next append that succeeds.
  [[nodiscard]] bool in_doubt() const noexcept { return must_rewrite_; }

 private:
  Manifest(FileSystem& fs, std::string directory, DiskProbe& probe);
  Status rewrite(const ManifestState& state);
  Status append_record(const ManifestEdit& edit);

  FileSystem& fs_;
  const std::string directory_;
  DiskProbe& probe_;
  std::unique_ptr<File> file_;
  std::uint64_t size_bytes_ = 0;
  std::uint64_t rewritten_bytes_ = 0;  // its size right after the last rewrite
  std::uint64_t next_edit_ = 1;
  bool must_rewrite_ = false;
  ManifestState state_;
};

}  // namespace binnacle
