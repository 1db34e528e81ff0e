#include "sdk/recording_for_test.h"

#include <binnacle/apm.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

// Attributes that are compiled into the caller, at the edges of what is: read back by libprotobuf,
// they must be what a call into the library would have written.

namespace binnacle::sdk {
namespace {

TEST(InlineRecordingTest, NumbersAroundTheVarintSizes) {
  Recording recording;
  for (const std::int64_t number :
       {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, std::int64_t{127}, std::int64_t{128},
        std::int64_t{16383}, std::int64_t{16384}, INT64_MAX}) {
    start_span("s").set_attribute("literal key", number).set_attribute(std::string("key"), number);
    const ReadSpan span = recording.span();
    EXPECT_EQ(span.attribute("literal key"), "i:" + std::to_string(number));
    EXPECT_EQ(span.attribute("key"), "i:" + std::to_string(number));
  }
}

TEST(InlineRecordingTest, TextsAroundTheOneByteLengths) {
  Recording recording;
  for (std::size_t size = 0; size < 300; ++size) {
    std::string text(size, 'x');
    if (size > 0) text.back() = 'z';
    start_span("s").set_attribute("literal key", text);
    EXPECT_EQ(recording.span().attribute("literal key"), "s:" + text);
  }
}

TEST(InlineRecordingTest, KeysOfEveryLength) {
  Recording recording;
  start_span("s")
      .set_attribute("", 1)
      .set_attribute("a", "one")
      .set_attribute("ab", 2.5)
      .set_attribute("abc", true)
      .set_attribute("abcdefg", false)
      .set_attribute("abcdefgh", "eight")
      .set_attribute(
          "a key of more than one hundred and twenty-one bytes, which is more than what is "
          "written inside the caller, so that the library has to do it",
          "long");
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.attribute(""), "i:1");
  EXPECT_EQ(span.attribute("a"), "s:one");
  EXPECT_EQ(span.attribute("ab"), "d:2.500000");
  EXPECT_EQ(span.attribute("abc"), "b:1");
  EXPECT_EQ(span.attribute("abcdefg"), "b:0");
  EXPECT_EQ(span.attribute("abcdefgh"), "s:eight");
  EXPECT_EQ(span.attributes.size(), 7U);
}

// Wherever the end of the slot falls, inside an attribute or between two of any kind.
TEST(InlineRecordingTest, TheEndOfTheSlotMayFallAnywhere) {
  Recording recording;
  for (std::size_t padding = 0; padding < 120; ++padding) {
    start_span("s")
        .set_attribute("padding", std::string(padding, 'p'))
        .set_attribute("more padding", std::string(100, 'q'))
        .set_attribute("k1", 1)
        .set_attribute("k2", "two")
        .set_attribute("k3", 3.0)
        .set_attribute("k4", true)
        .set_attribute("k5", 5000)
        .set_attribute("k6", "a text of some more bytes")
        .set_attribute("k7", "seven")
        .set_attribute("k8", 8);
    const ReadSpan span = recording.span();
    ASSERT_EQ(span.attributes.size(), 10U) << padding;
    EXPECT_EQ(span.attribute("k1"), "i:1");
    EXPECT_EQ(span.attribute("k2"), "s:two");
    EXPECT_EQ(span.attribute("k3"), "d:3.000000");
    EXPECT_EQ(span.attribute("k4"), "b:1");
    EXPECT_EQ(span.attribute("k5"), "i:5000");
    EXPECT_EQ(span.attribute("k6"), "s:a text of some more bytes");
    EXPECT_EQ(span.attribute("k7"), "s:seven");
    EXPECT_EQ(span.attribute("k8"), "i:8");
  }
}

TEST(InlineRecordingTest, ListsMixWhatIsShortAndWhatIsNot) {
  Recording recording;
  const std::string longer(500, 'l');
  start_span("s").set_attributes(
      {{"a", 1}, {"b", "two"}, {"c", longer}, {"d", 0.5}, {"e", 16384}, {"f", "last"}, {"a", 127}});
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.attribute("a"), "i:127");
  EXPECT_EQ(span.attribute("b"), "s:two");
  EXPECT_EQ(span.attribute("c"), "s:" + longer);
  EXPECT_EQ(span.attribute("d"), "d:0.500000");
  EXPECT_EQ(span.attribute("e"), "i:16384");
  EXPECT_EQ(span.attribute("f"), "s:last");
}

TEST(InlineRecordingTest, TheLimitHoldsHoweverAttributesAreSet) {
  for (const std::uint32_t limit : {0U, 1U, 3U}) {
    Config config = Recording::quiet_config();
    config.attribute_count_limit = limit;
    Recording recording(config);
    start_span("s")
        .set_attribute("a", 1)
        .set_attribute(std::string("b"), "x")
        .set_attributes({{"c", 3}, {"d", 4}})
        .set_attribute("e", 0.5);
    const ReadSpan span = recording.span();
    EXPECT_EQ(span.attributes.size(), limit);
    EXPECT_EQ(span.dropped_attributes, 5 - limit);
  }
}

TEST(InlineRecordingTest, TheLastValueOfAKeyCounts) {
  Recording recording;
  start_span("s")
      .set_attribute("key", "first")
      .set_attribute("other", 1)
      .set_attribute(std::string("key"), 2)
      .set_attribute("key", 3);
  EXPECT_EQ(recording.span().attribute("key"), "i:3");
}

TEST(InlineRecordingTest, ABufferIsNoLiteral) {
  Recording recording;
  char key[64];
  std::strcpy(key, "short");  // tidy: allow(c-string) what users have
  char value[16] = "value";
  start_span("s")
      .set_attribute(key, value)
      .set_attribute("null", static_cast<const char*>(nullptr));
  const ReadSpan span = recording.span();
  EXPECT_EQ(span.attribute("short"), "s:value");
  EXPECT_EQ(span.attribute("null"), "s:");
}

TEST(InlineRecordingTest, AnEndedSpanIsLeftAlone) {
  Recording recording;
  Span span = start_span("first");
  const SpanRef& not_owning = span;
  const SpanRef stale = not_owning;
  span.end();
  stale.set_attribute("late", 1);
  EXPECT_EQ(recording.span().attributes.size(), 0U);
  Span next = start_span("next");  // most likely in the same slot
  stale.set_attribute("later", 2).set_attribute("later still", "x");
  next.end();
  EXPECT_EQ(recording.span().attributes.size(), 0U);
}

}  // namespace
}  // namespace binnacle::sdk
