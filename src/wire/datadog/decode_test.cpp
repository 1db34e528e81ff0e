#include "wire/datadog/decode.h"

#include "model/predicate.h"
#include "wire/datadog/msgpack_for_test.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace binnacle::datadog {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

constexpr Sender kSender{.language = "nodejs",
                         .language_version = "v20",
                         .interpreter = "v8",
                         .tracer_version = "5.1",
                         .container_id = "c0ffee"};

std::string find(const SpanBatch& b, std::span<const Attribute> list, std::string_view key) {
  for (const Attribute& a : list) {
    if (b.strings[a.key()] == key) return value_text(b.strings, a.value());
  }
  return "(absent)";
}
std::string attribute(const SpanBatch& b, std::size_t i, std::string_view key) {
  return find(b, b.attributes_of(i), key);
}
std::string resource(const SpanBatch& b, std::size_t i, std::string_view key) {
  return find(b, b.shared(b.resources[b.resource_of[i]].attributes), key);
}
std::string text(const SpanBatch& b, StringId id) { return std::string(b.strings[id]); }

/// A span as a map, with what it must have and `more`.
std::string span(std::uint64_t id, const Entries& more = {}) {
  Entries entries = {{"trace_id", mp_uint64(7)},
                     {"span_id", mp_uint64(id)},
                     {"start", mp_uint64(1'000'000)},
                     {"duration", mp_uint64(500)}};
  entries.insert(entries.end(), more.begin(), more.end());
  return mp_map(entries);
}
std::string meta(const Entries& texts) {
  Entries entries;
  for (const auto& [key, value] : texts) entries.emplace_back(key, mp_string(value));
  return mp_map(entries);
}

DecodedSpans decode(const std::vector<std::string>& spans, const Sender& sender = kSender) {
  auto out = decode_msgpack(mp_array({mp_array(spans)}), sender);
  EXPECT_TRUE(out) << out.error().message;
  if (!out) return {};
  EXPECT_TRUE(out->batch.validate());
  return std::move(*out);
}

TEST(DatadogDecodeTest, ASpanWithEverything) {
  const auto out = decode({span(2, {{"parent_id", mp_uint64(1)},
                                    {"service", mp_string("shop")},
                                    {"name", mp_string("web.request")},
                                    {"resource", mp_string("GET /cart")},
                                    {"type", mp_string("web")},
                                    {"meta", meta({{"http.method", "GET"},
                                                   {"http.status_code", "404"},
                                                   {"http.request.headers.x-id", "9"},
                                                   {"env", "prod"},
                                                   {"version", "1.2"},
                                                   {"runtime-id", "r1"},
                                                   {"service", "base"},
                                                   {"_dd.base_service", "base"},
                                                   {"custom", "yes"}})},
                                    {"metrics", mp_map({{"process_id", "\x2A"},
                                                        {"_sampling_priority_v1", "\x01"},
                                                        {"queue.depth", mp_real(2.5)}})}})});
  const SpanBatch& b = out.batch;
  ASSERT_EQ(b.size(), 1U);
  EXPECT_EQ(to_hex(b.trace_ids[0]), "00000000000000000000000000000007");
  EXPECT_EQ(to_hex(b.span_ids[0]), "0000000000000002");
  EXPECT_EQ(to_hex(b.parent_span_ids[0]), "0000000000000001");
  EXPECT_EQ(b.start_unix_ns[0], 1'000'000U);
  EXPECT_EQ(b.duration_ns(0), 500U);
  EXPECT_EQ(text(b, b.names[0]), "web.request");
  EXPECT_EQ(b.kinds[0], SpanKind::kServer);
  EXPECT_EQ(b.statuses[0], StatusCode::kUnset);
  EXPECT_EQ(b.flags[0], 1U);
  EXPECT_EQ(b.service_of(0), "shop");
  EXPECT_EQ(resource(b, 0, "deployment.environment.name"), "prod");
  EXPECT_EQ(resource(b, 0, "service.version"), "1.2");
  EXPECT_EQ(resource(b, 0, "service.instance.id"), "r1");
  EXPECT_EQ(resource(b, 0, "process.pid"), "42");
  EXPECT_EQ(resource(b, 0, "telemetry.sdk.language"), "nodejs");
  EXPECT_EQ(resource(b, 0, "telemetry.sdk.version"), "Datadog-5.1");
  EXPECT_EQ(resource(b, 0, "process.runtime.version"), "v20");
  EXPECT_EQ(resource(b, 0, "container.id"), "c0ffee");
  EXPECT_EQ(text(b, b.scopes[b.scope_of[0]].name), "Datadog");
  EXPECT_EQ(attribute(b, 0, "dd.span.Resource"), "GET /cart");
  EXPECT_EQ(attribute(b, 0, "span.type"), "web");
  EXPECT_EQ(attribute(b, 0, "http.request.method"), "GET");
  EXPECT_EQ(attribute(b, 0, "http.response.status_code"), "404");
  EXPECT_EQ(attribute(b, 0, "http.request.header.x-id"), "9");
  EXPECT_EQ(attribute(b, 0, "_dd.base_service"), "base");
  EXPECT_EQ(attribute(b, 0, "custom"), "yes");
  EXPECT_EQ(attribute(b, 0, "queue.depth"), "2.5");
  EXPECT_EQ(attribute(b, 0, "sampling.priority"), "(absent)");
}

