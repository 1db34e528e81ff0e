#include "codec/block/zstd_block.h"

#include <gtest/gtest.h>

#include <string>

namespace binnacle::codec {
namespace {

TEST(ZstdBlock, RoundTripsAnySize) {
  ZstdCompressor zstd(1);
  for (const std::size_t size : {0UL, 1UL, 100UL, 100'000UL}) {
    std::string in;
    for (std::size_t i = 0; i < size; ++i) in.push_back(static_cast<char>(i * i >> 3));
    std::string stored;
    ASSERT_TRUE(zstd.compress(in, stored).has_value());
    const Result<std::string> out = zstd_decompress_block(stored, in.size());
    ASSERT_TRUE(out.has_value()) << out.error().message;
    EXPECT_EQ(*out, in);
  }
}

TEST(ZstdBlock, RefusesWrongSizesAndDamageWithoutAllocatingForThem) {
  ZstdCompressor zstd(1);
  const std::string in(50'000, 'x');
  std::string stored;
  ASSERT_TRUE(zstd.compress(in, stored).has_value());
  EXPECT_EQ(zstd_decompress_block(stored, in.size() + 1).error().code, ErrorCode::kDataLoss);
  EXPECT_EQ(zstd_decompress_block(stored, 1ULL << 60).error().code, ErrorCode::kDataLoss);
  EXPECT_FALSE(zstd_decompress_block(stored.substr(0, stored.size() - 1), in.size()).has_value());
  EXPECT_FALSE(zstd_decompress_block(stored + stored, in.size()).has_value());
  EXPECT_FALSE(zstd_decompress_block("", in.size()).has_value());
}

}  // namespace
}  // namespace binnacle::codec
