// Stores written by every earlier format version open for ever, with the same content. A directory
// of tests/golden/formats is never changed; a new version adds one, written by this test when
// BINNACLE_WRITE_GOLDEN names the new directory.

#include "io/file/posix_file_system.h"
#include "store/disk/store_directory.h"
#include "store/disk/wal.h"

#include <gtest/gtest.h>

#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace binnacle {
namespace {

const std::string kGolden = std::string(BINNACLE_SOURCE_DIR) + "/tests/golden/formats";

struct Opened {
  PosixFileSystem fs;
  SystemClock clock;
  DiskProbe probe;
  BlockCache cache{1 << 20, probe};
  std::unique_ptr<DiskReserve> reserve;
  std::unique_ptr<StoreDirectory> store;
  std::unique_ptr<Wal> wal;
  std::vector<std::string> replayed;

  explicit Opened(const std::string& path) {
    reserve = std::make_unique<DiskReserve>(
        fs, path, DiskReserveOptions{.reserve_bytes = 0, .hysteresis_bytes = 0}, clock, probe);
    auto directory = StoreDirectory::open(fs, path, {.kind = "golden"}, cache, probe);
    EXPECT_TRUE(directory.has_value()) << directory.error().message;
    store = std::move(*directory);
    WalOptions options;
    options.salt_seed = 99;
    options.segment_bytes = 300;
    options.commit_on_thread = false;
    auto log = Wal::open(fs, store->wal_directory(), store->set_aside_directory(), options, clock,
                         *reserve, probe, store->wal_checkpoint(), [&](const WalRecord& record) {
                           replayed.push_back(std::to_string(record.sequence) + "/" +
                                              std::to_string(record.type) + "/" +
                                              std::to_string(record.producer) + "/" +
                                              std::string(record.payload));
                           return Result<ReplayOutcome>(ReplayOutcome::kUsed);
                         });
    EXPECT_TRUE(log.has_value()) << log.error().message;
    wal = std::move(*log);
  }
  void append(std::uint8_t type, std::uint16_t producer, std::string payload) {
    EXPECT_TRUE(wal->append({.type = type, .producer = producer, .payload = std::move(payload)},
                            [](const Result<WalSequence>& r) { EXPECT_TRUE(r.has_value()); })
                    .has_value());
    EXPECT_TRUE(wal->commit_queued());
  }
  NewPart part(const std::string& text) {
    auto writer = store->begin_part(0x10203);
    EXPECT_TRUE((*writer)->add_block("plain", 3, text, BlockCodec::kNone).has_value());
    EXPECT_TRUE((*writer)->add_block("packed", 0, std::string(1000, 'z') + text).has_value());
    EXPECT_TRUE((*writer)->add_block("packed", 7, "").has_value());
    return {*(*writer)->finish(), "summary of " + text};
  }
};

void write_golden(const std::string& path) {
  Opened opened(path);
  opened.append(1, 0, "in a part already");
  const NewPart first = opened.part("first");
  const NewPart second = opened.part("second");
  ASSERT_TRUE(opened.store->commit({.add = {first, second}, .wal_checkpoint = 1}).has_value());
  const NewPart merged = opened.part("first and second");
  ASSERT_TRUE(
      opened.store->commit({.add = {merged}, .remove = {1}, .engine_state = "state"}).has_value());
  opened.append(2, 513, "logged");
  opened.append(255, 65535, "");
  opened.append(3, 1, std::string(400, 'x'));
  opened.append(4, 2, "in a second segment");
}

void check_golden(const std::string& path) {
  Opened opened(path);
  EXPECT_EQ(opened.replayed, (std::vector<std::string>{"2/2/513/logged", "3/255/65535/",
                                                       "4/3/1/" + std::string(400, 'x'),
                                                       "5/4/2/in a second segment"}));
  EXPECT_TRUE(opened.wal->damage().empty());
  EXPECT_TRUE(opened.store->warnings().empty());
  EXPECT_EQ(opened.store->engine_state(), "state");
  EXPECT_EQ(opened.store->wal_checkpoint(), 1U);
  const PartSnapshot parts = opened.store->parts();
  ASSERT_EQ(parts->size(), 2U);
  const std::vector<std::string> texts = {"second", "first and second"};
  for (std::size_t i = 0; i < 2; ++i) {
    const StoredPart& part = *(*parts)[i];
    EXPECT_EQ(part.id(), i + 2);
    EXPECT_EQ(part.summary(), "summary of " + texts[i]);
    EXPECT_EQ(part.reader().kind(), 0x10203U);
    EXPECT_EQ(**part.reader().read("plain", 3), texts[i]);
    EXPECT_EQ(**part.reader().read("packed", 0), std::string(1000, 'z') + texts[i]);
    EXPECT_EQ(**part.reader().read("packed", 7), "");
  }
}

TEST(GoldenStore, EveryEarlierVersionOpensWithTheSameContent) {
  if (const char* target = ::getenv("BINNACLE_WRITE_GOLDEN"); target != nullptr) {
    write_golden(target);
  }
  std::string name = (std::filesystem::temp_directory_path() / "binnacle_golden_XXXXXX").string();
  const std::filesystem::path copies = ::mkdtemp(name.data());
  int versions = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kGolden)) {
    const std::string version = entry.path().filename().string();
    if (!version.starts_with("store_v")) continue;
    SCOPED_TRACE(version);
    std::filesystem::copy(entry.path(), copies / version, std::filesystem::copy_options::recursive);
    check_golden((copies / version).string());
    ++versions;
  }
  EXPECT_GE(versions, 1);
  std::filesystem::remove_all(copies);
}

}  // namespace
}  // namespace binnacle
