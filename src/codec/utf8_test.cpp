#include "codec/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace binnacle::codec {
namespace {

std::string encoded(char32_t c) {
  char raw[4];
  return {raw, static_cast<std::size_t>(write_utf8(raw, c) - raw)};
}

TEST(Utf8, AcceptsEveryScalarValue) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    ASSERT_TRUE(is_valid_utf8(encoded(c))) << std::hex << static_cast<std::uint32_t>(c);
  }
}

TEST(Utf8, RefusesSurrogatesOverlongFormsAndWhatIsBeyondUnicode) {
  for (const char* bad :
       {"\xED\xA0\x80", "\xED\xBF\xBF", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\xAF", "\xE0\x9F\xBF",
        "\xF0\x80\x80\xAF", "\xF4\x90\x80\x80", "\xF5\x80", "\x80", "\xBF", "\xFE", "\xFF"}) {
    EXPECT_FALSE(is_valid_utf8(bad)) << bad;
    EXPECT_TRUE(is_valid_utf8(repair_utf8(bad))) << bad;
  }
}

TEST(Utf8, FindsTheFirstBadByteWhereverItStands) {
  for (std::size_t at = 0; at < 40; ++at) {
    std::string text(40, 'x');
    text[at] = '\x9F';
    EXPECT_EQ(find_invalid_utf8(text), at);
  }
  const std::string cut = "abcdefgh\xE2\x82";
  EXPECT_EQ(find_invalid_utf8(cut), 8U);
}

// Unicode 15, section 3.9, table 3-8: the example for substitution of maximal subparts.
TEST(Utf8, ReplacesMaximalSubparts) {
  EXPECT_EQ(repair_utf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
            "b\xEF\xBF\xBD"
            "c\xEF\xBF\xBD\xEF\xBF\xBD"
            "d");
}

}  // namespace
}  // namespace binnacle::codec
