#pragma once

#include "base/counter.h"

#include <string>
#include <string_view>
#include <vector>

// Counters of store/disk: one per store (spans, logs, series each have their own). Owned by the
// engine, which passes it to everything it makes from this folder; must outlive all of that.

namespace binnacle {

struct DiskProbe {
  Counter wal_records;               ///< acknowledged
  Counter wal_bytes;                 ///< written to segments, headers included
  Counter wal_groups;                ///< one fdatasync each; records / groups is the group size
  Counter wal_sync_ns;               ///< time inside those fdatasyncs
  Counter wal_failed_records;        ///< accepted into the queue, then failed (write or sync)
  Counter wal_poisoned_segments;     ///< given up after a failed write or sync
  Counter wal_refused_queue_full;    ///< appends refused: queue limit
  Counter wal_refused_disk_reserve;  ///< appends refused: too little free space
  Counter wal_refused_unavailable;   ///< appends refused: no segment can be opened
  Counter wal_replayed_records;      ///< given to the engine at open
  Counter wal_damaged_places;        ///< damaged stretches found at open, torn tails not counted
  Counter wal_set_aside_records;     ///< readable, but the engine could not use them
  Gauge wal_segments;
  Gauge wal_segment_bytes;  ///< of all segments, as written

  Counter parts_written;
  Counter parts_removed;
  Counter parts_bytes_written;
  Gauge parts;
  Gauge parts_bytes;
  Counter parts_set_aside;
  Counter blocks_damaged;  ///< checksum or decompression failures seen by readers

  Counter cache_hits;
  Counter cache_misses;
  Counter cache_evictions;
  Gauge cache_bytes;

  Counter manifest_edits;
  Counter manifest_rewrites;

  Counter jobs_flush;
  Counter jobs_merge;
  Counter jobs_retention;
  Counter jobs_failed;
  Counter jobs_postponed_disk_reserve;

  Gauge disk_free_bytes;
  Gauge disk_reserve_reached;  ///< 1 while appends are refused for it

  /// Appends a descriptor per cell; each series carries the label store="<store>".
  void describe(std::string_view store, std::vector<Descriptor>& out) const;
};

}  // namespace binnacle
