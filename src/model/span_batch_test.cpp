#include "model/span_batch.h"

#include "model/predicate.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

SpanBatch two_spans() {
  SpanBatch b;
  b.shared_attributes.emplace_back(b.strings.intern("service.name"),
                                   Value::of_string(b.strings.intern("checkout")));
  const auto resource = b.add_resource(0);
  const auto scope = b.add_scope(1, b.strings.intern("lib"), b.strings.intern("1.0"));
  b.attributes.emplace_back(b.strings.intern("http.response.status_code"), Value::of_int(200));
  b.event_attributes.emplace_back(b.strings.intern("n"), Value::of_double(0.5));
  b.events.push_back(SpanEvent{7, b.strings.intern("retry"), 1, 0});
  SpanRow row;
  row.trace_id = TraceId{1, 2};
  row.span_id = SpanId{3};
  row.start_unix_ns = 100;
  row.end_unix_ns = 150;
  row.name = b.strings.intern("GET /cart");
  row.resource = resource;
  row.scope = scope;
  b.append(row);
  row.span_id = SpanId{4};
  row.end_unix_ns = 90;
  b.attributes.emplace_back(b.strings.intern("ok"), Value::of_bool(true));
  b.append(row);
  return b;
}

TEST(SpanBatch, RangesCutWhatEachSpanPushed) {
  const SpanBatch b = two_spans();
  ASSERT_TRUE(b.validate());
  EXPECT_EQ(b.service_of(0), "checkout");
  ASSERT_EQ(b.attributes_of(0).size(), 1U);
  EXPECT_EQ(value_text(b.strings, b.attributes_of(0)[0].value()), "200");
  EXPECT_EQ(b.events_of(0).size(), 1U);
  EXPECT_TRUE(b.events_of(1).empty());
  ASSERT_EQ(b.event_attributes_of(0).size(), 1U);
}

TEST(SpanBatch, DurationOfASpanThatEndsBeforeItStartsIsZero) {
  const SpanBatch b = two_spans();
  EXPECT_EQ(b.duration_ns(0), 50U);
  EXPECT_EQ(b.duration_ns(1), 0U);
}

TEST(SpanBatch, AnAbandonedSpanLeavesNoTrace) {
  SpanBatch b = two_spans();
  b.attributes.emplace_back(b.strings.intern("half"), Value::of_int(1));
  b.event_attributes.emplace_back(b.strings.intern("half"), Value::of_int(1));
  b.events.push_back(SpanEvent{1, {}, 2, 0});
  b.abandon_open_span();
  EXPECT_TRUE(b.validate());
  EXPECT_EQ(b.events.size(), 1U);
  EXPECT_EQ(b.attributes.size(), 2U);
}

TEST(SpanBatch, CopiedSpansAreEqualUnderOtherStringNumbers) {
  const SpanBatch from = two_spans();
  SpanBatch to;
  to.strings.intern("something else first");
  const auto resource = copy_resource(from, 0, to);
  const auto scope = copy_scope(from, 0, to);
  copy_span(from, 1, resource, scope, to);
  copy_span(from, 0, resource, scope, to);
  ASSERT_TRUE(to.validate());
  EXPECT_EQ(to.service_of(1), "checkout");
  EXPECT_EQ(to.strings[to.names[1]], "GET /cart");
  ASSERT_EQ(to.events_of(1).size(), 1U);
  EXPECT_EQ(to.strings[to.event_attributes_of(0)[0].key()], "n");
  EXPECT_EQ(to.strings[to.scopes[0].version], "1.0");
}

TEST(SpanBatch, ValidateNamesABrokenRange) {
  SpanBatch b = two_spans();
  b.attribute_ends[0] = 9;
  const auto status = b.validate();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("attribute ranges"), std::string::npos);
}

}  // namespace
}  // namespace binnacle
