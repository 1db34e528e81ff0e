#include "wire/zipkin/json_decode.h"

#include "model/predicate.h"

#include <gtest/gtest.h>

#include <string>

namespace binnacle {
namespace {

std::string attribute(const SpanBatch& b, std::size_t i, std::string_view key) {
  for (const Attribute& a : b.attributes_of(i)) {
    if (b.strings[a.key()] == key) return value_text(b.strings, a.value());
  }
  return "(absent)";
}

std::string resource_attribute(const SpanBatch& b, std::size_t i, std::string_view key) {
  for (const Attribute& a : b.shared(b.resources[b.resource_of[i]].attributes)) {
    if (b.strings[a.key()] == key) return value_text(b.strings, a.value());
  }
  return "(absent)";
}

DecodedSpans decode(const std::string& body) {
  auto out = zipkin::decode_json(body);
  EXPECT_TRUE(out) << out.error().message;
  EXPECT_TRUE(out->batch.validate());
  return std::move(*out);
}

TEST(ZipkinJson, ASpanWithEverything) {
  const auto out = decode(R"([{"traceId":"00112233445566778899aabbccddeeff","id":"1112131415161718",
      "parentId":"0102030405060708","name":"SELECT","kind":"CLIENT","timestamp":1795460000400000.2,
      "duration":1500,"localEndpoint":{"serviceName":"shop","ipv4":"10.0.0.1","port":80},
      "remoteEndpoint":{"serviceName":"pg","ipv6":"::1","port":5432},
      "annotations":[{"timestamp":1795460000310000,"value":"retry"}],
      "tags":{"n":"42","error":"boom","service.version":"1.2","otel.scope.name":"lib"},"shared":true}])");
  const SpanBatch& b = out.batch;
  ASSERT_EQ(b.size(), 1U);
  EXPECT_EQ(to_hex(b.trace_ids[0]), "00112233445566778899aabbccddeeff");
  EXPECT_EQ(to_hex(b.parent_span_ids[0]), "0102030405060708");
  EXPECT_EQ(b.start_unix_ns[0], 1'795'460'000'400'000'200ULL);
  EXPECT_EQ(b.duration_ns(0), 1'500'000U);
  EXPECT_EQ(b.service_of(0), "shop");
  EXPECT_EQ(resource_attribute(b, 0, "service.version"), "1.2");
  EXPECT_EQ(b.strings[b.scopes[b.scope_of[0]].name], "lib");
  EXPECT_EQ(b.kinds[0], SpanKind::kClient);
  EXPECT_EQ(b.statuses[0], StatusCode::kError);
  EXPECT_EQ(b.strings[b.status_messages[0]], "boom");
  EXPECT_EQ(attribute(b, 0, "n"), "42");
  EXPECT_EQ(attribute(b, 0, "peer.service"), "pg");
  EXPECT_EQ(attribute(b, 0, "network.peer.address"), "::1");
  EXPECT_EQ(attribute(b, 0, "network.peer.port"), "5432");
  EXPECT_EQ(attribute(b, 0, "network.local.address"), "10.0.0.1");
  EXPECT_EQ(attribute(b, 0, "zipkin.shared"), "true");
  EXPECT_EQ(attribute(b, 0, "error"), "(absent)");
  ASSERT_EQ(b.events_of(0).size(), 1U);
  EXPECT_EQ(b.strings[b.events[0].name], "retry");
}

TEST(ZipkinJson, SpansOfOneSenderShareAResource) {
  const auto out = decode(R"([{"traceId":"1","id":"1","localEndpoint":{"serviceName":"a"}},
      {"traceId":"1","id":"2","localEndpoint":{"serviceName":"a"}},
      {"traceId":"1","id":"3","localEndpoint":{"serviceName":"b"}}])");
  EXPECT_EQ(out.batch.resources.size(), 2U);
  EXPECT_EQ(out.batch.scopes.size(), 1U);
}