TEST(DatadogDecodeTest, TheUpperHalfOfTheTraceIdIsTheWholeChunks) {
  const std::string first = span(1, {{"meta", meta({{"_dd.p.tid", "6b0498f200000000"}})}});
  for (const auto& spans : {std::vector{first, span(2)}, std::vector{span(2), first}}) {
    const auto out = decode(spans);
    ASSERT_EQ(out.batch.size(), 2U);
    for (const TraceId& id : out.batch.trace_ids) {
      EXPECT_EQ(to_hex(id), "6b0498f2000000000000000000000007");
    }
    EXPECT_EQ(attribute(out.batch, 0, "_dd.p.tid"), "(absent)");
  }
  // The next chunk is another trace; what is no half of an id is somebody's tag.
  const auto out = decode_msgpack(
      mp_array({mp_array({first}), mp_array({span(3, {{"meta", meta({{"_dd.p.tid", "6b04"}})}})})}),
      kSender);
  ASSERT_TRUE(out);
  EXPECT_EQ(to_hex(out->batch.trace_ids[1]), "00000000000000000000000000000007");
  EXPECT_EQ(attribute(out->batch, 1, "_dd.p.tid"), "6b04");
}

TEST(DatadogDecodeTest, AnErrorIsAStatusAndAnException) {
  const Entries tags = {{"error.message", "no"}, {"error.type", "E"}, {"error.stack", "at x"}};
  const auto out = decode({span(1, {{"error", "\x01"}, {"meta", meta(tags)}}),
                           span(2, {{"meta", meta(tags)}}), span(3, {{"error", "\x01"}})});
  const SpanBatch& b = out.batch;
  EXPECT_EQ(b.statuses[0], StatusCode::kError);
  EXPECT_EQ(text(b, b.status_messages[0]), "no");
  ASSERT_EQ(b.events_of(0).size(), 1U);
  EXPECT_EQ(text(b, b.events[0].name), "exception");
  EXPECT_EQ(b.events[0].time_unix_ns, b.end_unix_ns[0]);
  EXPECT_EQ(find(b, b.event_attributes_of(0), "exception.type"), "E");
  EXPECT_EQ(find(b, b.event_attributes_of(0), "exception.message"), "no");
  EXPECT_EQ(find(b, b.event_attributes_of(0), "exception.stacktrace"), "at x");
  EXPECT_EQ(attribute(b, 0, "error.message"), "(absent)");
  EXPECT_EQ(b.statuses[1], StatusCode::kUnset);
  EXPECT_EQ(attribute(b, 1, "error.message"), "no");
  EXPECT_EQ(b.statuses[2], StatusCode::kError);
  EXPECT_TRUE(b.events_of(2).empty());
}

