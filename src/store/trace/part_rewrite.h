#pragma once

#include "base/cancel_token.h"
#include "base/error.h"
#include "store/disk/store_directory.h"
#include "store/trace/part_format.h"
#include "store/trace/removals.h"
#include "store/trace/span_head.h"
#include "store/trace/span_part.h"
#include "store/trace/trace_probe.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

// Makes one part out of head batches (flush) or of several parts (merge): drops removed traces and
// retried duplicates, brings the spans of each trace together, puts traces in order of time. Run on
// the scheduler's threads by the trace store. Pure but for the part it writes.

namespace binnacle::trace {

/// What a rewrite made. No part if nothing was left.
struct RewrittenPart {
  bool has_part = false;
  FinishedPart part;
  PartSummary summary;
};

/// Most spans one rewrite may have: it sorts 56 bytes for each of them in memory.
constexpr std::uint64_t kRewriteSpansLimit = 2'000'000;

/// All batches of the snapshot. `last_sequence` is the newest log record that they cover.
[[nodiscard]] Result<RewrittenPart> write_flushed_part(
    StoreDirectory& directory, const SpanHead::Snapshot& head, std::uint64_t last_sequence,
    const Removals& removals, const CancelToken& cancel, TraceProbe& probe);

/// The parts, adjacent in sequence. `damaged` gets the part that could not be read, if that is why
/// it failed.
[[nodiscard]] Result<RewrittenPart> write_merged_part(
    StoreDirectory& directory, const std::vector<std::shared_ptr<const SpanPart>>& parts,
    const Removals& removals, const CancelToken& cancel, TraceProbe& probe,
    std::shared_ptr<const SpanPart>& damaged);

}  // namespace binnacle::trace
