#include "io/file/fault_file_system.h"
#include "store/disk/block_cache.h"
#include "store/disk/part_reader.h"
#include "store/disk/part_writer.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace binnacle {
namespace {

class PartTest : public testing::Test {
 protected:
  std::unique_ptr<PartWriter> writer() {
    auto made = PartWriter::create(fs_, "/x.part", 9, 2, {}, probe_);
    EXPECT_TRUE(made.has_value());
    return std::move(*made);
  }
  Result<std::unique_ptr<PartReader>> open() {
    return PartReader::open(fs_, "/x.part", cache_, probe_);
  }
  void write_sample() {
    auto part = writer();
    ASSERT_TRUE(part->add_block("time", 1, std::string(5000, 't')).has_value());
    ASSERT_TRUE(part->add_block("name", 0, "incompressible").has_value());
    ASSERT_TRUE(part->add_block("time", 0, "first", BlockCodec::kNone).has_value());
    ASSERT_TRUE(part->add_block("empty", 0, "").has_value());
    const Result<FinishedPart> finished = part->finish();
    ASSERT_TRUE(finished.has_value());
    EXPECT_EQ(finished->part_id, 9U);
    EXPECT_EQ(finished->kind, 2U);
    file_bytes_ = finished->file_bytes;
  }

  FaultFileSystem fs_{1};
  DiskProbe probe_;
  BlockCache cache_{1 << 20, probe_};
  std::uint64_t file_bytes_ = 0;
};

TEST_F(PartTest, BlocksAreFoundByNameAndOrdinal) {
  write_sample();
  auto part = open();
  ASSERT_TRUE(part.has_value()) << part.error().message;
  EXPECT_EQ((*part)->part_id(), 9U);
  EXPECT_EQ((*part)->kind(), 2U);
  EXPECT_EQ((*part)->file_bytes(), file_bytes_);
  EXPECT_EQ(**(*part)->read("time", 1), std::string(5000, 't'));
  EXPECT_EQ(**(*part)->read("time", 0), "first");
  EXPECT_EQ(**(*part)->read("name"), "incompressible");
  EXPECT_EQ(**(*part)->read("empty"), "");
  EXPECT_LT((*part)->find("time", 1)->stored_bytes, 100U);
  EXPECT_EQ((*part)->find("name")->codec, BlockCodec::kNone) << "did not shrink";
  EXPECT_EQ((*part)->read("time", 2).error().code, ErrorCode::kNotFound);
  EXPECT_EQ((*part)->read("none").error().code, ErrorCode::kNotFound);
  EXPECT_TRUE((*part)->verify().has_value());
}

TEST_F(PartTest, AnyFlippedBitIsFound) {
  write_sample();
  for (std::uint64_t at = 0; at < file_bytes_; ++at) {
    fs_.flip_bit("/x.part", at, static_cast<int>(at % 8));
    auto part = open();
    const Status found = part ? (*part)->verify() : Status(std::unexpected(part.error()));
    ASSERT_FALSE(found.has_value()) << "byte " << at;
    EXPECT_EQ(found.error().code, ErrorCode::kDataLoss) << found.error().message;
    fs_.flip_bit("/x.part", at, static_cast<int>(at % 8));
  }
  EXPECT_TRUE((*open())->verify().has_value());
}

TEST_F(PartTest, AnyTruncationIsFound) {
  write_sample();
  const std::string whole = *read_file(fs_, "/x.part", 1 << 20);
  for (std::uint64_t size = 0; size < whole.size(); size += 3) {
    ASSERT_TRUE((*fs_.open("/x.part", OpenMode::kReadWrite))->truncate(size).has_value());
    const auto part = open();
    ASSERT_FALSE(part.has_value());
    EXPECT_EQ(part.error().code, ErrorCode::kDataLoss);
  }
}

TEST_F(PartTest, SecondReadComesFromMemory) {
  write_sample();
  auto part = open();
  const Result<Block> first = (*part)->read("time", 1);
  fs_.fail_reads("/x.part");
  const Result<Block> second = (*part)->read("time", 1);
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(first->get(), second->get());
  EXPECT_EQ(probe_.cache_hits.value(), 1U);
  const Result<Block> uncached = (*part)->read_once("time", 1);
  ASSERT_FALSE(uncached.has_value());
  EXPECT_EQ(uncached.error().code, ErrorCode::kInternal) << "an i/o error is not damage";
  EXPECT_EQ(probe_.blocks_damaged.value(), 0U);
  part->reset();
  EXPECT_EQ(cache_.used_bytes(), 0U) << "blocks leave with their part";
}

TEST_F(PartTest, AbandonedWriterLeavesNothing) {
  auto part = writer();
  ASSERT_TRUE(part->add_block("a", 0, "x").has_value());
  part.reset();
  EXPECT_TRUE(fs_.list("/")->empty());
}

TEST_F(PartTest, FullDiskInTheMiddleFailsAndLeavesNothing) {
  fs_.set_capacity_bytes(200);
  auto part = writer();
  std::string noise;
  for (int i = 0; i < 400; ++i) noise.push_back(static_cast<char>(i * 7919 >> 3));
  const Status full = part->add_block("a", 0, noise, BlockCodec::kNone);
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code, ErrorCode::kUnavailable);
  part.reset();
  EXPECT_TRUE(fs_.list("/")->empty());
}

TEST(BlockCacheTest, StaysWithinItsBytesAndDropsTheOldest) {
  DiskProbe probe;
  BlockCache cache(1 << 20, probe);
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    cache.insert({1, i}, std::make_shared<const std::string>(1000, 'x'));
    (void)cache.find({1, 0});
    EXPECT_LE(cache.used_bytes(), cache.limit_bytes());
  }
  EXPECT_NE(cache.find({1, 0}), nullptr) << "in use all the time";
  EXPECT_NE(cache.find({1, 9'999}), nullptr);
  EXPECT_EQ(cache.find({1, 1}), nullptr);
  EXPECT_GT(probe.cache_evictions.value(), 0U);
  EXPECT_EQ(probe.cache_bytes.value(), static_cast<std::int64_t>(cache.used_bytes()));
  cache.insert({1, 20'000}, std::make_shared<const std::string>(1 << 19, 'x'));
  EXPECT_EQ(cache.find({1, 20'000}), nullptr) << "larger than a shard's share";
  cache.erase_part(1, 10'000);
  EXPECT_EQ(cache.used_bytes(), 0U);
}

TEST(BlockCacheTest, ManyThreadsAtOnce) {
  DiskProbe probe;
  BlockCache cache(64 << 10, probe);
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (std::uint32_t i = 0; i < 5'000; ++i) {
        const BlockCache::Key key{i % 3, (i * (t + 1)) % 200};
        if (const Block block = cache.find(key)) {
          EXPECT_EQ(block->size(), key.block);
        } else {
          cache.insert(key, std::make_shared<const std::string>(key.block, 'x'));
        }
        if (i % 500 == 0) cache.erase_part(i % 3, 200);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(cache.used_bytes(), cache.limit_bytes());
}

}  // namespace
}  // namespace binnacle
