#include "model/predicate.h"
#include "wire/otlp/decode.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace binnacle::otlp {
namespace {

DecodedSpans decoded(const std::string& request) {
  auto out = decode_json(request);
  EXPECT_TRUE(out) << out.error().message;
  if (!out) return {};
  EXPECT_TRUE(out->batch.validate());
  return std::move(*out);
}

// A request whose only span has ids and `fields` besides.
std::string with_span(const std::string& fields) {
  return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00112233445566778899aabbccddeeff",)"
         R"("spanId":"1112131415161718")" +
         (fields.empty() ? "" : "," + fields) + "}]}]}]}";
}

std::string attributes_of(const DecodedSpans& spans) {
  std::string out;
  for (const Attribute& a : spans.batch.attributes_of(0)) {
    out += std::string(spans.batch.strings[a.key()]) + ":" +
           std::to_string(static_cast<int>(a.value().type())) + "=" +
           value_text(spans.batch.strings, a.value()) + ";";
  }
  return out;
}

std::string value_of(const std::string& any_value) {
  return attributes_of(
      decoded(with_span(R"("attributes":[{"key":"k","value":)" + any_value + "}]")));
}

std::string error_of(const std::string& request) {
  const auto out = decode_json(request);
  return out ? "accepted" : out.error().message;
}

TEST(OtlpJson, ReadsCamelCaseAndSnakeCase) {
  const char* camel = R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",
    "value":{"stringValue":"shop"}}],"droppedAttributesCount":1},"schemaUrl":"r",
    "scopeSpans":[{"scope":{"name":"lib","version":"2"},"schemaUrl":"s","spans":[{
    "traceId":"00112233445566778899AABBCCDDEEFF","spanId":"1112131415161718",
    "parentSpanId":"2122232425262728","traceState":"a=b","name":"n","kind":2,
    "startTimeUnixNano":"1795460000123456789","endTimeUnixNano":1795460000123456790,
    "droppedAttributesCount":2,"droppedEventsCount":3,"droppedLinksCount":4,"flags":257,
    "status":{"code":2,"message":"m"},
    "events":[{"timeUnixNano":"5","name":"e","droppedAttributesCount":6}],
    "links":[{"traceId":"ffeeddccbbaa99887766554433221100","spanId":"a1a2a3a4a5a6a7a8",
    "traceState":"c=d","flags":769,"droppedAttributesCount":7}]}]}]}]})";
  const char* snake = R"({"resource_spans":[{"resource":{"attributes":[{"key":"service.name",
    "value":{"string_value":"shop"}}],"dropped_attributes_count":1},"schema_url":"r",
    "scope_spans":[{"scope":{"name":"lib","version":"2"},"schema_url":"s","spans":[{
    "trace_id":"00112233445566778899aabbccddeeff","span_id":"1112131415161718",
    "parent_span_id":"2122232425262728","trace_state":"a=b","name":"n","kind":"SPAN_KIND_SERVER",
    "start_time_unix_nano":1795460000123456789,"end_time_unix_nano":"1795460000123456790",
    "dropped_attributes_count":"2","dropped_events_count":3,"dropped_links_count":4,"flags":257,
    "status":{"code":"STATUS_CODE_ERROR","message":"m"},
    "events":[{"time_unix_nano":5,"name":"e","dropped_attributes_count":6}],
    "links":[{"trace_id":"ffeeddccbbaa99887766554433221100","span_id":"a1a2a3a4a5a6a7a8",
    "trace_state":"c=d","flags":769,"dropped_attributes_count":7}]}]}]}]})";
  for (const char* request : {camel, snake}) {
    const DecodedSpans spans = decoded(request);
    const SpanBatch& b = spans.batch;
    ASSERT_EQ(b.size(), 1U);
    const SpanRow row = b.row(0);
    EXPECT_EQ(to_hex(row.trace_id), "00112233445566778899aabbccddeeff");
    EXPECT_EQ(to_hex(row.parent_span_id), "2122232425262728");
    EXPECT_EQ(row.start_unix_ns, 1795460000123456789U);
    EXPECT_EQ(row.end_unix_ns, 1795460000123456790U);
    EXPECT_EQ(row.kind, SpanKind::kServer);
    EXPECT_EQ(row.status, StatusCode::kError);
    EXPECT_EQ(row.dropped_attributes, 2U);
    EXPECT_EQ(row.dropped_events, 3U);
    EXPECT_EQ(row.dropped_links, 4U);
    EXPECT_EQ(row.flags, 257U);
    EXPECT_EQ(b.strings[row.trace_state], "a=b");
    EXPECT_EQ(b.strings[row.status_message], "m");
    EXPECT_EQ(b.service_of(0), "shop");
    EXPECT_EQ(b.resources[row.resource].dropped_attributes, 1U);
    EXPECT_EQ(b.strings[b.resources[row.resource].schema_url], "r");
    EXPECT_EQ(b.strings[b.scopes[row.scope].schema_url], "s");
    EXPECT_EQ(b.strings[b.scopes[row.scope].version], "2");
    ASSERT_EQ(b.events.size(), 1U);
    EXPECT_EQ(b.events[0].time_unix_ns, 5U);
    EXPECT_EQ(b.events[0].dropped_attributes, 6U);
    ASSERT_EQ(b.links.size(), 1U);
    EXPECT_EQ(b.links[0].flags, 769U);
    EXPECT_EQ(b.links[0].dropped_attributes, 7U);
    EXPECT_EQ(to_hex(b.links[0].span_id), "a1a2a3a4a5a6a7a8");
  }
}

