#include "codec/decimal.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string_view>

namespace binnacle::codec {
namespace {

Decimal read(std::string_view text, int power10 = 0) {
  const auto decimal = parse_decimal(text, power10);
  EXPECT_TRUE(decimal) << text;
  return decimal.value_or(Decimal{});
}

TEST(Decimal, ReadsIntegersOf64BitsExactly) {
  EXPECT_EQ(read("1795460000123456789").to_uint64(), 1795460000123456789U);
  EXPECT_EQ(read("18446744073709551615").to_uint64(), UINT64_MAX);
  EXPECT_EQ(read("-9223372036854775808").to_int64(), INT64_MIN);
  EXPECT_EQ(read("9223372036854775808").to_int64(), std::nullopt);
  EXPECT_TRUE(read("18446744073709551616").overflow);
  EXPECT_EQ(read("-1").to_uint64(), std::nullopt);
  EXPECT_EQ(read("-0").to_uint64(), 0U);
}

TEST(Decimal, ReadsExponentsAndFractionsWithoutDoubles) {
  EXPECT_EQ(read("1.795460000123456789e18").to_uint64(), 1795460000123456789U);
  EXPECT_EQ(read("1e3").to_uint64(), 1000U);
  EXPECT_EQ(read("1200E-2").to_uint64(), 12U);
  EXPECT_TRUE(read("1e+21").overflow);
  EXPECT_FALSE(read("12.5").exact);
  EXPECT_EQ(read("12.5").magnitude, 13U);
  EXPECT_EQ(read("12.49").magnitude, 12U);
  EXPECT_EQ(read("0.05").magnitude, 0U);
  EXPECT_EQ(read("0.6").magnitude, 1U);
  EXPECT_EQ(read("0e999999999999").magnitude, 0U);
  EXPECT_EQ(read("5e-999999999999").magnitude, 0U);
}

TEST(Decimal, ScalesMicrosecondsToNanoseconds) {
  EXPECT_EQ(read("1795460000400000.2", 3).to_uint64(), 1795460000400000200U);
  EXPECT_TRUE(read("1795460000400000.2", 3).exact);
  EXPECT_EQ(read("42", 3).to_uint64(), 42000U);
  EXPECT_EQ(read("1.0006", 3).magnitude, 1001U);
}

TEST(Decimal, RefusesWhatIsNoNumber) {
  for (const char* bad : {"", "-", "+", ".5", "5.", "1e", "1e+", "1x", "0x10", " 1", "1 ", "NaN"}) {
    EXPECT_FALSE(parse_decimal(bad)) << bad;
  }
}

TEST(Real, ReadsNumbersAndTheirNames) {
  EXPECT_EQ(parse_real("0.1"), 0.1);
  EXPECT_EQ(parse_real("-2.5e3"), -2500.0);
  EXPECT_TRUE(std::isnan(parse_real("NaN").value_or(0)));
  EXPECT_EQ(parse_real("Infinity"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_real("-Infinity"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_real("1e999"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_real("-1e999"), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(parse_real("1e-999"), 0.0);
  for (const char* bad : {"", "-", "1,5", "0x1p3", "nanx", "1e"}) EXPECT_FALSE(parse_real(bad));
}

}  // namespace
}  // namespace binnacle::codec
