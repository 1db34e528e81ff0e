#include "sdk/formats/jaeger_thrift_encoder.h"

#include "sdk/formats/json_text.h"

#include <binnacle/apm.h>
#include <binnacle/span.h>

#include <bit>
#include <utility>

namespace binnacle::sdk {

namespace {

// Thrift's binary protocol: a field is type, number, value; a struct ends with a stop byte.
enum : std::uint8_t {
  kStop = 0,
  kBool = 2,
  kDouble = 4,
  kI32 = 8,
  kI64 = 10,
  kString = 11,
  kStruct = 12,
  kList = 15
};
constexpr std::size_t kFieldHead = 3;
constexpr std::size_t kListHead = 5;

// jaeger.thrift, enum TagType.
enum : std::uint32_t { kTagString = 0, kTagDouble = 1, kTagBool = 2, kTagLong = 3, kTagBinary = 4 };
// enum SpanRefType.
enum : std::uint32_t { kChildOf = 0, kFollowsFrom = 1 };

constexpr std::string_view kUnknownService = "unknown_service";
constexpr std::size_t kScopeTagCount = 4;

char* put_u32(char* out, std::uint32_t value) noexcept {
  return BatchAppender::put_big_endian(out, value);
}
char* put_u64(char* out, std::uint64_t value) noexcept {
  return BatchAppender::put_big_endian(out, value);
}
char* put_field(char* out, std::uint8_t type, std::uint8_t number) noexcept {
  out[0] = static_cast<char>(type);
  out[1] = 0;
  out[2] = static_cast<char>(number);
  return out + kFieldHead;
}
char* put_i64(char* out, std::uint8_t number, std::uint64_t value) noexcept {
  return put_u64(put_field(out, kI64, number), value);
}
char* put_text(char* out, std::string_view text) noexcept {
  out = put_u32(out, static_cast<std::uint32_t>(text.size()));
  return wire::otlp::put_bytes(out, text.data(), text.size());
}
std::uint64_t read_id(const std::uint8_t* bytes) noexcept {
  std::uint64_t id = 0;
  std::memcpy(&id, bytes, sizeof id);
  return std::endian::native == std::endian::little ? std::byteswap(id) : id;
}

/// Struct Tag: key, type, and the value's field.
template <typename PutValue>
void append_tag(BatchAppender& out, std::string_view key, std::uint32_t type,
                std::size_t value_size, PutValue put_value) noexcept {
  const std::size_t size =
      kFieldHead + 4 + key.size() + kFieldHead + 4 + kFieldHead + value_size + 1;
  char* to = out.room(size);
  if (to == nullptr) return;
  to = put_text(put_field(to, kString, 1), key);
  to = put_u32(put_field(to, kI32, 2), type);
  to = put_value(to);
  *to = kStop;
  out.used(size);
}

void append_text_tag(BatchAppender& out, std::string_view key, std::string_view text) noexcept {
  append_tag(out, key, kTagString, 4 + text.size(),
             [&](char* to) { return put_text(put_field(to, kString, 3), text); });
}
void append_bool_tag(BatchAppender& out, std::string_view key, bool value) noexcept {
  append_tag(out, key, kTagBool, 1, [&](char* to) {
    to = put_field(to, kBool, 5);
    *to = value ? 1 : 0;
    return to + 1;
  });
}
void append_long_tag(BatchAppender& out, std::string_view key, std::int64_t value) noexcept {
  append_tag(out, key, kTagLong, 8,
             [&](char* to) { return put_i64(to, 6, static_cast<std::uint64_t>(value)); });
}

void append_value_tag(BatchAppender& out, ByteBuffer& scratch,
                      const AttributeView& attribute) noexcept {
  const ValueView& value = attribute.value;
  switch (value.kind) {
    case ValueKind::kString:
      return append_text_tag(out, attribute.key, value.text);
    case ValueKind::kBool:
      return append_bool_tag(out, attribute.key, value.boolean);
    case ValueKind::kInt:
      return append_long_tag(out, attribute.key, value.integer);
    case ValueKind::kDouble:
      return append_tag(out, attribute.key, kTagDouble, 8, [&](char* to) {
        return put_u64(put_field(to, kDouble, 4), std::bit_cast<std::uint64_t>(value.real));
      });
    case ValueKind::kBytes:
      return append_tag(out, attribute.key, kTagBinary, 4 + value.text.size(),
                        [&](char* to) { return put_text(put_field(to, kString, 7), value.text); });
    default: {
      scratch.truncate(0);
      BatchAppender text(scratch);
      append_tag_text(text, value);
      return append_text_tag(out, attribute.key, text.written());
    }
  }
}

/// A list field whose length is known last.
class OpenList {
 public:
  OpenList(BatchAppender& out, std::uint8_t number) noexcept : out_(out) {
    if (char* to = out.room(kFieldHead + kListHead); to != nullptr) {
      to = put_field(to, kList, number);
      *to = kStruct;
      out.used(kFieldHead + kListHead);
    }
    position_ = out.position() - 4;
  }
  void close(std::uint32_t elements) noexcept { out_.set_big_endian(position_, elements); }

