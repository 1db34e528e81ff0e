#include "wire/otlp/protobuf_attributes.h"

#include "codec/utf8.h"
#include "model/packed_value.h"

#include <fmt/format.h>

#include <bit>

namespace binnacle::otlp {
namespace {

using codec::proto_fields;
using codec::proto_tag;
using codec::ProtoReader;

constexpr auto kBytes = codec::ProtoWire::kBytes;
constexpr auto kVarint = codec::ProtoWire::kVarint;
constexpr auto kFixed64 = codec::ProtoWire::kFixed64;

}  // namespace

bool RequestFailure::break_at(std::string_view part) {
  path = path.empty() ? std::string(part) : fmt::format("{}.{}", part, path);
  return false;
}

// Messages come as views, not as readers: those would be copied through memory, which costs a
// quarter of the whole decoding.
bool AttributeReader::read(std::string_view message, std::size_t position,
                           std::vector<Attribute>& pool) {
  ProtoReader r(message, failure_.wire);
  StringId key;
  Value value;
  while (r.next()) {
    switch (r.tag()) {
      case proto_tag(1, kBytes):
        key = keys_.intern(position, r.bytes());
        break;
      case proto_tag(2, kBytes):
        if (!any_value(r.bytes(), position, value)) {
          failure_.break_at("value");
          return fail_at(position, key);
        }
        break;
      default:
        r.skip_unless_known(proto_fields(1, 2));
    }
  }
  if (!good()) return fail_at(position, key);
  pool.emplace_back(key, value);
  return true;
}

bool AttributeReader::fail_at(std::size_t position, StringId key) {
  return failure_.break_at(
      fmt::format("attributes[{}] (key \"{}\")", position, text_.table()[key].substr(0, 100)));
}

inline bool AttributeReader::any_value(std::string_view message, std::size_t position, Value& out) {
  ProtoReader r(message, failure_.wire);
  while (r.next()) {
    switch (r.tag()) {
      case proto_tag(1, kBytes):
        out = Value::of_string(values_.intern(position, r.bytes()));
        break;
      case proto_tag(2, kVarint):
        out = Value::of_bool(r.varint() != 0);
        break;
      case proto_tag(3, kVarint):
        out = Value::of_int(static_cast<std::int64_t>(r.varint()));
        break;
      case proto_tag(4, kFixed64):
        out = Value::of_raw(ValueType::kDouble, r.fixed64());
        break;
      case proto_tag(5, kBytes):
        packed_.clear();
        if (!pack_array(r.bytes(), 0)) return false;
        out = Value::of_array(text_.intern_bytes(packed_));
        break;
      case proto_tag(6, kBytes):
        packed_.clear();
        if (!pack_map(r.bytes(), 0)) return false;
        out = Value::of_map(text_.intern_bytes(packed_));
        break;
      case proto_tag(7, kBytes):
        out = Value::of_bytes(text_.intern_bytes(r.bytes()));
        break;
      default:
        r.skip_unless_known(proto_fields(1, 2, 3, 4, 5, 6, 7));
    }
  }
  return good();
}

// How many elements (field 1) an ArrayValue or KeyValueList holds: packed values begin with it.
bool AttributeReader::count_elements(std::string_view message, std::uint64_t& count) {
  count = 0;
  ProtoReader r(message, failure_.wire);
  while (r.next()) {
    if (r.tag() == proto_tag(1, kBytes)) ++count;
    r.skip();
  }
  return good();
}

bool AttributeReader::pack_array(std::string_view message, int depth) {
  std::uint64_t count = 0;
  if (!count_elements(message, count)) return false;
  PackedWriter(packed_).begin_array(count);
  ProtoReader r(message, failure_.wire);
  while (r.next()) {
    if (r.tag() == proto_tag(1, kBytes)) {
      if (!pack_value(r.bytes(), depth + 1)) return false;
    } else {
      r.skip_unless_known(proto_fields(1));
    }
  }
  return good();
}

bool AttributeReader::pack_map(std::string_view message, int depth) {
  std::uint64_t count = 0;
  if (!count_elements(message, count)) return false;
  PackedWriter(packed_).begin_map(count);
  ProtoReader r(message, failure_.wire);
  while (r.next()) {
    if (r.tag() == proto_tag(1, kBytes)) {
      if (!pack_entry(r.bytes(), depth)) return false;
    } else {
      r.skip_unless_known(proto_fields(1));
    }
  }
  return good();
}

// A KeyValue inside a map. The packed form has the key first, the wire any order; of several
// values the last wins, but each is checked.
bool AttributeReader::pack_entry(std::string_view message, int depth) {
  std::string_view key;
  ProtoReader first(message, failure_.wire);
  while (first.next()) {
    if (first.tag() == proto_tag(1, kBytes)) {
      key = first.bytes();
    } else {
      first.skip_unless_known(proto_fields(1));
    }
  }
  if (!good()) return false;
  PackedWriter out(packed_);
  out.key(valid_text(key));
  const std::size_t begin = packed_.size();
  out.empty();
  ProtoReader r(message, failure_.wire);
  while (r.next()) {
    if (r.tag() == proto_tag(2, kBytes)) {
      packed_.resize(begin);
      if (!pack_value(r.bytes(), depth + 1)) return false;
    } else {
      r.skip_unless_known(proto_fields(2));
    }
  }
  return good();
}

// The last field set wins, as in every oneof: its bytes replace those of the ones before.
bool AttributeReader::pack_value(std::string_view message, int depth) {
  ProtoReader r(message, failure_.wire);
  if (depth > kMaxValueDepth) {
    r.fail_field("arrays and maps nest deeper than 32");
    return false;
  }
  PackedWriter out(packed_);
  const std::size_t begin = packed_.size();
  out.empty();
  while (r.next()) {
    const std::uint32_t tag = r.tag();
    if (r.field() > 7) {
      r.skip();
      continue;
    }
    packed_.resize(begin);
    switch (tag) {
      case proto_tag(1, kBytes):
        out.string(valid_text(r.bytes()));
        break;
      case proto_tag(2, kVarint):
        out.boolean(r.varint() != 0);
        break;
      case proto_tag(3, kVarint):
        out.integer(static_cast<std::int64_t>(r.varint()));
        break;
      case proto_tag(4, kFixed64):
        out.real(std::bit_cast<double>(r.fixed64()));
        break;
      case proto_tag(5, kBytes):
        if (!pack_array(r.bytes(), depth)) return false;
        break;
      case proto_tag(6, kBytes):
        if (!pack_map(r.bytes(), depth)) return false;
        break;
      case proto_tag(7, kBytes):
        out.bytes(r.bytes());
        break;
      default:
        r.skip_unless_known(proto_fields(1, 2, 3, 4, 5, 6, 7));
    }
  }
  return good();
}

// `text`, or its repaired form, which lives until the next call.
std::string_view AttributeReader::valid_text(std::string_view text) {
  if (codec::is_valid_utf8(text)) return text;
  return repaired_ = codec::repair_utf8(text);
}

}  // namespace binnacle::otlp
