// Crashes, failing and missing syncs, full disks, under everything in this folder at once. A small
// ledger stands for an engine: it logs texts, flushes them into parts, merges parts, and remembers
// what it was promised. After each fault it is reopened and must hold every acknowledged text,
// whole, once.

#include "base/hash.h"
#include "base/long_run_for_test.h"
#include "base/random.h"
#include "io/file/fault_file_system.h"
#include "store/disk/store_directory.h"
#include "store/disk/wal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace binnacle {
namespace {

const std::string kStore = "/data/store";
const std::string kSnapshot = "/data/copy";

/// What outlives the crash: the promises made to clients and what was seen by readers.
struct Promises {
  std::set<std::string> must_have;   // acknowledged, or read after an earlier reopening
  std::set<std::string> attempted;   // ever given to append
  std::set<std::string> refused;     // told to have failed
  std::set<std::string> void_texts;  // refused, and a later append was acknowledged
  std::set<std::string> released;    // paths of segments whose release was reported as done
  std::map<std::string, std::string> set_aside;   // path and content of kept segments
  std::optional<std::set<std::string>> snapshot;  // of a finished snapshot
  std::uint64_t texts = 0;
};

/// The engine: texts in the head (sequence -> text) and in parts.
class Ledger {
 public:
  Ledger(FaultFileSystem& fs, Promises& promises, std::string directory = kStore)
      : fs_(fs), promises_(promises), directory_(std::move(directory)) {}

  Status open() {
    (void)fs_.make_directory("/data");  // as `app` does
    Result<std::unique_ptr<StoreDirectory>> store =
        StoreDirectory::open(fs_, directory_, {.kind = "ledger"}, cache_, probe_);
    if (!store) return std::unexpected(store.error());
    store_ = std::move(*store);
    WalOptions options;
    options.segment_bytes = 4096;
    options.preallocate_bytes = 1024;
    options.reopen_wait_ns = 0;
    options.salt_seed = 7;
    options.commit_on_thread = false;
    Result<std::unique_ptr<Wal>> wal =
        Wal::open(fs_, store_->wal_directory(), store_->set_aside_directory(), options, clock_,
                  reserve_, probe_, store_->wal_checkpoint(), [&](const WalRecord& record) {
                    head_[record.sequence] = std::string(record.payload);
                    return Result<ReplayOutcome>(ReplayOutcome::kUsed);
                  });
    if (!wal) return std::unexpected(wal.error());
    wal_ = std::move(*wal);
    return {};
  }

  void append(Random& random) {
    const std::uint64_t count = 1 + random.below(4);
    for (std::uint64_t i = 0; i < count; ++i) {
      // The hash in front lets a half text be told from a whole one.
      const std::string body = std::to_string(promises_.texts++) + ":" +
                               std::string(random.below(900), static_cast<char>('a' + i));
      const std::string text = std::to_string(hash64(body)) + "/" + body;
      promises_.attempted.insert(text);
      (void)wal_->append({.type = 1, .payload = text}, [this, text](Result<WalSequence> durable) {
        if (!durable) {
          promises_.refused.insert(text);
          return;
        }
        head_[*durable] = text;
        promises_.must_have.insert(text);
        promises_.void_texts = promises_.refused;
      });
    }
    while (wal_->commit_queued()) {
    }
  }

  /// All of the head into a part; then the log before it is let go.
  Status flush() {
    if (head_.empty()) return {};
    wal_->end_segment();
    while (wal_->commit_queued()) {
    }
    const WalSequence through = head_.rbegin()->first;
    std::string texts;
    for (const auto& [sequence, text] : head_) texts += text + "\n";
    Status status = add_part(texts, {.wal_checkpoint = through});
    if (!status) return status;
    head_.clear();
    const std::set<std::string> before = segments();
    status = wal_->release_through(through);
    if (!status) return status;
    const std::set<std::string> after = segments();
    std::ranges::set_difference(before, after,
                                std::inserter(promises_.released, promises_.released.end()));
    return {};
  }

  Status merge() {
    const PartSnapshot parts = store_->parts();
    if (parts->size() < 2) return {};
    std::string texts;
    StoreEdit edit;
    for (std::size_t i = 0; i < 2; ++i) {
      const Result<Block> block = (*parts)[i]->reader().read_once("texts");
      if (!block) return std::unexpected(block.error());
      texts += **block;
      edit.remove.push_back((*parts)[i]->id());
    }
    return add_part(texts, std::move(edit));
  }