 private:
  BatchAppender& out_;
  std::size_t position_;
};

void append_identity(BatchAppender& out, const FinishedSpan& span) noexcept {
  constexpr std::size_t kSize = 6 * (kFieldHead + 8) + kFieldHead + 4;
  char* to = out.room(kSize);
  if (to == nullptr) return;
  const std::uint64_t start_us = span.start_unix_ns / 1000;
  to = put_i64(to, 1, read_id(span.trace_id + 8));
  to = put_i64(to, 2, read_id(span.trace_id));
  to = put_i64(to, 3, read_id(span.span_id));
  to = put_i64(to, 4, span.parent_span_id == nullptr ? 0 : read_id(span.parent_span_id));
  to = put_u32(put_field(to, kI32, 7), span.trace_flags & 1U);
  to = put_i64(to, 8, start_us);
  put_i64(to, 9, (span.end_unix_ns - span.start_unix_ns) / 1000);
  out.used(kSize);
}

/// Writes the tags and keeps the rest for later.
struct TagPass {
  BatchAppender& out;
  ByteBuffer& scratch;
  const bool is_error;
  const bool has_kind;
  std::uint32_t tags = 0;
  std::string_view name = {};
  std::string_view description = {};
  bool has_events = false;
  bool has_links = false;

  void on_name(std::string_view text) noexcept { name = text; }
  void on_attribute(const AttributeView& attribute) noexcept {
    // What the span's own fields say stands once.
    if ((is_error && attribute.key == "error") || (has_kind && attribute.key == "span.kind"))
      return;
    append_value_tag(out, scratch, attribute);
    ++tags;
  }
  void on_event(const EventView& /*event*/) noexcept { has_events = true; }
  void on_link(const LinkView& /*link*/) noexcept { has_links = true; }
  void on_status(const StatusView& status) noexcept { description = status.message; }

