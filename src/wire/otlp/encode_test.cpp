#include "wire/otlp/encode.h"

#include "model/packed_value.h"
#include "wire/otlp/decode.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace binnacle {
namespace {

std::string packed_map() {
  std::string packed;
  PackedWriter w(packed);
  w.begin_map(3);
  w.key("list");
  w.begin_array(3);
  w.integer(-1);
  w.empty();
  w.begin_map(1);
  w.key("deep");
  w.boolean(true);
  w.key("pi");
  w.real(3.25);
  w.key("raw");
  w.bytes(std::string_view("\0\xff", 2));
  return packed;
}

// Every field of the model set once, in two resources and two scopes that interleave.
SpanBatch everything() {
  SpanBatch b;
  const auto text = [&](std::string_view s) { return b.strings.intern(s); };
  for (const char* service : {"one", "two"}) {
    const auto begin = static_cast<std::uint32_t>(b.shared_attributes.size());
    b.shared_attributes.emplace_back(text("service.name"), Value::of_string(text(service)));
    b.add_resource(begin, text("https://schema/resource"), 3);
    const auto scope_begin = static_cast<std::uint32_t>(b.shared_attributes.size());
    b.shared_attributes.emplace_back(text("scope.key"), Value::of_int(5));
    b.add_scope(scope_begin, text("lib"), text(service), text("https://schema/scope"), 4);
  }
  for (std::uint32_t i = 0; i < 6; ++i) {
    b.attributes.emplace_back(text("s"), Value::of_string(text("quote\" \\ \n")));
    b.attributes.emplace_back(text("i"), Value::of_int(std::numeric_limits<std::int64_t>::min()));
    b.attributes.emplace_back(text("d"), Value::of_double(-0.5));
    b.attributes.emplace_back(text("inf"),
                              Value::of_double(std::numeric_limits<double>::infinity()));
    b.attributes.emplace_back(text("t"), Value::of_bool(true));
    b.attributes.emplace_back(text("e"), Value());
    b.attributes.emplace_back(text("b"), Value::of_bytes(text(std::string_view("\1\2", 2))));
    b.attributes.emplace_back(text("m"), Value::of_map(text(packed_map())));
    b.event_attributes.emplace_back(text("k"), Value::of_int(i));
    b.events.push_back(SpanEvent{.time_unix_ns = 50 + i,
                                 .name = text("event"),
                                 .attributes_end = i + 1,
                                 .dropped_attributes = 7});
    b.link_attributes.emplace_back(text("l"), Value::of_int(i));
    b.links.push_back(SpanLink{.trace_id = TraceId{9, i + 1},
                               .span_id = SpanId{8},
                               .trace_state = text("a=b"),
                               .flags = 0x301,
                               .attributes_end = i + 1,
                               .dropped_attributes = 6});
    SpanRow row;
    row.trace_id = TraceId{1, i + 1};
    row.span_id = SpanId{i + 1};
    row.parent_span_id = SpanId{i};
    row.start_unix_ns = 1'700'000'000'123'456'789ULL;
    row.end_unix_ns = row.start_unix_ns + i;
    row.name = text("GET /");
    row.trace_state = text("vendor=1");
    row.status_message = text("bad");
    row.kind = SpanKind::kClient;
    row.status = StatusCode::kError;
    row.flags = 0x101;
    row.resource = i % 2;
    row.scope = (i / 2) % 2;
    row.dropped_attributes = 1;
    row.dropped_events = 2;
    row.dropped_links = 3;
    b.append(row);
  }
  return b;
}

TEST(OtlpEncode, ProtobufRoundTripsEveryField) {
  const std::string first = otlp::encode_protobuf(everything());
  const auto decoded = otlp::decode_protobuf(first);
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->rejected, 0U);
  ASSERT_TRUE(decoded->batch.validate());
  ASSERT_EQ(decoded->batch.size(), 6U);
  EXPECT_EQ(otlp::encode_protobuf(decoded->batch), first);
  EXPECT_EQ(otlp::encode_json(decoded->batch), otlp::encode_json(everything()));
}

TEST(OtlpEncode, SpansAreNestedUnderTheirResourceAndScope) {
  const std::string json = otlp::encode_json(everything());
  // Resource one: spans 1, 3, 5; the scope of 3 is the second one.
  const auto at = [&](std::string_view part, std::size_t from = 0) {
    return json.find(part, from);
  };
  const auto second_resource = at(R"("stringValue":"two"}}],"droppedAttributesCount":3)");
  ASSERT_NE(second_resource, std::string::npos);
  EXPECT_LT(at(R"("spanId":"0000000000000005")"), second_resource);
  EXPECT_GT(at(R"("spanId":"0000000000000002","traceState")"), second_resource);
}

TEST(OtlpEncode, JsonWritesNumbersAndBytesByTheMapping) {
  const std::string json = otlp::encode_json(everything());
  for (
      const char* part :
      {R"("intValue":"-9223372036854775808")", R"("doubleValue":-0.5)",
       R"("doubleValue":"Infinity")", R"("bytesValue":"AQI=")",
       R"("startTimeUnixNano":"1700000000123456789")", R"({"key":"e","value":{}})",
       R"("stringValue":"quote\" \\ \u000a")",
       R"({"key":"m","value":{"kvlistValue":{"values":[{"key":"list","value":{"arrayValue":{"values":[{"intValue":"-1"},{},{"kvlistValue":{"values":[{"key":"deep","value":{"boolValue":true}}]}}]}}},{"key":"pi","value":{"doubleValue":3.25}},{"key":"raw","value":{"bytesValue":"AP8="}}]}}})"}) {
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
  }
}

TEST(OtlpEncode, AnEmptyBatchIsAnEmptyRequest) {
  EXPECT_EQ(otlp::encode_protobuf(SpanBatch()), "");
  EXPECT_EQ(otlp::encode_json(SpanBatch()), R"({"resourceSpans":[]})");
}

TEST(OtlpEncode, ADamagedPackedValueBecomesEmpty) {
  SpanBatch b = everything();
  b.attributes[7] = Attribute(b.attributes[7].key(), Value::of_map(b.strings.intern("\x07\xff")));
  EXPECT_TRUE(otlp::decode_protobuf(otlp::encode_protobuf(b)));
  EXPECT_NE(otlp::encode_json(b).find(R"({"key":"m","value":{}})"), std::string::npos);
}

}  // namespace
}  // namespace binnacle
