#include "store/disk/manifest.h"

#include "io/file/fault_file_system.h"

#include <gtest/gtest.h>

#include <string>

namespace binnacle {
namespace {

PartRecord part(std::uint64_t id) { return {id, 1, 100, "summary " + std::to_string(id)}; }

TEST(Manifest, EditsAccumulateAndSurviveReopening) {
  FaultFileSystem fs(1);
  DiskProbe probe;
  {
    auto manifest = Manifest::create(fs, "", {}, probe);
    ASSERT_TRUE(manifest.has_value());
    ASSERT_TRUE((*manifest)->append({.add = {part(1), part(2)}, .wal_checkpoint = 7}).has_value());
    ASSERT_TRUE((*manifest)->append({.add = {part(3)}, .remove = {1, 2}}).has_value());
    ASSERT_TRUE((*manifest)->append({.set_aside = {{3, "why"}}, .engine_state = "e"}).has_value());
    const Status unknown = (*manifest)->append({.remove = {99}});
    EXPECT_FALSE(unknown.has_value());
    EXPECT_FALSE((*manifest)->in_doubt());
  }
  fs.restart(Survivors::kNothingUnsynced);
  auto manifest = Manifest::open(fs, "", probe);
  ASSERT_TRUE(manifest.has_value()) << manifest.error().message;
  const ManifestState& state = (*manifest)->state();
  EXPECT_TRUE(state.parts.empty());
  EXPECT_EQ(state.set_aside.at(3).reason, "why");
  EXPECT_EQ(state.wal_checkpoint, 7U);
  EXPECT_EQ(state.engine_state, "e");
  EXPECT_EQ(state.next_part_id, 4U);
}

TEST(Manifest, RewritesItselfInsteadOfGrowingForEver) {
  FaultFileSystem fs(1);
  DiskProbe probe;
  auto manifest = Manifest::create(fs, "", {}, probe);
  for (std::uint64_t i = 1; i <= 3000; ++i) {
    ManifestEdit edit{.add = {part(i)}};
    if (i > 1) edit.remove = {i - 1};
    ASSERT_TRUE((*manifest)->append(edit).has_value());
  }
  EXPECT_GT(probe.manifest_rewrites.value(), 2U);
  EXPECT_LT((*fs.open("/MANIFEST", OpenMode::kRead))->size_bytes().value_or(0), 100'000U);
  manifest->reset();
  const auto again = Manifest::open(fs, "", probe);
  EXPECT_EQ((*again)->state().parts.size(), 1U);
  EXPECT_EQ((*again)->state().next_part_id, 3001U);
}

TEST(Manifest, EditsAfterOneTornAnywhereAreKept) {
  FaultFileSystem whole(1);
  DiskProbe probe;
  ASSERT_TRUE(Manifest::create(whole, "", {}, probe).has_value());
  const std::uint64_t before = read_file(whole, "/MANIFEST", 1 << 20).value_or("").size();
  // A summary of each length, so that the padding at the edit's end has every length too.
  for (std::size_t length = 0; length < 8; ++length) {
    PartRecord torn = part(1);
    torn.summary.assign(length, 's');
    for (std::uint64_t cut = before;; ++cut) {
      FaultFileSystem fs(1);
      {
        auto manifest = Manifest::create(fs, "", {}, probe);
        ASSERT_TRUE((*manifest)->append({.add = {torn}}).has_value());
      }
      auto file = fs.open("/MANIFEST", OpenMode::kReadWrite);
      if (cut > (*file)->size_bytes().value_or(0)) break;
      ASSERT_TRUE((*file)->truncate(cut).has_value());
      {
        auto manifest = Manifest::open(fs, "", probe);
        ASSERT_TRUE(manifest.has_value()) << manifest.error().message;
        ASSERT_TRUE((*manifest)->append({.add = {part(2)}}).has_value());
      }
      const auto again = Manifest::open(fs, "", probe);
      ASSERT_TRUE(again.has_value()) << again.error().message;
      EXPECT_EQ((*again)->state().parts.count(2), 1U) << "cut at byte " << cut - before;
    }
  }
}

TEST(Manifest, FailedEditIsTakenBackBeforeItCanBeRead) {
  FaultFileSystem fs(1);
  DiskProbe probe;
  auto manifest = Manifest::create(fs, "", {}, probe);
  fs.fail_sync(SyncPoint::kManifestAppend, 1);
  EXPECT_FALSE((*manifest)->append({.add = {part(1)}}).has_value());
  EXPECT_FALSE((*manifest)->in_doubt()) << "rewritten without it";
  fs.restart(Survivors::kEverything);
  manifest->reset();
  const auto again = Manifest::open(fs, "", probe);
  EXPECT_TRUE((*again)->state().parts.empty());
}

TEST(Manifest, StaysInDoubtWhileItCannotTakeAFailedEditBack) {
  FaultFileSystem fs(1);
  DiskProbe probe;
  auto manifest = Manifest::create(fs, "", {}, probe);
  fs.fail_sync(SyncPoint::kManifestAppend, 1);
  fs.fail_sync(SyncPoint::kManifestRewrite, 1);
  EXPECT_FALSE((*manifest)->append({.add = {part(1)}}).has_value());
  EXPECT_TRUE((*manifest)->in_doubt());
  ASSERT_TRUE((*manifest)->append({.add = {part(2)}}).has_value());
  EXPECT_FALSE((*manifest)->in_doubt());
  fs.restart(Survivors::kNothingUnsynced);
  manifest->reset();
  const auto again = Manifest::open(fs, "", probe);
  EXPECT_FALSE((*again)->state().parts.contains(1));
  EXPECT_TRUE((*again)->state().parts.contains(2));
}

TEST(Manifest, DamageIsToldFromATornLastEdit) {
  FaultFileSystem fs(1);
  DiskProbe probe;
  std::uint64_t second_edit_at = 0;
  {
    auto manifest = Manifest::create(fs, "", {}, probe);
    second_edit_at = *(*fs.open("/MANIFEST", OpenMode::kRead))->size_bytes();
    ASSERT_TRUE((*manifest)->append({.add = {part(1)}}).has_value());
    ASSERT_TRUE((*manifest)->append({.add = {part(2)}}).has_value());
  }
  const std::string whole = *read_file(fs, "/MANIFEST", 1 << 20);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Result<ManifestReplay> replay = replay_manifest(std::string_view(whole).substr(0, size));
    // Up to seven of the last bytes of an edit are padding.
    if (size + 8 <= second_edit_at || size >= second_edit_at) {
      EXPECT_EQ(replay.has_value(), size >= second_edit_at) << size;
    }
  }
  std::string damaged = whole;
  damaged[second_edit_at + 30] = static_cast<char>(damaged[second_edit_at + 30] ^ 1);
  const Result<ManifestReplay> replay = replay_manifest(damaged);
  ASSERT_FALSE(replay.has_value());
  EXPECT_EQ(replay.error().code, ErrorCode::kDataLoss);
  EXPECT_NE(replay.error().message.find("edit 2"), std::string::npos) << replay.error().message;
}

}  // namespace
}  // namespace binnacle
