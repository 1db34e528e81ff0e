#include "codec/json_document.h"

#include "codec/utf8.h"

#include <fmt/format.h>

#include <cstring>

namespace binnacle::codec {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Ends a run inside a string: quote, backslash or control character.
bool ends_run(char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; }

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101ULL;
constexpr std::uint64_t kHighs = 0x8080'8080'8080'8080ULL;

// The first quote, backslash or control character in [p, end), eight bytes at a time.
const char* find_run_end(const char* p, const char* end) {
  while (end - p >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, 8);
    const std::uint64_t quote = word ^ (kOnes * '"');
    const std::uint64_t slash = word ^ (kOnes * '\\');
    const std::uint64_t hit = (((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) |
                               ((slash - kOnes) & ~slash)) &
                              kHighs;
    if (hit != 0) break;
    p += 8;
  }
  while (p != end && !ends_run(*p)) ++p;
  return p;
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

// Iterative, so that nesting costs heap within the limit and no stack.
class JsonParser {
 public:
  JsonParser(JsonDocument& doc, const JsonLimits& limits)
      : doc_(doc),
        limits_(limits),
        begin_(doc.text_->data()),
        p_(begin_),
        end_(begin_ + doc.text_->size()) {}

  Status run() {
    if (end_ - p_ >= 3 && std::memcmp(p_, "\xEF\xBB\xBF", 3) == 0) p_ += 3;
    doc_.nodes_.reserve(doc_.text_->size() / 12 + 4);
    if (parse() && (skip_space(), p_ != end_)) error("text after the end of the value");
    if (what_ == nullptr) return {};
    return fail(ErrorCode::kInvalidArgument, fmt::format("json: {} at byte {}", what_, at_));
  }

 private:
  using Node = JsonValue::Node;

  bool error(const char* what) {
    what_ = what;
    at_ = static_cast<std::size_t>(p_ - begin_);
    return false;
  }
  void skip_space() {
    while (p_ != end_ && is_space(*p_)) ++p_;
  }
  [[nodiscard]] std::uint32_t here() const { return static_cast<std::uint32_t>(p_ - begin_); }
  [[nodiscard]] std::uint32_t count() const {
    return static_cast<std::uint32_t>(doc_.nodes_.size());
  }
  void add(JsonType type, std::uint32_t offset, std::uint32_t length, bool truth = false) {
    doc_.nodes_.push_back(Node{offset, length, count() + 1, type, truth});
  }

  bool parse() {
    do {
      if (!value()) return false;
      // A value is complete: close what it completes, or go on to the next one.
      if (opened_) continue;
      if (!after_value()) return false;
    } while (!open_.empty());
    return true;
  }

  // Behind a complete value: a comma (and the next key), or the ends of containers.
  bool after_value() {
    while (!open_.empty()) {
      Node& container = doc_.nodes_[open_.back()];
      const bool object = container.type == JsonType::kObject;
      ++container.length;
      skip_space();
      if (p_ == end_) return error("the text ends inside an array or object");
      if (*p_ == ',') {
        ++p_;
        skip_space();
        return object ? key() : true;
      }
      if (*p_ != (object ? '}' : ']')) {
        return error(object ? "expected ',' or '}'" : "expected ',' or ']'");
      }
      close();
    }
    return true;
  }

  void close() {
    ++p_;
    doc_.nodes_[open_.back()].next = count();
    open_.pop_back();
  }

  bool key() {
    if (p_ == end_ || *p_ != '"') return error("expected a member name in quotes");
    if (!string()) return false;
    skip_space();
    if (p_ == end_ || *p_ != ':') return error("expected ':'");
    ++p_;
    return true;
  }

  bool value() {
    opened_ = false;
    skip_space();
    if (p_ == end_) return error("expected a value, the text ends");
    switch (*p_) {
      case '{':
        return open(JsonType::kObject, '}');
      case '[':
        return open(JsonType::kArray, ']');
      case '"':
        return string();
      case 't':
        return literal("true", JsonType::kBool, true);
      case 'f':
        return literal("false", JsonType::kBool, false);
      case 'n':
        return literal("null", JsonType::kNull, false);
      default:
        return number();
    }
  }

  bool open(JsonType type, char end_char) {
    if (open_.size() >= limits_.max_depth) return error("arrays and objects nest too deep");
    open_.push_back(count());
    add(type, here(), 0);
    ++p_;
    skip_space();
    if (p_ != end_ && *p_ == end_char) {
      close();
      return true;
    }
    opened_ = true;
    return type == JsonType::kObject ? key() : true;
  }

  bool literal(std::string_view text, JsonType type, bool truth) {
    if (static_cast<std::size_t>(end_ - p_) < text.size() ||
        std::string_view(p_, text.size()) != text) {
      return error("expected a value");
    }
    add(type, here(), static_cast<std::uint32_t>(text.size()), truth);
    p_ += text.size();
    return true;
  }

  bool digits() {
    if (p_ == end_ || !is_digit(*p_)) return error("expected a digit");
    while (p_ != end_ && is_digit(*p_)) ++p_;
    return true;
  }

  bool number() {
    const std::uint32_t offset = here();
    if (*p_ == '-') {
      ++p_;
    } else if (!is_digit(*p_)) {
      return error("expected a value");
    }
    char* whole = p_;
    if (!digits()) return false;
    if (*whole == '0' && p_ - whole > 1) {
      p_ = whole;
      return error("number has a leading zero");
    }
    if (p_ != end_ && *p_ == '.') {
      ++p_;
      if (!digits()) return false;
    }
    if (p_ != end_ && (*p_ == 'e' || *p_ == 'E')) {
      ++p_;
      if (p_ != end_ && (*p_ == '+' || *p_ == '-')) ++p_;
      if (!digits()) return false;
    }
    add(JsonType::kNumber, offset, here() - offset);
    return true;
  }

  bool string() {
    ++p_;
    const std::uint32_t offset = here();
    char* out = nullptr;  // where unescaped text goes; null while there was no escape
    char* run = p_;
    while (true) {
      p_ += find_run_end(p_, end_) - p_;
      const auto n = static_cast<std::size_t>(p_ - run);
      if (out != nullptr) {
        std::memmove(out, run, n);
        out += n;
      }
      if (p_ == end_) return error("the text ends inside a string");
      if (*p_ == '"') break;
      if (*p_ != '\\') return error("control character inside a string");
      if (out == nullptr) out = p_;
      if (!escape(out)) return false;
      run = p_;
    }
    const char* text_end = out != nullptr ? out : p_;
    add(JsonType::kString, offset, static_cast<std::uint32_t>(text_end - begin_) - offset);
    ++p_;
    return true;
  }

  // One escape at p_; writes its character at `out`, which is never ahead of p_.
  bool escape(char*& out) {
    if (end_ - p_ < 2) return error("the text ends inside a string");
    const char c = p_[1];
    if (c == 'u') return unicode_escape(out);
    constexpr std::string_view kFrom = "\"\\/bfnrt";
    constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    const std::size_t which = kFrom.find(c);
    if (which == std::string_view::npos) return error("escape does not exist");
    *out++ = kTo[which];
    p_ += 2;
    return true;
  }

  // The four digits behind "\u" at `p`; -1 if they are none.
  [[nodiscard]] int code_unit(const char* p) const {
    if (end_ - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
    int unit = 0;
    for (int i = 2; i < 6; ++i) {
      const int digit = hex_digit(p[i]);
      if (digit < 0) return -1;
      unit = unit * 16 + digit;
    }
    return unit;
  }

  bool unicode_escape(char*& out) {
    const int unit = code_unit(p_);
    if (unit < 0) return error("\\u needs four hexadecimal digits");
    p_ += 6;
    auto c = static_cast<char32_t>(unit);
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      const int low = code_unit(p_);
      if (low >= 0xDC00 && low <= 0xDFFF) {
        c = 0x10000 + ((c - 0xD800) << 10) + (static_cast<char32_t>(low) - 0xDC00);
        p_ += 6;
      } else {
        c = 0xFFFD;
      }
    } else if (unit >= 0xDC00 && unit <= 0xDFFF) {
      c = 0xFFFD;
    }
    out = write_utf8(out, c);
    return true;
  }

  JsonDocument& doc_;
  const JsonLimits& limits_;
  char* begin_;
  char* p_;
  char* end_;
  std::vector<std::uint32_t> open_;  // containers around the current value
  bool opened_ = false;              // the last value() opened a container that is not empty
  const char* what_ = nullptr;
  std::size_t at_ = 0;
};

Result<JsonDocument> JsonDocument::parse(std::string text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("json of {} bytes is larger than {}", text.size(), limits.max_bytes));
  }
  if (!is_valid_utf8(text)) text = repair_utf8(text);
  JsonDocument doc;
  doc.text_ = std::make_unique<std::string>(std::move(text));
  JsonParser parser(doc, limits);
  if (Status s = parser.run(); !s) return std::unexpected(s.error());
  return doc;
}

std::string_view to_string(JsonType type) noexcept {
  switch (type) {
    case JsonType::kNull:
      return "null";
    case JsonType::kBool:
      return "a boolean";
    case JsonType::kNumber:
      return "a number";
    case JsonType::kString:
      return "a string";
    case JsonType::kArray:
      return "an array";
    case JsonType::kObject:
      return "an object";
  }
  return "?";
}

JsonValue JsonValue::find(std::string_view name) const noexcept {
  JsonValue found;
  for (const JsonMember& m : members()) {
    if (m.name == name) found = m.value;
  }
  return found;
}

}  // namespace binnacle::codec
