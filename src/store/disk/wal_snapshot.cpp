#include "store/disk/file_copy.h"
#include "store/disk/wal.h"

#include <algorithm>
#include <string>
#include <vector>

namespace binnacle {

Status Wal::snapshot_to(const std::string& directory, WalSequence checkpoint) {
  std::vector<WalClosedSegment> segments;
  {
    const std::scoped_lock lock(mutex_);
    segments = closed_segments_;
    if (open_segment_id_ != 0) {
      segments.push_back({open_segment_id_, ~WalSequence{0}, open_segment_bytes_, false});
    }
    ++snapshots_running_;
  }
  Status status;
  for (const WalClosedSegment& segment : segments) {
    if (segment.last_sequence <= checkpoint) continue;
    const std::string from = wal_segment_path(directory_, segment.id);
    const std::string to = wal_segment_path(directory, segment.id);
    // A file that still grows, or that ends in refused records, is copied up to what counts.
    status = segment.whole_file_counts ? link_or_copy(fs_, from, to)
                                       : copy_file(fs_, from, to, segment.size_bytes);
    if (!status) break;
  }
  if (status) status = fs_.sync_directory(directory, SyncPoint::kSnapshotDirectory);
  const std::scoped_lock lock(mutex_);
  --snapshots_running_;
  return status;
}

}  // namespace binnacle
