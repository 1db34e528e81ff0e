#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// UTF-8 checking and repair (Unicode 15, section 3.9, table 3-7). Pure functions.
//
//   std::string_view text = is_valid_utf8(in) ? in : (scratch = repair_utf8(in));

namespace binnacle::codec {

/// U+FFFD, what stands for bytes that are no UTF-8.
constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// What stands at the front of a text.
struct Utf8Sequence {
  std::size_t length = 0;  ///< bytes; of an ill-formed sequence its maximal subpart, at least 1
  bool valid = false;
};
/// The sequence at the front of `text`, which is not empty.
[[nodiscard]] Utf8Sequence utf8_sequence(std::string_view text) noexcept;

/// Index of the first byte that does not begin or continue a well-formed sequence; text.size() if
/// there is none. ASCII runs are skipped eight bytes at a time.
[[nodiscard]] std::size_t find_invalid_utf8(std::string_view text) noexcept;

[[nodiscard]] inline bool is_valid_utf8(std::string_view text) noexcept {
  return find_invalid_utf8(text) == text.size();
}

/// `text` with each maximal ill-formed part replaced by one U+FFFD ("substitution of maximal
/// subparts", the practice of browsers and of Go). At most three times as long.
[[nodiscard]] std::string repair_utf8(std::string_view text);

/// Appends code point `c` (<= 0x10FFFF, no surrogate) as UTF-8 to `out`, which must have room for
/// four bytes; returns the byte after the last written.
char* write_utf8(char* out, char32_t c) noexcept;

}  // namespace binnacle::codec
