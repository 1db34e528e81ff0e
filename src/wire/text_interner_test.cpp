#include "wire/text_interner.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

TEST(TextInterner, KeepsValidTextOnce) {
  StringTable table;
  TextInterner text(table);
  const StringId id = text.intern("za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87");
  EXPECT_EQ(text.intern("za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87"), id);
  EXPECT_EQ(table[id], "za\xC5\xBC\xC3\xB3\xC5\x82\xC4\x87");
}

TEST(TextInterner, RepairsIllFormedTextEachTimeItComes) {
  StringTable table;
  TextInterner text(table);
  const StringId first = text.intern("a\xFFz");
  EXPECT_EQ(table[first], "a\xEF\xBF\xBDz");
  EXPECT_EQ(text.intern("a\xFFz"), first);
  EXPECT_EQ(text.intern("a\xEF\xBF\xBDz"), first);
}

TEST(TextInterner, BytesStayAsTheyAreAndDoNotLeakIntoText) {
  StringTable table;
  TextInterner text(table);
  EXPECT_EQ(table[text.intern_bytes("\xFF\x01")], "\xFF\x01");
  EXPECT_EQ(table[text.intern("\xFF\x01")], "\xEF\xBF\xBD\x01");
  EXPECT_EQ(table[text.intern_bytes("\xFF\x01")], "\xFF\x01");
}

}  // namespace
}  // namespace binnacle
