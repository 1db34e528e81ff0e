#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// A parsed JSON text (RFC 8259) as a flat list of nodes over the text itself: strings are unescaped
// in place, numbers keep their digits (so 64-bit integers, 1e+21 and nanoseconds with a fraction
// stay exact), every value knows its byte offset for error messages, members keep their order.
// Immutable after parse(), const access from several threads; values and views live as long as the
// document and survive its moves.
//
//   Result<JsonDocument> doc = JsonDocument::parse(std::move(body));
//   for (const JsonMember& m : doc->root().members()) use(m.name, m.value.string());
//
// Ours rather than a library's because senders need leniency that libraries refuse: lone surrogates
// (JavaScript cuts strings between UTF-16 halves) and bytes that are no UTF-8 become U+FFFD,
// numbers may exceed 64 bits. Tests hold it against simdjson.

namespace binnacle::codec {

enum class JsonType : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

/// "null", "boolean" and so on, for error messages.
[[nodiscard]] std::string_view to_string(JsonType type) noexcept;

struct JsonLimits {
  /// Offsets are 32 bits; a text of n bytes costs up to 8 n bytes of nodes besides itself.
  std::size_t max_bytes = 1U << 30U;
  /// Nesting of arrays and objects. An OTLP attribute that nests 32 deep takes four levels
  /// for each of its own and a dozen around it.
  std::uint32_t max_depth = 160;
};

class JsonDocument;
struct JsonMember;
class JsonElements;
class JsonMembers;

/// One value of a document; a cheap handle. Default-constructed: null at offset 0.
class JsonValue {
 public:
  JsonValue() = default;
  [[nodiscard]] JsonType type() const noexcept;
  [[nodiscard]] bool is_null() const noexcept { return type() == JsonType::kNull; }
  [[nodiscard]] bool is_string() const noexcept { return type() == JsonType::kString; }
  [[nodiscard]] bool is_number() const noexcept { return type() == JsonType::kNumber; }
  [[nodiscard]] bool is_array() const noexcept { return type() == JsonType::kArray; }
  [[nodiscard]] bool is_object() const noexcept { return type() == JsonType::kObject; }
  [[nodiscard]] bool is_bool() const noexcept { return type() == JsonType::kBool; }

  /// A string's text; "" for other types.
  [[nodiscard]] std::string_view string() const noexcept;
  /// A number as it is written, or a string's text: what number parsers take. "" for other types.
  [[nodiscard]] std::string_view number_text() const noexcept;
  /// False for other types.
  [[nodiscard]] bool boolean() const noexcept;
  /// Elements of an array or members of an object; 0 for other types.
  [[nodiscard]] std::size_t size() const noexcept;
  /// Byte offset of the value's first character (of a string: behind its quote).
  [[nodiscard]] std::size_t offset() const noexcept;

  /// An array's elements; none for other types.
  [[nodiscard]] JsonElements elements() const noexcept;
  /// An object's members in order; none for other types.
  [[nodiscard]] JsonMembers members() const noexcept;
  /// The last member called `name`, or a null value. O(members).
  [[nodiscard]] JsonValue find(std::string_view name) const noexcept;

 private:
  friend class JsonDocument;
  friend class JsonParser;
  friend class JsonElements;
  friend class JsonMembers;
  struct Node {
    std::uint32_t offset;
    std::uint32_t length;  // bytes of a string or number; children of a container
    std::uint32_t next;    // index of the node behind this one and all inside it
    JsonType type;
    bool truth;
  };
  JsonValue(const Node* nodes, std::uint32_t index, const char* text)
      : nodes_(nodes), text_(text), index_(index) {}
  [[nodiscard]] const Node& node() const noexcept { return nodes_[index_]; }

  const Node* nodes_ = nullptr;
  const char* text_ = nullptr;
  std::uint32_t index_ = 0;
};

struct JsonMember {
  std::string_view name;
  JsonValue value;
};

/// Range over elements, for range-for.
class JsonElements {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonValue at) : at_(at) {}
    JsonValue operator*() const { return at_; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return at_.index_ == other.at_.index_; }

   private:
    JsonValue at_;
  };
  JsonElements(JsonValue first, JsonValue last) : first_(first), last_(last) {}
  [[nodiscard]] Iterator begin() const { return Iterator(first_); }
  [[nodiscard]] Iterator end() const { return Iterator(last_); }

 private:
  JsonValue first_;
  JsonValue last_;
};

/// Range over members, for range-for.
class JsonMembers {
 public:
  class Iterator {
   public:
    explicit Iterator(JsonValue key) : key_(key) {}
    JsonMember operator*() const;
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return key_.index_ == other.key_.index_; }

   private:
    JsonValue key_;
  };
  JsonMembers(JsonValue first, JsonValue last) : first_(first), last_(last) {}
  [[nodiscard]] Iterator begin() const { return Iterator(first_); }
  [[nodiscard]] Iterator end() const { return Iterator(last_); }

 private:
  JsonValue first_;
  JsonValue last_;
};

class JsonDocument {
 public:
  /// Exactly one JSON value with white space around it; a byte order mark is passed over.
  /// kInvalidArgument names what is wrong and the byte; kResourceExhausted beyond max_bytes. If the
  /// text was no UTF-8, offsets are those of the repaired text.
  [[nodiscard]] static Result<JsonDocument> parse(std::string text, const JsonLimits& limits = {});

  JsonDocument(JsonDocument&&) noexcept = default;
  JsonDocument& operator=(JsonDocument&&) noexcept = default;

  [[nodiscard]] JsonValue root() const noexcept { return {nodes_.data(), 0, text_->data()}; }

 private:
  friend class JsonParser;
  JsonDocument() = default;

  // On the heap, because short strings would move with the document.
  std::unique_ptr<std::string> text_;
  std::vector<JsonValue::Node> nodes_;
};

// Defined here because decoders ask these for every token.

inline JsonType JsonValue::type() const noexcept {
  return nodes_ == nullptr ? JsonType::kNull : node().type;
}

inline std::string_view JsonValue::string() const noexcept {
  if (!is_string()) return {};
  return {text_ + node().offset, node().length};
}

inline std::string_view JsonValue::number_text() const noexcept {
  const JsonType t = type();
  if (t != JsonType::kNumber && t != JsonType::kString) return {};
  return {text_ + node().offset, node().length};
}

inline bool JsonValue::boolean() const noexcept { return is_bool() && node().truth; }

inline std::size_t JsonValue::size() const noexcept {
  return is_array() || is_object() ? node().length : 0;
}

inline std::size_t JsonValue::offset() const noexcept {
  return nodes_ == nullptr ? 0 : node().offset;
}

inline JsonElements JsonValue::elements() const noexcept {
  if (!is_array()) return {*this, *this};
  return {JsonValue(nodes_, index_ + 1, text_), JsonValue(nodes_, node().next, text_)};
}

inline JsonMembers JsonValue::members() const noexcept {
  if (!is_object()) return {*this, *this};
  return {JsonValue(nodes_, index_ + 1, text_), JsonValue(nodes_, node().next, text_)};
}

inline JsonElements::Iterator& JsonElements::Iterator::operator++() {
  at_.index_ = at_.node().next;
  return *this;
}

inline JsonMember JsonMembers::Iterator::operator*() const {
  return {key_.string(), JsonValue(key_.nodes_, key_.index_ + 1, key_.text_)};
}

inline JsonMembers::Iterator& JsonMembers::Iterator::operator++() {
  key_.index_ = JsonValue(key_.nodes_, key_.index_ + 1, key_.text_).node().next;
  return *this;
}

}  // namespace binnacle::codec