TEST(OtlpJson, ReadsIntegersInEveryFormThatSendersUse) {
  EXPECT_EQ(value_of(R"({"intValue":42})"), "k:3=42;");
  EXPECT_EQ(value_of(R"({"intValue":"-42"})"), "k:3=-42;");
  EXPECT_EQ(value_of(R"({"intValue":"9223372036854775807"})"), "k:3=9223372036854775807;");
  EXPECT_EQ(value_of(R"({"intValue":36028797018963970})"), "k:3=36028797018963970;");
  EXPECT_EQ(value_of(R"({"intValue":1e+3})"), "k:3=1000;");
  EXPECT_EQ(value_of(R"({"intValue":1e+21})"), "k:4=1e+21;");
  EXPECT_EQ(value_of(R"({"intValue":100000000000000000000})"), "k:4=1e+20;");
  EXPECT_EQ(value_of(R"({"intValue":null})"), "k:0=;");
}

TEST(OtlpJson, ReadsDoublesInEveryFormThatSendersUse) {
  EXPECT_EQ(value_of(R"({"doubleValue":0.5})"), "k:4=0.5;");
  EXPECT_EQ(value_of(R"({"doubleValue":"0.5"})"), "k:4=0.5;");
  EXPECT_EQ(value_of(R"({"doubleValue":7})"), "k:4=7;");
  EXPECT_EQ(value_of(R"({"doubleValue":"NaN"})"), "k:4=NaN;");
  EXPECT_EQ(value_of(R"({"doubleValue":"Infinity"})"), "k:4=Infinity;");
  EXPECT_EQ(value_of(R"({"doubleValue":"-Infinity"})"), "k:4=-Infinity;");
  EXPECT_EQ(value_of(R"({"doubleValue":null})"), "k:4=NaN;");
}

TEST(OtlpJson, ReadsTheOtherValues) {
  EXPECT_EQ(value_of(R"({"stringValue":"cut \ud83d"})"), "k:1=cut \xEF\xBF\xBD;");
  EXPECT_EQ(value_of(R"({"boolValue":true})"), "k:2=true;");
  EXPECT_EQ(value_of(R"({"boolValue":"false"})"), "k:2=false;");
  EXPECT_EQ(value_of(R"({"bytesValue":"/wAB"})"), "k:5=/wAB;");
  EXPECT_EQ(value_of(R"({})"), "k:0=;");
  EXPECT_EQ(value_of("null"), "k:0=;");
  EXPECT_EQ(value_of(R"({"arrayValue":{"values":[{"stringValue":"a"},{},{"intValue":"1"},null,
                        {"arrayValue":{}},{"bytesValue":"/w=="}]}})"),
            "k:6=[\"a\",null,1,null,[],\"/w==\"];");
  EXPECT_EQ(value_of(R"({"kvlistValue":{"values":[{"value":{"boolValue":true},"key":"b"},
                        {"key":"d","value":{"doubleValue":1.5}},{"key":"n"}]}})"),
            "k:7={\"b\":true,\"d\":1.5,\"n\":null};");
}

TEST(OtlpJson, ReadsTempoStyleExports) {
  const DecodedSpans spans =
      decoded(R"({"batches":[{"resource":{"attributes":[{"key":"service.name",
    "value":{"stringValue":"ctl"}}]},"instrumentationLibrarySpans":[{"instrumentationLibrary":
    {"name":"old"},"spans":[{"traceId":"O6VWCcPN5JZJzXfR+dzZNg==","spanId":"Sc130fnc2TY=",
    "kind":"SPAN_KIND_CLIENT","startTimeUnixNano":1777555053780274700,
    "status":{"code":"STATUS_CODE_OK"}}]}]}]})");
  ASSERT_EQ(spans.batch.size(), 1U);
  EXPECT_EQ(to_hex(spans.batch.trace_ids[0]), "3ba55609c3cde49649cd77d1f9dcd936");
  EXPECT_EQ(to_hex(spans.batch.span_ids[0]), "49cd77d1f9dcd936");
  EXPECT_EQ(spans.batch.kinds[0], SpanKind::kClient);
  EXPECT_EQ(spans.batch.statuses[0], StatusCode::kOk);
  EXPECT_EQ(spans.batch.start_unix_ns[0], 1777555053780274700U);
  EXPECT_EQ(decoded(R"({"trace":{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":
    "O6VWCcPN5JZJzXfR+dzZNg==","spanId":"Sc130fnc2TY="}]}]}]}})")
                .batch.size(),
            1U);
}

