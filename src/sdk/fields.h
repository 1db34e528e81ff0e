#pragma once

#include <binnacle/span.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

// The encoded fields of a span's stream: size first, then bytes. Pure functions. `tag` is the
// attribute field of the message that the attribute stands in.

namespace binnacle::sdk {

/// A limit of text values in bytes; longer ones are cut at a whole UTF-8 character.
inline constexpr std::size_t kNoTextLimit = SIZE_MAX;

/// The longest prefix of at most `limit` bytes that ends at a whole UTF-8 character.
std::string_view cut_text(std::string_view text, std::size_t limit) noexcept;

std::size_t attribute_size(std::string_view key, const AttributeValue& value,
                           std::size_t text_limit = kNoTextLimit) noexcept;
char* put_attribute(char* out, std::uint8_t tag, std::string_view key, const AttributeValue& value,
                    std::size_t text_limit = kNoTextLimit) noexcept;

/// The value alone, as an AnyValue message.
std::size_t any_value_size(const AttributeValue& value, std::size_t text_limit) noexcept;
char* put_any_value(char* out, const AttributeValue& value, std::size_t text_limit) noexcept;

/// Attributes borrowed from the caller.
struct AttributeList {
  const KeyValue* data = nullptr;
  std::size_t size = 0;
  const KeyValue* begin() const noexcept { return data; }
  const KeyValue* end() const noexcept { return data + size; }
};

/// Span.events. `time` goes under `time_tag`: kEventTime for nanoseconds since 1970, kEventTicks
/// for ticks. The time is always the first field, where the export thread finds it.
struct EventFields {
  std::string_view name;
  AttributeList attributes;
  std::uint8_t time_tag;
  std::uint64_t time;

  std::size_t body_size() const noexcept;
  std::size_t size() const noexcept;
  char* put(char* out) const noexcept;
};

/// Span.links.
struct LinkFields {
  SpanContext context;
  AttributeList attributes;

  std::size_t body_size() const noexcept;
  std::size_t size() const noexcept;
  char* put(char* out) const noexcept;
};

/// Span.status with a message.
std::size_t status_size(std::string_view message) noexcept;
char* put_status(char* out, std::uint8_t code, std::string_view message) noexcept;

}  // namespace binnacle::sdk
