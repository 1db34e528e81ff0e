#include "model/predicate.h"
#include "wire/jaeger/decode.h"

#include <gtest/gtest.h>

#include <string>

namespace binnacle::jaeger {
namespace {

const char* const kTrace = R"({"traceID":"1f","spans":[
  {"traceID":"1f","spanID":"a","flags":1,"operationName":"GET /","references":[],
   "startTime":1795460000000001,"duration":250,"processID":"p1","warnings":null,
   "tags":[{"key":"span.kind","type":"string","value":"server"},
           {"key":"http.status_code","type":"int64","value":500},
           {"key":"big","type":"int64","value":"9223372036854775807"},
           {"key":"ratio","type":"float64","value":0.5},
           {"key":"nan","type":"float64","value":"NaN"},
           {"key":"ok","type":"bool","value":false},
           {"key":"raw","type":"binary","value":"/wE="},
           {"key":"untyped","value":3},
           {"key":"otel.status_code","type":"string","value":"OK"},
           {"key":"error","type":"bool","value":true},
           {"key":"otel.scope.name","type":"string","value":"lib"},
           {"key":"otel.scope.version","type":"string","value":"1.0"},
           {"key":"internal.span.format","type":"string","value":"proto"}],
   "logs":[{"timestamp":1795460000000005,"fields":[{"key":"event","type":"string","value":"e"},
            {"key":"n","type":"int64","value":1}]}]},
  {"traceID":"1f","spanID":"b","operationName":"SELECT","startTime":"1795460000000010",
   "duration":5.5,"process":{"serviceName":"db","tags":[{"key":"host","value":"x"}]},
   "references":[{"refType":"FOLLOWS_FROM","traceID":"1f","spanID":"c"},
                 {"refType":"CHILD_OF","traceID":"1f","spanID":"a"},
                 {"refType":"CHILD_OF","traceID":"2f","spanID":"d"}]}],
  "processes":{"p1":{"serviceName":"shop","tags":[{"key":"hostname","type":"string","value":"h"}]}}})";

std::string all(const SpanBatch& b, std::span<const Attribute> attributes) {
  std::string out;
  for (const Attribute& a : attributes) {
    out += std::string(b.strings[a.key()]) + ":" +
           std::to_string(static_cast<int>(a.value().type())) + "=" +
           value_text(b.strings, a.value()) + ";";
  }
  return out;
}

void expect_the_trace(const std::string& text) {
  const auto decoded = decode_json(text);
  ASSERT_TRUE(decoded) << decoded.error().message;
  const SpanBatch& b = decoded->batch;
  ASSERT_TRUE(b.validate());
  ASSERT_EQ(b.size(), 2U);
  EXPECT_EQ(to_hex(b.trace_ids[0]), "0000000000000000000000000000001f");
  EXPECT_EQ(b.kinds[0], SpanKind::kServer);
  EXPECT_EQ(b.statuses[0], StatusCode::kError);  // error=true outranks otel.status_code
  EXPECT_EQ(b.start_unix_ns[0], 1795460000000001000U);
  EXPECT_EQ(b.end_unix_ns[0], 1795460000000251000U);
  EXPECT_EQ(b.flags[0], 1U);
  EXPECT_EQ(all(b, b.attributes_of(0)),
            "http.status_code:3=500;big:3=9223372036854775807;ratio:4=0.5;nan:4=NaN;ok:2=false;"
            "raw:5=/wE=;untyped:3=3;");
  EXPECT_EQ(b.strings[b.scopes[b.scope_of[0]].name], "lib");
  EXPECT_EQ(b.service_of(0), "shop");
  EXPECT_EQ(all(b, b.shared(b.resources[b.resource_of[0]].attributes)),
            "service.name:1=shop;host.name:1=h;");
  ASSERT_EQ(b.events_of(0).size(), 1U);
  EXPECT_EQ(b.strings[b.events[0].name], "e");
  EXPECT_EQ(b.service_of(1), "db");
  EXPECT_EQ(b.start_unix_ns[1], 1795460000000010000U);
  EXPECT_EQ(b.end_unix_ns[1], 1795460000000015500U);
  EXPECT_EQ(b.parent_span_ids[1].value, 0xAU);
  ASSERT_EQ(b.links_of(1).size(), 2U);
  EXPECT_EQ(all(b, b.link_attributes_of(0)), "opentracing.ref_type:1=follows_from;");
  EXPECT_EQ(all(b, b.link_attributes_of(1)), "opentracing.ref_type:1=child_of;");
}

