#include "model/predicate.h"
#include "wire/otlp/decode.h"

#include <gtest/gtest.h>
#include <protozero/pbf_writer.hpp>

#include <string>

namespace binnacle::otlp {
namespace {

using protozero::pbf_writer;

const std::string kTraceId = "0123456789abcdef";
const std::string kSpanId = "spanid-1";

// A request with one resource and one scope; `fill` writes the fields of its only span.
template <typename Fill>
std::string request_with_span(Fill fill) {
  std::string out;
  pbf_writer request(out);
  pbf_writer resource_spans(request, 1);
  pbf_writer scope_spans(resource_spans, 2);
  pbf_writer span(scope_spans, 2);
  fill(span);
  return out;
}

void add_ids(pbf_writer& span) {
  span.add_bytes(1, kTraceId);
  span.add_bytes(2, kSpanId);
}

void add_text_attribute(pbf_writer& owner, std::uint32_t field, const std::string& key,
                        const std::string& value) {
  pbf_writer attribute(owner, field);
  attribute.add_string(1, key);
  pbf_writer any(attribute, 2);
  any.add_string(1, value);
}

DecodedSpans decoded(const std::string& request) {
  auto out = decode_protobuf(request);
  EXPECT_TRUE(out) << out.error().message;
  if (!out) return {};
  EXPECT_TRUE(out->batch.validate());
  return std::move(*out);
}

std::string error_of(const std::string& request) {
  const auto out = decode_protobuf(request);
  return out ? "accepted" : out.error().message;
}

TEST(OtlpProtobuf, EmptyRequestHasNoSpans) { EXPECT_EQ(decoded("").batch.size(), 0U); }

TEST(OtlpProtobuf, ReadsEveryFieldOfASpan) {
  const DecodedSpans spans = decoded(request_with_span([](pbf_writer& span) {
    add_ids(span);
    span.add_string(3, "a=1,b=2");
    span.add_bytes(4, "parentid");
    span.add_string(5, "GET /cart");
    span.add_enum(6, 2);
    span.add_fixed64(7, 1'795'460'000'000'000'001);
    span.add_fixed64(8, 1'795'460'000'000'000'901);
    add_text_attribute(span, 9, "http.route", "/cart");
    span.add_uint32(10, 3);
    {
      pbf_writer event(span, 11);
      event.add_fixed64(1, 42);
      event.add_string(2, "retry");
      add_text_attribute(event, 3, "why", "timeout");
      event.add_uint32(4, 1);
    }
    span.add_uint32(12, 4);
    {
      pbf_writer link(span, 13);
      link.add_bytes(1, "fedcba9876543210");
      link.add_bytes(2, "linkspan");
      link.add_string(3, "c=3");
      add_text_attribute(link, 4, "kind", "batch");
      link.add_uint32(5, 2);
      link.add_fixed32(6, 0x301);
    }
    span.add_uint32(14, 5);
    {
      pbf_writer status(span, 15);
      status.add_string(2, "no stock");
      status.add_enum(3, 2);
    }
    span.add_fixed32(16, 0x101);
  }));
  const SpanBatch& b = spans.batch;
  ASSERT_EQ(b.size(), 1U);
  const SpanRow row = b.row(0);
  EXPECT_EQ(to_hex(row.trace_id), "30313233343536373839616263646566");
  EXPECT_EQ(to_hex(row.span_id), "7370616e69642d31");
  EXPECT_EQ(to_hex(row.parent_span_id), "706172656e746964");
  EXPECT_EQ(b.strings[row.trace_state], "a=1,b=2");
  EXPECT_EQ(b.strings[row.name], "GET /cart");
  EXPECT_EQ(row.kind, SpanKind::kServer);
  EXPECT_EQ(row.start_unix_ns, 1'795'460'000'000'000'001U);
  EXPECT_EQ(row.end_unix_ns, 1'795'460'000'000'000'901U);
  EXPECT_EQ(row.status, StatusCode::kError);
  EXPECT_EQ(b.strings[row.status_message], "no stock");
  EXPECT_EQ(row.flags, 0x101U);
  EXPECT_EQ(row.dropped_attributes, 3U);
  EXPECT_EQ(row.dropped_events, 4U);
  EXPECT_EQ(row.dropped_links, 5U);
  ASSERT_EQ(b.attributes_of(0).size(), 1U);
  EXPECT_EQ(b.strings[b.attributes_of(0)[0].key()], "http.route");
  ASSERT_EQ(b.events_of(0).size(), 1U);
  EXPECT_EQ(b.events[0].time_unix_ns, 42U);
  EXPECT_EQ(b.strings[b.events[0].name], "retry");
  EXPECT_EQ(b.events[0].dropped_attributes, 1U);
  EXPECT_EQ(value_text(b.strings, b.event_attributes_of(0)[0].value()), "timeout");
  ASSERT_EQ(b.links_of(0).size(), 1U);
  EXPECT_EQ(to_hex(b.links[0].span_id), "6c696e6b7370616e");
  EXPECT_EQ(b.strings[b.links[0].trace_state], "c=3");
  EXPECT_EQ(b.links[0].flags, 0x301U);
  EXPECT_EQ(b.links[0].dropped_attributes, 2U);
  EXPECT_EQ(value_text(b.strings, b.link_attributes_of(0)[0].value()), "batch");
}

TEST(OtlpProtobuf, ReadsEveryKindOfValue) {
  const DecodedSpans spans = decoded(request_with_span([](pbf_writer& span) {
    add_ids(span);
    const auto value = [&](const char* key, auto fill) {
      pbf_writer attribute(span, 9);
      attribute.add_string(1, key);
      pbf_writer any(attribute, 2);
      fill(any);
    };
    value("s", [](pbf_writer& v) { v.add_string(1, "text"); });
    value("t", [](pbf_writer& v) { v.add_bool(2, true); });
    value("f", [](pbf_writer& v) { v.add_bool(2, false); });
    value("i", [](pbf_writer& v) { v.add_int64(3, -5); });
    value("d", [](pbf_writer& v) { v.add_double(4, 0.5); });
    value("a", [](pbf_writer& v) {
      pbf_writer array(v, 5);
      pbf_writer(array, 1).add_int64(3, 1);
      pbf_writer(array, 1).add_string(1, "x");
      array.add_message(1, std::string());
    });
    value("m", [](pbf_writer& v) {
      pbf_writer map(v, 6);
      pbf_writer entry(map, 1);
      pbf_writer(entry, 2).add_bool(2, true);  // value before key
      entry.add_string(1, "k");
    });
    value("b", [](pbf_writer& v) { v.add_bytes(7, "\xFF\x00\x01", 3); });
    value("none", [](pbf_writer&) {});
  }));
  const SpanBatch& b = spans.batch;
  std::string all;
  for (const Attribute& a : b.attributes_of(0)) {
    all += std::string(b.strings[a.key()]) + "=" + value_text(b.strings, a.value()) + ";";
  }
  EXPECT_EQ(all, "s=text;t=true;f=false;i=-5;d=0.5;a=[1,\"x\",null];m={\"k\":true};b=/wAB;none=;");
}

TEST(OtlpProtobuf, OfSeveralValuesInAMapEntryTheLastCountsAndEachIsChecked) {
  const auto request_with = [](const std::string& first) {
    return request_with_span([&](pbf_writer& span) {
      add_ids(span);
      pbf_writer attribute(span, 9);
      pbf_writer any(attribute, 2);
      pbf_writer map(any, 6);
      pbf_writer entry(map, 1);
      entry.add_message(2, first);
      entry.add_string(1, "k");
      pbf_writer(entry, 2).add_int64(3, 7);
    });
  };
  const DecodedSpans spans = decoded(request_with(std::string("\x18\x05", 2)));
  EXPECT_EQ(value_text(spans.batch.strings, spans.batch.attributes_of(0)[0].value()), "{\"k\":7}");
  EXPECT_NE(error_of(request_with("garbage")), "accepted");
}

TEST(OtlpProtobuf, ResourceAndScopeMayComeAfterTheirSpans) {
  std::string request_bytes;
  pbf_writer request(request_bytes);
  {
    pbf_writer resource_spans(request, 1);
    {
      pbf_writer scope_spans(resource_spans, 2);
      {
        pbf_writer span(scope_spans, 2);
        add_ids(span);
      }
      scope_spans.add_string(3, "https://scope.schema");
      pbf_writer scope(scope_spans, 1);
      scope.add_string(1, "lib");
      scope.add_string(2, "1.2");
    }
    pbf_writer resource(resource_spans, 1);
    add_text_attribute(resource, 1, "service.name", "checkout");
  }
  const DecodedSpans spans = decoded(request_bytes);
  ASSERT_EQ(spans.batch.size(), 1U);
  EXPECT_EQ(spans.batch.service_of(0), "checkout");
  const Scope& scope = spans.batch.scopes[spans.batch.scope_of[0]];
  EXPECT_EQ(spans.batch.strings[scope.name], "lib");
  EXPECT_EQ(spans.batch.strings[scope.version], "1.2");
  EXPECT_EQ(spans.batch.strings[scope.schema_url], "https://scope.schema");
}

TEST(OtlpProtobuf, OldInstrumentationLibrarySpansAreScopeSpans) {
  std::string request_bytes;
  pbf_writer request(request_bytes);
  {
    pbf_writer resource_spans(request, 1);
    pbf_writer library_spans(resource_spans, 1000);
    {
      pbf_writer library(library_spans, 1);
      library.add_string(1, "old-lib");
    }
    pbf_writer span(library_spans, 2);
    add_ids(span);
  }
  const DecodedSpans spans = decoded(request_bytes);
  ASSERT_EQ(spans.batch.size(), 1U);
  EXPECT_EQ(spans.batch.strings[spans.batch.scopes[spans.batch.scope_of[0]].name], "old-lib");
}

TEST(OtlpProtobuf, SpansWithBadIdsAreCountedAndTheirNeighboursKept) {
  std::string request_bytes;
  pbf_writer request(request_bytes);
  {
    pbf_writer resource_spans(request, 1);
    pbf_writer scope_spans(resource_spans, 2);
    const auto span = [&](const std::string& trace, const std::string& id,
                          const std::string& parent, const std::string& name) {
      pbf_writer s(scope_spans, 2);
      s.add_bytes(1, trace);
      s.add_bytes(2, id);
      s.add_bytes(4, parent);
      s.add_string(5, name);
      add_text_attribute(s, 9, "k", name);
    };
    span(kTraceId, kSpanId, "", "good 1");
    span("short", kSpanId, "", "bad trace");
    span(std::string(16, '\0'), kSpanId, "", "zero trace");
    span(kTraceId, std::string(8, '\0'), "", "zero span");
    span(kTraceId, "", "", "no span");
    span(kTraceId, kSpanId, "abc", "bad parent");
    span(kTraceId, kSpanId, std::string(8, '\0'), "good 2");
  }
  const DecodedSpans spans = decoded(request_bytes);
  ASSERT_EQ(spans.batch.size(), 2U);
  EXPECT_EQ(spans.rejected, 5U);
  EXPECT_EQ(spans.first_reason, "span 1 named \"bad trace\": trace_id is not 16 bytes");
  EXPECT_EQ(spans.batch.strings[spans.batch.names[1]], "good 2");
  EXPECT_EQ(value_text(spans.batch.strings, spans.batch.attributes_of(1)[0].value()), "good 2");
  EXPECT_FALSE(spans.batch.parent_span_ids[1].valid());
}

TEST(OtlpProtobuf, LinksWithIdsOfWrongLengthRejectTheirSpan) {
  const DecodedSpans spans = decoded(request_with_span([](pbf_writer& span) {
    add_ids(span);
    pbf_writer link(span, 13);
    link.add_bytes(1, "short");
  }));
  EXPECT_EQ(spans.rejected, 1U);
  EXPECT_EQ(spans.first_reason, "span 0 named \"\": a link's trace_id is not 16 bytes");
  EXPECT_TRUE(spans.batch.links.empty());
}

TEST(OtlpProtobuf, EnumsOutOfRangeBecomeUnspecified) {
  const DecodedSpans spans = decoded(request_with_span([](pbf_writer& span) {
    add_ids(span);
    span.add_enum(6, 99);
    pbf_writer status(span, 15);
    status.add_enum(3, -1);
  }));
  EXPECT_EQ(spans.batch.kinds[0], SpanKind::kUnspecified);
  EXPECT_EQ(spans.batch.statuses[0], StatusCode::kUnset);
}

TEST(OtlpProtobuf, TextThatIsNoUtf8IsRepaired) {
  const DecodedSpans spans = decoded(request_with_span([](pbf_writer& span) {
    add_ids(span);
    span.add_string(5, "caf\xE9");
    add_text_attribute(span, 9, "k\xFF", "v\xFF");
    add_text_attribute(span, 9, "k", "v");
  }));
  const SpanBatch& b = spans.batch;
  EXPECT_EQ(b.strings[b.names[0]], "caf\xEF\xBF\xBD");
  EXPECT_EQ(b.strings[b.attributes_of(0)[0].key()], "k\xEF\xBF\xBD");
  EXPECT_EQ(value_text(b.strings, b.attributes_of(0)[0].value()), "v\xEF\xBF\xBD");
  EXPECT_EQ(value_text(b.strings, b.attributes_of(0)[1].value()), "v");
}

TEST(OtlpProtobuf, BrokenMessagesNameThePathAndTheOffset) {
  EXPECT_EQ(error_of(request_with_span([](pbf_writer& span) {
              add_ids(span);
              span.add_uint32(5, 1);  // name as a number
            })),
            "otlp request: resource_spans[0].scope_spans[0].spans[0]: field has the wrong wire "
            "type at byte 34");
  EXPECT_EQ(error_of(request_with_span([](pbf_writer& span) {
              add_ids(span);
              add_text_attribute(span, 9, "ok", "ok");
              pbf_writer attribute(span, 9);
              attribute.add_string(1, "http.route");
              attribute.add_uint32(2, 1);
            })),
            "otlp request: resource_spans[0].scope_spans[0].spans[0].attributes[1] (key "
            "\"http.route\"): field has the wrong wire type at byte 60");
  EXPECT_EQ(error_of("\x0A\x05zz"),
            "otlp request: resource_spans[0]: length runs past the end of the enclosing message at "
            "byte 1");
  EXPECT_NE(error_of("{\"resourceSpans\":[]}"), "accepted");
}

std::string nested_array(int depth) {
  std::string any;
  pbf_writer(any).add_int64(3, 1);
  for (int i = 0; i < depth; ++i) {
    std::string array;
    pbf_writer(array).add_message(1, any);
    any.clear();
    pbf_writer(any).add_message(5, array);
  }
  return request_with_span([&](pbf_writer& span) {
    add_ids(span);
    pbf_writer attribute(span, 9);
    attribute.add_message(2, any);
  });
}

TEST(OtlpProtobuf, NestingIsBounded) {
  const DecodedSpans spans = decoded(nested_array(32));
  EXPECT_EQ(value_text(spans.batch.strings, spans.batch.attributes_of(0)[0].value()),
            std::string(32, '[') + "1" + std::string(32, ']'));
  EXPECT_NE(error_of(nested_array(33)).find("nest deeper than 32"), std::string::npos);
  EXPECT_NE(error_of(nested_array(2000)).find("nest deeper than 32"), std::string::npos);
}

}  // namespace
}  // namespace binnacle::otlp
