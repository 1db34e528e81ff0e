#include "sdk/formats/json_text.h"

#include "codec/utf8.h"

#include <charconv>
#include <cmath>
#include <cstring>

namespace binnacle::sdk {

namespace {

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101ULL;
constexpr std::uint64_t kHighs = 0x8080'8080'8080'8080ULL;

/// High bit of each byte that is zero. Exact for the lowest such byte, which is all that is asked.
constexpr std::uint64_t zero_bytes(std::uint64_t word) noexcept {
  return (word - kOnes) & ~word & kHighs;
}

/// Non-zero if one of eight bytes is a quote, a backslash, a control character or no ASCII.
constexpr std::uint64_t special_bytes(std::uint64_t word) noexcept {
  return zero_bytes(word ^ (kOnes * '"')) | zero_bytes(word ^ (kOnes * '\\')) |
         ((word - kOnes * 0x20) & ~word & kHighs) | (word & kHighs);
}

constexpr bool is_plain(unsigned char byte) noexcept {
  return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/// How many bytes at the front can be copied as they are.
std::size_t plain_prefix(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size()) {
    while (i + 8 <= text.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + i, 8);
      if (special_bytes(word) != 0) break;
      i += 8;
    }
    while (i < text.size() && is_plain(static_cast<unsigned char>(text[i]))) ++i;
    if (i == text.size() || static_cast<unsigned char>(text[i]) < 0x80) return i;
    const codec::Utf8Sequence sequence = codec::utf8_sequence(text.substr(i));
    if (!sequence.valid) return i;
    i += sequence.length;
  }
  return i;
}

/// Writes what stands for the bytes at the front of `text`, which are not plain, and returns their
/// number.
std::size_t append_escaped(BatchAppender& out, std::string_view text) noexcept {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte >= 0x80) {
    out.text(codec::kReplacementCharacter);
    return codec::utf8_sequence(text).length;
  }
  constexpr char kDigits[] = "0123456789abcdef";
  constexpr std::string_view kNamed = "\"\"\\\\\bb\ff\nn\rr\tt";
  for (std::size_t i = 0; i < kNamed.size(); i += 2) {
    if (kNamed[i] != text[0]) continue;
    const char escape[] = {'\\', kNamed[i + 1]};
    out.text({escape, sizeof escape});
    return 1;
  }
  const char escape[] = {'\\', 'u', '0', '0', kDigits[byte >> 4U], kDigits[byte & 0xFU]};
  out.text({escape, sizeof escape});
  return 1;
}

template <typename T>
void append_number(BatchAppender& out, T value) noexcept {
  constexpr std::size_t kLongest = 32;
  char* to = out.room(kLongest);
  if (to == nullptr) return;
  out.used(static_cast<std::size_t>(std::to_chars(to, to + kLongest, value).ptr - to));
}

}  // namespace

void append_json_string(BatchAppender& out, std::string_view text) noexcept {
  out.byte('"');
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    out.text(text.substr(0, plain));
    text.remove_prefix(plain);
    if (!text.empty()) text.remove_prefix(append_escaped(out, text));
  }
  out.byte('"');
}

void append_decimal(BatchAppender& out, std::uint64_t value) noexcept { append_number(out, value); }
void append_decimal(BatchAppender& out, std::int64_t value) noexcept { append_number(out, value); }

void append_real(BatchAppender& out, double value) noexcept {
  if (std::isnan(value)) return out.text("NaN");
  if (std::isinf(value)) return out.text(value > 0 ? "Infinity" : "-Infinity");
  append_number(out, value);
}

void append_hex(BatchAppender& out, const std::uint8_t* bytes, std::size_t size) noexcept {
  constexpr char kDigits[] = "0123456789abcdef";
  char* to = out.room(2 * size);
  if (to == nullptr) return;
  for (std::size_t i = 0; i < size; ++i) {
    to[2 * i] = kDigits[bytes[i] >> 4U];
    to[2 * i + 1] = kDigits[bytes[i] & 0xFU];
  }
  out.used(2 * size);
}

void append_base64(BatchAppender& out, std::string_view bytes) noexcept {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (bytes.empty()) return;
  const std::size_t size = (bytes.size() + 2) / 3 * 4;
  char* to = out.room(size);
  if (to == nullptr) return;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const auto at = [&](std::size_t k) {
      return k < left ? std::uint32_t{static_cast<unsigned char>(bytes[i + k])} : 0U;
    };
    const std::uint32_t word = at(0) << 16U | at(1) << 8U | at(2);
    *to++ = kDigits[word >> 18U];
    *to++ = kDigits[(word >> 12U) & 63U];
    *to++ = left > 1 ? kDigits[(word >> 6U) & 63U] : '=';
    *to++ = left > 2 ? kDigits[word & 63U] : '=';
  }
  out.used(size);
}

void append_json_value(BatchAppender& out, const ValueView& value, int depth) noexcept {
  switch (value.kind) {
    case ValueKind::kString:
      return append_json_string(out, value.text);
    case ValueKind::kBool:
      return out.text(value.boolean ? "true" : "false");
    case ValueKind::kInt:
      return append_decimal(out, value.integer);
    case ValueKind::kDouble:
      if (std::isfinite(value.real)) return append_real(out, value.real);
      out.byte('"');
      append_real(out, value.real);
      return out.byte('"');
    case ValueKind::kBytes:
      out.byte('"');
      append_base64(out, value.text);
      return out.byte('"');
    case ValueKind::kArray: {
      if (depth == kMaxJsonDepth) break;
      out.byte('[');
      bool is_first = true;
      for (const ValueView element : value.elements()) {
        if (!is_first) out.byte(',');
        is_first = false;
        append_json_value(out, element, depth + 1);
      }
      return out.byte(']');
    }
    case ValueKind::kMap:
      if (depth == kMaxJsonDepth) break;
      return append_json_object(out, value.entries(), depth + 1);
    case ValueKind::kEmpty:
      break;
  }
  out.text("null");
}

void append_json_object(BatchAppender& out, ViewRange<AttributeView> attributes,
                        int depth) noexcept {
  out.byte('{');
  bool is_first = true;
  for (const AttributeView attribute : attributes) {
    if (!is_first) out.byte(',');
    is_first = false;
    append_json_string(out, attribute.key);
    out.byte(':');
    append_json_value(out, attribute.value, depth);
  }
  out.byte('}');
}

void append_tag_text(BatchAppender& out, const ValueView& value) noexcept {
  switch (value.kind) {
    case ValueKind::kString:
      return out.text(value.text);
    case ValueKind::kDouble:
      return append_real(out, value.real);
    case ValueKind::kBytes:
      return append_base64(out, value.text);
    case ValueKind::kEmpty:
      return;
    default:
      return append_json_value(out, value);
  }
}

}  // namespace binnacle::sdk