TEST(JaegerJson, ReadsTheUisEnvelope) {
  expect_the_trace(std::string(R"({"data":[)") + kTrace + R"(],"total":0,"errors":null})");
}

TEST(JaegerJson, ReadsABareTraceAndAnArray) {
  expect_the_trace(kTrace);
  expect_the_trace(std::string("[") + kTrace + "]");
}

TEST(JaegerJson, ProcessesAreEachTracesOwn) {
  const std::string other = R"({"traceID":"2f","spans":[{"traceID":"2f","spanID":"a",
      "processID":"p1"}],"processes":{"p1":{"serviceName":"other"}}})";
  const auto decoded = decode_json(std::string(R"({"data":[)") + kTrace + "," + other + "]}");
  ASSERT_TRUE(decoded) << decoded.error().message;
  ASSERT_EQ(decoded->batch.size(), 3U);
  EXPECT_EQ(decoded->batch.service_of(0), "shop");
  EXPECT_EQ(decoded->batch.service_of(2), "other");
}

TEST(JaegerJson, IdsThatAreNoNumbersKeepReferring) {
  const auto decoded = decode_json(R"({"traceID":"trace-123","spans":[
    {"traceID":"trace-123","spanID":"span-1"},
    {"traceID":"trace-123","spanID":"span-2","references":[
      {"refType":"CHILD_OF","traceID":"trace-123","spanID":"span-1"}]}]})");
  ASSERT_TRUE(decoded) << decoded.error().message;
  ASSERT_EQ(decoded->batch.size(), 2U);
  EXPECT_EQ(decoded->batch.parent_span_ids[1], decoded->batch.span_ids[0]);
  EXPECT_EQ(decoded->batch.trace_ids[0], decoded->batch.trace_ids[1]);
  EXPECT_EQ(decoded->batch.service_of(0), kUnknownService);
}

TEST(JaegerJson, SpansWithoutIdsAreCounted) {
  const auto decoded = decode_json(R"({"data":[{"spans":[{"operationName":"n","spanID":"1"},
    {"traceID":"1","spanID":"0"},{"traceID":"1","spanID":"2"}]}]})");
  ASSERT_TRUE(decoded) << decoded.error().message;
  EXPECT_EQ(decoded->batch.size(), 1U);
  EXPECT_EQ(decoded->rejected, 2U);
  EXPECT_EQ(decoded->first_reason, "span named \"n\": traceID is missing or zero");
}

TEST(JaegerJson, BrokenDocumentsNameThePlace) {
  const auto error_of = [](const char* text) {
    const auto decoded = decode_json(text);
    return decoded ? std::string("accepted") : decoded.error().message;
  };
  EXPECT_EQ(error_of("3"), "jaeger json: expected an object or an array, found a number at byte 0");
  EXPECT_EQ(error_of(R"({"data":[{"spans":[{"traceID":5}]}]})"),
            "jaeger json: data[0].spans[0].traceID: expected a string, found a number at byte 30");
  EXPECT_EQ(error_of(R"({"data":[{"spans":[{"startTime":"x"}]}]})"),
            "jaeger json: data[0].spans[0].startTime: no number of microseconds: \"x\" at byte 33");
}

}  // namespace
}  // namespace binnacle::jaeger