  /// A manifest edit with nothing to it: many of them make it rewrite itself.
  Status note() { return store_->commit({.engine_state = std::string(3000, 'n')}); }

  Status snapshot() {
    Status status = store_->snapshot_to(kSnapshot, wal_.get());
    if (status) promises_.snapshot = promises_.must_have;
    return status;
  }

  /// Every text that a reader sees; nullopt if a part cannot be read.
  std::optional<std::multiset<std::string>> texts() const {
    std::multiset<std::string> seen;
    for (const auto& [sequence, text] : head_) seen.insert(text);
    const PartSnapshot live = store_->parts();
    for (const auto& part : *live) {
      const Result<Block> block = part->reader().read("texts");
      if (!block) return std::nullopt;
      std::string_view rest = **block;
      while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        seen.emplace(rest.substr(0, end));
        rest.remove_prefix(end + 1);
      }
    }
    return seen;
  }

  [[nodiscard]] const std::vector<WalDamage>& damage() const { return wal_->damage(); }
  [[nodiscard]] std::vector<std::string> warnings() const { return store_->warnings(); }
  [[nodiscard]] std::size_t parts() const { return store_->parts()->size(); }
  [[nodiscard]] std::set<std::string> segments() const { return files(store_->wal_directory()); }
  [[nodiscard]] std::set<std::string> kept() const { return files(store_->set_aside_directory()); }

 private:
  std::set<std::string> files(const std::string& directory) const {
    std::set<std::string> paths;
    const Result<std::vector<DirectoryEntry>> entries = fs_.list(directory);
    if (!entries) return paths;
    for (const DirectoryEntry& entry : *entries) paths.insert(directory + "/" + entry.name);
    return paths;
  }
  Status add_part(const std::string& texts, StoreEdit edit) {
    Result<std::unique_ptr<PartWriter>> writer = store_->begin_part(1);
    if (!writer) return std::unexpected(writer.error());
    if (Status s = (*writer)->add_block("texts", 0, texts, BlockCodec::kNone); !s) return s;
    Result<FinishedPart> part = (*writer)->finish();
    if (!part) return std::unexpected(part.error());
    edit.add.push_back({*part, "summary"});
    Status status = store_->commit(edit);
    if (!status) store_->discard(*part);
    return status;
  }

  FaultFileSystem& fs_;
  Promises& promises_;
  const std::string directory_;
  ManualClock clock_{0};
  DiskProbe probe_;
  BlockCache cache_{64 << 10, probe_};
  DiskReserve reserve_{
      fs_, "/data", {.reserve_bytes = 0, .hysteresis_bytes = 0, .refresh_ns = 0}, clock_, probe_};
  std::unique_ptr<StoreDirectory> store_;
  std::unique_ptr<Wal> wal_;
  std::map<WalSequence, std::string> head_;
};

/// Appends, flushes, merges and so on, chosen by `seed`, until `steps` are done or the machine
/// stops.
void run_workload(FaultFileSystem& fs, Ledger& ledger, std::uint64_t seed, int steps) {
  Random random(seed);
  for (int step = 0; step < steps && !fs.crashed(); ++step) {
    switch (random.below(8)) {
      case 0:
      case 1:
        (void)ledger.flush();
        break;
      case 2:
        (void)ledger.merge();
        break;
      case 3:
        (void)ledger.note();
        break;
      default:
        ledger.append(random);
        break;
    }
  }
}

/// What is wrong with a reopened ledger, in words; empty if nothing is.
std::string check(Ledger& ledger, const Promises& promises,
                  const std::set<std::string>& must_have) {
  if (!ledger.damage().empty()) return "reports damage: " + ledger.damage().front().message;
  if (!ledger.warnings().empty()) return "warns: " + ledger.warnings().front();
  const std::optional<std::multiset<std::string>> seen = ledger.texts();
  if (!seen) return "a part cannot be read";
  for (const std::string& text : must_have) {
    if (seen->count(text) != 1) {
      return std::to_string(seen->count(text)) + " times there: " + text.substr(0, 40);
    }
  }
  for (const std::string& text : *seen) {
    if (!promises.attempted.contains(text)) return "half a text: " + text.substr(0, 40);
    if (promises.void_texts.contains(text)) return "refused, but there: " + text.substr(0, 40);
  }
  return {};
}

/// A file without the zeros at its end: giving preallocated space back needs no sync.
std::string content_of(FaultFileSystem& fs, const std::string& path) {
  std::string content = read_file(fs, path, 1 << 20).value_or("");
  content.resize(content.find_last_not_of('\0') + 1);
  return content;
}

