#include "sdk/formats/span_reader.h"

#include "sdk/fields.h"
#include "sdk/recording_for_test.h"
#include "sdk/resource.h"

#include <binnacle/apm.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace binnacle::sdk {
namespace {

std::string text_of(const ValueView& value) {
  switch (value.kind) {
    case ValueKind::kString:
      return "s:" + std::string(value.text);
    case ValueKind::kBool:
      return value.boolean ? "true" : "false";
    case ValueKind::kInt:
      return "i:" + std::to_string(value.integer);
    case ValueKind::kDouble:
      return "d:" + std::to_string(value.real);
    case ValueKind::kArray: {
      std::string list = "[";
      for (const ValueView element : value.elements()) list += text_of(element) + ";";
      return list + "]";
    }
    case ValueKind::kMap: {
      std::string list = "{";
      for (const AttributeView entry : value.entries()) {
        list += std::string(entry.key) + "=" + text_of(entry.value) + ";";
      }
      return list + "}";
    }
    case ValueKind::kBytes:
      return "x:" + std::string(value.text);
    default:
      return "empty";
  }
}

/// Writes down everything it is told.
struct Notes {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::vector<std::string> events;
  std::vector<std::string> links;
  std::string status;

  void on_name(std::string_view text) { name = text; }
  void on_attribute(const AttributeView& attribute) {
    attributes.emplace(attribute.key, text_of(attribute.value));
  }
  void on_event(const EventView& event) {
    std::string note = std::string(event.name) + "@" + std::to_string(event.time_unix_ns);
    for (const AttributeView a : event.attributes()) {
      note += " " + std::string(a.key) + "=" + text_of(a.value);
    }
    events.push_back(note);
  }
  void on_link(const LinkView& link) {
    std::string note = std::to_string(link.trace_id[15]) + "/" + std::to_string(link.span_id[7]) +
                       " flags " + std::to_string(link.flags);
    for (const AttributeView a : link.attributes()) {
      note += " " + std::string(a.key) + "=" + text_of(a.value);
    }
    links.push_back(note);
  }
  void on_status(const StatusView& s) {
    status = std::to_string(s.code) + ":" + std::string(s.message);
  }
};

/// The message under `tag`, the last if there are several.
std::string_view message_in(std::string_view outer, std::uint32_t tag) {
  FieldReader fields(outer);
  std::string_view found;
  while (fields.next()) {
    if (fields.tag() == tag) found = fields.bytes();
  }
  return found;
}

/// The span of a request; its ids and times are fields that a reader passes over.
std::string_view span_in(std::string_view request) {
  namespace wo = wire::otlp;
  return message_in(
      message_in(message_in(request, wo::kRequestResourceSpans), wo::kResourceSpansScopeSpans),
      wo::kScopeSpansSpans);
}

FinishedSpan span_of(std::string_view fields, bool is_status_in_fields = true) {
  FinishedSpan span{};
  span.fields = fields;
  span.is_status_in_fields = is_status_in_fields;
  return span;
}

SpanContext neighbour() {
  SpanContext context;
  context.trace_id.bytes[15] = 77;
  context.span_id.bytes[7] = 9;
  context.flags = 1;
  return context;
}

TEST(SpanReaderTest, ReadsWhatTheRecordingPathWrites) {
  Recording recording;
  {
    Span span = start_span("first name");
    span.update_name("everything").set_attribute("text", "value").set_attribute("empty", "");
    span.set_attribute("long", std::string(5000, 'x')).set_attribute("least", INT64_MIN);
    span.set_attribute("int", 300).set_attribute("double", -1.5).set_attribute("no", false);
    span.set_attribute("texts", std::vector<std::string>{"a", "", "c"});
    span.set_attribute("ints", std::vector<std::int64_t>{1, -2});
    span.set_attribute("none", std::vector<double>{});
    span.add_event("tick", {{"n", 1}, {"s", "t"}}, 1'700'000'000'000'000'123);
    span.record_exception(std::runtime_error("broken"));
    span.add_link(neighbour(), {{"why", "batch"}});
    span.set_error("it failed");
  }
  const std::vector<std::string> requests = recording.requests();
  ASSERT_EQ(requests.size(), 1U);
  const FinishedSpan span = span_of(span_in(requests[0]));
  Notes notes;
  ASSERT_TRUE(visit_span(span, notes));
  EXPECT_EQ(notes.name, "everything");
  const std::map<std::string, std::string> expected = {{"text", "s:value"},
                                                       {"empty", "s:"},
                                                       {"long", "s:" + std::string(5000, 'x')},
                                                       {"least", "i:-9223372036854775808"},
                                                       {"int", "i:300"},
                                                       {"double", "d:-1.500000"},
                                                       {"no", "false"},
                                                       {"texts", "[s:a;s:;s:c;]"},
                                                       {"ints", "[i:1;i:-2;]"},
                                                       {"none", "[]"}};
  EXPECT_EQ(notes.attributes, expected);
  ASSERT_EQ(notes.events.size(), 2U);
  EXPECT_EQ(notes.events[0], "tick@1700000000000000123 n=i:1 s=s:t");
  EXPECT_NE(notes.events[1].find("exception.message=s:broken"), std::string::npos);
  EXPECT_EQ(notes.links, std::vector<std::string>{"77/9 flags 257 why=s:batch"});
  EXPECT_EQ(notes.status, "2:it failed");
  EXPECT_EQ(name_of(span), "everything");
}

TEST(SpanReaderTest, GivesTheStatusThatIsKeptBesideTheFields) {
  FinishedSpan span = span_of("", false);
  Notes notes;
  EXPECT_TRUE(visit_span(span, notes));
  EXPECT_EQ(notes.status, "");
  span.status = 1;
  EXPECT_TRUE(visit_span(span, notes));
  EXPECT_EQ(notes.status, "1:");
}

TEST(SpanReaderTest, ReadsTheResource) {
  Config config;
  config.service_name = "reader";
  config.resource_attributes = {{"team", "sea"}};
  const std::string resource = encode_resource(config);
  std::map<std::string, std::string> attributes;
  for (const AttributeView attribute : attributes_of_resource(resource)) {
    attributes.emplace(attribute.key, text_of(attribute.value));
  }
  EXPECT_EQ(attributes["service.name"], "s:reader");
  EXPECT_EQ(attributes["team"], "s:sea");
  EXPECT_EQ(attributes["process.pid"].substr(0, 2), "i:");
  EXPECT_EQ(resource_text(resource, "team"), "sea");
  EXPECT_EQ(resource_text(resource, "absent"), "");
}

TEST(SpanReaderTest, ReadsMapsAndBytes) {
  //                     key "m"   value{kvlist{entry{key "k", value{bytes "xy"}}}}
  const std::string map("\x0a\x01m\x12\x0d\x32\x0b\x0a\x09\x0a\x01k\x12\x04\x3a\x02xy", 18);
  const AttributeView attribute = AttributeView::read(map);
  EXPECT_EQ(attribute.key, "m");
  EXPECT_EQ(text_of(attribute.value), "{k=x:xy;}");
}

std::string fields_of_a_span() {
  const std::vector<std::string> texts = {"a", "bc"};
  const KeyValue pairs[] = {{"text", "value"}, {"int", 300}, {"double", 1.5}, {"list", texts}};
  std::string out;
  const auto add = [&out](std::size_t size, auto put) {
    out.resize(out.size() + size);
    put(out.data() + out.size() - size);
  };
  for (const KeyValue& pair : pairs) {
    add(attribute_size(pair.key, pair.value),
        [&](char* to) { put_attribute(to, wire::otlp::kSpanAttributes, pair.key, pair.value); });
  }
  const EventFields event{
      .name = "event", .attributes = {pairs, 4}, .time_tag = wire::otlp::kEventTime, .time = 12345};
  add(event.size(), [&](char* to) { event.put(to); });
  const LinkFields link{.context = neighbour(), .attributes = {pairs, 4}};
  add(link.size(), [&](char* to) { link.put(to); });
  add(status_size("why"), [](char* to) { put_status(to, 2, "why"); });
  return out;
}

/// Everything a reader can be asked, over memory that ends where the bytes end.
void read_all(std::string_view bytes) {
  const std::unique_ptr<char[]> exact(new char[bytes.size()]);
  bytes.copy(exact.get(), bytes.size());
  const std::string_view fields(exact.get(), bytes.size());
  Notes notes;
  visit_span(span_of(fields), notes);
  EXPECT_LE(notes.attributes.size(), bytes.size());
  for (const EventView event : events_of(span_of(fields))) EXPECT_LE(event.name.size(), 1000U);
  for (const LinkView link : links_of(span_of(fields))) notes.on_link(link);
}

TEST(SpanReaderTest, BrokenBytesEndTheWalk) {
  const std::string whole = fields_of_a_span();
  Notes notes;
  ASSERT_TRUE(visit_span(span_of(whole), notes));
  EXPECT_EQ(notes.status, "2:why");
  for (std::size_t size = 0; size < whole.size(); ++size) read_all(whole.substr(0, size));
  std::string spoilt = whole;
  for (char& byte : spoilt) {
    const char before = byte;
    for (const int value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
      byte = static_cast<char>(value);
      read_all(spoilt);
    }
    byte = before;
  }
}

TEST(SpanReaderTest, RefusesLengthsPastTheEndAndEndlessVarints) {
  for (const std::string& bytes :
       {std::string("\x2a\x05nam", 5), std::string("\x2a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        std::string(20, '\xff'), std::string("\x09\x01", 2), std::string("\x0b\x0c", 2),
        std::string("\x00\x00", 2)}) {
    Notes notes;
    EXPECT_FALSE(visit_span(span_of(bytes), notes));
    EXPECT_EQ(notes.name, "");
  }
}

}  // namespace
}  // namespace binnacle::sdk
