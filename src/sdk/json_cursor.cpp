#include "sdk/json_cursor.h"

#include <charconv>
#include <cmath>

namespace binnacle::sdk {

namespace {

void append_utf8(std::string& out, unsigned code) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0U | code >> 6U);
    put(0x80U | (code & 0x3FU));
  } else if (code < 0x10000) {
    put(0xE0U | code >> 12U);
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  } else {
    put(0xF0U | code >> 18U);
    put(0x80U | (code >> 12U & 0x3FU));
    put(0x80U | (code >> 6U & 0x3FU));
    put(0x80U | (code & 0x3FU));
  }
}

constexpr bool is_high_surrogate(unsigned code) noexcept { return code >> 10U == 0xD800U >> 10U; }
constexpr bool is_low_surrogate(unsigned code) noexcept { return code >> 10U == 0xDC00U >> 10U; }

}  // namespace

void JsonCursor::skip_space() noexcept {
  const std::size_t start = rest_.find_first_not_of(" \t\r\n");
  rest_.remove_prefix(start == std::string_view::npos ? rest_.size() : start);
}

char JsonCursor::peek() noexcept {
  skip_space();
  return rest_.empty() ? '\0' : rest_.front();
}

bool JsonCursor::take(char wanted) noexcept {
  if (peek() != wanted || rest_.empty()) return false;
  rest_.remove_prefix(1);
  return true;
}

bool JsonCursor::take_word(std::string_view word) noexcept {
  skip_space();
  if (!rest_.starts_with(word)) return fail();
  rest_.remove_prefix(word.size());
  return true;
}

std::optional<unsigned> JsonCursor::hex4() noexcept {
  unsigned code = 0;
  if (rest_.size() < 4) return std::nullopt;
  const auto [end, failed] = std::from_chars(rest_.data(), rest_.data() + 4, code, 16);
  if (failed != std::errc{} || end != rest_.data() + 4) return std::nullopt;
  rest_.remove_prefix(4);
  return code;
}

bool JsonCursor::append_escape(std::string& out) {
  if (rest_.empty()) return false;
  const char kind = rest_.front();
  rest_.remove_prefix(1);
  constexpr std::string_view kPlain = "\"\\/bfnrt";
  constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
  const std::size_t plain = kPlain.find(kind);
  if (plain != std::string_view::npos) {
    out += kMeaning[plain];
    return true;
  }
  if (kind != 'u') return false;
  std::optional<unsigned> code = hex4();
  if (!code || is_low_surrogate(*code)) return false;
  if (is_high_surrogate(*code)) {
    if (!rest_.starts_with("\\u")) return false;
    rest_.remove_prefix(2);
    const std::optional<unsigned> low = hex4();
    if (!low || !is_low_surrogate(*low)) return false;
    code = 0x10000U + ((*code & 0x3FFU) << 10U) + (*low & 0x3FFU);
  }
  append_utf8(out, *code);
  return true;
}

std::optional<std::string> JsonCursor::string() {
  std::string out;
  if (!take('"')) {
    fail();
    return std::nullopt;
  }
  while (!rest_.empty()) {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (c == '"') return out;
    if (static_cast<unsigned char>(c) < 0x20) break;
    if (c != '\\') {
      out += c;
    } else if (!append_escape(out)) {
      break;
    }
  }
  fail();
  return std::nullopt;
}

std::optional<double> JsonCursor::number() noexcept {
  skip_space();
  double value = 0;
  const char* end = rest_.data() + rest_.size();
  const bool is_number =
      !rest_.empty() && (rest_.front() == '-' || (rest_.front() >= '0' && rest_.front() <= '9'));
  const auto [stop, failed] = std::from_chars(rest_.data(), end, value);
  if (!is_number || failed != std::errc{} || !std::isfinite(value)) {
    fail();
    return std::nullopt;
  }
  rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
  return value;
}

bool JsonCursor::skip() {
  switch (peek()) {
    case '{':
      return object([this](std::string_view /*key*/) { skip(); });
    case '[':
      return array([this] { skip(); });
    case '"':
      return string().has_value();
    case 't':
      return take_word("true");
    case 'f':
      return take_word("false");
    case 'n':
      return take_word("null");
    default:
      return number().has_value();
  }
}

}  // namespace binnacle::sdk
