#include "model/string_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace binnacle {
namespace {

TEST(StringTable, EmptyStringIsZeroAndEqualTextsShareANumber) {
  StringTable table;
  EXPECT_EQ(table.intern(""), StringId{0});
  const StringId a = table.intern("GET /cart");
  EXPECT_EQ(table.intern(std::string("GET /") + "cart"), a);
  EXPECT_NE(table.intern("GET /cart2"), a);
  EXPECT_EQ(table[a], "GET /cart");
  EXPECT_EQ(table.size(), 3U);
}

TEST(StringTable, ViewsSurviveGrowth) {
  StringTable table;
  const std::string_view early = table[table.intern("early")];
  std::vector<StringId> ids;
  for (int i = 0; i < 20'000; ++i) ids.push_back(table.intern("value " + std::to_string(i)));
  const StringId large = table.intern(std::string(1 << 20, 'x'));
  EXPECT_EQ(early, "early");
  EXPECT_EQ(table[large].size(), std::size_t{1} << 20);
  for (int i = 0; i < 20'000; ++i) {
    ASSERT_EQ(table[ids[static_cast<std::size_t>(i)]], "value " + std::to_string(i));
  }
}

TEST(StringTable, ClearForgetsAndCanBeFilledAgain) {
  StringTable table;
  table.intern("old");
  table.clear();
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(table.find("old"), StringTable::kAbsent);
  EXPECT_EQ(table[table.intern("new")], "new");
}

}  // namespace
}  // namespace binnacle