TEST(DatadogDecodeTest, EventsAndLinksInMeta) {
  const auto out = decode({span(
      1,
      {{"meta", meta({{"events", R"([{"name":"ev","time_unix_nano":1795463410939466800,)"
                                 R"("attributes":{"a":1,"b":["x",2],"c":true,"d":1.5}}])"},
                      {"_dd.span_links", R"([{"trace_id":"6b0498f20000000015d512876b839866",)"
                                         R"("span_id":"15d512876b839866","attributes":{"k":"v"},)"
                                         R"("tracestate":"a=b","flags":1}])"}})}})});
  const SpanBatch& b = out.batch;
  ASSERT_EQ(b.events_of(0).size(), 1U);
  EXPECT_EQ(b.events[0].time_unix_ns, 1'795'463'410'939'466'800U);
  EXPECT_EQ(find(b, b.event_attributes_of(0), "a"), "1");
  EXPECT_EQ(find(b, b.event_attributes_of(0), "b"), R"(["x",2])");
  EXPECT_EQ(find(b, b.event_attributes_of(0), "d"), "1.5");
  ASSERT_EQ(b.links_of(0).size(), 1U);
  EXPECT_EQ(to_hex(b.links[0].trace_id), "6b0498f20000000015d512876b839866");
  EXPECT_EQ(text(b, b.links[0].trace_state), "a=b");
  EXPECT_EQ(b.links[0].flags, 1U);
  EXPECT_EQ(find(b, b.link_attributes_of(0), "k"), "v");
  // Text of that name that is something else stays.
  EXPECT_EQ(
      attribute(decode({span(1, {{"meta", meta({{"events", "three"}})}})}).batch, 0, "events"),
      "three");
}

TEST(DatadogDecodeTest, EventsAndLinksAsFields) {
  const auto typed = [](int type, const std::string& key, const std::string& value) {
    return mp_map({{"type", std::string(1, static_cast<char>(type))}, {key, value}});
  };
  const std::string list = mp_map({{"values", mp_array({typed(2, "int_value", "\x05")})}});
  const auto out = decode({span(
      1,
      {{"span_links", mp_array({mp_map({{"trace_id", mp_uint64(3)},
                                        {"trace_id_high", mp_uint64(4)},
                                        {"span_id", mp_uint64(5)},
                                        {"attributes", meta({{"k", "v"}})},
                                        {"flags", mp_uint64(0x80000001)}})})},
       {"span_events",
        mp_array({mp_map({{"time_unix_nano", mp_uint64(99)},
                          {"name", mp_string("e")},
                          {"attributes", mp_map({{"s", typed(0, "string_value", "\xA1t")},
                                                 {"b", typed(1, "bool_value", "\xC3")},
                                                 {"d", typed(3, "double_value", mp_real(.5))},
                                                 {"l", typed(4, "array_value", list)}})}})})}})});
  const SpanBatch& b = out.batch;
  ASSERT_EQ(b.links_of(0).size(), 1U);
  EXPECT_EQ(to_hex(b.links[0].trace_id), "00000000000000040000000000000003");
  EXPECT_EQ(b.links[0].flags, 1U);
  EXPECT_EQ(find(b, b.link_attributes_of(0), "k"), "v");
  ASSERT_EQ(b.events_of(0).size(), 1U);
  EXPECT_EQ(b.events[0].time_unix_ns, 99U);
  EXPECT_EQ(find(b, b.event_attributes_of(0), "s"), "t");
  EXPECT_EQ(find(b, b.event_attributes_of(0), "b"), "true");
  EXPECT_EQ(find(b, b.event_attributes_of(0), "d"), "0.5");
  EXPECT_EQ(find(b, b.event_attributes_of(0), "l"), "[5]");
}

