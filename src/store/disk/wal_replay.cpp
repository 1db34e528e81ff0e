#include "store/disk/wal_replay.h"

#include "store/disk/wal_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

namespace binnacle {
namespace {

constexpr std::string_view kSegmentSuffix = ".wal";
constexpr std::size_t kIdDigits = 16;

std::optional<WalSegment> segment_id_of(std::string_view name) {
  if (name.size() != kIdDigits + kSegmentSuffix.size() || !name.ends_with(kSegmentSuffix)) {
    return std::nullopt;
  }
  WalSegment id = 0;
  const char* end = name.data() + kIdDigits;
  const auto [stop, error] = std::from_chars(name.data(), end, id, 16);
  if (error != std::errc{} || stop != end || id == 0) return std::nullopt;
  return id;
}

/// One file of the log directory, its header read.
struct Candidate {
  WalSegment id = 0;
  std::string path;
  std::optional<WalSegmentHeader> header;
  std::string problem;  // why there is no header
};

class Recovery {
 public:
  Recovery(FileSystem& fs, const std::string& directory, const std::string& set_aside_directory,
           WalSequence checkpoint, const WalReplay& replay, DiskProbe& probe)
      : fs_(fs),
        directory_(directory),
        set_aside_directory_(set_aside_directory),
        checkpoint_(checkpoint),
        replay_(replay),
        probe_(probe) {}

  Result<WalRecovered> run();

 private:
  Status find_candidates();
  Status sync_found();
  Status recover_segment(std::size_t index);
  Status recover_headerless(const Candidate& candidate, std::string_view bytes, bool is_last);
  Status deliver(const Candidate& candidate, std::string_view bytes, const WalScan& scan,
                 WalSequence evidence, WalSequence limit);
  Status give(const Candidate& candidate, std::string_view bytes, const WalRecordPlace& place,
              bool after_damage);
  void report(const Candidate& candidate, std::uint64_t offset, WalSequence first, WalSequence last,
              std::string_view why);
  Status set_aside(const Candidate& candidate);
  /// The header of the next segment that has one.
  const WalSegmentHeader* next_header(std::size_t index) const;