TEST(OtlpJson, NullsAndUnknownFieldsAreAbsent) {
  const DecodedSpans spans = decoded(
      with_span(R"("parentSpanId":null,"name":null,"attributes":null,"events":null,"links":null,)"
                R"("status":null,"kind":null,"startTimeUnixNano":null,"endTimeUnixNano":"",)"
                R"("futureField":{"a":[1,{}]}, "parentSpanId":"")"));
  ASSERT_EQ(spans.batch.size(), 1U);
  EXPECT_FALSE(spans.batch.parent_span_ids[0].valid());
  EXPECT_EQ(decoded("{}").batch.size(), 0U);
  EXPECT_EQ(decoded(R"({"resourceSpans":[{},{"scopeSpans":[{}]}]})").batch.size(), 0U);
}

TEST(OtlpJson, EnumsOutOfRangeBecomeUnspecified) {
  const DecodedSpans spans = decoded(with_span(R"("kind":77,"status":{"code":"NO_SUCH"})"));
  EXPECT_EQ(spans.batch.kinds[0], SpanKind::kUnspecified);
  EXPECT_EQ(spans.batch.statuses[0], StatusCode::kUnset);
  EXPECT_EQ(decoded(with_span(R"("kind":"CONSUMER")")).batch.kinds[0], SpanKind::kConsumer);
}

TEST(OtlpJson, SpansWithBadIdsAreCountedAndTheirNeighboursKept) {
  const DecodedSpans spans = decoded(R"({"resourceSpans":[{"scopeSpans":[{"spans":[
    {"traceId":"00112233445566778899aabbccddeeff","spanId":"1112131415161718","name":"good"},
    {"traceId":"0011","spanId":"1112131415161718","name":"short",
     "attributes":[{"key":"a","value":{"intValue":1}}]},
    {"traceId":"00000000000000000000000000000000","spanId":"1112131415161718"},
    {"traceId":"00112233445566778899aabbccddeegg","spanId":"1112131415161718"},
    {"traceId":"00112233445566778899aabbccddeeff"},
    {"traceId":"00112233445566778899aabbccddeeff","spanId":"1112131415161718",
     "parentSpanId":"zz"},
    {"traceId":"00112233445566778899aabbccddeeff","spanId":"2222222222222222","name":"also good"}
    ]}]}]})");
  ASSERT_EQ(spans.batch.size(), 2U);
  EXPECT_EQ(spans.rejected, 5U);
  EXPECT_EQ(spans.first_reason, "span 1 named \"short\": traceId is not 32 hexadecimal digits");
  EXPECT_TRUE(spans.batch.attributes_of(1).empty());
}

TEST(OtlpJson, BrokenRequestsNameThePathAndTheOffset) {
  EXPECT_EQ(error_of("{\"resourceSpans\":{}}"),
            "otlp json request: resourceSpans: expected an array, found an object at byte 17");
  EXPECT_EQ(error_of(with_span(R"("attributes":[{"key":"k","value":{"intValue":"x"}}])")),
            "otlp json request: resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value: no "
            "integer: \"x\" at byte 163");
  EXPECT_EQ(error_of(with_span(R"("startTimeUnixNano":true)")),
            "otlp json request: resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano: "
            "expected an integer, found a boolean at byte 137");
  EXPECT_EQ(error_of("[]"), "otlp json request: expected an object, found an array at byte 0");
  EXPECT_EQ(error_of("{\"resourceSpans\":["),
            "otlp json request: json: expected a value, the text ends at byte 18");
}

TEST(OtlpJson, NestingIsBounded) {
  const auto nested = [](int depth) {
    std::string value = R"({"intValue":1})";
    for (int i = 0; i < depth; ++i) value = R"({"arrayValue":{"values":[)" + value + "]}}";
    return value;
  };
  EXPECT_EQ(value_of(nested(32)), "k:6=" + std::string(32, '[') + "1" + std::string(32, ']') + ";");
  EXPECT_NE(error_of(with_span(R"("attributes":[{"value":)" + nested(33) + "}]"))
                .find("nest deeper than 32"),
            std::string::npos);
  EXPECT_NE(
      error_of(with_span(R"("attributes":[{"value":)" + nested(5000) + "}]")).find("too deep"),
      std::string::npos);
}

}  // namespace
}  // namespace binnacle::otlp
