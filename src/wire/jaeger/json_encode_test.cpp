#include "wire/jaeger/json_encode.h"

#include "model/semconv.h"

#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

namespace binnacle::jaeger {
namespace {

// Builds batches with as little text as possible.
struct Builder {
  SpanBatch batch;

  Attribute text(std::string_view key, std::string_view value) {
    return {batch.strings.intern(key), Value::of_string(batch.strings.intern(value))};
  }
  Attribute other(std::string_view key, Value value) { return {batch.strings.intern(key), value}; }
  std::uint32_t resource(std::string_view service, std::string_view zone = "") {
    const auto begin = static_cast<std::uint32_t>(batch.shared_attributes.size());
    if (!service.empty()) batch.shared_attributes.push_back(text("service.name", service));
    if (!zone.empty()) batch.shared_attributes.push_back(text("zone", zone));
    return batch.add_resource(begin);
  }
  std::uint32_t scope(std::string_view name = "", std::string_view version = "") {
    return batch.add_scope(static_cast<std::uint32_t>(batch.shared_attributes.size()),
                           batch.strings.intern(name), batch.strings.intern(version));
  }
  SpanRow row(std::uint64_t span, std::uint32_t resource = 0) {
    SpanRow row;
    row.trace_id = {0, 0x1F};
    row.span_id = {span};
    row.start_unix_ns = 1'000'999;
    row.end_unix_ns = 3'001'001;
    row.resource = resource;
    return row;
  }
};

TEST(JaegerJsonEncode, WritesASpanAsJaegerDoes) {
  Builder b;
  b.resource("shop", "eu");
  b.scope("lib", "1.0");
  SpanRow row = b.row(0xA);
  row.trace_id.high = 1;
  row.parent_span_id = {0xB};
  row.name = b.batch.strings.intern("GET \"/\"");
  row.kind = SpanKind::kServer;
  row.status = StatusCode::kError;
  row.status_message = b.batch.strings.intern("bad");
  row.trace_state = b.batch.strings.intern("a=b");
  b.batch.attributes.push_back(b.text("s", "x"));
  b.batch.attributes.push_back(b.other("i", Value::of_int(-5)));
  b.batch.attributes.push_back(b.other("big", Value::of_int(9'007'199'254'740'993)));
  b.batch.attributes.push_back(b.other("d", Value::of_double(0.5)));
  b.batch.attributes.push_back(b.other("nan", Value::of_double(NAN)));
  b.batch.attributes.push_back(b.other("t", Value::of_bool(true)));
  b.batch.attributes.push_back(b.other("raw", Value::of_bytes(b.batch.strings.intern("\xFF\x01"))));
  SpanEvent event;
  event.time_unix_ns = 2'000'000;
  event.name = b.batch.strings.intern("retry");
  b.batch.event_attributes.push_back(b.text("why", "timeout"));
  event.attributes_end = 1;
  b.batch.events.push_back(event);
  SpanLink link;
  link.trace_id = {0, 2};
  link.span_id = {3};
  b.batch.links.push_back(link);
  b.batch.append(row);
  EXPECT_EQ(
      encode_traces(b.batch),
      R"({"data":[{"traceID":"0000000000000001000000000000001f","spans":[{)"
      R"("traceID":"0000000000000001000000000000001f","spanID":"000000000000000a",)"
      R"("operationName":"GET \"/\"","references":[)"
      R"({"refType":"CHILD_OF","traceID":"0000000000000001000000000000001f",)"
      R"("spanID":"000000000000000b"},)"
      R"({"refType":"FOLLOWS_FROM","traceID":"0000000000000002","spanID":"0000000000000003"}],)"
      R"("startTime":1000,"duration":2000,"tags":[)"
      R"({"key":"otel.scope.name","type":"string","value":"lib"},)"
      R"({"key":"otel.scope.version","type":"string","value":"1.0"},)"
      R"({"key":"s","type":"string","value":"x"},)"
      R"({"key":"i","type":"int64","value":-5},)"
      R"({"key":"big","type":"int64","value":"9007199254740993"},)"
      R"({"key":"d","type":"float64","value":0.5},)"
      R"({"key":"nan","type":"float64","value":"NaN"},)"
      R"({"key":"t","type":"bool","value":true},)"
      R"({"key":"raw","type":"binary","value":"/wE="},)"
      R"({"key":"span.kind","type":"string","value":"server"},)"
      R"({"key":"otel.status_code","type":"string","value":"ERROR"},)"
      R"({"key":"error","type":"bool","value":true},)"
      R"({"key":"otel.status_description","type":"string","value":"bad"},)"
      R"({"key":"w3c.tracestate","type":"string","value":"a=b"}],)"
      R"("logs":[{"timestamp":2000,"fields":[{"key":"event","type":"string","value":"retry"},)"
      R"({"key":"why","type":"string","value":"timeout"}]}],"processID":"p1","warnings":null}],)"
      R"("processes":{"p1":{"serviceName":"shop","tags":[)"
      R"({"key":"zone","type":"string","value":"eu"}]}},"warnings":null}],)"
      R"("total":1,"limit":0,"offset":0,"errors":null})");
}

TEST(JaegerJsonEncode, EqualResourcesAreOneProcess) {
  Builder b;
  const auto first = b.resource("shop", "eu");
  const auto same = b.resource("shop", "eu");
  const auto other = b.resource("shop", "us");
  const auto none = b.resource("");
  b.scope();
  for (const auto r : {first, same, other, none, same}) b.batch.append(b.row(1 + r, r));
  const std::string out = encode_traces(b.batch);
  EXPECT_NE(out.find(R"("processes":{"p1":{"serviceName":"shop","tags":[{"key":"zone","type":)"
                     R"("string","value":"eu"}]},"p2":{"serviceName":"shop","tags":[{"key":"zone",)"
                     R"("type":"string","value":"us"}]},"p3":{"serviceName":"unknown_service",)"
                     R"("tags":[]}})"),
            std::string::npos)
      << out;
}

TEST(JaegerJsonEncode, LinkTypesAndEventFieldsOfOpenTracingAreKept) {
  Builder b;
  b.resource("s");
  b.scope();
  b.batch.link_attributes.push_back(b.text(semconv::kOpenTracingRefType, semconv::kRefTypeChildOf));
  SpanLink link;
  link.trace_id = {0, 2};
  link.span_id = {3};
  link.attributes_end = 1;
  b.batch.links.push_back(link);
  SpanEvent event;
  event.name = b.batch.strings.intern("shown once");
  b.batch.event_attributes.push_back(b.text("event", "shown once"));
  event.attributes_end = 1;
  b.batch.events.push_back(event);
  b.batch.append(b.row(1));
  const std::string out = encode_traces(b.batch);
  EXPECT_NE(out.find(R"("references":[{"refType":"CHILD_OF","traceID":"0000000000000002")"),
            std::string::npos);
  EXPECT_EQ(out.find("shown once"), out.rfind("shown once"));
}

TEST(JaegerJsonEncode, WarningsOfTracesAndSpans) {
  Builder b;
  b.resource("s");
  b.scope();
  b.batch.append(b.row(1));
  b.batch.append(b.row(2));
  std::string out;
  codec::JsonWriter w(out);
  const std::uint32_t rows[] = {1, 0};
  const std::string trace_warnings[] = {"incomplete"};
  const std::vector<std::string> span_warnings[] = {{"clock skew"}, {}};
  write_trace(b.batch, rows, w, trace_warnings, span_warnings);
  EXPECT_NE(out.find(R"("spanID":"0000000000000002")"), std::string::npos);
  EXPECT_LT(out.find(R"("spanID":"0000000000000002")"), out.find(R"("spanID":"0000000000000001")"));
  EXPECT_NE(out.find(R"("warnings":["clock skew"]},)"), std::string::npos) << out;
  EXPECT_TRUE(out.ends_with(R"("warnings":["incomplete"]})")) << out;
}

TEST(JaegerJsonEncode, TracesAreGroupedInOrderOfAppearance) {
  Builder b;
  b.resource("s");
  b.scope();
  for (const std::uint64_t trace : {7U, 8U, 7U}) {
    SpanRow row = b.row(b.batch.size() + 1);
    row.trace_id.low = trace;
    b.batch.append(row);
  }
  const std::string out = encode_traces(b.batch);
  EXPECT_NE(out.find(R"("total":2)"), std::string::npos);
  EXPECT_LT(out.find(R"("spanID":"0000000000000003")"), out.find(R"("spanID":"0000000000000002")"));
  EXPECT_EQ(encode_traces(SpanBatch()),
            R"({"data":[],"total":0,"limit":0,"offset":0,"errors":null})");
}

TEST(JaegerJsonEncode, PiecesAreTheWhole) {
  Builder b;
  b.resource("shop");
  b.scope();
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 0; i < 20; ++i) {
    b.batch.attributes.push_back(b.text("k", "value"));
    b.batch.append(b.row(i + 1));
    rows.push_back(i);
  }
  const std::vector<std::string> warnings = {"w"};
  for (const std::size_t spans : {0U, 1U, 20U}) {
    const std::span<const std::uint32_t> some(rows.data(), spans);
    std::string whole;
    codec::JsonWriter w(whole);
    write_trace(b.batch, some, w, warnings);
    for (const std::size_t about : {1U, 300U, 1'000'000U}) {
      TracePieces pieces(b.batch, some, warnings);
      std::string out;
      std::string piece;
      for (bool more = true; more; out += piece) {
        piece.clear();
        more = pieces.next(piece, about);
      }
      EXPECT_EQ(out, whole);
      EXPECT_FALSE(pieces.next(out, about));
      EXPECT_EQ(out, whole);
    }
  }
}

// Half of every tag is written from a cache by key: a key whose type changes must not keep it.
TEST(JaegerJsonEncode, KeyWithValuesOfSeveralTypes) {
  Builder b;
  b.resource("shop");
  b.scope();
  b.batch.attributes.push_back(b.text("k", "v"));
  b.batch.attributes.push_back(b.other("k", Value::of_int(1)));
  b.batch.attributes.push_back(b.text("k", "w"));
  b.batch.append(b.row(1));
  EXPECT_NE(encode_traces(b.batch).find(R"("tags":[{"key":"k","type":"string","value":"v"},)"
                                        R"({"key":"k","type":"int64","value":1},)"
                                        R"({"key":"k","type":"string","value":"w"}])"),
            std::string::npos);
}

}  // namespace
}  // namespace binnacle::jaeger