  FileSystem& fs_;
  const std::string& directory_;
  const std::string& set_aside_directory_;
  const WalSequence checkpoint_;
  const WalReplay& replay_;
  DiskProbe& probe_;
  std::vector<Candidate> candidates_;
  WalRecovered out_;
  // Every sequence up to here was delivered, refused, reported as lost, or is behind the
  // checkpoint.
  WalSequence accounted_ = 0;
  bool keep_current_ = false;  // the segment at hand has to be set aside
};

Status Recovery::find_candidates() {
  Result<std::vector<DirectoryEntry>> entries = fs_.list(directory_);
  if (!entries) return std::unexpected(entries.error());
  for (const DirectoryEntry& entry : *entries) {
    const std::optional<WalSegment> id = segment_id_of(entry.name);
    if (!id) continue;  // not ours; left alone
    Candidate candidate{*id, wal_segment_path(directory_, *id), std::nullopt, {}};
    Result<std::unique_ptr<File>> file = fs_.open(candidate.path, OpenMode::kRead);
    if (!file) return std::unexpected(file.error());
    std::string bytes(kWalSegmentHeaderBytes, '\0');
    const Result<std::size_t> read = (*file)->read_at(0, bytes.data(), bytes.size());
    if (!read) {
      candidate.problem = read.error().message;
    } else {
      bytes.resize(*read);
      Result<WalSegmentHeader> header = decode_wal_segment_header(bytes);
      if (!header && header.error().code == ErrorCode::kUnimplemented) {
        return std::unexpected(header.error().in(candidate.path));
      }
      if (header && header->segment != candidate.id) {
        header = fail(ErrorCode::kDataLoss,
                      fmt::format("header says it is segment {}", header->segment));
      }
      if (header) {
        candidate.header = *header;
      } else {
        candidate.problem = header.error().message;
      }
    }
    candidates_.push_back(std::move(candidate));
  }
  // Names have one length, so the listing's order is that of the ids.
  return {};
}

// What a killed process wrote may be in memory only. It is about to be served and built upon: make
// it last first. Earlier segments were synced before the last was begun, and every segment's name
// before its first record.
Status Recovery::sync_found() {
  if (candidates_.empty()) return {};
  Result<std::unique_ptr<File>> file = fs_.open(candidates_.back().path, OpenMode::kReadWrite);
  if (!file) return std::unexpected(file.error());
  return (*file)->sync_data(SyncPoint::kWalOpened);
}

const WalSegmentHeader* Recovery::next_header(std::size_t index) const {
  for (std::size_t i = index + 1; i < candidates_.size(); ++i) {
    const std::optional<WalSegmentHeader>& header = candidates_[i].header;
    if (header.has_value()) return &*header;
  }
  return nullptr;
}

Status Recovery::give(const Candidate& candidate, std::string_view bytes,
                      const WalRecordPlace& place, bool after_damage) {
  if (place.header.sequence <= checkpoint_) return {};
  const Result<ReplayOutcome> outcome =
      replay_({place.header.sequence, candidate.id, place.header.type, place.header.producer,
               bytes.substr(place.payload_offset_bytes, place.header.payload_bytes), after_damage});
  if (!outcome) return std::unexpected(outcome.error());
  probe_.wal_replayed_records.add();
  if (*outcome == ReplayOutcome::kSetAside) {
    probe_.wal_set_aside_records.add();
    keep_current_ = true;
  }
  return {};
}

void Recovery::report(const Candidate& candidate, std::uint64_t offset, WalSequence first,
                      WalSequence last, std::string_view why) {
  first = std::max(first, checkpoint_ + 1);
  if (first > last) return;  // all of it is in parts already
  probe_.wal_damaged_places.add();
  keep_current_ = true;
  out_.damage.push_back(
      {candidate.id, offset, first, last,
       fmt::format("log segment {} is damaged at byte {} ({}): records {} to {} "
                   "are lost; the file is kept in {}",
                   candidate.path, offset, why, first, last, set_aside_directory_)});
}

Status Recovery::set_aside(const Candidate& candidate) {
  const std::string kept = wal_segment_path(set_aside_directory_, candidate.id);
  const Status linked = fs_.link(candidate.path, kept);
  if (!linked && linked.error().code != ErrorCode::kAlreadyExists) return linked;
  return fs_.sync_directory(set_aside_directory_, SyncPoint::kSetAside);
}

// Delivers `scan.records` up to `limit`. `evidence`: records up to there had been acknowledged, so
// that one missing below is damage; one missing above is what was being written when the machine
// stopped, and whatever follows it was never acknowledged either.
Status Recovery::deliver(const Candidate& candidate, std::string_view bytes, const WalScan& scan,
                         WalSequence evidence, WalSequence limit) {
  bool after_damage = false;
  WalClosedSegment closed{candidate.id, accounted_, kWalSegmentHeaderBytes, true};
  for (const WalRecordPlace& place : scan.records) {
    const WalSequence sequence = place.header.sequence;
    if (sequence > limit) {
      closed.whole_file_counts = false;
      break;
    }
    if (sequence != accounted_ + 1) {
      if (accounted_ + 1 > evidence) {
        closed.whole_file_counts = false;
        break;
      }
      report(candidate, closed.size_bytes, accounted_ + 1, sequence - 1,
             "records fail their checksum");
      after_damage = true;
    }
    if (Status s = give(candidate, bytes, place, after_damage); !s) return s;
    accounted_ = sequence;
    closed.last_sequence = sequence;
    closed.size_bytes = place.payload_offset_bytes - kWalRecordHeaderBytes +
                        wal_record_bytes(place.header.payload_bytes);
  }
  const WalSequence must_have = std::min(evidence, limit);
  if (must_have > accounted_) {
    report(candidate, closed.size_bytes, accounted_ + 1, must_have, "records are missing");
    accounted_ = must_have;
    closed.last_sequence = must_have;
  }
  closed.size_bytes = std::min<std::uint64_t>(closed.size_bytes, bytes.size());
  out_.segments.push_back(closed);
  return {};
}

// A header is durable before the first record is written, so a file with a bad one and nothing else
// was being created when the machine stopped.
Status Recovery::recover_headerless(const Candidate& candidate, std::string_view bytes,
                                    bool is_last) {
  const std::string_view rest = bytes.substr(std::min(bytes.size(), kWalSegmentHeaderBytes));
  if (rest.find_first_not_of('\0') == std::string_view::npos) {
    return fs_.remove(candidate.path);
  }
  if (is_last) {
    // Nothing tells how many records it had: at least one.
    report(candidate, 0, accounted_ + 1, std::max(accounted_, checkpoint_) + 1, candidate.problem);
  }
  keep_current_ = true;
  out_.segments.push_back({candidate.id, accounted_, bytes.size(), true});
  return {};
}

Status Recovery::recover_segment(std::size_t index) {
  const Candidate& candidate = candidates_[index];
  keep_current_ = false;
  const bool is_last = index + 1 == candidates_.size();
  Result<std::string> bytes = read_file(fs_, candidate.path, kWalSegmentLimitBytes);
  if (!bytes) return std::unexpected(bytes.error());
  if (!candidate.header) {
    if (Status s = recover_headerless(candidate, *bytes, is_last); !s) return s;
    return keep_current_ ? set_aside(candidate) : Status{};
  }
  const WalSegmentHeader& header = *candidate.header;
  if (header.durable_sequence > accounted_) {
    // Not explained by the segments before: one of them is gone, or its header is.
    report(candidate, 0, accounted_ + 1, header.durable_sequence, "an earlier segment is missing");
  }
  accounted_ = std::max(accounted_, header.first_sequence - 1);
  const WalScan scan = scan_wal_segment(*bytes, header);
  const WalSegmentHeader* next = next_header(index);
  WalSequence evidence = next != nullptr ? next->durable_sequence : 0;
  for (const WalRecordPlace& place : scan.records) {
    evidence = std::max(evidence, place.header.durable_sequence);
    out_.last_sequence = std::max(out_.last_sequence, place.header.sequence);
  }
  const WalSequence limit = next != nullptr ? next->durable_sequence : ~WalSequence{0};
  if (Status s = deliver(candidate, *bytes, scan, evidence, limit); !s) return s;
  if (keep_current_) return set_aside(candidate);
  if (is_last && !scan.gave_up) {
    // Gives preallocated space back. Only a saving, so whether it works does not matter.
    if (auto file = fs_.open(candidate.path, OpenMode::kReadWrite); file) {
      if ((*file)->truncate(out_.segments.back().size_bytes)) {
        out_.segments.back().whole_file_counts = true;
      }
    }
  }
  return {};
}

Result<WalRecovered> Recovery::run() {
  if (Status s = find_candidates(); !s) return std::unexpected(s.error());
  if (Status s = sync_found(); !s) return std::unexpected(s.error());
  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    if (Status s = recover_segment(i); !s) return std::unexpected(s.error());
  }
  if (!candidates_.empty()) out_.last_segment = candidates_.back().id;
  out_.durable_sequence = std::max(accounted_, checkpoint_);
  out_.last_sequence = std::max(out_.last_sequence, out_.durable_sequence);
  return std::move(out_);
}

}  // namespace

std::string wal_segment_path(const std::string& directory, WalSegment id) {
  return fmt::format("{}/{:016x}{}", directory, id, kSegmentSuffix);
}

Result<WalRecovered> recover_wal(FileSystem& fs, const std::string& directory,
                                 const std::string& set_aside_directory, WalSequence checkpoint,
                                 const WalReplay& replay, DiskProbe& probe) {
  return Recovery(fs, directory, set_aside_directory, checkpoint, replay, probe).run();
}

}  // namespace binnacle
