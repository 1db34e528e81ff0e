#pragma once

#include "base/error.h"
#include "io/file/file_system.h"
#include "store/disk/disk_probe.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Reading a log back: what replay gives the engine, what it reports, and the replay itself, which
// Wal::open runs. Thread-confined.

namespace binnacle {

/// Numbers records from 1, in log order, across segments; never reused. Refused records leave gaps.
using WalSequence = std::uint64_t;
/// Numbers segments, ascending, with gaps; never reused.
using WalSegment = std::uint64_t;

/// One record, as replayed. Views are valid during the call.
struct WalRecord {
  WalSequence sequence = 0;
  WalSegment segment = 0;
  std::uint8_t type = 0;       ///< the engine's
  std::uint16_t producer = 0;  ///< the engine's: shard
  std::string_view payload;
  /// Some earlier record of this segment was lost to damage: what this one refers to (a dictionary
  /// delta) may be missing. The engine checks, and answers kSetAside if so.
  bool after_damage = false;
};

enum class ReplayOutcome : std::uint8_t {
  kUsed,      ///< applied, or known to be superseded
  kSetAside,  ///< cannot be used; its segment is kept for the operator
};

/// Called for every record after the checkpoint, in order. An error ends Wal::open with it.
using WalReplay = std::function<Result<ReplayOutcome>(const WalRecord&)>;

/// A stretch of a segment that held acknowledged records and cannot be read.
struct WalDamage {
  WalSegment segment = 0;
  std::uint64_t offset_bytes = 0;
  WalSequence first_lost = 0;
  WalSequence last_lost = 0;
  std::string message;  ///< for people: what, where, how many records, where it is set aside
};

/// A segment that nothing more is written to.
struct WalClosedSegment {
  WalSegment id = 0;
  WalSequence last_sequence = 0;  ///< of what counts in it
  std::uint64_t size_bytes = 0;   ///< of what counts in it
  bool whole_file_counts = true;  ///< false: behind size_bytes there may be refused records
};

struct WalRecovered {
  std::vector<WalClosedSegment> segments;
  std::vector<WalDamage> damage;
  WalSequence last_sequence = 0;  ///< greatest ever seen, refused ones and the checkpoint included
  WalSequence durable_sequence = 0;  ///< greatest that counts
  WalSegment last_segment = 0;       ///< greatest id ever seen
};

/// Replays all segments in `directory`; see Wal::open for the meaning.
[[nodiscard]] Result<WalRecovered> recover_wal(FileSystem& fs, const std::string& directory,
                                               const std::string& set_aside_directory,
                                               WalSequence checkpoint, const WalReplay& replay,
                                               DiskProbe& probe);

/// "<directory>/<id as 16 hexadecimal digits>.wal"
[[nodiscard]] std::string wal_segment_path(const std::string& directory, WalSegment id);

}  // namespace binnacle
