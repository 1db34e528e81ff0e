#include "base/random.h"
#include "store/columns/byte_io.h"
#include "store/columns/int_column.h"
#include "store/columns/string_list.h"
#include "store/columns/term_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace binnacle::columns {
namespace {

using Ints = std::vector<std::uint64_t>;

std::string encoded(const Ints& values, IntShape shape) {
  std::string out;
  append_ints(out, values, shape);
  return out;
}

TEST(IntColumn, EveryShapeRoundTrips) {
  Random random(1);
  std::vector<Ints> samples = {{}, {0}, {~std::uint64_t{0}}, {0, ~std::uint64_t{0}}, {7, 7, 7}};
  for (unsigned bits = 1; bits <= 64; bits += 7) {
    Ints column;
    for (int i = 0; i < 300; ++i) column.push_back(random.next() >> (64 - bits));
    samples.push_back(column);
    for (std::size_t i = 1; i < column.size(); ++i) column[i] += column[i - 1];
    samples.push_back(column);
  }
  for (const Ints& sample : samples) {
    for (const IntShape shape : {IntShape::kAny, IntShape::kRising, IntShape::kRandom}) {
      const std::string bytes = encoded(sample, shape);
      ByteReader reader(bytes);
      Ints back;
      ASSERT_TRUE(read_ints(reader, sample.size(), back));
      EXPECT_EQ(back, sample);
      EXPECT_TRUE(reader.at_end());
      ByteReader skipping(bytes);
      EXPECT_TRUE(skip_ints(skipping, sample.size()));
      EXPECT_TRUE(skipping.at_end());
    }
  }
}

TEST(IntColumn, ConstantAndCountingColumnsAreTiny) {
  EXPECT_LE(encoded(Ints(100'000, 42), IntShape::kAny).size(), 4U);
  Ints counting;
  for (std::uint64_t i = 0; i < 1000; ++i) counting.push_back(i * 1'000'000'000);
  EXPECT_LE(encoded(counting, IntShape::kRising).size(), 5'020U);
}

TEST(IntColumn, TruncatedBytesAreRefused) {
  const Ints sample = {1, 500, 70'000, 3};
  for (const IntShape shape : {IntShape::kAny, IntShape::kRising, IntShape::kRandom}) {
    const std::string bytes = encoded(sample, shape);
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      ByteReader reader(std::string_view(bytes).substr(0, n));
      Ints back;
      EXPECT_FALSE(read_ints(reader, sample.size(), back)) << n;
      EXPECT_TRUE(reader.failed());
    }
  }
}

TEST(StringList, RoundTripsAndRefusesTruncation) {
  const std::vector<std::string_view> strings = {"", "a", std::string_view("nul\0", 4), "longer"};
  std::string bytes;
  append_strings(bytes, strings);
  std::vector<std::string_view> back;
  ByteReader reader(bytes);
  ASSERT_TRUE(read_strings(reader, 4, back));
  EXPECT_EQ(back, strings);
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    ByteReader cut(std::string_view(bytes).substr(0, n));
    EXPECT_FALSE(read_strings(cut, 4, back)) << n;
  }
  ByteReader limited(bytes);
  EXPECT_FALSE(read_strings(limited, 3, back));
}

TEST(TermFilter, NeverDeniesWhatIsThereAndSeldomAffirmsWhatIsNot) {
  Random random(2);
  std::vector<std::uint64_t> hashes;
  for (int i = 0; i < 5'000; ++i) hashes.push_back(random.next());
  const std::string filter = make_term_filter(hashes);
  for (const std::uint64_t h : hashes) ASSERT_TRUE(may_contain(filter, h));
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i) wrong += may_contain(filter, random.next()) ? 1 : 0;
  EXPECT_LT(wrong, 300) << "about 1% at 10 bits per hash";
  EXPECT_FALSE(may_contain("", 1)) << "a filter of nothing";
  EXPECT_TRUE(may_contain("x", 1)) << "no filter";
}

}  // namespace
}  // namespace binnacle::columns
