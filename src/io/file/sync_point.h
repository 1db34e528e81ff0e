#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// Every place in the product that forces bytes to the disk, by name. A call of File::sync_data,
// File::sync_all or FileSystem::sync_directory says which one it is, so that a probe can count them
// and so that the crash tests can take each one out in turn and show that its absence loses data
// (src/store/disk/crash_test.cpp iterates kAllSyncPoints). A new fsync gets a new name here; a name
// whose removal no test notices is a superfluous fsync.

namespace binnacle {

enum class SyncPoint : std::uint8_t {
  kStoreParent,  ///< the directory that holds the store's directory, and the one above
  kStoreFormat,  ///< content of the FORMAT file
  kStoreLayout,  ///< entries of the store's directory (FORMAT, MANIFEST, sub-directories), at every
                 ///< open
  kManifestOpened,      ///< a manifest found at open, before anything is done on its word
  kManifestAppend,      ///< an edit appended to the manifest
  kManifestRewrite,     ///< content of a rewritten manifest before it takes the name
  kManifestRename,      ///< the directory after the rewritten manifest took the name
  kPartContent,         ///< a finished part before it takes its name
  kPartName,            ///< the directory of parts after that
  kSetAside,            ///< the set-aside directory after a damaged log segment was linked into it
  kWalOpened,           ///< the last log segment found at open, before its records are served
  kWalSegmentHeader,    ///< a new segment's header, before any record
  kWalSegmentCreated,   ///< the log directory after a new segment
  kWalGroup,            ///< one group of log records: the sync behind every acknowledgement
  kWalSegmentReleased,  ///< the log directory after flushed segments were removed
  kSnapshotFile,        ///< content of a file copied into a snapshot
  kSnapshotDirectory,   ///< the directories of a snapshot, and the one that holds it
};

inline constexpr std::array kAllSyncPoints = {
    SyncPoint::kStoreParent,       SyncPoint::kStoreFormat,       SyncPoint::kStoreLayout,
    SyncPoint::kManifestOpened,    SyncPoint::kManifestAppend,    SyncPoint::kManifestRewrite,
    SyncPoint::kManifestRename,    SyncPoint::kPartContent,       SyncPoint::kPartName,
    SyncPoint::kSetAside,          SyncPoint::kWalOpened,         SyncPoint::kWalSegmentHeader,
    SyncPoint::kWalSegmentCreated, SyncPoint::kWalGroup,          SyncPoint::kWalSegmentReleased,
    SyncPoint::kSnapshotFile,      SyncPoint::kSnapshotDirectory,
};

/// "wal_group" and so on, for messages and metrics.
[[nodiscard]] std::string_view to_string(SyncPoint point) noexcept;

}  // namespace binnacle
