#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Writes fields of OTLP's span messages as protobuf bytes, straight into memory that the caller has
// sized with the matching `*_size` function: no allocation, no checks, no library. Used by the SDK,
// whose recording path writes attributes in wire form at once, so that exporting them is a copy.
// Pure functions; callable from any thread.
//
//   char* out = put_string_attribute(buffer, kSpanAttributes, key, value);
//
// Source: opentelemetry-proto 1.x, trace/v1/trace.proto and common/v1/common.proto; protobuf
// encoding guide.

namespace binnacle::wire::otlp {

/// Protobuf wire types.
enum : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// A field's tag where it fits one byte (field numbers 1 to 15).
constexpr std::uint8_t tag_of(unsigned field, unsigned wire_type) noexcept {
  return static_cast<std::uint8_t>(field << 3U | wire_type);
}

// message Span
inline constexpr std::uint8_t kSpanTraceId = tag_of(1, kBytes);
inline constexpr std::uint8_t kSpanSpanId = tag_of(2, kBytes);
inline constexpr std::uint8_t kSpanTraceState = tag_of(3, kBytes);
inline constexpr std::uint8_t kSpanParentSpanId = tag_of(4, kBytes);
inline constexpr std::uint8_t kSpanName = tag_of(5, kBytes);
inline constexpr std::uint8_t kSpanKind = tag_of(6, kVarint);
inline constexpr std::uint8_t kSpanStart = tag_of(7, kFixed64);
inline constexpr std::uint8_t kSpanEnd = tag_of(8, kFixed64);
inline constexpr std::uint8_t kSpanAttributes = tag_of(9, kBytes);
inline constexpr std::uint8_t kSpanDroppedAttributes = tag_of(10, kVarint);
inline constexpr std::uint8_t kSpanEvents = tag_of(11, kBytes);
inline constexpr std::uint8_t kSpanDroppedEvents = tag_of(12, kVarint);
inline constexpr std::uint8_t kSpanLinks = tag_of(13, kBytes);
inline constexpr std::uint8_t kSpanDroppedLinks = tag_of(14, kVarint);
inline constexpr std::uint8_t kSpanStatus = tag_of(15, kBytes);
/// Field 16, fixed32: two tag bytes.
inline constexpr std::uint8_t kSpanFlags[2] = {0x85, 0x01};
// message Span.Event
inline constexpr std::uint8_t kEventTime = tag_of(1, kFixed64);
inline constexpr std::uint8_t kEventName = tag_of(2, kBytes);
inline constexpr std::uint8_t kEventAttributes = tag_of(3, kBytes);
// message Span.Link
inline constexpr std::uint8_t kLinkTraceId = tag_of(1, kBytes);
inline constexpr std::uint8_t kLinkSpanId = tag_of(2, kBytes);
inline constexpr std::uint8_t kLinkTraceState = tag_of(3, kBytes);
inline constexpr std::uint8_t kLinkAttributes = tag_of(4, kBytes);
inline constexpr std::uint8_t kLinkFlags = tag_of(6, kFixed32);
// message Status
inline constexpr std::uint8_t kStatusMessage = tag_of(2, kBytes);
inline constexpr std::uint8_t kStatusCode = tag_of(3, kVarint);
// message KeyValue, AnyValue, ArrayValue, KeyValueList
inline constexpr std::uint8_t kKey = tag_of(1, kBytes);
inline constexpr std::uint8_t kValue = tag_of(2, kBytes);
inline constexpr std::uint8_t kAnyString = tag_of(1, kBytes);
inline constexpr std::uint8_t kAnyBool = tag_of(2, kVarint);
inline constexpr std::uint8_t kAnyInt = tag_of(3, kVarint);
inline constexpr std::uint8_t kAnyDouble = tag_of(4, kFixed64);
inline constexpr std::uint8_t kAnyArray = tag_of(5, kBytes);
inline constexpr std::uint8_t kAnyMap = tag_of(6, kBytes);
inline constexpr std::uint8_t kAnyBytes = tag_of(7, kBytes);
inline constexpr std::uint8_t kArrayValues = tag_of(1, kBytes);
inline constexpr std::uint8_t kMapEntries = tag_of(1, kBytes);
// The messages around spans
inline constexpr std::uint8_t kRequestResourceSpans = tag_of(1, kBytes);
inline constexpr std::uint8_t kResourceSpansResource = tag_of(1, kBytes);
inline constexpr std::uint8_t kResourceSpansScopeSpans = tag_of(2, kBytes);
inline constexpr std::uint8_t kResourceAttributes = tag_of(1, kBytes);
inline constexpr std::uint8_t kScopeSpansScope = tag_of(1, kBytes);
inline constexpr std::uint8_t kScopeSpansSpans = tag_of(2, kBytes);
inline constexpr std::uint8_t kScopeName = tag_of(1, kBytes);
inline constexpr std::uint8_t kScopeVersion = tag_of(2, kBytes);

/// Bits of Span.flags beyond the W3C trace flags.
inline constexpr std::uint32_t kFlagHasIsRemote = 0x100;
inline constexpr std::uint32_t kFlagIsRemote = 0x200;

/// Bytes of `value` as a varint: 1 to 10.
constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  // ceil(bits / 7) without a division; exact for 1 to 64 bits.
  return (static_cast<std::size_t>(std::bit_width(value | 1)) * 9 + 64) / 64;
}

