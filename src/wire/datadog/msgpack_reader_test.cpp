#include "wire/datadog/msgpack_reader.h"

#include "wire/datadog/msgpack_for_test.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace binnacle::datadog {
namespace {

std::int64_t integer(const std::string& bytes) {
  MsgpackReader r(bytes);
  const std::int64_t value = r.integer();
  EXPECT_FALSE(r.failed());
  EXPECT_TRUE(r.at_end());
  return value;
}

TEST(MsgpackReaderTest, IntegersOfEveryWidth) {
  EXPECT_EQ(integer("\x7F"), 127);
  EXPECT_EQ(integer("\xFF"), -1);
  EXPECT_EQ(integer("\xE0"), -32);
  EXPECT_EQ(integer("\xCC\xFF"), 255);
  EXPECT_EQ(integer("\xCD" + big_endian(0xFFFF, 2)), 65535);
  EXPECT_EQ(integer("\xCE" + big_endian(0xFFFFFFFF, 4)), 4294967295);
  EXPECT_EQ(integer(mp_uint64(UINT64_MAX)), -1);  // ids are bits
  EXPECT_EQ(integer("\xD0\x80"), -128);
  EXPECT_EQ(integer("\xD1" + big_endian(0x8000, 2)), -32768);
  EXPECT_EQ(integer("\xD2" + big_endian(0x80000000, 4)), -2147483648LL);
  EXPECT_EQ(integer("\xD3" + big_endian(std::uint64_t{1} << 63U, 8)), INT64_MIN);
  EXPECT_EQ(integer("\xC0"), 0);
  EXPECT_EQ(integer("\xC3"), 1);
  EXPECT_EQ(integer(mp_real(1e3)), 1000);
  EXPECT_EQ(integer(mp_real(std::numeric_limits<double>::quiet_NaN())), 0);
}

TEST(MsgpackReaderTest, RealsTakeAnyNumber) {
  const auto real = [](const std::string& bytes) { return MsgpackReader(bytes).real(); };
  EXPECT_EQ(real(mp_real(2.5)), 2.5);
  EXPECT_EQ(real("\xCA" + big_endian(0x40200000, 4)), 2.5);
  EXPECT_EQ(real("\xFF"), -1);
  EXPECT_EQ(real(mp_uint64(std::uint64_t{1} << 63U)), 0x1p63);
}

TEST(MsgpackReaderTest, TextInEveryForm) {
  const auto string = [](const std::string& bytes) {
    return std::string(MsgpackReader(bytes).string());
  };
  EXPECT_EQ(string("\xA2hi"), "hi");
  EXPECT_EQ(string("\xD9\x02hi"), "hi");
  EXPECT_EQ(string("\xDA" + big_endian(2, 2) + "hi"), "hi");
  EXPECT_EQ(string("\xDB" + big_endian(2, 4) + "hi"), "hi");
  EXPECT_EQ(string("\xC4\x02hi"), "hi");
  EXPECT_EQ(string("\xC0"), "");
}

TEST(MsgpackReaderTest, SkipsWhateverThereIs) {
  const std::string extensions = "\xD4\x01x" + std::string("\xD8\x01", 2) + std::string(16, 'x') +
                                 std::string("\xC7\x03\x01xyz", 6);
  const std::string bytes =
      mp_map({{"a", mp_array({mp_real(1), mp_uint64(2), "\xC0", "\xC2"})}, {"b", mp_map({})}}) +
      extensions + "\x2A";
  MsgpackReader r(bytes);
  for (int i = 0; i < 4; ++i) r.skip();
  EXPECT_EQ(r.integer(), 42);
  EXPECT_TRUE(r.at_end());
}

TEST(MsgpackReaderTest, DeepNestingTakesNoStack) {
  const std::string deep(10'000'000, '\x91');
  MsgpackReader r(deep);
  r.skip();
  EXPECT_TRUE(r.failed());
}

TEST(MsgpackReaderTest, CountsAreBoundByWhatFollows) {
  const std::string all[] = {"\xDD" + big_endian(0xFFFFFFFF, 4), "\x93\x01\x02", "\x82\xA1x",
                             "\xDF" + big_endian(0x80000000, 4) + "xx"};
  for (const std::string& bytes : all) {
    MsgpackReader r(bytes);
    if (r.type() == MsgpackType::kMap) {
      EXPECT_EQ(r.begin_map(), 0U);
    } else {
      EXPECT_EQ(r.begin_array(), 0U);
    }
    EXPECT_TRUE(r.failed());
  }
}

TEST(MsgpackReaderTest, TheFirstFailureIsKept) {
  const std::string bytes = "\x01\xC1\x02";
  MsgpackReader r(bytes);
  EXPECT_EQ(r.integer(), 1);
  EXPECT_EQ(r.integer(), 0);
  EXPECT_EQ(r.string(), "");
  EXPECT_TRUE(r.failed());
  EXPECT_EQ(r.error().offset_bytes, 1U);
}

}  // namespace
}  // namespace binnacle::datadog