/// Reopens after a restart and checks; what is seen counts as promised from then on.
std::string reopen_and_check(FaultFileSystem& fs, Promises& promises) {
  Ledger ledger(fs, promises);
  if (Status s = ledger.open(); !s) {
    return fs.crashed() ? "" : "does not open: " + s.error().message;
  }
  if (std::string wrong = check(ledger, promises, promises.must_have); !wrong.empty()) return wrong;
  const auto seen = ledger.texts();
  if (!seen) return "does not read twice";
  promises.must_have.insert(seen->begin(), seen->end());
  promises.refused.clear();  // what a crash let through of them has been seen now
  for (const std::string& path : promises.released) {
    if (ledger.segments().contains(path)) return "released, but back: " + path;
  }
  for (const auto& [path, content] : promises.set_aside) {
    if (content_of(fs, path) != content) return "was kept, is lost: " + path;
  }
  return {};
}

std::unique_ptr<FaultFileSystem> make_disk(std::uint64_t seed) {
  auto fs = std::make_unique<FaultFileSystem>(seed);
  EXPECT_TRUE(fs->make_directory("/data").has_value());
  // Not synced: the store's parent may be as new as the store.
  return fs;
}

constexpr std::array kPowerCuts = {Survivors::kNothingUnsynced, Survivors::kSomeUnsynced,
                                   Survivors::kPrefixUnsynced};

/// One run: open, work, stop at mutating call `at` (0: run through), cut or kill, reopen, check.
struct CrashRun {
  std::uint64_t seed = 1;
  int steps = 14;
  std::uint64_t at = 0;
  Survivors survivors = Survivors::kNothingUnsynced;
  /// The process is killed first and opens again before the power goes.
  bool killed_before = false;
  std::optional<SyncPoint> without{};
};

struct CrashOutcome {
  std::string wrong;
  std::uint64_t mutations = 0;
  std::array<std::uint64_t, kAllSyncPoints.size()> syncs{};
};

CrashOutcome outcome_of(const FaultFileSystem& fs, std::string wrong) {
  CrashOutcome outcome{std::move(wrong), fs.mutations(), {}};
  for (const SyncPoint point : kAllSyncPoints) {
    outcome.syncs.at(static_cast<std::size_t>(point)) = fs.syncs(point);
  }
  return outcome;
}

CrashOutcome run_crash(const CrashRun& run) {
  const auto fs = make_disk(run.seed * 1000 + run.at);
  const std::uint64_t before = fs->mutations();
  fs->ignore_sync(run.without);
  Promises promises;
  if (run.at != 0) fs->crash_at(run.at);
  {
    Ledger ledger(*fs, promises);
    if (ledger.open()) run_workload(*fs, ledger, run.seed, run.steps);
  }
  const std::uint64_t mutations = fs->mutations() - before;
  if (run.killed_before) {
    fs->restart(Survivors::kEverything);
    if (std::string wrong = reopen_and_check(*fs, promises); !wrong.empty()) {
      return outcome_of(*fs, "after a kill: " + wrong);
    }
  }
  fs->restart(run.survivors);
  std::string wrong = reopen_and_check(*fs, promises);
  if (wrong.empty()) {
    // And it goes on: what recovery left behind must carry new work, and another power cut.
    {
      Ledger ledger(*fs, promises);
      if (ledger.open()) run_workload(*fs, ledger, run.seed + 77, 4);
    }
    fs->restart(Survivors::kNothingUnsynced);
    wrong = reopen_and_check(*fs, promises);
  }
  CrashOutcome outcome = outcome_of(*fs, std::move(wrong));
  outcome.mutations = mutations;
  return outcome;
}

std::string describe(const CrashRun& run) {
  return "seed " + std::to_string(run.seed) + ", stopped at call " + std::to_string(run.at) +
         ", survivors " + std::to_string(static_cast<int>(run.survivors)) +
         (run.killed_before ? ", killed before" : "");
}

/// Stops at every mutating call of the workload in turn, in each way. Returns the first run that
/// went wrong.
std::optional<std::string> crash_everywhere(std::uint64_t seed, std::optional<SyncPoint> without,
                                            std::uint64_t& runs) {
  const std::uint64_t calls = run_crash({.seed = seed, .without = std::nullopt}).mutations;
  for (std::uint64_t at = 1; at <= calls + 1; ++at) {
    for (const bool killed : {false, true}) {
      for (const Survivors survivors : kPowerCuts) {
        const CrashRun run{.seed = seed,
                           .at = at,
                           .survivors = survivors,
                           .killed_before = killed,
                           .without = without};
        ++runs;
        const CrashOutcome outcome = run_crash(run);
        if (!outcome.wrong.empty()) return describe(run) + ": " + outcome.wrong;
      }
    }
  }
  return std::nullopt;
}