TEST(DatadogDecodeTest, ASpanThatWasOpenTelemetrysKeepsItsName) {
  const auto out = decode({span(1, {{"name", mp_string("http.server.request")},
                                    {"resource", mp_string("GET /x")},
                                    {"type", mp_string("web")},
                                    {"error", "\x01"},
                                    {"meta", meta({{"otel.scope.name", "lib"},
                                                   {"otel.scope.version", "2"},
                                                   {"otel.status_description", "why"},
                                                   {"error.message", "why"},
                                                   {"span.kind", "consumer"},
                                                   {"w3c.tracestate", "a=b"}})}})});
  const SpanBatch& b = out.batch;
  EXPECT_EQ(text(b, b.names[0]), "GET /x");
  EXPECT_EQ(text(b, b.scopes[b.scope_of[0]].name), "lib");
  EXPECT_EQ(text(b, b.scopes[b.scope_of[0]].version), "2");
  EXPECT_EQ(text(b, b.status_messages[0]), "why");
  EXPECT_EQ(b.kinds[0], SpanKind::kConsumer);
  EXPECT_EQ(text(b, b.trace_states[0]), "a=b");
  EXPECT_EQ(attribute(b, 0, "span.type"), "(absent)");
  EXPECT_TRUE(b.events_of(0).empty());
}

TEST(DatadogDecodeTest, SendersOfEveryKindOfNumbersAndText) {
  // Signed ids, reals for times, nil for what is missing, bin for text, unknown fields of any
  // shape.
  const std::string lenient = mp_map({{"trace_id", "\xFF"},
                                      {"span_id", "\xD3" + big_endian(9, 8)},
                                      {"parent_id", "\xC0"},
                                      {"start", mp_real(2e6)},
                                      {"duration", "\xC0"},
                                      {"error", "\xC3"},
                                      {"name", "\xC4\x02hi"},
                                      {"service", "\xA1\xFF"},
                                      {"meta", "\xC0"},
                                      {"metrics", mp_map({{"n", "\xC0"}})},
                                      {"meta_struct", mp_map({{"x", mp_array({"\xC0"})}})}});
  const auto out = decode({lenient}, {});
  const SpanBatch& b = out.batch;
  ASSERT_EQ(b.size(), 1U);
  EXPECT_EQ(to_hex(b.trace_ids[0]), "0000000000000000ffffffffffffffff");
  EXPECT_EQ(b.start_unix_ns[0], 2'000'000U);
  EXPECT_EQ(text(b, b.names[0]), "hi");
  EXPECT_EQ(b.service_of(0), "\xEF\xBF\xBD");
  EXPECT_EQ(b.statuses[0], StatusCode::kError);
}

TEST(DatadogDecodeTest, StringTables) {
  const std::vector<std::string> texts = {"", "shop", "web.request", "GET /", "web", "k", "v", "n"};
  std::vector<std::string> strings;
  for (const std::string& t : texts) strings.push_back(mp_string(t));
  const auto body = [&](const std::string& service, std::size_t extra = 0) {
    std::vector<std::string> fields = {service,
                                       "\x02",
                                       "\x03",
                                       mp_uint64(7),
                                       mp_uint64(8),
                                       std::string(1, '\0'),
                                       mp_uint64(1000),
                                       mp_uint64(5),
                                       std::string(1, '\0'),
                                       "\x81\x05\x06",
                                       "\x81\x07" + mp_real(1.5),
                                       "\x04"};
    for (; extra > 0; --extra) fields.emplace_back("\xC0");
    return mp_array({mp_array(strings), mp_array({mp_array({mp_array(fields)})})});
  };
  const auto out = decode_string_table(body("\x01"), kSender);
  ASSERT_TRUE(out) << out.error().message;
  const SpanBatch& b = out->batch;
  ASSERT_EQ(b.size(), 1U);
  EXPECT_EQ(b.service_of(0), "shop");
  EXPECT_EQ(text(b, b.names[0]), "web.request");
  EXPECT_EQ(attribute(b, 0, "dd.span.Resource"), "GET /");
  EXPECT_EQ(attribute(b, 0, "k"), "v");
  EXPECT_EQ(attribute(b, 0, "n"), "1.5");
  EXPECT_EQ(b.kinds[0], SpanKind::kServer);
  const auto outside = decode_string_table(body("\x63"), kSender);
  ASSERT_FALSE(outside);
  EXPECT_NE(outside.error().message.find("string table"), std::string::npos);
  EXPECT_FALSE(decode_string_table(body("\x01", 1), kSender));
}

