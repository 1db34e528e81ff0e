#pragma once

#include "base/counter.h"

#include <vector>

// Counters of the span store. Owned by it; logic increments, `app` registers the table.

namespace binnacle::trace {

struct TraceProbe {
  Counter appended_spans;      ///< acknowledged
  Counter appended_batches;    ///< acknowledged
  Counter refused_head_full;   ///< appends refused: memory of unflushed spans
  Counter refused_malformed;   ///< appends refused: beyond the limits of one block
  Counter removals;            ///< traces named by removals and drop verdicts
  Counter flushed_spans;       ///< written to parts by flushes
  Counter merged_spans;        ///< written to parts by merges
  Counter dropped_duplicates;  ///< left out by flushes and merges
  Counter dropped_removed;     ///< likewise, because their trace was removed
  Counter expired_parts;       ///< by age or total size
  Counter expired_spans;       ///< in them
  Counter replayed_spans;      ///< from the log at open
  Counter reads;               ///< scans, searches, trace reads, values, aggregates
  Counter row_groups_read;     ///< decoded at least in part
  Counter row_groups_pruned;   ///< ruled out by zone map or filter
  Gauge head_spans;
  Gauge head_bytes;
  Gauge pending_removals;

  void describe(std::vector<Descriptor>& out) const;
};

}  // namespace binnacle::trace
