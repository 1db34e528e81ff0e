#include "store/disk/store_directory.h"

#include "io/file/posix_file_system.h"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace binnacle {
namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "binnacle_disk_XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string path() const { return path_; }
  [[nodiscard]] std::string store() const { return path_ + "/spans"; }

 private:
  std::string path_;
};

/// A store on the real file system, with its log.
class StoreDirectoryTest : public testing::Test {
 protected:
  void open() {
    Result<std::unique_ptr<StoreDirectory>> store =
        StoreDirectory::open(fs_, directory_.store(), {.kind = "spans"}, cache_, probe_);
    ASSERT_TRUE(store.has_value()) << store.error().message;
    store_ = std::move(*store);
    replayed_.clear();
    Result<std::unique_ptr<Wal>> wal = Wal::open(
        fs_, store_->wal_directory(), store_->set_aside_directory(), {}, clock_, reserve_, probe_,
        store_->wal_checkpoint(), [this](const WalRecord& record) -> Result<ReplayOutcome> {
          replayed_.emplace_back(record.sequence, std::string(record.payload));
          return ReplayOutcome::kUsed;
        });
    ASSERT_TRUE(wal.has_value()) << wal.error().message;
    wal_ = std::move(*wal);
  }
  void close() {
    wal_.reset();
    store_.reset();
  }
  WalSequence append(std::string payload) {
    std::promise<Result<WalSequence>> durable;
    const Result<WalSequence> sequence =
        wal_->append({.type = 1, .payload = std::move(payload)},
                     [&](Result<WalSequence> result) { durable.set_value(std::move(result)); });
    EXPECT_TRUE(sequence.has_value()) << sequence.error().message;
    const Result<WalSequence> result = durable.get_future().get();
    EXPECT_TRUE(result.has_value()) << result.error().message;
    return result.value_or(0);
  }
  std::uint64_t add_part(const std::string& content, StoreEdit edit = {}) {
    Result<std::unique_ptr<PartWriter>> writer = store_->begin_part(7);
    EXPECT_TRUE(writer.has_value());
    EXPECT_TRUE((*writer)->add_block("rows", 0, content).has_value());
    EXPECT_TRUE((*writer)->add_block("rows", 1, content + content).has_value());
    const Result<FinishedPart> part = (*writer)->finish();
    EXPECT_TRUE(part.has_value());
    edit.add.push_back({*part, "summary of " + content});
    const Status committed = store_->commit(edit);
    EXPECT_TRUE(committed.has_value()) << committed.error().message;
    return part->part_id;
  }
  static std::string rows(const StoredPart& part) {
    const Result<Block> block = part.reader().read("rows", 0);
    return block ? **block : block.error().message;
  }
  std::string file_of(std::uint64_t part_id) const {
    const PartSnapshot live = store_->parts();
    for (const auto& part : *live) {
      if (part->id() == part_id) return part->reader().path();
    }
    return {};
  }

  TemporaryDirectory directory_;
  PosixFileSystem fs_;
  SystemClock clock_;
  DiskProbe probe_;
  BlockCache cache_{1 << 20, probe_};
  DiskReserve reserve_{
      fs_, directory_.path(), {.reserve_bytes = 0, .hysteresis_bytes = 0}, clock_, probe_};
  std::unique_ptr<StoreDirectory> store_;
  std::unique_ptr<Wal> wal_;
  std::vector<std::pair<WalSequence, std::string>> replayed_;
};

/// Flips one bit in the middle of a file.
void damage(const std::string& path, std::uint64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(byte);
}

TEST_F(StoreDirectoryTest, AcknowledgedRecordsAndCommittedPartsSurviveReopening) {
  open();
  EXPECT_EQ(append("one"), 1U);
  EXPECT_EQ(append("two"), 2U);
  const std::uint64_t part = add_part("one", {.wal_checkpoint = 1, .engine_state = "state"});
  EXPECT_EQ(append("three"), 3U);
  close();
  open();
  const std::vector<std::pair<WalSequence, std::string>> expected = {{2, "two"}, {3, "three"}};
  EXPECT_EQ(replayed_, expected);
  ASSERT_EQ(store_->parts()->size(), 1U);
  EXPECT_EQ(store_->parts()->front()->id(), part);
  EXPECT_EQ(store_->parts()->front()->summary(), "summary of one");
  EXPECT_EQ(rows(*store_->parts()->front()), "one");
  EXPECT_EQ(store_->engine_state(), "state");
  EXPECT_EQ(append("four"), 4U);
}

TEST_F(StoreDirectoryTest, MergingReplacesPartsInOneStepAndReadersKeepTheOldOnes) {
  open();
  const std::uint64_t a = add_part("a");
  const std::uint64_t b = add_part("b");
  const PartSnapshot before = store_->parts();
  const std::string path_a = file_of(a);
  const std::uint64_t merged = add_part("ab", {.remove = {a, b}});
  EXPECT_FALSE(std::filesystem::exists(path_a));
  EXPECT_EQ(rows(*before->front()), "a");
  EXPECT_EQ(rows(*before->back()), "b");
  close();
  open();
  ASSERT_EQ(store_->parts()->size(), 1U);
  EXPECT_EQ(store_->parts()->front()->id(), merged);
  EXPECT_FALSE(store_->commit({.remove = {a}}).has_value());
}

