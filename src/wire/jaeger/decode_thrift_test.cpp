#include "codec/varint.h"
#include "model/predicate.h"
#include "wire/jaeger/decode.h"
#include "wire/jaeger/thrift_reader.h"

#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <string>

namespace binnacle::jaeger {
namespace {

// Writes both protocols; the test's own reading of the specifications.
class ThriftWriter {
 public:
  explicit ThriftWriter(ThriftProtocol protocol) : compact_(protocol == ThriftProtocol::kCompact) {}

  std::string bytes;

  void structure(const std::function<void()>& fields) {
    const int outer = last_;
    last_ = 0;
    fields();
    bytes.push_back('\0');
    last_ = outer;
  }
  void field(int id, ThriftType type, int compact_type) {
    if (!compact_) {
      bytes.push_back(static_cast<char>(type));
      big_endian(static_cast<std::uint64_t>(id), 2);
      return;
    }
    if (id > last_ && id - last_ < 16) {
      bytes.push_back(static_cast<char>(((id - last_) << 4) | compact_type));
    } else {
      bytes.push_back(static_cast<char>(compact_type));
      codec::append_varint(bytes, codec::zigzag_encode(id));
    }
    last_ = id;
  }
  void text(int id, std::string_view v) {
    field(id, ThriftType::kString, 8);
    string(v);
  }
  void i32(int id, std::int32_t v) {
    field(id, ThriftType::kI32, 5);
    number(v, 4);
  }
  void i64(int id, std::int64_t v) {
    field(id, ThriftType::kI64, 6);
    number(v, 8);
  }
  void boolean(int id, bool v) {
    field(id, ThriftType::kBool, v ? 1 : 2);
    if (!compact_) bytes.push_back(v ? 1 : 0);
  }
  void real(int id, double v) {
    field(id, ThriftType::kDouble, 7);
    const auto bits = std::bit_cast<std::uint64_t>(v);
    big_endian(compact_ ? std::byteswap(bits) : bits, 8);
  }
  void structure(int id, const std::function<void()>& fields) {
    field(id, ThriftType::kStruct, 12);
    structure(fields);
  }
  void list(int id, std::size_t n, const std::function<void(std::size_t)>& each) {
    field(id, ThriftType::kList, 9);
    if (!compact_) {
      bytes.push_back(static_cast<char>(ThriftType::kStruct));
      big_endian(n, 4);
    } else if (n < 15) {
      bytes.push_back(static_cast<char>((n << 4) | 12));
    } else {
      bytes.push_back(static_cast<char>(0xFC));
      codec::append_varint(bytes, n);
    }
    for (std::size_t i = 0; i < n; ++i) structure([&] { each(i); });
  }
  void message(std::string_view name) {
    if (compact_) {
      bytes += "\x82\x81";
      codec::append_varint(bytes, 7);
    } else {
      big_endian(0x8001'0004U, 4);
    }
    string(name);
    if (!compact_) big_endian(7, 4);
  }

 private:
  void big_endian(std::uint64_t v, int n) {
    for (int i = n - 1; i >= 0; --i) bytes.push_back(static_cast<char>(v >> (8 * i)));
  }
  void number(std::int64_t v, int n) {
    if (compact_) {
      codec::append_varint(bytes, codec::zigzag_encode(v));
    } else {
      big_endian(static_cast<std::uint64_t>(v), n);
    }
  }
  void string(std::string_view v) {
    if (compact_) {
      codec::append_varint(bytes, v.size());
    } else {
      big_endian(v.size(), 4);
    }
    bytes += v;
  }

  bool compact_;
  int last_ = 0;
};

void text_tag(ThriftWriter& w, std::string_view key, std::string_view value) {
  w.text(1, key);
  w.i32(2, 0);
  w.text(3, value);
}

void write_span(ThriftWriter& w) {
  w.i64(1, 0x0102030405060708);
  w.i64(2, -1);
  w.i64(3, 0x1112131415161718);
  w.i64(4, 0);
  w.text(5, "GET /cart");
  w.list(6, 3, [&](std::size_t i) {
    w.i32(1, i == 0 ? 0 : 1);
    w.i64(2, i == 2 ? 99 : 0x0102030405060708);
    w.i64(3, i == 2 ? 98 : -1);
    w.i64(4, 0x2122232425262728 + static_cast<std::int64_t>(i));
  });
  w.i32(7, 3);
  w.i64(8, 1'795'460'000'000'001);
  w.i64(9, 250);
  w.list(10, 9, [&](std::size_t i) {
    switch (i) {
      case 0:
        return text_tag(w, "span.kind", "client");
      case 1:
        w.text(1, "error");
        w.i32(2, 2);
        return w.boolean(5, true);
      case 2:
        return text_tag(w, "otel.status_description", "no stock");
      case 3:
        return text_tag(w, "otel.library.name", "lib");
      case 4:
        w.text(1, "count");
        w.i32(2, 3);
        return w.i64(6, -7);
      case 5:
        w.text(1, "ratio");
        w.i32(2, 1);
        return w.real(4, 0.25);
      case 6:
        w.text(1, "raw");
        w.i32(2, 4);
        return w.text(7, "\xFF\x01");
      case 7:
        return text_tag(w, "w3c.tracestate", "a=b");
      default:
        return text_tag(w, "caf\xE9", "x");
    }
  });
  w.list(11, 2, [&](std::size_t i) {
    w.i64(1, 1'795'460'000'000'100);
    w.list(2, 2, [&](std::size_t k) {
      if (k == 0) return text_tag(w, i == 0 ? "event" : "message", i == 0 ? "retry" : "hello");
      text_tag(w, "why", "timeout");
    });
  });
}

void write_batch(ThriftWriter& w, std::size_t spans = 1, bool process_last = false) {
  const auto process = [&] {
    w.structure(1, [&] {
      w.text(1, "checkout");
      w.list(2, 2, [&](std::size_t i) {
        text_tag(w, i == 0 ? "hostname" : "zone", i == 0 ? "box" : "eu");
      });
    });
  };
  if (!process_last) process();
  w.list(2, spans, [&](std::size_t) { write_span(w); });
  w.i64(99, 5);  // a field of the future
  if (process_last) process();
}

std::string bare_batch(std::size_t spans = 1, bool process_last = false) {
  ThriftWriter w(ThriftProtocol::kBinary);
  w.structure([&] { write_batch(w, spans, process_last); });
  return w.bytes;
}

std::string datagram(ThriftProtocol protocol) {
  ThriftWriter w(protocol);
  w.message("emitBatch");
  w.structure([&] { w.structure(1, [&] { write_batch(w); }); });
  return w.bytes;
}

std::string all(const SpanBatch& b, std::span<const Attribute> attributes) {
  std::string out;
  for (const Attribute& a : attributes) {
    out += std::string(b.strings[a.key()]) + "=" + value_text(b.strings, a.value()) + ";";
  }
  return out;
}

void expect_the_span(const Result<DecodedSpans>& decoded) {
  ASSERT_TRUE(decoded) << decoded.error().message;
  const SpanBatch& b = decoded->batch;
  ASSERT_TRUE(b.validate());
  ASSERT_EQ(b.size(), 1U);
  const SpanRow row = b.row(0);
  EXPECT_EQ(to_hex(row.trace_id), "ffffffffffffffff0102030405060708");
  EXPECT_EQ(to_hex(row.span_id), "1112131415161718");
  EXPECT_EQ(to_hex(row.parent_span_id), "2122232425262728");
  EXPECT_EQ(b.strings[row.name], "GET /cart");
  EXPECT_EQ(row.kind, SpanKind::kClient);
  EXPECT_EQ(row.status, StatusCode::kError);
  EXPECT_EQ(b.strings[row.status_message], "no stock");
  EXPECT_EQ(b.strings[row.trace_state], "a=b");
  EXPECT_EQ(b.strings[b.scopes[row.scope].name], "lib");
  EXPECT_EQ(row.flags, 1U);
  EXPECT_EQ(row.start_unix_ns, 1'795'460'000'000'001'000U);
  EXPECT_EQ(row.end_unix_ns, 1'795'460'000'000'251'000U);
  EXPECT_EQ(all(b, b.attributes_of(0)), "count=-7;ratio=0.25;raw=/wE=;caf\xEF\xBF\xBD=x;");
  EXPECT_EQ(b.service_of(0), "checkout");
  EXPECT_EQ(all(b, b.shared(b.resources[row.resource].attributes)),
            "service.name=checkout;host.name=box;zone=eu;");
  ASSERT_EQ(b.events.size(), 2U);
  EXPECT_EQ(b.strings[b.events[0].name], "retry");
  EXPECT_EQ(b.events[0].time_unix_ns, 1'795'460'000'000'100'000U);
  EXPECT_EQ(all(b, b.event_attributes_of(0)), "why=timeout;");
  EXPECT_EQ(b.strings[b.events[1].name], "hello");
  EXPECT_EQ(all(b, b.event_attributes_of(1)), "message=hello;why=timeout;");
  ASSERT_EQ(b.links.size(), 2U);  // the first reference is the parent
  EXPECT_EQ(all(b, b.link_attributes_of(0)), "opentracing.ref_type=follows_from;");
  EXPECT_EQ(to_hex(b.links[1].trace_id), "00000000000000620000000000000063");
}

TEST(JaegerThrift, BareBinaryBatch) { expect_the_span(decode_thrift_binary(bare_batch())); }

TEST(JaegerThrift, ProcessMayComeAfterItsSpans) {
  expect_the_span(decode_thrift_binary(bare_batch(1, true)));
}

TEST(JaegerThrift, DatagramsOfBothProtocols) {
  expect_the_span(decode_thrift_datagram(datagram(ThriftProtocol::kBinary)));
  expect_the_span(decode_thrift_datagram(datagram(ThriftProtocol::kCompact)));
}

TEST(JaegerThrift, LongListsInBothProtocols) {
  for (const ThriftProtocol protocol : {ThriftProtocol::kBinary, ThriftProtocol::kCompact}) {
    ThriftWriter w(protocol);
    w.message("emitBatch");
    w.structure([&] { w.structure(1, [&] { write_batch(w, 40); }); });
    const auto decoded = decode_thrift_datagram(w.bytes);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->batch.size(), 40U);
    EXPECT_EQ(decoded->batch.scopes.size(), 1U);
  }
}

TEST(JaegerThrift, SpansWithoutIdsAreCounted) {
  ThriftWriter w(ThriftProtocol::kBinary);
  w.structure([&] {
    w.list(2, 2, [&](std::size_t i) {
      w.i64(1, 5);
      w.i64(3, i == 0 ? 0 : 6);
      w.text(5, "n");
    });
  });
  const auto decoded = decode_thrift_binary(w.bytes);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->batch.size(), 1U);
  EXPECT_EQ(decoded->rejected, 1U);
  EXPECT_EQ(decoded->first_reason, "span 0 named \"n\": span id is zero");
}

TEST(JaegerThrift, EveryTruncationIsAnError) {
  const std::string bare = bare_batch();
  for (std::size_t n = 0; n < bare.size(); ++n) {
    EXPECT_FALSE(decode_thrift_binary(std::string_view(bare).substr(0, n))) << n;
  }
  for (const ThriftProtocol protocol : {ThriftProtocol::kBinary, ThriftProtocol::kCompact}) {
    const std::string body = datagram(protocol);
    for (std::size_t n = 0; n < body.size(); ++n) {
      EXPECT_FALSE(decode_thrift_datagram(std::string_view(body).substr(0, n))) << n;
    }
  }
}

TEST(JaegerThrift, NoBitFlipBreaksTheBatch) {
  for (const ThriftProtocol protocol : {ThriftProtocol::kBinary, ThriftProtocol::kCompact}) {
    const std::string body = datagram(protocol);
    for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
      std::string flipped = body;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      const auto decoded = decode_thrift_datagram(flipped);
      if (decoded) {
        ASSERT_TRUE(decoded->batch.validate()) << bit;
      } else {
        ASSERT_NE(decoded.error().message.find("at byte"), std::string::npos);
      }
    }
  }
}

TEST(JaegerThrift, LyingCountsAndDeepNestingAreRefused) {
  using namespace std::string_literals;
  const auto huge = decode_thrift_binary("\x0F\x00\x02\x0C\x7F\xFF\xFF\xFF"s);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().message,
            "jaeger batch: thrift list claims more elements than there are bytes at byte 8");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "\x0C\x00\x63"s;
  const auto nested = decode_thrift_binary(deep);
  ASSERT_FALSE(nested);
  EXPECT_NE(nested.error().message.find("nest deeper than 32"), std::string::npos);
  const auto wrong = decode_thrift_binary("\x0F\x00\x02\x08\x00\x00\x00\x01\x00\x00\x00\x05\x00"s);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("elements of the wrong type"), std::string::npos);
  EXPECT_FALSE(decode_thrift_binary(bare_batch() + "x"));
}

}  // namespace
}  // namespace binnacle::jaeger
