#include "codec/text_encoding.h"

#include <gtest/gtest.h>

namespace binnacle::codec {
namespace {

// RFC 4648, section 10.
TEST(Base64, EncodesTheVectorsOfTheStandard) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, encoded] : vectors) {
    EXPECT_EQ(base64_encode(text), encoded);
    EXPECT_EQ(base64_decode(encoded), text);
  }
}

TEST(Base64, ReadsUnpaddedAndUrlSafe) {
  EXPECT_EQ(base64_decode("Zg"), "f");
  EXPECT_EQ(base64_decode("-_8="), base64_decode("+/8="));
}

TEST(Base64, RefusesOtherText) {
  for (const char* bad : {"Z", "Zg=", "Z===", "Zh==", "Zm9v!", "Zm 9v", "====", "Zg==Zg=="}) {
    EXPECT_FALSE(base64_decode(bad)) << bad;
  }
}

TEST(Hex, RoundTripsAndTakesBothCases) {
  EXPECT_EQ(hex_encode("\x01\xAB\xFF"), "01abff");
  EXPECT_EQ(hex_decode("01aBFf"), "\x01\xAB\xFF");
  EXPECT_FALSE(hex_decode("abc"));
  EXPECT_FALSE(hex_decode("zz"));
}

}  // namespace
}  // namespace binnacle::codec
