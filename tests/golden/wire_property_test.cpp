// Properties of the OTLP forms over random batches, with libprotobuf as the oracle of the wire
// format.

#include "base/long_run_for_test.h"
#include "base/random.h"
#include "model/packed_value.h"
#include "tests/golden/span_batch_text.h"
#include "wire/otlp/decode.h"
#include "wire/otlp/encode.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

namespace binnacle::golden {
namespace {

namespace pb = google::protobuf;

const std::uint64_t kRounds = rounds_of_test<std::uint64_t>(200, 5'000);

// Batches with everything in them. Spans are in the order of their resources and scopes, as
// encoders group them.
class BatchMaker {
 public:
  explicit BatchMaker(std::uint64_t seed) : random_(seed) {}

  SpanBatch make() {
    for (std::uint64_t r = random_.below(3) + 1; r > 0; --r) {
      const auto begin = static_cast<std::uint32_t>(batch_.shared_attributes.size());
      if (random_.below(2) == 0) {
        batch_.shared_attributes.emplace_back(
            batch_.strings.intern("service.name"),
            Value::of_string(batch_.strings.intern("service " + std::to_string(r))));
      }
      attributes(batch_.shared_attributes, 4);
      const auto resource = batch_.add_resource(begin, text(), count());
      for (std::uint64_t s = random_.below(3) + 1; s > 0; --s) {
        const auto scope_begin = static_cast<std::uint32_t>(batch_.shared_attributes.size());
        attributes(batch_.shared_attributes, 2);
        const auto scope = batch_.add_scope(scope_begin, text(), text(), text(), count());
        for (std::uint64_t n = random_.below(5); n > 0; --n) span(resource, scope);
      }
    }
    return std::move(batch_);
  }

 private:
  std::uint32_t count() {
    return random_.below(3) == 0 ? static_cast<std::uint32_t>(random_.next()) : 0;
  }
  StringId text() { return batch_.strings.intern(raw_text()); }
  std::string raw_text() {
    constexpr std::string_view kPieces[] = {
        "",  "http.route", "\"\\\n",           "gr\xC3\xBC\xC3\x9F",
        "/", "\x01",       "\xF0\x9F\x8C\x8D", "resourceSpans"};
    std::string out;
    for (std::uint64_t n = random_.below(4); n > 0; --n) out += kPieces[random_.below(8)];
    return out;
  }
  double real() {
    constexpr double kSpecial[] = {0.0,
                                   -0.0,
                                   0.1,
                                   1e300,
                                   5e-324,
                                   std::numeric_limits<double>::infinity(),
                                   std::numeric_limits<double>::quiet_NaN()};
    return random_.below(2) == 0 ? kSpecial[random_.below(7)] : random_.uniform() * 1e6;
  }
  std::int64_t integer() {
    return static_cast<std::int64_t>(random_.next() >> random_.below(64)) *
           (random_.below(2) == 0 ? 1 : -1);
  }

  void packed(PackedWriter& w, int depth) {
    const std::uint64_t kinds = depth > 4 ? 6 : 8;
    switch (random_.below(kinds)) {
      case 0:
        return w.empty();
      case 1:
        return w.string(raw_text());
      case 2:
        return w.boolean(random_.below(2) == 0);
      case 3:
        return w.integer(integer());
      case 4:
        return w.real(real());
      case 5:
        return w.bytes(std::string("\xFF\x00z", 3));
      case 6:
        return packed_container(w, depth, false);
      default:
        return packed_container(w, depth, true);
    }
  }
  void packed_container(PackedWriter& w, int depth, bool map) {
    const std::uint64_t n = random_.below(4);
    map ? w.begin_map(n) : w.begin_array(n);
    for (std::uint64_t i = 0; i < n; ++i) {
      if (map) w.key(raw_text());
      packed(w, depth + 1);
    }
  }

  Value value() {
    switch (random_.below(8)) {
      case 0:
        return {};
      case 1:
        return Value::of_bool(random_.below(2) == 0);
      case 2:
        return Value::of_int(integer());
      case 3:
        return Value::of_double(real());
      case 4:
        return Value::of_bytes(batch_.strings.intern(std::string("\x00\xFE", 2)));
      case 5:
      case 6: {
        std::string bytes;
        PackedWriter w(bytes);
        const bool map = random_.below(2) == 0;
        packed_container(w, 0, map);
        const StringId id = batch_.strings.intern(bytes);
        return map ? Value::of_map(id) : Value::of_array(id);
      }
      default:
        return Value::of_string(text());
    }
  }
  void attributes(std::vector<Attribute>& pool, std::uint64_t most) {
    for (std::uint64_t n = random_.below(most + 1); n > 0; --n) pool.emplace_back(text(), value());
  }

  void span(std::uint32_t resource, std::uint32_t scope) {
    SpanRow row;
    row.trace_id = {random_.next(), random_.next() | 1};
    row.span_id = {random_.next() | 1};
    if (random_.below(2) == 0) row.parent_span_id = {random_.next() | 1};
    row.start_unix_ns = random_.next();
    row.end_unix_ns = random_.below(4) == 0 ? 0 : random_.next();
    row.name = text();
    row.trace_state = text();
    row.status_message = text();
    row.kind = static_cast<SpanKind>(random_.below(6));
    row.status = static_cast<StatusCode>(random_.below(3));
    row.flags = count();
    row.resource = resource;
    row.scope = scope;
    row.dropped_attributes = count();
    row.dropped_events = count();
    row.dropped_links = count();
    attributes(batch_.attributes, 6);
    for (std::uint64_t n = random_.below(3); n > 0; --n) {
      attributes(batch_.event_attributes, 3);
      batch_.events.push_back({random_.next(), text(),
                               static_cast<std::uint32_t>(batch_.event_attributes.size()),
                               count()});
    }
    for (std::uint64_t n = random_.below(3); n > 0; --n) {
      attributes(batch_.link_attributes, 3);
      SpanLink link;
      link.trace_id = {random_.next(), random_.next() | 1};
      link.span_id = {random_.next() | 1};
      link.trace_state = text();
      link.flags = count();
      link.attributes_end = static_cast<std::uint32_t>(batch_.link_attributes.size());
      link.dropped_attributes = count();
      batch_.links.push_back(link);
    }
    batch_.append(row);
  }

  Random random_;
  SpanBatch batch_;
};

TEST(OtlpProperties, ProtobufRoundTripsEveryBatch) {
  for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
    const SpanBatch batch = BatchMaker(seed).make();
    ASSERT_TRUE(batch.validate());
    const auto back = otlp::decode_protobuf(otlp::encode_protobuf(batch));
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(span_batch_text(back->batch), span_batch_text(batch)) << seed;
  }
}

TEST(OtlpProperties, JsonRoundTripsEveryBatch) {
  for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
    const SpanBatch batch = BatchMaker(seed).make();
    const auto back = otlp::decode_json(otlp::encode_json(batch));
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(span_batch_text(back->batch), span_batch_text(batch)) << seed;
  }
}

// opentelemetry-proto's trace.proto, resource.proto and common.proto in short. Strings are bytes,
// which look the same on the wire, so that libprotobuf leaves text that is no UTF-8 alone.
constexpr const char* kSchema = R"(
name: "trace.proto"
message_type { name: "Any"
  field { name: "s" number: 1 type: TYPE_BYTES label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "b" number: 2 type: TYPE_BOOL label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "i" number: 3 type: TYPE_INT64 label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "d" number: 4 type: TYPE_DOUBLE label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "a" number: 5 type: TYPE_MESSAGE type_name: "Array" label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "m" number: 6 type: TYPE_MESSAGE type_name: "Map" label: LABEL_OPTIONAL oneof_index: 0 }
  field { name: "y" number: 7 type: TYPE_BYTES label: LABEL_OPTIONAL oneof_index: 0 }
  oneof_decl { name: "value" } }
message_type { name: "Array"
  field { name: "values" number: 1 type: TYPE_MESSAGE type_name: "Any" label: LABEL_REPEATED } }
message_type { name: "Map"
  field { name: "values" number: 1 type: TYPE_MESSAGE type_name: "KeyValue" label: LABEL_REPEATED } }
message_type { name: "KeyValue"
  field { name: "key" number: 1 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "value" number: 2 type: TYPE_MESSAGE type_name: "Any" label: LABEL_OPTIONAL } }
message_type { name: "Resource"
  field { name: "attributes" number: 1 type: TYPE_MESSAGE type_name: "KeyValue" label: LABEL_REPEATED }
  field { name: "dropped" number: 2 type: TYPE_UINT32 label: LABEL_OPTIONAL } }
message_type { name: "Scope"
  field { name: "name" number: 1 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "version" number: 2 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "attributes" number: 3 type: TYPE_MESSAGE type_name: "KeyValue" label: LABEL_REPEATED }
  field { name: "dropped" number: 4 type: TYPE_UINT32 label: LABEL_OPTIONAL } }
message_type { name: "Event"
  field { name: "time" number: 1 type: TYPE_FIXED64 label: LABEL_OPTIONAL }
  field { name: "name" number: 2 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "attributes" number: 3 type: TYPE_MESSAGE type_name: "KeyValue" label: LABEL_REPEATED }
  field { name: "dropped" number: 4 type: TYPE_UINT32 label: LABEL_OPTIONAL } }
message_type { name: "Link"
  field { name: "trace_id" number: 1 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "span_id" number: 2 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "state" number: 3 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "attributes" number: 4 type: TYPE_MESSAGE type_name: "KeyValue" label: LABEL_REPEATED }
  field { name: "dropped" number: 5 type: TYPE_UINT32 label: LABEL_OPTIONAL }
  field { name: "flags" number: 6 type: TYPE_FIXED32 label: LABEL_OPTIONAL } }
message_type { name: "Status"
  field { name: "message" number: 2 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "code" number: 3 type: TYPE_INT32 label: LABEL_OPTIONAL } }
message_type { name: "Span"
  field { name: "trace_id" number: 1 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "span_id" number: 2 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "state" number: 3 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "parent" number: 4 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "name" number: 5 type: TYPE_BYTES label: LABEL_OPTIONAL }
  field { name: "kind" number: 6 type: TYPE_INT32 label: LABEL_OPTIONAL }
  field { name: "start" number: 7 type: TYPE_FIXED64 label: LABEL_OPTIONAL }
  field { name: "end" number: 8 type: TYPE_FIXED64 label: LABEL_OPTIONAL }
  field { name: "attributes" number: 9 type: TYPE_MESSAGE type_name: "KeyValue" label: LABEL_REPEATED }
  field { name: "dropped_a" number: 10 type: TYPE_UINT32 label: LABEL_OPTIONAL }
  field { name: "events" number: 11 type: TYPE_MESSAGE type_name: "Event" label: LABEL_REPEATED }
  field { name: "dropped_e" number: 12 type: TYPE_UINT32 label: LABEL_OPTIONAL }
  field { name: "links" number: 13 type: TYPE_MESSAGE type_name: "Link" label: LABEL_REPEATED }
  field { name: "dropped_l" number: 14 type: TYPE_UINT32 label: LABEL_OPTIONAL }
  field { name: "status" number: 15 type: TYPE_MESSAGE type_name: "Status" label: LABEL_OPTIONAL }
  field { name: "flags" number: 16 type: TYPE_FIXED32 label: LABEL_OPTIONAL } }
message_type { name: "ScopeSpans"
  field { name: "scope" number: 1 type: TYPE_MESSAGE type_name: "Scope" label: LABEL_OPTIONAL }
  field { name: "spans" number: 2 type: TYPE_MESSAGE type_name: "Span" label: LABEL_REPEATED }
  field { name: "schema" number: 3 type: TYPE_BYTES label: LABEL_OPTIONAL } }
message_type { name: "ResourceSpans"
  field { name: "resource" number: 1 type: TYPE_MESSAGE type_name: "Resource" label: LABEL_OPTIONAL }
  field { name: "scope_spans" number: 2 type: TYPE_MESSAGE type_name: "ScopeSpans" label: LABEL_REPEATED }
  field { name: "schema" number: 3 type: TYPE_BYTES label: LABEL_OPTIONAL } }
message_type { name: "Request"
  field { name: "resource_spans" number: 1 type: TYPE_MESSAGE type_name: "ResourceSpans" label: LABEL_REPEATED } }
)";

