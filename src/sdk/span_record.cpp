#include "sdk/span_record.h"

#include "sdk/formats/span_reader.h"

#include <algorithm>
#include <cstring>

namespace binnacle::sdk {

namespace {

constexpr std::size_t kTraceIdBytes = 16;
constexpr std::size_t kSpanIdBytes = 8;

/// The kind of an array is that of its first element; the recording path writes no mixed ones.
ValueKind kind_of_elements(const ValueView& array) noexcept {
  for (const ValueView element : array.elements()) return element.kind;
  return ValueKind::kEmpty;
}

template <typename T, typename Read>
std::vector<T> read_elements(const ValueView& array, Read read) {
  std::vector<T> elements;
  for (const ValueView element : array.elements()) elements.push_back(read(element));
  return elements;
}

AttributeData own_array(const ValueView& array) {
  switch (kind_of_elements(array)) {
    case ValueKind::kInt:
      return read_elements<std::int64_t>(array, [](const ValueView& e) { return e.integer; });
    case ValueKind::kDouble:
      return read_elements<double>(array, [](const ValueView& e) { return e.real; });
    case ValueKind::kBool:
      return read_elements<bool>(array, [](const ValueView& e) { return e.boolean; });
    default:
      return read_elements<std::string>(array,
                                        [](const ValueView& e) { return std::string(e.text); });
  }
}

AttributeData own(const ValueView& value) {
  switch (value.kind) {
    case ValueKind::kBool:
      return value.boolean;
    case ValueKind::kInt:
      return value.integer;
    case ValueKind::kDouble:
      return value.real;
    case ValueKind::kArray:
      return own_array(value);
    default:
      return std::string(value.text);
  }
}

template <typename Range>
std::vector<Attribute> own_all(const Range& range) {
  std::vector<Attribute> attributes;
  for (const AttributeView attribute : range) {
    attributes.push_back({std::string(attribute.key), own(attribute.value)});
  }
  return attributes;
}

/// Arrays are decoded into memory that lives for the call.
void visit_array(std::string_view key, const ValueView& array, v1::detail::AttributeVisitor visitor,
                 void* to) {
  switch (kind_of_elements(array)) {
    case ValueKind::kInt: {
      const auto elements =
          read_elements<std::int64_t>(array, [](const ValueView& e) { return e.integer; });
      return visitor(to, key, AttributeValue(elements));
    }
    case ValueKind::kDouble: {
      const auto elements = read_elements<double>(array, [](const ValueView& e) { return e.real; });
      return visitor(to, key, AttributeValue(elements));
    }
    case ValueKind::kBool: {
      // std::vector<bool> has no elements to point at.
      const auto flags = read_elements<bool>(array, [](const ValueView& e) { return e.boolean; });
      const auto elements = std::make_unique<bool[]>(flags.size());
      std::copy(flags.begin(), flags.end(), elements.get());
      struct {
        const bool* at;
        std::size_t count;
        const bool* data() const noexcept { return at; }
        std::size_t size() const noexcept { return count; }
      } const view{elements.get(), flags.size()};
      return visitor(to, key, AttributeValue(view));
    }
    default: {
      const auto elements =
          read_elements<std::string_view>(array, [](const ValueView& e) { return e.text; });
      return visitor(to, key, AttributeValue(elements));
    }
  }
}

void visit_value(std::string_view key, const ValueView& value, v1::detail::AttributeVisitor visitor,
                 void* to) {
  switch (value.kind) {
    case ValueKind::kBool:
      return visitor(to, key, AttributeValue(value.boolean));
    case ValueKind::kInt:
      return visitor(to, key, AttributeValue(value.integer));
    case ValueKind::kDouble:
      return visitor(to, key, AttributeValue(value.real));
    case ValueKind::kArray:
      return visit_array(key, value, visitor, to);
    default:
      return visitor(to, key, AttributeValue(value.text));
  }
}

SpanContext link_context(const LinkView& link) noexcept {
  SpanContext context;
  std::memcpy(context.trace_id.bytes, link.trace_id, kTraceIdBytes);
  std::memcpy(context.span_id.bytes, link.span_id, kSpanIdBytes);
  context.flags = static_cast<std::uint8_t>(link.flags & 0xFFU);
  context.is_remote = (link.flags & wire::otlp::kFlagIsRemote) != 0;
  return context;
}

}  // namespace

StoredSpan::StoredSpan(const FinishedSpan& span)
    : size_(kTraceIdBytes + 2 * kSpanIdBytes + span.fields.size() + span.trace_state.size()),
      span_(span) {
  memory_ = std::make_unique<char[]>(size_);
  char* at = memory_.get();
  const auto keep = [&at](const void* bytes, std::size_t size) {
    if (size != 0) std::memcpy(at, bytes, size);
    at += size;
    return at - size;
  };
  const auto keep_id = [&](const std::uint8_t* id, std::size_t size) {
    return reinterpret_cast<const std::uint8_t*>(keep(id, size));
  };
  span_.trace_id = keep_id(span.trace_id, kTraceIdBytes);
  span_.span_id = keep_id(span.span_id, kSpanIdBytes);
  if (span.parent_span_id != nullptr) {
    span_.parent_span_id = keep_id(span.parent_span_id, kSpanIdBytes);
  }
  span_.fields = {keep(span.fields.data(), span.fields.size()), span.fields.size()};
  span_.trace_state = {keep(span.trace_state.data(), span.trace_state.size()),
                       span.trace_state.size()};
}

std::vector<Attribute> read_resource(std::string_view resource) {
  return own_all(attributes_of_resource(resource));
}

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {

detail::SpanRecord::SpanRecord(const sdk::FinishedSpan& of) noexcept : span(of) {
  struct Visitor {
    SpanRecord& to;
    void on_name(std::string_view text) const noexcept { to.name = text; }
    void on_status(const sdk::StatusView& status) const noexcept {
      to.span.status = status.code;
      to.status_message = status.message;
    }
  };
  sdk::visit_span(of, Visitor{*this});
}

std::string_view ReadableSpan::name() const noexcept { return record_->name; }
SpanKind ReadableSpan::kind() const noexcept { return static_cast<SpanKind>(record_->span.kind); }
SpanContext ReadableSpan::context() const noexcept {
  SpanContext context;
  std::memcpy(context.trace_id.bytes, record_->span.trace_id, sizeof context.trace_id.bytes);
  std::memcpy(context.span_id.bytes, record_->span.span_id, sizeof context.span_id.bytes);
  context.flags = record_->span.trace_flags;
  return context;
}
SpanId ReadableSpan::parent_span_id() const noexcept {
  SpanId id;
  if (const std::uint8_t* bytes = record_->span.parent_span_id) {
    std::memcpy(id.bytes, bytes, sizeof id.bytes);
  }
  return id;
}
bool ReadableSpan::is_parent_remote() const noexcept { return record_->span.is_parent_remote; }
std::string_view ReadableSpan::trace_state() const noexcept { return record_->span.trace_state; }
std::int64_t ReadableSpan::start_unix_ns() const noexcept {
  return static_cast<std::int64_t>(record_->span.start_unix_ns);
}
std::int64_t ReadableSpan::end_unix_ns() const noexcept {
  return static_cast<std::int64_t>(record_->span.end_unix_ns);
}
StatusCode ReadableSpan::status() const noexcept {
  return static_cast<StatusCode>(record_->span.status);
}
std::string_view ReadableSpan::status_message() const noexcept { return record_->status_message; }
std::uint32_t ReadableSpan::dropped_attributes() const noexcept {
  return record_->span.dropped_attributes;
}
std::uint32_t ReadableSpan::dropped_events() const noexcept { return record_->span.dropped_events; }
std::uint32_t ReadableSpan::dropped_links() const noexcept { return record_->span.dropped_links; }

void ReadableSpan::visit_attributes(detail::AttributeVisitor visitor, void* to) const {
  for (const sdk::AttributeView attribute : sdk::attributes_of(record_->span)) {
    sdk::visit_value(attribute.key, attribute.value, visitor, to);
  }
}

std::optional<AttributeData> ReadableSpan::attribute(std::string_view key) const {
  for (const sdk::AttributeView attribute : sdk::attributes_of(record_->span)) {
    if (attribute.key == key) return sdk::own(attribute.value);
  }
  return std::nullopt;
}

std::vector<Attribute> ReadableSpan::attributes() const {
  return sdk::own_all(sdk::attributes_of(record_->span));
}

std::vector<ReadableSpan::Event> ReadableSpan::events() const {
  std::vector<Event> events;
  for (const sdk::EventView event : sdk::events_of(record_->span)) {
    events.push_back({std::string(event.name), static_cast<std::int64_t>(event.time_unix_ns),
                      sdk::own_all(event.attributes())});
  }
  return events;
}

std::vector<ReadableSpan::LinkedSpan> ReadableSpan::links() const {
  std::vector<LinkedSpan> links;
  for (const sdk::LinkView link : sdk::links_of(record_->span)) {
    links.push_back({sdk::link_context(link), sdk::own_all(link.attributes())});
  }
  return links;
}

}  // namespace v1
}  // namespace binnacle