/// A flipped bit in an old segment: what is readable is served, the file is kept, through a crash.
CrashOutcome run_damaged_segment(Survivors survivors, std::optional<SyncPoint> without) {
  const auto fs = make_disk(5);
  fs->ignore_sync(without);
  Promises promises;
  Random random(3);
  std::string segment;
  {
    Ledger ledger(*fs, promises);
    if (!ledger.open()) return outcome_of(*fs, "does not open");
    for (int i = 0; i < 8; ++i) ledger.append(random);
    segment = *ledger.segments().begin();
  }
  fs->restart(Survivors::kEverything);
  fs->flip_bit(segment, 64 + 40, 3);
  {
    Ledger ledger(*fs, promises);
    if (!ledger.open()) return outcome_of(*fs, "does not open with a damaged segment");
    if (ledger.damage().size() != 1 || ledger.damage()[0].first_lost != 1 ||
        ledger.damage()[0].last_lost != 1) {
      return outcome_of(*fs, "the damage is not reported as record 1");
    }
    const auto seen = ledger.texts();
    if (!seen) return outcome_of(*fs, "does not read beside the damage");
    if (seen->size() + 1 != promises.must_have.size()) {
      return outcome_of(*fs, "more is lost than was damaged");
    }
    promises.must_have = {seen->begin(), seen->end()};
    for (const std::string& path : ledger.kept()) {
      promises.set_aside[path] = content_of(*fs, path);
    }
    if (promises.set_aside.size() != 1) return outcome_of(*fs, "the segment is not kept");
    if (!ledger.flush()) return outcome_of(*fs, "does not flush");
  }
  fs->restart(survivors);
  return outcome_of(*fs, reopen_and_check(*fs, promises));
}

/// A snapshot that was reported as done opens after a power cut and has what was promised then.
CrashOutcome run_snapshot(std::uint64_t at, Survivors survivors, std::optional<SyncPoint> without) {
  const auto fs = make_disk(6 + at);
  fs->ignore_sync(without);
  Promises promises;
  std::uint64_t mutations = 0;
  {
    Ledger ledger(*fs, promises);
    if (!ledger.open()) return outcome_of(*fs, "does not open");
    run_workload(*fs, ledger, 11, 12);
    Random random(4);
    ledger.append(random);  // so that a segment is open, and has to be copied
    const std::uint64_t before = fs->mutations();
    if (at != 0) fs->crash_at(at);
    (void)ledger.snapshot();
    ledger.append(random);
    mutations = fs->mutations() - before;
  }
  fs->restart(survivors);
  std::string wrong = reopen_and_check(*fs, promises);
  if (wrong.empty() && promises.snapshot) {
    Ledger copy(*fs, promises, kSnapshot);
    if (Status s = copy.open(); !s) {
      wrong = "snapshot does not open: " + s.error().message;
    } else if (wrong = check(copy, promises, *promises.snapshot); !wrong.empty()) {
      wrong = "snapshot: " + wrong;
    }
  }
  CrashOutcome outcome = outcome_of(*fs, std::move(wrong));
  outcome.mutations = mutations;
  return outcome;
}

std::optional<std::string> side_scenarios(std::optional<SyncPoint> without, std::uint64_t& runs) {
  for (const Survivors survivors : kPowerCuts) {
    ++runs;
    if (const auto outcome = run_damaged_segment(survivors, without); !outcome.wrong.empty()) {
      return "damaged segment: " + outcome.wrong;
    }
  }
  const std::uint64_t calls = run_snapshot(0, Survivors::kEverything, std::nullopt).mutations;
  for (std::uint64_t at = 1; at <= calls + 1; ++at) {
    for (const Survivors survivors : kPowerCuts) {
      ++runs;
      if (const auto outcome = run_snapshot(at, survivors, without); !outcome.wrong.empty()) {
        return "snapshot stopped at call " + std::to_string(at) + ": " + outcome.wrong;
      }
    }
  }
  return std::nullopt;
}

/// Runs of other operations in another order.
const std::uint64_t kSeeds = rounds_of_test<std::uint64_t>(4, 400);

