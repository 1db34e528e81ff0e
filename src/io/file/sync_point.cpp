#include "io/file/sync_point.h"

namespace binnacle {

std::string_view to_string(SyncPoint point) noexcept {
  switch (point) {
    case SyncPoint::kStoreParent:
      return "store_parent";
    case SyncPoint::kStoreFormat:
      return "store_format";
    case SyncPoint::kStoreLayout:
      return "store_layout";
    case SyncPoint::kManifestOpened:
      return "manifest_opened";
    case SyncPoint::kManifestAppend:
      return "manifest_append";
    case SyncPoint::kManifestRewrite:
      return "manifest_rewrite";
    case SyncPoint::kManifestRename:
      return "manifest_rename";
    case SyncPoint::kPartContent:
      return "part_content";
    case SyncPoint::kPartName:
      return "part_name";
    case SyncPoint::kSetAside:
      return "set_aside";
    case SyncPoint::kWalOpened:
      return "wal_opened";
    case SyncPoint::kWalSegmentHeader:
      return "wal_segment_header";
    case SyncPoint::kWalSegmentCreated:
      return "wal_segment_created";
    case SyncPoint::kWalGroup:
      return "wal_group";
    case SyncPoint::kWalSegmentReleased:
      return "wal_segment_released";
    case SyncPoint::kSnapshotFile:
      return "snapshot_file";
    case SyncPoint::kSnapshotDirectory:
      return "snapshot_directory";
  }
  return "unknown";
}

}  // namespace binnacle