TEST(DatadogDecodeTest, Json) {
  const auto out = decode_json(
      R"([[{"trace_id":15733432410,"span_id":"8","parent_id":-1,"start":1795463410939466800,
      "duration":5,"error":1,"service":"shop","name":"n","resource":"r","type":"http",
      "meta":{"k":"v","error.message":"m"},"metrics":{"x":1.5}}],[]])",
      kSender);
  ASSERT_TRUE(out) << out.error().message;
  const SpanBatch& b = out->batch;
  ASSERT_EQ(b.size(), 1U);
  EXPECT_EQ(b.trace_ids[0].low, 15733432410U);
  EXPECT_EQ(b.span_ids[0].value, 8U);
  EXPECT_EQ(b.parent_span_ids[0].value, UINT64_MAX);
  EXPECT_EQ(b.start_unix_ns[0], 1'795'463'410'939'466'800U);
  EXPECT_EQ(b.kinds[0], SpanKind::kClient);
  EXPECT_EQ(attribute(b, 0, "k"), "v");
  EXPECT_EQ(attribute(b, 0, "x"), "1.5");
  EXPECT_EQ(text(b, b.status_messages[0]), "m");
  for (const auto& [body, part] :
       {std::pair{"{}", "expected a list of traces, found an object at byte 0"},
        {"[3]", "[0]: expected a list of spans"},
        {"[[3]]", "[0][0]: expected a span object"},
        {R"([[{"meta":[]}]])", "[0][0].meta: expected an object"},
        {"[[", "datadog json"}}) {
    const auto wrong = decode_json(body, kSender);
    ASSERT_FALSE(wrong) << body;
    EXPECT_NE(wrong.error().message.find(part), std::string::npos) << wrong.error().message;
  }
}

TEST(DatadogDecodeTest, BadIdsCostOnlyTheirSpan) {
  const auto out =
      decode({span(0, {{"name", mp_string("bad")}, {"meta", meta({{"a", "b"}})}}), span(1)});
  EXPECT_EQ(out.batch.size(), 1U);
  EXPECT_EQ(out.rejected, 1U);
  EXPECT_NE(out.first_reason.find("\"bad\": span_id is zero"), std::string::npos);
  EXPECT_TRUE(out.batch.attributes_of(0).empty());
}

TEST(DatadogDecodeTest, TagsAreBound) {
  Entries many;
  for (std::size_t i = 0; i < kMaxTags + 3; ++i) many.emplace_back("k", "v");
  const auto out = decode({span(1, {{"meta", meta(many)}})});
  EXPECT_EQ(out.batch.attributes_of(0).size(), kMaxTags);
  EXPECT_EQ(out.batch.dropped_attributes[0], 3U);
}

TEST(DatadogDecodeTest, WhatIsBrokenIsNamedWithItsPlace) {
  const std::string good = mp_array({mp_array({span(1, {{"meta", meta({{"a", "b"}})}})})});
  ASSERT_TRUE(decode_msgpack(good, kSender));
  for (std::size_t n = 0; n < good.size(); ++n) {
    EXPECT_FALSE(decode_msgpack(good.substr(0, n), kSender)) << n;
  }
  const auto after = decode_msgpack(good + "\x01", kSender);
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(after.error().message.find("after span 0"), std::string::npos) << after.error().message;
  const auto wrong = decode_msgpack(mp_array({mp_array({span(1, {{"name", "\x07"}})})}), kSender);
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("expected a string at byte"), std::string::npos)
      << wrong.error().message;
}

}  // namespace
}  // namespace binnacle::datadog