TEST(DiskCrash, PowerCutAtEveryCallLosesNothingAcknowledged) {
  std::uint64_t runs = 0;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const auto wrong = crash_everywhere(seed, std::nullopt, runs);
    ASSERT_EQ(wrong.value_or(""), "");
  }
  const auto wrong = side_scenarios(std::nullopt, runs);
  ASSERT_EQ(wrong.value_or(""), "");
  RecordProperty("runs", static_cast<int>(runs));
  EXPECT_GT(runs, 1000U);
}

/// Every fsync there is, taken out: the suite above has to notice.
class MissingSync : public testing::TestWithParam<SyncPoint> {};

TEST_P(MissingSync, IsNoticed) {
  std::uint64_t runs = 0;
  std::optional<std::string> wrong = side_scenarios(GetParam(), runs);
  for (std::uint64_t seed = 1; seed <= kSeeds && !wrong; ++seed) {
    wrong = crash_everywhere(seed, GetParam(), runs);
  }
  EXPECT_TRUE(wrong.has_value()) << "no test notices that the sync " << to_string(GetParam())
                                 << " is missing";
  if (wrong) std::cout << "noticed in run " << runs << ": " << *wrong << "\n";
}

INSTANTIATE_TEST_SUITE_P(Every, MissingSync, testing::ValuesIn(kAllSyncPoints),
                         [](const testing::TestParamInfo<SyncPoint>& param) {
                           return std::string(to_string(param.param));
                         });

TEST(DiskCrash, EverySyncPointIsReached) {
  std::array<std::uint64_t, kAllSyncPoints.size()> reached{};
  const auto add = [&](const CrashOutcome& outcome) {
    for (std::size_t i = 0; i < reached.size(); ++i) reached.at(i) += outcome.syncs.at(i);
  };
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) add(run_crash({.seed = seed}));
  add(run_damaged_segment(Survivors::kEverything, std::nullopt));
  add(run_snapshot(0, Survivors::kEverything, std::nullopt));
  for (const SyncPoint point : kAllSyncPoints) {
    EXPECT_GT(reached.at(static_cast<std::size_t>(point)), 0U) << to_string(point);
  }
}

/// One call fails (EIO; a sync leaves its pages clean), the store goes on, then the power goes.
TEST(DiskCrash, AnyFailingCallLosesNothingAcknowledged) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const std::uint64_t calls = run_crash({.seed = seed}).mutations;
    for (std::uint64_t at = 1; at <= calls; ++at) {
      for (const Survivors survivors : kPowerCuts) {
        const auto fs = make_disk(seed * 100'000 + at);
        Promises promises;
        fs->fail_at(at);
        {
          Ledger ledger(*fs, promises);
          if (ledger.open()) {
            run_workload(*fs, ledger, seed, 14);
            const std::string wrong = check(ledger, promises, promises.must_have);
            ASSERT_EQ(wrong, "") << "running, seed " << seed << ", call " << at << " failed";
          }
        }
        fs->restart(survivors);
        ASSERT_EQ(reopen_and_check(*fs, promises), "") << "seed " << seed << ", call " << at;
      }
    }
  }
}

/// The disk fills at every size in turn, then space comes back.
TEST(DiskCrash, FullDiskRefusesAndRecovers) {
  for (std::uint64_t capacity = 2'000; capacity < 60'000; capacity += 701) {
    const auto fs = make_disk(capacity);
    Promises promises;
    {
      Ledger ledger(*fs, promises);
      fs->set_capacity_bytes(capacity);
      if (ledger.open()) run_workload(*fs, ledger, 2, 20);
      fs->restart(Survivors::kEverything);
    }
    fs->set_capacity_bytes(1 << 30);
    ASSERT_EQ(reopen_and_check(*fs, promises), "") << "killed at " << capacity << " bytes";
    {
      Ledger ledger(*fs, promises);
      ASSERT_TRUE(ledger.open().has_value());
      const std::size_t before = promises.must_have.size();
      fs->set_capacity_bytes(0);
      Random random(1);
      ledger.append(random);
      ASSERT_EQ(promises.must_have.size(), before) << "nothing is acknowledged on a full disk";
      fs->set_capacity_bytes(1 << 30);
      ledger.append(random);
      ASSERT_GT(promises.must_have.size(), before) << "recovers by itself at " << capacity;
      ASSERT_TRUE(ledger.flush().has_value());
    }
    fs->restart(Survivors::kNothingUnsynced);
    ASSERT_EQ(reopen_and_check(*fs, promises), "") << capacity;
  }
}

}  // namespace
}  // namespace binnacle