TEST_F(StoreDirectoryTest, DamagedBlockIsReportedAndItsPartSetAsideForGood) {
  open();
  const std::uint64_t good = add_part("good");
  const std::uint64_t bad = add_part("bad");
  damage(file_of(bad), kPartHeaderBytes);
  const Result<Block> block = store_->parts()->back()->reader().read("rows", 0);
  ASSERT_FALSE(block.has_value());
  EXPECT_EQ(block.error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(probe_.blocks_damaged.value(), 1U);
  ASSERT_TRUE(store_->set_aside(bad, block.error().message).has_value());
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(store_->parts()->size(), 1U);
    EXPECT_EQ(store_->parts()->front()->id(), good);
    ASSERT_EQ(store_->warnings().size(), 1U);
    EXPECT_NE(store_->warnings().front().find("fails its checksum"), std::string::npos);
    close();
    open();
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(store_->set_aside_directory()), {}),
            1);
  std::filesystem::remove_all(store_->set_aside_directory());
  close();
  open();
  EXPECT_TRUE(store_->warnings().empty()) << "the operator removed it";
}

TEST_F(StoreDirectoryTest, PartWithDamagedIndexIsSetAsideAtOpenAndTheRestIsServed) {
  open();
  const std::uint64_t bad = add_part("bad");
  const std::uint64_t gone = add_part("gone");
  const std::uint64_t good = add_part("good");
  const std::string bad_path = file_of(bad);
  const std::string gone_path = file_of(gone);
  close();
  damage(bad_path, std::filesystem::file_size(bad_path) - kPartTailBytes - 10);
  std::filesystem::remove(gone_path);
  open();
  ASSERT_EQ(store_->parts()->size(), 1U);
  EXPECT_EQ(store_->parts()->front()->id(), good);
  EXPECT_EQ(store_->warnings().size(), 2U);
}

TEST_F(StoreDirectoryTest, SecondOpenerIsToldWhoHasIt) {
  open();
  const Result<std::unique_ptr<StoreDirectory>> second =
      StoreDirectory::open(fs_, directory_.store(), {.kind = "spans"}, cache_, probe_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_NE(second.error().message.find(directory_.store() + "/LOCK"), std::string::npos);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(StoreDirectoryTest, RefusesOtherKindsNewerVersionsAndDirectoriesWithoutFormat) {
  open();
  (void)append("x");
  close();
  const auto open_as = [&](std::string kind) {
    return StoreDirectory::open(fs_, directory_.store(), {.kind = std::move(kind)}, cache_, probe_);
  };
  const auto logs = open_as("logs");
  ASSERT_FALSE(logs.has_value());
  EXPECT_NE(logs.error().message.find("holds spans, not logs"), std::string::npos);
  std::ofstream(directory_.store() + "/FORMAT") << "binnacle store spans 2\n";
  const auto newer = open_as("spans");
  ASSERT_FALSE(newer.has_value());
  EXPECT_EQ(newer.error().code, ErrorCode::kUnimplemented);
  std::filesystem::remove(directory_.store() + "/FORMAT");
  const auto without = open_as("spans");
  ASSERT_FALSE(without.has_value());
  EXPECT_EQ(without.error().code, ErrorCode::kFailedPrecondition);
}

TEST_F(StoreDirectoryTest, SnapshotOpensAsAStoreWithEverythingAcknowledged) {
  open();
  (void)append("one");
  (void)add_part("one", {.wal_checkpoint = 1});
  (void)append("two");
  const std::string target = directory_.path() + "/copy";
  ASSERT_TRUE(store_->snapshot_to(target, wal_.get()).has_value());
  EXPECT_FALSE(store_->snapshot_to(target, wal_.get()).has_value()) << "not empty any more";
  (void)append("later");
  close();
  std::filesystem::remove_all(directory_.store());
  std::filesystem::rename(target, directory_.store());
  open();
  const std::vector<std::pair<WalSequence, std::string>> expected = {{2, "two"}};
  EXPECT_EQ(replayed_, expected);
  ASSERT_EQ(store_->parts()->size(), 1U);
  EXPECT_EQ(rows(*store_->parts()->front()), "one");
}

TEST_F(StoreDirectoryTest, ReleasedSegmentsAreGoneAndSequencesGoOn) {
  open();
  (void)append("one");
  wal_->end_segment();
  (void)append("two");
  ASSERT_TRUE(store_->commit({.wal_checkpoint = 1}).has_value());
  ASSERT_TRUE(wal_->release_through(1).has_value());
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(store_->wal_directory()), {}), 1);
  close();
  open();
  ASSERT_TRUE(store_->commit({.wal_checkpoint = 2}).has_value());
  ASSERT_TRUE(wal_->release_through(2).has_value());
  EXPECT_TRUE(std::filesystem::is_empty(store_->wal_directory()));
  close();
  open();
  EXPECT_TRUE(replayed_.empty());
  EXPECT_TRUE(wal_->damage().empty());
  EXPECT_EQ(append("three"), 3U);
}

}  // namespace
}  // namespace binnacle