inline char* put_varint(char* out, std::uint64_t value) noexcept {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7U;
  }
  *out++ = static_cast<char>(value);
  return out;
}

inline char* put_byte(char* out, std::uint8_t byte) noexcept {
  *out = static_cast<char>(byte);
  return out + 1;
}

/// Little-endian, as protobuf has it on every host.
inline char* put_fixed64(char* out, std::uint64_t value) noexcept {
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}
inline char* put_fixed32(char* out, std::uint32_t value) noexcept {
  if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap32(value);
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}

/// Four bytes with one store; each value below 256.
inline char* put_four_bytes(char* out, std::size_t a, std::size_t b, std::size_t c,
                            std::size_t d) noexcept {
  return put_fixed32(out, static_cast<std::uint32_t>(a | b << 8U | c << 16U | d << 24U));
}

/// memcpy for texts that are mostly under 32 bytes: two overlapping moves instead of a call
/// (a call of memcpy with an unknown length measured 4 ns, this 1 ns). Reads nothing outside.
[[gnu::always_inline]] inline char* put_bytes(char* out, const char* bytes,
                                              std::size_t size) noexcept {
  const auto overlapping = [&](auto word) __attribute__((always_inline)) {
    constexpr std::size_t kWord = sizeof word;
    auto last = word;
    std::memcpy(&word, bytes, kWord);
    std::memcpy(&last, bytes + size - kWord, kWord);
    std::memcpy(out, &word, kWord);
    std::memcpy(out + size - kWord, &last, kWord);
  };
  struct Wide {
    std::uint64_t halves[2];
  };
  if (size >= 8) {
    if (size <= 16) {
      overlapping(std::uint64_t{});
    } else if (size <= 32) {
      overlapping(Wide{});
    } else {
      std::memcpy(out, bytes, size);
    }
  } else if (size >= 4) {
    overlapping(std::uint32_t{});
  } else if (size != 0) {
    out[0] = bytes[0];
    out[size - 1] = bytes[size - 1];
    out[size / 2] = bytes[size / 2];
  }
  return out + size;
}

/// A length-delimited field with a one-byte tag.
constexpr std::size_t bytes_field_size(std::size_t size) noexcept {
  return 1 + varint_size(size) + size;
}
inline char* put_bytes_field(char* out, std::uint8_t tag, std::string_view bytes) noexcept {
  out = put_byte(out, tag);
  out = put_varint(out, bytes.size());
  return put_bytes(out, bytes.data(), bytes.size());
}

// ---- KeyValue -----------------------------------------------------------------------------------

/// Size of a KeyValue message (without its own tag and length) whose AnyValue has `value_size`
/// bytes.
constexpr std::size_t key_value_size(std::size_t key_size, std::size_t value_size) noexcept {
  return bytes_field_size(key_size) + bytes_field_size(value_size);
}

