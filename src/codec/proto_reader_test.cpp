#include "codec/proto_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace binnacle::codec {
namespace {

using namespace std::string_literals;

std::string failure_of(std::string_view message) {
  ProtoFailure failure(message);
  ProtoReader r(message, failure);
  while (r.next()) r.skip();
  return failure ? failure.error().to_error().message : "";
}

TEST(Varint, RoundTripsAtEveryLength) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    for (const std::uint64_t v : {std::uint64_t{1} << bit, (std::uint64_t{1} << bit) - 1}) {
      std::string out;
      append_varint(out, v);
      EXPECT_EQ(out.size(), varint_size(v));
      std::uint64_t back = 0;
      EXPECT_EQ(read_varint(out.data(), out.data() + out.size(), back), out.data() + out.size());
      EXPECT_EQ(back, v);
      EXPECT_EQ(read_varint(out.data(), out.data() + out.size() - 1, back), nullptr);
    }
  }
}

TEST(Varint, RefusesElevenBytes) {
  const std::string eleven(10, '\x80');
  std::uint64_t v = 0;
  EXPECT_EQ(read_varint(eleven.data(), eleven.data() + eleven.size(), v), nullptr);
}

TEST(Varint, ZigzagKeepsSmallMagnitudesSmall) {
  EXPECT_EQ(zigzag_encode(0), 0U);
  EXPECT_EQ(zigzag_encode(-1), 1U);
  EXPECT_EQ(zigzag_encode(1), 2U);
  for (const std::int64_t v : {INT64_MIN, INT64_MAX, std::int64_t{-123456789}}) {
    EXPECT_EQ(zigzag_decode(zigzag_encode(v)), v);
  }
}

TEST(ProtoReader, ReadsEachWireType) {
  const std::string message =
      "\x08\x96\x01"
      "\x11\x01\x02\x03\x04\x05\x06\x07\x08"
      "\x1A\x03"
      "abc"
      "\x25\x0A\x0B\x0C\x0D"
      "\x92\x3F\x00"s;  // field 1010, empty
  ProtoFailure failure(message);
  ProtoReader r(message, failure);
  ASSERT_TRUE(r.next());
  EXPECT_EQ(r.tag(), proto_tag(1, ProtoWire::kVarint));
  EXPECT_EQ(r.varint(), 150U);
  ASSERT_TRUE(r.next());
  EXPECT_EQ(r.fixed64(), 0x0807060504030201U);
  ASSERT_TRUE(r.next());
  EXPECT_EQ(r.bytes(), "abc");
  ASSERT_TRUE(r.next());
  EXPECT_EQ(r.fixed32(), 0x0D0C0B0AU);
  ASSERT_TRUE(r.next());
  EXPECT_EQ(r.field(), 1010U);
  EXPECT_EQ(r.bytes(), "");
  EXPECT_FALSE(r.next());
  EXPECT_FALSE(failure);
}

TEST(ProtoReader, SkipsUnknownFieldsIncludingGroups) {
  EXPECT_EQ(failure_of("\x0B\x10\x05\x1B\x1C\x0C\x08\x01"s), "");
}

TEST(ProtoReader, SaysWhatIsBrokenAndWhere) {
  EXPECT_EQ(failure_of("\x08\x01\x1A\x05zz"s),
            "length runs past the end of the enclosing message at byte 3");
  EXPECT_EQ(failure_of("\x08"s), "varint is truncated or longer than 10 bytes at byte 1");
  EXPECT_EQ(failure_of("\x08\x01\x80"s), "tag is truncated or longer than 10 bytes at byte 2");
  EXPECT_EQ(failure_of("\x00\x01"s), "field number is not between 1 and 2^29-1 at byte 0");
  EXPECT_EQ(failure_of("\x0F"s), "wire type does not exist at byte 0");
  EXPECT_EQ(failure_of("\x0C"s), "group ends that did not begin at byte 0");
  EXPECT_EQ(failure_of("\x0B\x14"s), "group is closed by another's end at byte 1");
  EXPECT_EQ(failure_of("\x0B\x08\x01"s), "group is not closed at byte 3");
  EXPECT_EQ(failure_of("\x09\x01\x02"s), "fixed-size field is truncated at byte 1");
  EXPECT_EQ(failure_of(std::string(200, '\x0B')), "groups nest deeper than 100 at byte 100");
}

TEST(ProtoReader, OffsetsCountFromTheOutermostMessage) {
  const std::string message = "\x0A\x04\x08\x01\x08\x80"s;
  ProtoFailure failure(message);
  ProtoReader outer(message, failure);
  ASSERT_TRUE(outer.next());
  ProtoReader inner = ProtoReader::inside(outer);
  while (inner.next()) inner.skip();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure.error().offset_bytes, 5U);
}

}  // namespace
}  // namespace binnacle::codec