class Oracle {
 public:
  Oracle() {
    pb::FileDescriptorProto file;
    EXPECT_TRUE(pb::TextFormat::ParseFromString(kSchema, &file));
    const pb::FileDescriptor* built = pool_.BuildFile(file);
    EXPECT_NE(built, nullptr);
    prototype_ = factory_.GetPrototype(built->FindMessageTypeByName("Request"));
  }
  // Null if libprotobuf refuses the bytes.
  std::unique_ptr<pb::Message> parse(const std::string& bytes) {
    std::unique_ptr<pb::Message> message(prototype_->New());
    return message->ParseFromString(bytes) ? std::move(message) : nullptr;
  }
  static bool has_unknown_fields(const pb::Message& message) {
    const pb::Reflection& r = *message.GetReflection();
    if (!r.GetUnknownFields(message).empty()) return true;
    std::vector<const pb::FieldDescriptor*> fields;
    r.ListFields(message, &fields);
    for (const pb::FieldDescriptor* field : fields) {
      if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) {
        if (has_unknown_fields(r.GetMessage(message, field))) return true;
        continue;
      }
      for (int i = 0; i < r.FieldSize(message, field); ++i) {
        if (has_unknown_fields(r.GetRepeatedMessage(message, field, i))) return true;
      }
    }
    return false;
  }

 private:
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_{&pool_};
  const pb::Message* prototype_ = nullptr;
};

