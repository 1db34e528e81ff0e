#include "sdk/fields.h"

#include "sdk/slot.h"
#include "wire/otlp/span_writer.h"

namespace binnacle::sdk {

namespace wo = wire::otlp;

namespace {

/// Bytes of element `i` of an array as an AnyValue.
std::size_t element_size(const AttributeValue& array, std::size_t i, std::size_t limit) noexcept {
  switch (array.kind()) {
    case AttributeKind::kStringArray:
      return wo::bytes_field_size(cut_text(array.string_at(i), limit).size());
    case AttributeKind::kIntArray:
      return 1 + wo::varint_size(static_cast<std::uint64_t>(array.integer_at(i)));
    case AttributeKind::kDoubleArray:
      return 9;
    default:
      return 2;
  }
}

char* put_element(char* out, const AttributeValue& array, std::size_t i,
                  std::size_t limit) noexcept {
  switch (array.kind()) {
    case AttributeKind::kStringArray:
      return wo::put_bytes_field(out, wo::kAnyString, cut_text(array.string_at(i), limit));
    case AttributeKind::kIntArray:
      out = wo::put_byte(out, wo::kAnyInt);
      return wo::put_varint(out, static_cast<std::uint64_t>(array.integer_at(i)));
    case AttributeKind::kDoubleArray:
      out = wo::put_byte(out, wo::kAnyDouble);
      return wo::put_fixed64(out, std::bit_cast<std::uint64_t>(array.real_at(i)));
    default:
      out = wo::put_byte(out, wo::kAnyBool);
      return wo::put_byte(out, array.boolean_at(i) ? 1 : 0);
  }
}

std::size_t array_size(const AttributeValue& array, std::size_t limit) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 0; i < array.size(); ++i) {
    size += wo::bytes_field_size(element_size(array, i, limit));
  }
  return size;
}

char* put_array(char* out, const AttributeValue& array, std::size_t limit) noexcept {
  out = wo::put_byte(out, wo::kAnyArray);
  out = wo::put_varint(out, array_size(array, limit));
  for (std::size_t i = 0; i < array.size(); ++i) {
    out = wo::put_byte(out, wo::kArrayValues);
    out = wo::put_varint(out, element_size(array, i, limit));
    out = put_element(out, array, i, limit);
  }
  return out;
}

std::size_t attributes_size(const AttributeList& attributes) noexcept {
  std::size_t size = 0;
  for (const KeyValue& attribute : attributes) {
    size += attribute_size(attribute.key, attribute.value);
  }
  return size;
}

char* put_attributes(char* out, std::uint8_t tag, const AttributeList& attributes) noexcept {
  for (const KeyValue& attribute : attributes) {
    out = put_attribute(out, tag, attribute.key, attribute.value);
  }
  return out;
}

std::string_view bytes_of(const std::uint8_t* bytes, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::string_view cut_text(std::string_view text, std::size_t limit) noexcept {
  if (text.size() <= limit) return text;
  // A byte 10xxxxxx goes on with a character that began before it.
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  return text.substr(0, limit);
}

std::size_t any_value_size(const AttributeValue& value, std::size_t text_limit) noexcept {
  switch (value.kind()) {
    case AttributeKind::kString:
      return wo::bytes_field_size(cut_text(value.string(), text_limit).size());
    case AttributeKind::kInt:
    case AttributeKind::kBool:
      return 1 + wo::varint_size(static_cast<std::uint64_t>(value.integer()));
    case AttributeKind::kDouble:
      return 9;
    default:
      return wo::bytes_field_size(array_size(value, text_limit));
  }
}

char* put_any_value(char* out, const AttributeValue& value, std::size_t text_limit) noexcept {
  switch (value.kind()) {
    case AttributeKind::kString:
      return wo::put_bytes_field(out, wo::kAnyString, cut_text(value.string(), text_limit));
    case AttributeKind::kInt:
    case AttributeKind::kBool:
      out = wo::put_byte(out, value.kind() == AttributeKind::kInt ? wo::kAnyInt : wo::kAnyBool);
      return wo::put_varint(out, static_cast<std::uint64_t>(value.integer()));
    case AttributeKind::kDouble:
      out = wo::put_byte(out, wo::kAnyDouble);
      return wo::put_fixed64(out, std::bit_cast<std::uint64_t>(value.real()));
    default:
      return put_array(out, value, text_limit);
  }
}

std::size_t attribute_size(std::string_view key, const AttributeValue& value,
                           std::size_t text_limit) noexcept {
  return wo::bytes_field_size(wo::key_value_size(key.size(), any_value_size(value, text_limit)));
}

char* put_attribute(char* out, std::uint8_t tag, std::string_view key, const AttributeValue& value,
                    std::size_t text_limit) noexcept {
  if (value.kind() == AttributeKind::kString) {
    return wo::put_string_attribute(out, tag, key, cut_text(value.string(), text_limit));
  }
  out = wo::put_key_value_head(out, tag, key, any_value_size(value, text_limit));
  return put_any_value(out, value, text_limit);
}

std::size_t EventFields::body_size() const noexcept {
  return 9 + wo::bytes_field_size(name.size()) + attributes_size(attributes);
}
std::size_t EventFields::size() const noexcept { return wo::bytes_field_size(body_size()); }
char* EventFields::put(char* out) const noexcept {
  out = wo::put_byte(out, wo::kSpanEvents);
  out = wo::put_varint(out, body_size());
  out = wo::put_byte(out, time_tag);
  out = wo::put_fixed64(out, time);
  out = wo::put_bytes_field(out, wo::kEventName, name);
  return put_attributes(out, wo::kEventAttributes, attributes);
}

std::size_t LinkFields::body_size() const noexcept {
  return wo::bytes_field_size(16) + wo::bytes_field_size(8) + attributes_size(attributes) + 5;
}
std::size_t LinkFields::size() const noexcept { return wo::bytes_field_size(body_size()); }
char* LinkFields::put(char* out) const noexcept {
  out = wo::put_byte(out, wo::kSpanLinks);
  out = wo::put_varint(out, body_size());
  out = wo::put_bytes_field(out, wo::kLinkTraceId, bytes_of(context.trace_id.bytes, 16));
  out = wo::put_bytes_field(out, wo::kLinkSpanId, bytes_of(context.span_id.bytes, 8));
  out = put_attributes(out, wo::kLinkAttributes, attributes);
  out = wo::put_byte(out, wo::kLinkFlags);
  const std::uint32_t remote = context.is_remote ? wo::kFlagIsRemote : 0;
  return wo::put_fixed32(out, context.flags | wo::kFlagHasIsRemote | remote);
}

std::size_t status_size(std::string_view message) noexcept {
  return wo::bytes_field_size(wo::bytes_field_size(message.size()) + 2);
}
char* put_status(char* out, std::uint8_t code, std::string_view message) noexcept {
  out = wo::put_byte(out, wo::kSpanStatus);
  out = wo::put_varint(out, wo::bytes_field_size(message.size()) + 2);
  out = wo::put_bytes_field(out, wo::kStatusMessage, message);
  out = wo::put_byte(out, wo::kStatusCode);
  return wo::put_byte(out, code);
}

}  // namespace binnacle::sdk
