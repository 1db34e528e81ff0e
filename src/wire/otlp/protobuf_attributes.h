#pragma once

#include "codec/proto_reader.h"
#include "model/value.h"
#include "wire/text_interner.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// The parts of OTLP protobuf that repeat most: KeyValue and AnyValue (common.proto). Used by
// decode_protobuf.cpp alone. Thread-confined.

namespace binnacle::otlp {

/// What is wrong with a request and where: the wire format's failure and the path of the fields
/// around it.
struct RequestFailure {
  codec::ProtoFailure wire;
  std::string path;

  /// Called from the inside out while a failure unwinds, so that only failures pay for paths.
  /// Always false.
  bool break_at(std::string_view part);
};

/// Spans of one library carry the same keys at the same positions, and often the same values:
/// comparing with what stood there in the span before is half the price of hashing.
class PositionCache {
 public:
  explicit PositionCache(TextInterner& text) : text_(text) {}

  StringId intern(std::size_t position, std::string_view in) {
    if (position >= kPositions) return text_.intern(in);
    Entry& e = entries_[position];
    if (e.text == in) return e.id;
    // What is stored, not `in`: repaired text differs from the input and must not be found by it.
    const StringId id = text_.intern(in);
    e = Entry{text_.table()[id], id};
    return id;
  }

 private:
  // Longest attribute list of common instrumentation is about 30.
  static constexpr std::size_t kPositions = 32;
  struct Entry {
    std::string_view text{""};
    StringId id;
  };
  TextInterner& text_;
  std::array<Entry, kPositions> entries_;
};

class AttributeReader {
 public:
  AttributeReader(TextInterner& text, RequestFailure& failure)
      : text_(text), failure_(failure), keys_(text), values_(text) {}

  /// Appends one KeyValue to `pool`. `position` is its place in the list it belongs to. False after
  /// a failure.
  bool read(std::string_view message, std::size_t position, std::vector<Attribute>& pool);

 private:
  bool fail_at(std::size_t position, StringId key);
  bool any_value(std::string_view message, std::size_t position, Value& out);
  bool count_elements(std::string_view message, std::uint64_t& count);
  bool pack_array(std::string_view message, int depth);
  bool pack_map(std::string_view message, int depth);
  bool pack_entry(std::string_view message, int depth);
  bool pack_value(std::string_view message, int depth);
  std::string_view valid_text(std::string_view text);
  [[nodiscard]] bool good() const { return !failure_.wire; }

  TextInterner& text_;
  RequestFailure& failure_;
  PositionCache keys_;
  PositionCache values_;
  std::string packed_;    // the array or map being read, in the packed form
  std::string repaired_;  // valid_text's
};

}  // namespace binnacle::otlp
