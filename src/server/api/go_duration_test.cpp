#include "server/api/go_duration.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

struct Case {
  std::string_view text;
  std::int64_t ns;
};

TEST(GoDuration, ReadsWhatGoReads) {
  // Values from the documentation and tests of Go's time.ParseDuration.
  for (const Case& c : std::initializer_list<Case>{
           {"0", 0},
           {"5s", 5'000'000'000},
           {"30s", 30'000'000'000},
           {"-5s", -5'000'000'000},
           {"+5s", 5'000'000'000},
           {"-0", 0},
           {"5.0s", 5'000'000'000},
           {"5.6s", 5'600'000'000},
           {"5.s", 5'000'000'000},
           {".5s", 500'000'000},
           {"1.0040s", 1'004'000'000},
           {"100.00100s", 100'001'000'000},
           {"10ns", 10},
           {"11us", 11'000},
           {"12\xC2\xB5s", 12'000},
           {"12\xCE\xBCs", 12'000},
           {"13ms", 13'000'000},
           {"15m", 900'000'000'000},
           {"16h", 57'600'000'000'000},
           {"3h30m", 12'600'000'000'000},
           {"10.5s4m", 250'500'000'000},
           {"-2m3.4s", -123'400'000'000},
           {"1h2m3s4ms5us6ns", 3'723'004'005'006},
           {"39h9m14.425s", 140'954'425'000'000},
           {"52763797000ns", 52'763'797'000},
           {"0.3333333333333333333h", 1'200'000'000'000},
           {"0.100000000000000000000h", 360'000'000'000},
           {"9223372036854775807ns", 9'223'372'036'854'775'807},
       }) {
    const auto parsed = parse_go_duration(c.text);
    ASSERT_TRUE(parsed) << c.text;
    EXPECT_EQ(*parsed, c.ns) << c.text;
  }
}

TEST(GoDuration, RefusesWhatGoRefuses) {
  for (const std::string_view text :
       {"", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "1.5", "5 s", "1ms ", "ms1",
        "9223372036854775808ns", "9223372036854775.808us", "3000000h", "1e3s", "\x85\x85"}) {
    const auto parsed = parse_go_duration(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(GoDuration, MessageShowsTheTextAndAnExample) {
  EXPECT_EQ(parse_go_duration("10 minutes").error().message,
            "\"10 minutes\" is not a duration; write it like 1.5s, 200ms, 100us or 1h30m");
}

}  // namespace
}  // namespace binnacle