  void add_text(std::string_view key, std::string_view text) noexcept {
    if (text.empty()) return;
    append_text_tag(out, key, text);
    ++tags;
  }
  void add_count(std::string_view key, std::uint32_t count) noexcept {
    if (count == 0) return;
    append_long_tag(out, key, count);
    ++tags;
  }
  void add_error() noexcept {
    append_bool_tag(out, "error", true);
    ++tags;
  }
};

constexpr std::uint8_t kError = static_cast<std::uint8_t>(StatusCode::kError);

TagPass append_tags(BatchAppender& out, ByteBuffer& scratch, std::string_view scope_tags,
                    const FinishedSpan& span) noexcept {
  OpenList list(out, 10);
  std::string_view kind = span_kind_text(span.kind);
  if (kind == "internal") kind = {};  // the mapping writes no tag for it
  TagPass pass{
      .out = out, .scratch = scratch, .is_error = span.status == kError, .has_kind = !kind.empty()};
  visit_span(span, pass);
  pass.add_text("span.kind", kind);
  if (pass.is_error) pass.add_error();
  if (span.status != 0) pass.add_text("otel.status_code", pass.is_error ? "ERROR" : "OK");
  pass.add_text("otel.status_description", pass.description);
  pass.add_text("w3c.tracestate", span.trace_state);
  pass.add_count("otel.dropped_attributes_count", span.dropped_attributes);
  pass.add_count("otel.dropped_events_count", span.dropped_events);
  pass.add_count("otel.dropped_links_count", span.dropped_links);
  out.text(scope_tags);
  list.close(pass.tags + kScopeTagCount);
  return pass;
}

void append_logs(BatchAppender& out, ByteBuffer& scratch, const FinishedSpan& span) noexcept {
  OpenList logs(out, 11);
  std::uint32_t log_count = 0;
  for (const EventView event : events_of(span)) {
    if (char* to = out.room(kFieldHead + 8); to != nullptr) {
      put_i64(to, 1, event.time_unix_ns / 1000);
      out.used(kFieldHead + 8);
    }
    OpenList fields(out, 2);
    std::uint32_t field_count = 1;
    append_text_tag(out, "event", event.name);
    for (const AttributeView attribute : event.attributes()) {
      append_value_tag(out, scratch, attribute);
      ++field_count;
    }
    fields.close(field_count);
    out.byte(kStop);
    ++log_count;
  }
  logs.close(log_count);
}

void append_reference(BatchAppender& out, std::uint32_t type, const std::uint8_t* trace_id,
                      const std::uint8_t* span_id) noexcept {
  constexpr std::size_t kSize = kFieldHead + 4 + 3 * (kFieldHead + 8) + 1;
  char* to = out.room(kSize);
  if (to == nullptr) return;
  to = put_u32(put_field(to, kI32, 1), type);
  to = put_i64(to, 2, read_id(trace_id + 8));
  to = put_i64(to, 3, read_id(trace_id));
  to = put_i64(to, 4, read_id(span_id));
  *to = kStop;
  out.used(kSize);
}

/// The parent first: a reader that takes the first reference for the parent is then right.
void append_references(BatchAppender& out, const FinishedSpan& span) noexcept {
  OpenList list(out, 6);
  std::uint32_t count = 0;
  if (span.parent_span_id != nullptr) {
    append_reference(out, kChildOf, span.trace_id, span.parent_span_id);
    ++count;
  }
  for (const LinkView link : links_of(span)) {
    append_reference(out, kFollowsFrom, link.trace_id, link.span_id);
    ++count;
  }
  list.close(count);
}

void append_name(BatchAppender& out, std::string_view name) noexcept {
  const std::size_t size = kFieldHead + 4 + name.size();
  if (char* to = out.room(size); to != nullptr) {
    put_text(put_field(to, kString, 5), name);
    out.used(size);
  }
}

/// Field 1 of Batch, and the head of field 2, whose length stands in the last four bytes.
void append_head(BatchAppender& out, std::string_view resource) noexcept {
  const std::string_view service = resource_text(resource, "service.name");
  if (char* to = out.room(kFieldHead); to != nullptr) {
    put_field(to, kStruct, 1);
    out.used(kFieldHead);
  }
  const std::string_view name = service.empty() ? kUnknownService : service;
  const std::size_t size = kFieldHead + 4 + name.size();
  if (char* to = out.room(size); to != nullptr) {
    put_text(put_field(to, kString, 1), name);
    out.used(size);
  }
  OpenList tags(out, 2);
  std::uint32_t count = 0;
  ByteBuffer scratch;
  for (const AttributeView attribute : attributes_of_resource(resource)) {
    if (attribute.key == "service.name") continue;
    append_value_tag(out, scratch, attribute);
    ++count;
  }
  tags.close(count);
  out.byte(kStop);
  OpenList(out, 2).close(0);
}

}  // namespace

JaegerThriftEncoder::JaegerThriftEncoder(std::string_view resource)
    : head_(made_once([&](BatchAppender& out) { append_head(out, resource); })),
      scope_tags_(made_once([](BatchAppender& out) {
        append_text_tag(out, "otel.scope.name", "binnacle");
        append_text_tag(out, "otel.scope.version", kVersion);
        // Of old, and still demanded by the specification.
        append_text_tag(out, "otel.library.name", "binnacle");
        append_text_tag(out, "otel.library.version", kVersion);
      })) {}

void JaegerThriftEncoder::add(const FinishedSpan& span) {
  BatchAppender out(batch_.bytes);
  if (batch_.items == 0) out.text(head_);
  append_identity(out, span);
  const TagPass pass = append_tags(out, scratch_, scope_tags_, span);
  append_name(out, pass.name);
  if (pass.has_events) append_logs(out, scratch_, span);
  if (pass.has_links) append_references(out, span);
  out.byte(kStop);
  if (out.commit(1)) ++batch_.items;
}

EncodedBatch JaegerThriftEncoder::finish() {
  BatchAppender out(batch_.bytes);
  out.set_big_endian(head_.size() - 4, static_cast<std::uint32_t>(batch_.items));
  out.byte(kStop);
  return std::exchange(batch_, EncodedBatch{});
}

}  // namespace binnacle::sdk