TEST(OtlpProperties, LibprotobufReadsWhatWeWriteAndWritesWhatWeRead) {
  Oracle oracle;
  for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
    const SpanBatch batch = BatchMaker(seed).make();
    const auto message = oracle.parse(otlp::encode_protobuf(batch));
    ASSERT_NE(message, nullptr) << seed;
    ASSERT_FALSE(Oracle::has_unknown_fields(*message)) << message->DebugString();
    const auto back = otlp::decode_protobuf(message->SerializeAsString());
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(span_batch_text(back->batch), span_batch_text(batch)) << seed;
  }
}

// On damaged bytes: what we accept, libprotobuf accepts and means the same by; what only it accepts
// has a field of the wrong wire type (which it keeps as unknown) or nests too deep.
TEST(OtlpProperties, LibprotobufAgreesOnDamagedBytes) {
  Oracle oracle;
  Random random(99);
  int both = 0;
  for (std::uint64_t seed = 1; seed <= kRounds; ++seed) {
    const std::string body = otlp::encode_protobuf(BatchMaker(seed).make());
    if (body.empty()) continue;
    for (int round = 0; round < 20; ++round) {
      std::string damaged = body;
      damaged[random.below(damaged.size())] = static_cast<char>(random.next());
      if (random.below(4) == 0) damaged.resize(random.below(damaged.size()));
      const auto ours = otlp::decode_protobuf(damaged);
      const auto theirs = oracle.parse(damaged);
      if (!ours) {
        if (theirs != nullptr) {
          ASSERT_TRUE(Oracle::has_unknown_fields(*theirs)) << ours.error().message;
        }
        continue;
      }
      ASSERT_NE(theirs, nullptr) << "only ours accepts, seed " << seed;
      const auto again = otlp::decode_protobuf(theirs->SerializeAsString());
      ASSERT_TRUE(again) << again.error().message;
      // An id that damage gave a span twice: of libprotobuf's the last remains, ours refuses the
      // span if either has the wrong length.
      if (ours->rejected > again->rejected) continue;
      ASSERT_EQ(span_batch_text(again->batch), span_batch_text(ours->batch)) << seed;
      ++both;
    }
  }
  EXPECT_GT(both, 1000);
}

}  // namespace
}  // namespace binnacle::golden
