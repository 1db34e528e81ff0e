#include "base/ids.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

TEST(TraceId, HexRoundTrip) {
  const TraceId id{0x0123456789abcdefULL, 0xfedcba9876543210ULL};
  EXPECT_EQ(to_hex(id), "0123456789abcdeffedcba9876543210");
  EXPECT_EQ(parse_trace_id("0123456789ABCDEFfedcba9876543210"), id);
}

TEST(TraceId, ShortHexIsPaddedOnTheLeft) {
  EXPECT_EQ(parse_trace_id("1f"), (TraceId{0, 0x1f}));
  EXPECT_EQ(parse_trace_id("10000000000000000"), (TraceId{1, 0}));
}

TEST(TraceId, RefusesWhatIsNoHex) {
  EXPECT_FALSE(parse_trace_id(""));
  EXPECT_FALSE(parse_trace_id("xyz"));
  EXPECT_FALSE(parse_trace_id("0123456789abcdef0123456789abcdef0"));
  EXPECT_FALSE(parse_span_id("0123456789abcdef0"));
}

TEST(TraceId, BytesAreBigEndian) {
  const char bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
  const TraceId id = trace_id_from_bytes(bytes);
  EXPECT_EQ(to_hex(id), "0102030405060708090a0b0c0d0e0f10");
  char back[16];
  to_bytes(id, back);
  EXPECT_EQ(std::string_view(back, 16), std::string_view(bytes, 16));
}

}  // namespace
}  // namespace binnacle
