#include "io/file/fault_file_system.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace binnacle {
namespace {

constexpr SyncPoint kAny = SyncPoint::kPartContent;
constexpr SyncPoint kOther = SyncPoint::kPartName;

std::unique_ptr<File> create(FaultFileSystem& fs, const std::string& path) {
  Result<std::unique_ptr<File>> file = fs.open(path, OpenMode::kCreate);
  EXPECT_TRUE(file.has_value());
  return std::move(*file);
}

std::string content(FaultFileSystem& fs, const std::string& path) {
  return read_file(fs, path, 1 << 20).value_or("(none)");
}

TEST(FaultFileSystem, PowerCutDropsWhatWasNotSyncedDataAndNamesApart) {
  FaultFileSystem fs(1);
  auto both = create(fs, "/both");
  auto data_only = create(fs, "/data_only");
  ASSERT_TRUE(both->write_at(0, "kept").has_value());
  ASSERT_TRUE(both->sync_data(kAny).has_value());
  ASSERT_TRUE(fs.sync_directory("/", kAny).has_value());
  auto name_only = create(fs, "/name_only");
  ASSERT_TRUE(name_only->write_at(0, "lost").has_value());
  ASSERT_TRUE(fs.sync_directory("/", kAny).has_value());
  ASSERT_TRUE(both->write_at(2, "PT+more").has_value());
  auto late = create(fs, "/late");
  ASSERT_TRUE(late->write_at(0, "lost").has_value());
  ASSERT_TRUE(late->sync_data(kAny).has_value());
  EXPECT_EQ(content(fs, "/both"), "kePT+more");
  fs.restart(Survivors::kNothingUnsynced);
  EXPECT_EQ(content(fs, "/both"), "kept");
  EXPECT_EQ(content(fs, "/name_only"), "");
  EXPECT_EQ(content(fs, "/late"), "(none)");
  EXPECT_FALSE(both->write_at(0, "x").has_value()) << "files of before are dead";
}

TEST(FaultFileSystem, KilledProcessLosesNothingButWhatItLeftIsStillPending) {
  FaultFileSystem fs(1);
  auto file = create(fs, "/file");
  ASSERT_TRUE(file->write_at(0, "x").has_value());
  fs.restart(Survivors::kEverything);
  EXPECT_EQ(content(fs, "/file"), "x");
  fs.restart(Survivors::kNothingUnsynced);
  EXPECT_EQ(content(fs, "/file"), "(none)");
}

TEST(FaultFileSystem, RenameIsAllOrNothing) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FaultFileSystem fs(seed);
    ASSERT_TRUE(fs.make_directory("/a").has_value());
    ASSERT_TRUE(fs.make_directory("/b").has_value());
    (void)create(fs, "/a/file");
    ASSERT_TRUE(fs.sync_directory("/", kAny).has_value());
    ASSERT_TRUE(fs.sync_directory("/a", kAny).has_value());
    ASSERT_TRUE(fs.rename("/a/file", "/b/file").has_value());
    fs.restart(Survivors::kSomeUnsynced);
    EXPECT_NE(*fs.exists("/a/file"), *fs.exists("/b/file"));
  }
}

TEST(FaultFileSystem, TornWritesKeepSectorsOrPrefixes) {
  std::set<std::size_t> sizes;
  bool reordered = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    for (const Survivors survivors : {Survivors::kSomeUnsynced, Survivors::kPrefixUnsynced}) {
      FaultFileSystem fs(seed);
      auto file = create(fs, "/file");
      ASSERT_TRUE(fs.sync_directory("/", kAny).has_value());
      ASSERT_TRUE(file->write_at(0, std::string(2048, 'x')).has_value());
      fs.restart(survivors);
      const std::string kept = content(fs, "/file");
      if (survivors == Survivors::kPrefixUnsynced) {
        EXPECT_EQ(kept, std::string(kept.size(), 'x'));
        sizes.insert(kept.size());
      } else {
        EXPECT_EQ(kept.size() % 512, 0U);
        if (kept.find('\0') != std::string::npos) reordered = true;
      }
    }
  }
  EXPECT_GT(sizes.size(), 10U);
  EXPECT_TRUE(reordered);
}

TEST(FaultFileSystem, FailedSyncLeavesPagesCleanSoThatARetryLies) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    FaultFileSystem fs(seed);
    auto file = create(fs, "/file");
    ASSERT_TRUE(fs.sync_directory("/", kAny).has_value());
    ASSERT_TRUE(file->write_at(0, "data").has_value());
    fs.fail_sync(kAny, 1);
    EXPECT_FALSE(file->sync_data(kAny).has_value());
    EXPECT_TRUE(file->sync_data(kAny).has_value());
    EXPECT_EQ(content(fs, "/file"), "data");
    fs.restart(Survivors::kNothingUnsynced);
    if (content(fs, "/file") != "data") lost = true;
  }
  EXPECT_TRUE(lost);
}

TEST(FaultFileSystem, IgnoredSyncsDoNothingAndOthersWork) {
  FaultFileSystem fs(1);
  fs.ignore_sync(kAny);
  auto file = create(fs, "/file");
  ASSERT_TRUE(fs.sync_directory("/", kOther).has_value());
  ASSERT_TRUE(file->write_at(0, "data").has_value());
  ASSERT_TRUE(file->sync_data(kAny).has_value());
  EXPECT_EQ(fs.syncs(kAny), 1U);
  fs.restart(Survivors::kNothingUnsynced);
  EXPECT_EQ(content(fs, "/file"), "");
}

TEST(FaultFileSystem, FullDiskWritesShortThenRefusesAndRecovers) {
  FaultFileSystem fs(1);
  fs.set_capacity_bytes(10);
  auto file = create(fs, "/file");
  const Status full = file->write_at(0, "0123456789abc");
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, ErrorCode::kUnavailable);
  EXPECT_GT(full.error().retry_after_ns, 0);
  EXPECT_EQ(content(fs, "/file"), "0123456789");
  EXPECT_FALSE(file->allocate(20).has_value());
  EXPECT_EQ(fs.space("/")->free_bytes, 0U);
  fs.set_capacity_bytes(100);
  EXPECT_TRUE(file->write_at(10, "abc").has_value());
}

TEST(FaultFileSystem, CrashStopsEverythingUntilRestart) {
  FaultFileSystem fs(1);
  fs.crash_at(2);
  auto file = create(fs, "/file");
  EXPECT_FALSE(file->write_at(0, "x").has_value());
  EXPECT_TRUE(fs.crashed());
  EXPECT_FALSE(fs.list("/").has_value());
  fs.restart(Survivors::kEverything);
  EXPECT_EQ(content(fs, "/file"), "x") << "the write was begun";
}

}  // namespace
}  // namespace binnacle
