#include "codec/json_document.h"

#include "base/random.h"

#include <gtest/gtest.h>
#include <simdjson.h>

namespace binnacle::codec {
namespace {

JsonDocument parsed(std::string text) {
  auto doc = JsonDocument::parse(std::move(text));
  EXPECT_TRUE(doc) << doc.error().message;
  if (!doc) return std::move(*JsonDocument::parse("null"));
  return std::move(*doc);
}

std::string error_of(std::string text) {
  const auto doc = JsonDocument::parse(std::move(text));
  return doc ? "accepted" : doc.error().message;
}

// A canonical rendering: numbers as written, strings with their length.
std::string shape(JsonValue v) {
  std::string out;
  switch (v.type()) {
    case JsonType::kNull:
      return "null";
    case JsonType::kBool:
      return v.boolean() ? "true" : "false";
    case JsonType::kNumber:
      return std::string(v.number_text());
    case JsonType::kString:
      return std::to_string(v.string().size()) + ":" + std::string(v.string());
    case JsonType::kArray:
      for (const JsonValue e : v.elements()) out += shape(e) + ",";
      return "[" + out + "]";
    case JsonType::kObject:
      for (const JsonMember& m : v.members())
        out += std::string(m.name) + "=" + shape(m.value) + ",";
      return "{" + out + "}";
  }
  return out;
}

TEST(JsonDocument, KeepsOrderTypesAndDigits) {
  const JsonDocument doc = parsed(
      R"( {"b":[1,-2.50e+3,"x",null,true,false,[],{}],"a":{"b":123456789012345678901234567890}} )");
  EXPECT_EQ(shape(doc.root()),
            "{b=[1,-2.50e+3,1:x,null,true,false,[],{},],"
            "a={b=123456789012345678901234567890,},}");
  EXPECT_EQ(doc.root().size(), 2U);
  EXPECT_EQ(doc.root().find("b").size(), 8U);
  EXPECT_TRUE(doc.root().find("nothing").is_null());
}

TEST(JsonDocument, ScalarsStandAlone) {
  EXPECT_EQ(shape(parsed("0").root()), "0");
  EXPECT_EQ(shape(parsed("\xEF\xBB\xBF\"bom\"").root()), "3:bom");
  EXPECT_EQ(shape(parsed("{}").root()), "{}");
}

TEST(JsonDocument, UnescapesEverything) {
  EXPECT_EQ(parsed(R"("a\"\\\/\b\f\n\r\tz")").root().string(), "a\"\\/\b\f\n\r\tz");
  EXPECT_EQ(parsed(R"("\u0041\u00e9\u20AC\ud83d\ude00")").root().string(),
            "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(parsed(R"("\u0000")").root().string(), std::string_view("\0", 1));
  EXPECT_EQ(parsed(R"({"\u006bey":1})").root().find("key").number_text(), "1");
}

TEST(JsonDocument, LoneSurrogatesAndBadBytesBecomeReplacementCharacters) {
  EXPECT_EQ(parsed(R"("cut\ud83d")").root().string(), "cut\xEF\xBF\xBD");
  EXPECT_EQ(parsed(R"("\ude00\ud83dx")").root().string(), "\xEF\xBF\xBD\xEF\xBF\xBDx");
  EXPECT_EQ(parsed(R"("\ud83d\u0041")").root().string(),
            "\xEF\xBF\xBD"
            "A");
  EXPECT_EQ(parsed("\"caf\xE9\"").root().string(), "caf\xEF\xBF\xBD");
}

TEST(JsonDocument, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(error_of(""), "json: expected a value, the text ends at byte 0");
  EXPECT_EQ(error_of("{\"a\":1,}"), "json: expected a member name in quotes at byte 7");
  EXPECT_EQ(error_of("[1 2]"), "json: expected ',' or ']' at byte 3");
  EXPECT_EQ(error_of("{\"a\" 1}"), "json: expected ':' at byte 5");
  EXPECT_EQ(error_of("[1,2"), "json: the text ends inside an array or object at byte 4");
  EXPECT_EQ(error_of("\"ab"), "json: the text ends inside a string at byte 3");
  EXPECT_EQ(error_of("\"a\nb\""), "json: control character inside a string at byte 2");
  EXPECT_EQ(error_of(R"("\x")"), "json: escape does not exist at byte 1");
  EXPECT_EQ(error_of(R"("\u12G4")"), "json: \\u needs four hexadecimal digits at byte 1");
  EXPECT_EQ(error_of("01"), "json: number has a leading zero at byte 0");
  EXPECT_EQ(error_of("-"), "json: expected a digit at byte 1");
  EXPECT_EQ(error_of("1."), "json: expected a digit at byte 2");
  EXPECT_EQ(error_of("nul"), "json: expected a value at byte 0");
  EXPECT_EQ(error_of("NaN"), "json: expected a value at byte 0");
  EXPECT_EQ(error_of("{} {}"), "json: text after the end of the value at byte 3");
}

TEST(JsonDocument, NestingIsBounded) {
  const JsonLimits limits{.max_depth = 10};
  EXPECT_TRUE(JsonDocument::parse(std::string(10, '[') + std::string(10, ']'), limits));
  EXPECT_FALSE(JsonDocument::parse(std::string(11, '[') + std::string(11, ']'), limits));
  EXPECT_NE(error_of(std::string(1'000'000, '[')).find("too deep"), std::string::npos);
}

TEST(JsonDocument, SizeIsBounded) {
  const auto doc = JsonDocument::parse("[1,2,3]", {.max_bytes = 6});
  ASSERT_FALSE(doc);
  EXPECT_EQ(doc.error().code, ErrorCode::kResourceExhausted);
}

TEST(JsonDocument, ValuesSurviveMovesOfTheDocument) {
  JsonDocument doc = parsed(R"(["s"])");
  const JsonValue root = doc.root();
  const JsonDocument moved = std::move(doc);
  EXPECT_EQ(shape(root), "[1:s,]");
}

TEST(JsonDocument, OffsetsPointAtValues) {
  const JsonDocument doc = parsed(R"({"a": 12, "b": "x"})");
  EXPECT_EQ(doc.root().find("a").offset(), 6U);
  EXPECT_EQ(doc.root().find("b").offset(), 16U);
}

// Mutations of a document with all of the grammar in it: where both parsers accept, ours may only
// be the more lenient one, and only for surrogates, big numbers and bytes that are no UTF-8.
TEST(JsonDocument, AcceptsExactlyWhatSimdjsonDoesOnMutatedText) {
  const std::string seed =
      R"({"a":[1,-2.5e3,0.1,"x\n\u00e9\\",true,false,null,{"k":{}},[[]]],"b" : "\/"} )";
  const std::string alphabet = R"({}[]":,\0123456789eE+-. ntfu")";
  Random random(3);
  simdjson::dom::parser oracle;
  int accepted = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text = seed;
    for (std::uint64_t edits = 1 + random.below(2); edits > 0; --edits) {
      const char c = alphabet[random.below(alphabet.size())];
      const std::size_t at = random.below(text.size());
      if (random.below(3) == 0) {
        text.insert(at, 1, c);
      } else if (random.below(2) == 0) {
        text.erase(at, 1);
      } else {
        text[at] = c;
      }
    }
    const bool ours = JsonDocument::parse(text).has_value();
    const auto theirs = oracle.parse(text).error();
    const bool lenient = theirs == simdjson::NUMBER_ERROR || text.find("\\ud") != std::string::npos;
    if (theirs == simdjson::SUCCESS || !lenient) {
      ASSERT_EQ(ours, theirs == simdjson::SUCCESS) << text;
    }
    accepted += ours ? 1 : 0;
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace binnacle::codec
