#pragma once

#include "sdk/formats/batch_appender.h"
#include "sdk/formats/span_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// JSON (RFC 8259) into a batch. Text that is no UTF-8 gets U+FFFD where it is not, so that what is
// written is always valid. Nothing is allocated but the batch itself. Pure functions.

namespace binnacle::sdk {

/// Arrays and maps in values are written this deep; what is deeper becomes null. The recording path
/// writes arrays of plain values only.
inline constexpr int kMaxJsonDepth = 16;

/// `text` with its quotes.
void append_json_string(BatchAppender& out, std::string_view text) noexcept;
/// Decimal digits.
void append_decimal(BatchAppender& out, std::uint64_t value) noexcept;
void append_decimal(BatchAppender& out, std::int64_t value) noexcept;
/// The shortest text that reads back as `value`; "NaN", "Infinity", "-Infinity" without quotes.
void append_real(BatchAppender& out, double value) noexcept;
/// Lowercase hexadecimal digits.
void append_hex(BatchAppender& out, const std::uint8_t* bytes, std::size_t size) noexcept;
/// Standard alphabet, padded, without quotes.
void append_base64(BatchAppender& out, std::string_view bytes) noexcept;

/// A value as plain JSON: "text", 1, 1.5, true, [..], {..}; bytes as base64 text; what JSON has no
/// numbers for as text.
void append_json_value(BatchAppender& out, const ValueView& value, int depth = 0) noexcept;
/// Attributes as a JSON object.
void append_json_object(BatchAppender& out, ViewRange<AttributeView> attributes,
                        int depth = 0) noexcept;
/// A value as text, for formats whose tags are strings: strings as they are, arrays and maps as
/// JSON.
void append_tag_text(BatchAppender& out, const ValueView& value) noexcept;

/// For tests and settings: an encoded text made once.
template <typename Append>
std::string made_once(Append append) {
  ByteBuffer buffer;
  BatchAppender out(buffer);
  append(out);
  return std::string(out.written());
}

}  // namespace binnacle::sdk
