#include "codec/json_writer.h"

#include "codec/json_document.h"

#include <gtest/gtest.h>

#include <limits>

namespace binnacle::codec {
namespace {

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  std::string out;
  JsonWriter w(out);
  w.begin_object().key("a").begin_array().integer(1).null().begin_object().end_object();
  w.begin_array().end_array().boolean(true).end_array();
  w.plain_key("b").string("x").key("c").quoted_integer(std::uint64_t{UINT64_MAX}).end_object();
  EXPECT_EQ(out, R"({"a":[1,null,{},[],true],"b":"x","c":"18446744073709551615"})");
}

TEST(JsonWriter, WritesNumbersThatReadBack) {
  std::string out;
  JsonWriter(out)
      .begin_array()
      .real(0.1)
      .real(1e21)
      .real(-0.0)
      .real(2.0)
      .integer(INT64_MIN)
      .real(std::numeric_limits<double>::quiet_NaN())
      .real(-std::numeric_limits<double>::infinity())
      .end_array();
  EXPECT_EQ(out, R"([0.1,1e+21,-0,2,-9223372036854775808,"NaN","-Infinity"])");
}

TEST(JsonWriter, EscapesWhatMustBeAndNothingElse) {
  EXPECT_EQ(json_text("plain/text"), R"("plain/text")");
  EXPECT_EQ(json_text("a\"b\\c\n\r\t\x01\x1F\x7F"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\x7F\"");
  EXPECT_EQ(json_text("gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\x8D"),
            "\"gr\xC3\xBC\xC3\x9F \xF0\x9F\x8C\x8D\"");
  EXPECT_EQ(json_text(std::string_view("nul\0", 4)), "\"nul\\u0000\"");
}

TEST(JsonWriter, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(json_text("a\xFFz\xE2\x82"), "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"");
}

TEST(JsonWriter, WhateverGoesInParsesToTheSameText) {
  for (int first = 0; first < 128; ++first) {
    for (std::size_t pad = 0; pad < 18; ++pad) {
      const std::string text = std::string(pad, 'x') + static_cast<char>(first) + "yy";
      const auto doc = JsonDocument::parse(json_text(text));
      ASSERT_TRUE(doc) << doc.error().message;
      EXPECT_EQ(doc->root().string(), text);
    }
  }
}

}  // namespace
}  // namespace binnacle::codec
