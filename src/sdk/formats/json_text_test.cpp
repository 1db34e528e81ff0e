#include "sdk/formats/json_text.h"

#include "codec/json_document.h"
#include "codec/json_writer.h"
#include "codec/text_encoding.h"
#include "codec/utf8.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

namespace binnacle::sdk {
namespace {

std::string json(std::string_view text) {
  return made_once([&](BatchAppender& out) { append_json_string(out, text); });
}

TEST(JsonTextTest, EscapesWhatMustBe) {
  EXPECT_EQ(json(""), R"("")");
  EXPECT_EQ(json("a\"b\\c\n\r\t\b\f\x01\x1f\x7f/"),
            "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001f\x7f/\"");
  EXPECT_EQ(json("gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\x8D"), "\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\x8D\"");
}

TEST(JsonTextTest, RepairsWhatIsNoUtf8) {
  EXPECT_EQ(json("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
  EXPECT_EQ(json("\xF0\x9F\x8C"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(json("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

// Every text, at every alignment to the eight bytes that are looked at together, means itself.
TEST(JsonTextTest, MeansTheSameToAReader) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 3000; ++round) {
    std::string text(random() % 40, 'x');
    for (char& byte : text) {
      if (random() % 4 == 0) byte = static_cast<char>(random());
    }
    const auto document = codec::JsonDocument::parse(json(text));
    ASSERT_TRUE(document) << document.error().message;
    EXPECT_EQ(document->root().string(), codec::repair_utf8(text));
  }
}

TEST(JsonTextTest, NumbersReadBack) {
  const auto real = [](double value) {
    return made_once([&](BatchAppender& out) { append_real(out, value); });
  };
  for (const double value : {0.1, 1e21, -5e-324, 1.7976931348623157e308, 42.0}) {
    EXPECT_EQ(std::strtod(real(value).c_str(), nullptr), value);
  }
  EXPECT_EQ(real(std::nan("")), "NaN");
  EXPECT_EQ(real(-std::numeric_limits<double>::infinity()), "-Infinity");
  EXPECT_EQ(made_once([](BatchAppender& out) { append_decimal(out, INT64_MIN); }),
            "-9223372036854775808");
  EXPECT_EQ(made_once([](BatchAppender& out) { append_decimal(out, UINT64_MAX); }),
            "18446744073709551615");
}

TEST(JsonTextTest, Base64IsTheUsualOne) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(made_once([&](BatchAppender& out) { append_base64(out, bytes); }),
              codec::base64_encode(bytes));
    bytes.push_back(static_cast<char>(i * 37));
  }
}

TEST(JsonTextTest, NestingIsBounded) {
  // AnyValue{array{AnyValue{array{...}}}}, deeper than anybody means it.
  std::string value;
  for (int i = 0; i < 60; ++i) {
    for (const std::uint8_t tag : {wire::otlp::kArrayValues, wire::otlp::kAnyArray}) {
      std::string outer(wire::otlp::bytes_field_size(value.size()), '\0');
      wire::otlp::put_bytes_field(outer.data(), tag, value);
      value = outer;
    }
  }
  const std::string text =
      made_once([&](BatchAppender& out) { append_json_value(out, ValueView::read(value)); });
  EXPECT_EQ(text, std::string(kMaxJsonDepth, '[') + "null" + std::string(kMaxJsonDepth, ']'));
}

}  // namespace
}  // namespace binnacle::sdk