TEST(ZipkinJson, AMissingStartComesFromAnnotationParentOrTrace) {
  const auto out = decode(R"([
      {"traceId":"1","id":"1","timestamp":1000},
      {"traceId":"1","id":"2","parentId":"1","duration":5},
      {"traceId":"1","id":"3","annotations":[{"timestamp":1700,"value":"a"},{"timestamp":1600,"value":"b"}]},
      {"traceId":"1","id":"4","parentId":"99"},
      {"traceId":"2","id":"5"}])");
  const SpanBatch& b = out.batch;
  EXPECT_EQ(b.start_unix_ns[1], 1'000'000U);
  EXPECT_EQ(b.end_unix_ns[1], 1'005'000U);
  EXPECT_EQ(b.start_unix_ns[2], 1'600'000U);
  EXPECT_EQ(b.start_unix_ns[3], 1'000'000U);
  EXPECT_EQ(b.start_unix_ns[4], 0U);
  EXPECT_EQ(attribute(b, 1, "otel.zipkin.absentField.startTime"), "true");
  EXPECT_EQ(attribute(b, 0, "otel.zipkin.absentField.startTime"), "(absent)");
}

TEST(ZipkinJson, ErrorTagsBecomeTheStatus) {
  const auto out = decode(R"([{"traceId":"1","id":"1","tags":{"error":"true"}},
      {"traceId":"1","id":"2","tags":{"error":"false"}},
      {"traceId":"1","id":"3","tags":{"otel.status_code":"OK"}},
      {"traceId":"1","id":"4","tags":{"otel.status_code":"ERROR","otel.status_description":"why"}}])");
  const SpanBatch& b = out.batch;
  EXPECT_EQ(b.statuses[0], StatusCode::kError);
  EXPECT_TRUE(b.status_messages[0].empty());
  EXPECT_EQ(b.statuses[1], StatusCode::kUnset);
  EXPECT_EQ(b.statuses[2], StatusCode::kOk);
  EXPECT_EQ(b.statuses[3], StatusCode::kError);
  EXPECT_EQ(b.strings[b.status_messages[3]], "why");
}

TEST(ZipkinJson, BadIdsCostOnlyTheirSpan) {
  const auto out = decode(R"([{"traceId":"xyz","id":"1"},{"traceId":"1","id":"0"},{"traceId":"1"},
      {"traceId":"1","id":"7"}])");
  EXPECT_EQ(out.batch.size(), 1U);
  EXPECT_EQ(out.rejected, 3U);
  EXPECT_NE(out.first_reason.find("[0]: traceId \"xyz\""), std::string::npos) << out.first_reason;
}

TEST(ZipkinJson, ListsOfTracesAndEmptyListsAreFine) {
  EXPECT_EQ(
      decode(R"([[{"traceId":"1","id":"1"}],[{"traceId":"2","id":"2"},{"traceId":"2","id":"3"}]])")
          .batch.size(),
      3U);
  EXPECT_EQ(decode("[]").batch.size(), 0U);
}

TEST(ZipkinJson, WhatIsNoListOfSpansIsNamedWithItsPlace) {
  for (const auto& [body, part] :
       {std::pair{R"({"a":1})", "expected a list of spans, found an object at byte 0"},
        {R"([1])", "[0]: expected a span object, found a number at byte 1"},
        {R"([{"traceId":"1","id":"1","tags":[]}])", "[0].tags: expected an object"},
        {R"([{"annotations":{}}])", "[0].annotations: expected a list"},
        {"[{", "zipkin json"}}) {
    const auto out = zipkin::decode_json(body);
    ASSERT_FALSE(out) << body;
    EXPECT_EQ(out.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(out.error().message.find(part), std::string::npos) << out.error().message;
  }
}

TEST(ZipkinJson, EveryTruncationIsRefused) {
  const std::string body =
      R"([{"traceId":"1","id":"2","name":"a","timestamp":1,"tags":{"k":"v"},"annotations":[{"timestamp":1,"value":"x"}]}])";
  ASSERT_TRUE(zipkin::decode_json(body));
  for (std::size_t n = 0; n < body.size(); ++n)
    EXPECT_FALSE(zipkin::decode_json(body.substr(0, n))) << n;
}

}  // namespace
}  // namespace binnacle
