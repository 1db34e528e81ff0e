#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

// Appends compact JSON (RFC 8259) to a string: no tree, no allocation of its own. Text that is no
// UTF-8 becomes U+FFFD where it is not, so the output is always valid. The caller nests correctly;
// commas come by themselves. Thread-confined.
//
//   JsonWriter w(out);
//   w.begin_object().key("name").string(name).key("n").integer(3).end_object();

namespace binnacle::codec {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  /// Before each value of an object.
  JsonWriter& key(std::string_view name) {
    separate();
    quote(name);
    out_.push_back(':');
    comma_ = false;
    return *this;
  }
  /// A key that needs no escaping: a literal of ours. Three times as fast.
  JsonWriter& plain_key(std::string_view name) {
    if (comma_) {
      out_.append(",\"", 2);
    } else {
      out_.push_back('"');
    }
    out_.append(name);
    out_.append("\":", 2);
    comma_ = false;
    return *this;
  }

  /// What precedes a value, made elsewhere and put down as it is: one or more members and a key
  /// with its colon, `"type":"string","value":`.
  JsonWriter& raw_key(std::string_view json) {
    out_.append(json);
    comma_ = false;
    return *this;
  }

  JsonWriter& string(std::string_view text) {
    separate();
    quote(text);
    comma_ = true;
    return *this;
  }
  /// Text known to need no escaping: hexadecimal, base64, names of ours.
  JsonWriter& plain_string(std::string_view text) {
    separate();
    out_.push_back('"');
    out_.append(text);
    out_.push_back('"');
    comma_ = true;
    return *this;
  }
  template <std::integral T>
  JsonWriter& integer(T v) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
    return raw({digits, static_cast<std::size_t>(end - digits)});
  }
  /// A 64-bit integer as a string, as the protobuf JSON mapping writes them: JavaScript's numbers
  /// are exact only to 2^53.
  template <std::integral T>
  JsonWriter& quoted_integer(T v) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
    return plain_string({digits, static_cast<std::size_t>(end - digits)});
  }
  /// The shortest text that reads back as `v`; NaN and infinities, for which JSON has no numbers,
  /// as the strings "NaN", "Infinity" and "-Infinity" (protobuf JSON mapping).
  JsonWriter& real(double v) {
    if (std::isnan(v)) return plain_string("NaN");
    if (std::isinf(v)) return plain_string(v > 0 ? "Infinity" : "-Infinity");
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, v).ptr;
    return raw({digits, static_cast<std::size_t>(end - digits)});
  }
  JsonWriter& boolean(bool v) { return raw(v ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  /// JSON made elsewhere.
  JsonWriter& raw(std::string_view json) {
    separate();
    out_.append(json);
    comma_ = true;
    return *this;
  }

 private:
  void separate() {
    if (comma_) out_.push_back(',');
  }
  JsonWriter& open(char c) {
    separate();
    out_.push_back(c);
    comma_ = false;
    return *this;
  }
  JsonWriter& close(char c) {
    out_.push_back(c);
    comma_ = true;
    return *this;
  }
  void quote(std::string_view text);

  std::string& out_;
  bool comma_ = false;  // something stands before the next value at this level
};

/// `text` as a JSON string with its quotes, appended to `out`.
void append_json_string(std::string_view text, std::string& out);

}  // namespace binnacle::codec