/// Tag, length, key and the head of the value of one attribute; the caller writes `value_size`
/// bytes of AnyValue after it.
inline char* put_key_value_head(char* out, std::uint8_t tag, std::string_view key,
                                std::size_t value_size) noexcept {
  out = put_byte(out, tag);
  out = put_varint(out, key_value_size(key.size(), value_size));
  out = put_bytes_field(out, kKey, key);
  out = put_byte(out, kValue);
  return put_varint(out, value_size);
}

/// Whole attribute field (tag, length, KeyValue) with a string value.
constexpr std::size_t string_attribute_size(std::size_t key_size, std::size_t value_size) noexcept {
  return bytes_field_size(key_value_size(key_size, bytes_field_size(value_size)));
}

/// Largest key_size + value_size for which every length inside a string attribute is one byte:
/// 127 less the two tags and lengths before the value and the two of the string itself.
inline constexpr std::size_t kShortAttributeBytes = 127 - 6;

/// A string attribute with `texts` <= kShortAttributeBytes bytes of key and value together.
constexpr std::size_t short_string_attribute_size(std::size_t texts) noexcept { return texts + 8; }
[[gnu::always_inline]] inline char* put_short_string_attribute(char* out, std::uint8_t tag,
                                                               std::string_view key,
                                                               std::string_view value) noexcept {
  out = put_four_bytes(out, tag, key.size() + value.size() + 6, kKey, key.size());
  out = put_bytes(out, key.data(), key.size());
  out = put_four_bytes(out, kValue, value.size() + 2, kAnyString, value.size());
  return put_bytes(out, value.data(), value.size());
}

/// `tag` is the attribute field of the enclosing message, e.g. kSpanAttributes.
inline char* put_string_attribute(char* out, std::uint8_t tag, std::string_view key,
                                  std::string_view value) noexcept {
  if (key.size() + value.size() <= kShortAttributeBytes) [[likely]] {
    return put_short_string_attribute(out, tag, key, value);
  }
  out = put_key_value_head(out, tag, key, bytes_field_size(value.size()));
  return put_bytes_field(out, kAnyString, value);
}

/// An attribute with a varint value of `number_bytes` bytes and a key of at most
/// kShortAttributeBytes - 10.
constexpr std::size_t short_varint_attribute_size(std::size_t key_size,
                                                  std::size_t number_bytes) noexcept {
  return key_size + number_bytes + 7;
}
[[gnu::always_inline]] inline char* put_short_varint_attribute(char* out, std::uint8_t tag,
                                                               std::string_view key,
                                                               std::uint8_t value_tag,
                                                               std::uint64_t value,
                                                               std::size_t number_bytes) noexcept {
  out = put_four_bytes(out, tag, key.size() + number_bytes + 5, kKey, key.size());
  out = put_bytes(out, key.data(), key.size());
  out[0] = static_cast<char>(kValue);
  out[1] = static_cast<char>(number_bytes + 1);
  out[2] = static_cast<char>(value_tag);
  return put_varint(out + 3, value);
}

/// Any attribute whose AnyValue is a varint (`value_tag` kAnyInt or kAnyBool).
constexpr std::size_t varint_attribute_size(std::size_t key_size, std::uint64_t value) noexcept {
  return bytes_field_size(key_value_size(key_size, 1 + varint_size(value)));
}
inline char* put_varint_attribute(char* out, std::uint8_t tag, std::string_view key,
                                  std::uint8_t value_tag, std::uint64_t value) noexcept {
  out = put_key_value_head(out, tag, key, 1 + varint_size(value));
  out = put_byte(out, value_tag);
  return put_varint(out, value);
}

constexpr std::size_t double_attribute_size(std::size_t key_size) noexcept {
  return bytes_field_size(key_value_size(key_size, 9));
}
inline char* put_double_attribute(char* out, std::uint8_t tag, std::string_view key,
                                  double value) noexcept {
  out = put_key_value_head(out, tag, key, 9);
  out = put_byte(out, kAnyDouble);
  return put_fixed64(out, std::bit_cast<std::uint64_t>(value));
}

}  // namespace binnacle::wire::otlp
