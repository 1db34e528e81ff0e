#include "codec/proto_reader.h"
#include "codec/utf8.h"
#include "model/packed_value.h"
#include "wire/otlp/decode.h"
#include "wire/text_interner.h"

#include <fmt/format.h>

#include <array>
#include <bit>

namespace binnacle::otlp {
namespace {

using codec::proto_fields;
using codec::proto_tag;
using codec::ProtoFailure;
using codec::ProtoReader;
using codec::ProtoWire;

constexpr auto kBytes = ProtoWire::kBytes;
constexpr auto kVarint = ProtoWire::kVarint;
constexpr auto kFixed64 = ProtoWire::kFixed64;
constexpr auto kFixed32 = ProtoWire::kFixed32;

// Spans of one library carry the same keys at the same positions, and often the same values:
// comparing with what stood there in the span before is half the price of hashing.
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

enum class IdState : std::uint8_t { kAbsent, kGood, kWrongLength };

class Decoder {
 public:
  Decoder(std::string_view request, DecodedSpans& out)
      : failure_(request),
        out_(out),
        batch_(out.batch),
        text_(out.batch.strings),
        keys_(text_),
        values_(text_) {}

  Status run(std::string_view request) {
    ProtoReader r(request, failure_);
    std::size_t index = 0;
    while (r.next()) {
      if (r.tag() == proto_tag(1, kBytes)) {
        if (!resource_spans(r.bytes())) break_at(fmt::format("resource_spans[{}]", index));
        ++index;
      } else {
        r.skip_unless_known(proto_fields(1));
      }
    }
    if (!failure_) return {};
    Error error = failure_.error().to_error();
    return std::unexpected(error.in(path_.empty() ? "otlp request" : "otlp request: " + path_));
  }

 private:
  // Called from the inside out while a failure unwinds, so that only failures pay for paths.
  bool break_at(std::string_view part) {
    path_ = path_.empty() ? std::string(part) : fmt::format("{}.{}", part, path_);
    return false;
  }
  [[nodiscard]] bool good() const { return !failure_; }

  bool resource_spans(std::string_view message) {
    std::string_view schema_url;
    std::uint32_t dropped = 0;
    const auto begin = static_cast<std::uint32_t>(batch_.shared_attributes.size());
    // Protobuf fields come in any order, and spans need their resource's number first.
    ProtoReader first(message, failure_);
    while (first.next()) {
      if (first.tag() == proto_tag(1, kBytes)) {
        if (!resource(ProtoReader::inside(first), dropped)) return break_at("resource");
      } else if (first.tag() == proto_tag(3, kBytes)) {
        schema_url = first.bytes();
      } else {
        first.skip_unless_known(proto_fields(1, 2, 3) & ~proto_fields(2));
      }
    }
    if (!good()) return false;
    resource_ = batch_.add_resource(begin, text_.intern(schema_url), dropped);
    return each_scope_spans(message);
  }

  bool each_scope_spans(std::string_view message) {
    constexpr std::uint32_t kInstrumentationLibrarySpans = 1000;  // OTLP before 0.15
    ProtoReader r(message, failure_);
    std::size_t index = 0;
    while (r.next()) {
      if (r.tag() == proto_tag(2, kBytes) ||
          r.tag() == proto_tag(kInstrumentationLibrarySpans, kBytes)) {
        if (!scope_spans(r.bytes())) return break_at(fmt::format("scope_spans[{}]", index));
        ++index;
      } else {
        r.skip_unless_known(proto_fields(2));
      }
    }
    return good();
  }

  bool resource(ProtoReader r, std::uint32_t& dropped) {
    std::size_t position = 0;
    while (r.next()) {
      switch (r.tag()) {
        case proto_tag(1, kBytes):
          if (!attribute(ProtoReader::inside(r), position, batch_.shared_attributes)) return false;
          ++position;
          break;
        case proto_tag(2, kVarint):
          dropped = r.varint32();
          break;
        default:
          r.skip_unless_known(proto_fields(1, 2));
      }
    }
    return good();
  }

  struct ScopeFields {
    std::string_view name;
    std::string_view version;
    std::string_view schema_url;
    std::uint32_t dropped = 0;
  };

  bool scope(ProtoReader r, ScopeFields& out) {
    std::size_t position = 0;
    while (r.next()) {
      switch (r.tag()) {
        case proto_tag(1, kBytes):
          out.name = r.bytes();
          break;
        case proto_tag(2, kBytes):
          out.version = r.bytes();
          break;
        case proto_tag(3, kBytes):
          if (!attribute(ProtoReader::inside(r), position, batch_.shared_attributes)) return false;
          ++position;
          break;
        case proto_tag(4, kVarint):
          out.dropped = r.varint32();
          break;
        default:
          r.skip_unless_known(proto_fields(1, 2, 3, 4));
      }
    }
    return good();
  }

  bool scope_spans(std::string_view message) {
    ScopeFields fields;
    const auto begin = static_cast<std::uint32_t>(batch_.shared_attributes.size());
    ProtoReader first(message, failure_);
    while (first.next()) {
      if (first.tag() == proto_tag(1, kBytes)) {
        if (!scope(ProtoReader::inside(first), fields)) return break_at("scope");
      } else if (first.tag() == proto_tag(3, kBytes)) {
        fields.schema_url = first.bytes();
      } else {
        first.skip_unless_known(proto_fields(1, 3));
      }
    }
    if (!good()) return false;
    scope_ = batch_.add_scope(begin, text_.intern(fields.name), text_.intern(fields.version),
                              text_.intern(fields.schema_url), fields.dropped);
    ProtoReader r(message, failure_);
    std::size_t index = 0;
    while (r.next()) {
      if (r.tag() == proto_tag(2, kBytes)) {
        if (!span(ProtoReader::inside(r), index)) {
          return break_at(fmt::format("spans[{}]", index));
        }
        ++index;
      } else {
        r.skip_unless_known(proto_fields(2));
      }
    }
    return good();
  }

  bool span(ProtoReader r, std::size_t index) {
    SpanRow row;
    row.resource = resource_;
    row.scope = scope_;
    reason_ = nullptr;
    trace_id_ = span_id_ = IdState::kAbsent;
    std::size_t position = 0;
    while (r.next()) {
      switch (r.tag()) {
        case proto_tag(9, kBytes):
          if (!attribute(ProtoReader::inside(r), position, batch_.attributes)) return false;
          ++position;
          break;
        case proto_tag(11, kBytes):
          if (!event(ProtoReader::inside(r))) return break_at("events");
          break;
        case proto_tag(13, kBytes):
          if (!link(ProtoReader::inside(r))) return break_at("links");
          break;
        case proto_tag(15, kBytes):
          if (!status(ProtoReader::inside(r), row)) return break_at("status");
          break;
        default:
          plain_span_field(r, row);
      }
    }
    if (!good()) return false;
    finish_span(row, index);
    return true;
  }

  void plain_span_field(ProtoReader& r, SpanRow& row) {
    switch (r.tag()) {
      case proto_tag(1, kBytes):
        trace_id_ = read_id(r.bytes(), row.trace_id);
        break;
      case proto_tag(2, kBytes):
        span_id_ = read_id(r.bytes(), row.span_id);
        break;
      case proto_tag(3, kBytes):
        row.trace_state = text_.intern(r.bytes());
        break;
      case proto_tag(4, kBytes):
        if (read_id(r.bytes(), row.parent_span_id) == IdState::kWrongLength) {
          reason_ = "parent_span_id is not 8 bytes";
        }
        break;
      case proto_tag(5, kBytes):
        row.name = text_.intern(r.bytes());
        break;
      case proto_tag(6, kVarint): {
        const std::uint64_t kind = r.varint();
        row.kind = kind <= 5 ? static_cast<SpanKind>(kind) : SpanKind::kUnspecified;
        break;
      }
      case proto_tag(7, kFixed64):
        row.start_unix_ns = r.fixed64();
        break;
      case proto_tag(8, kFixed64):
        row.end_unix_ns = r.fixed64();
        break;
      case proto_tag(10, kVarint):
        row.dropped_attributes = r.varint32();
        break;
      case proto_tag(12, kVarint):
        row.dropped_events = r.varint32();
        break;
      case proto_tag(14, kVarint):
        row.dropped_links = r.varint32();
        break;
      case proto_tag(16, kFixed32):
        row.flags = r.fixed32();
        break;
      default:
        r.skip_unless_known(0x1'FFFEU);
    }
  }

  void finish_span(const SpanRow& row, std::size_t index) {
    if (trace_id_ != IdState::kGood) {
      reason_ = trace_id_ == IdState::kAbsent ? "trace_id is missing" : "trace_id is not 16 bytes";
    } else if (!row.trace_id.valid()) {
      reason_ = "trace_id is all zero";
    } else if (span_id_ != IdState::kGood) {
      reason_ = span_id_ == IdState::kAbsent ? "span_id is missing" : "span_id is not 8 bytes";
    } else if (!row.span_id.valid()) {
      reason_ = "span_id is all zero";
    }
    if (reason_ == nullptr) [[likely]] {
      batch_.append(row);
      return;
    }
    out_.reject(out_.rejected > 0 ? std::string()
                                  : fmt::format("span {} named \"{}\": {}", index,
                                                batch_.strings[row.name].substr(0, 200), reason_));
  }

  static IdState read_id(std::string_view bytes, TraceId& out) {
    out = {};
    if (bytes.empty()) return IdState::kAbsent;
    if (bytes.size() != 16) return IdState::kWrongLength;
    out = trace_id_from_bytes(bytes.data());
    return IdState::kGood;
  }
  static IdState read_id(std::string_view bytes, SpanId& out) {
    out = {};
    if (bytes.empty()) return IdState::kAbsent;
    if (bytes.size() != 8) return IdState::kWrongLength;
    out = span_id_from_bytes(bytes.data());
    return IdState::kGood;
  }

  bool status(ProtoReader r, SpanRow& row) {
    while (r.next()) {
      switch (r.tag()) {
        case proto_tag(2, kBytes):
          row.status_message = text_.intern(r.bytes());
          break;
        case proto_tag(3, kVarint): {
          const std::uint64_t code = r.varint();
          row.status = code <= 2 ? static_cast<StatusCode>(code) : StatusCode::kUnset;
          break;
        }
        default:
          r.skip_unless_known(proto_fields(2, 3));
      }
    }
    return good();
  }

  bool event(ProtoReader r) {
    SpanEvent event;
    std::size_t position = 0;
    while (r.next()) {
      switch (r.tag()) {
        case proto_tag(1, kFixed64):
          event.time_unix_ns = r.fixed64();
          break;
        case proto_tag(2, kBytes):
          event.name = text_.intern(r.bytes());
          break;
        case proto_tag(3, kBytes):
          if (!attribute(ProtoReader::inside(r), position, batch_.event_attributes)) return false;
          ++position;
          break;
        case proto_tag(4, kVarint):
          event.dropped_attributes = r.varint32();
          break;
        default:
          r.skip_unless_known(proto_fields(1, 2, 3, 4));
      }
    }
    event.attributes_end = static_cast<std::uint32_t>(batch_.event_attributes.size());
    batch_.events.push_back(event);
    return good();
  }

  bool link(ProtoReader r) {
    SpanLink link;
    std::size_t position = 0;
    while (r.next()) {
      switch (r.tag()) {
        case proto_tag(1, kBytes):
          if (read_id(r.bytes(), link.trace_id) == IdState::kWrongLength) {
            reason_ = "a link's trace_id is not 16 bytes";
          }
          break;
        case proto_tag(2, kBytes):
          if (read_id(r.bytes(), link.span_id) == IdState::kWrongLength) {
            reason_ = "a link's span_id is not 8 bytes";
          }
          break;
        case proto_tag(3, kBytes):
          link.trace_state = text_.intern(r.bytes());
          break;
        case proto_tag(4, kBytes):
          if (!attribute(ProtoReader::inside(r), position, batch_.link_attributes)) return false;
          ++position;
          break;
        case proto_tag(5, kVarint):
          link.dropped_attributes = r.varint32();
          break;
        case proto_tag(6, kFixed32):
          link.flags = r.fixed32();
          break;
        default:
          r.skip_unless_known(proto_fields(1, 2, 3, 4, 5, 6));
      }
    }
    link.attributes_end = static_cast<std::uint32_t>(batch_.link_attributes.size());
    batch_.links.push_back(link);
    return good();
  }

  // KeyValue. `position` is its place in the list it belongs to.
  bool attribute(ProtoReader r, std::size_t position, std::vector<Attribute>& pool) {
    StringId key;
    Value value;
    while (r.next()) {
      switch (r.tag()) {
        case proto_tag(1, kBytes):
          key = keys_.intern(position, r.bytes());
          break;
        case proto_tag(2, kBytes):
          if (!any_value(ProtoReader::inside(r), position, value)) {
            break_at("value");
            return fail_attribute(position, key);
          }
          break;
        default:
          r.skip_unless_known(proto_fields(1, 2));
      }
    }
    if (!good()) return fail_attribute(position, key);
    pool.emplace_back(key, value);
    return true;
  }

  bool fail_attribute(std::size_t position, StringId key) {
    return break_at(
        fmt::format("attributes[{}] (key \"{}\")", position, batch_.strings[key].substr(0, 100)));
  }

  bool any_value(ProtoReader r, std::size_t position, Value& out) {
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
  bool count_elements(std::string_view message, std::uint64_t& count) {
    count = 0;
    ProtoReader r(message, failure_);
    while (r.next()) {
      if (r.tag() == proto_tag(1, kBytes)) ++count;
      r.skip();
    }
    return good();
  }

  bool pack_array(std::string_view message, int depth) {
    std::uint64_t count = 0;
    if (!count_elements(message, count)) return false;
    PackedWriter(packed_).begin_array(count);
    ProtoReader r(message, failure_);
    while (r.next()) {
      if (r.tag() == proto_tag(1, kBytes)) {
        if (!pack_value(ProtoReader::inside(r), depth + 1)) return false;
      } else {
        r.skip_unless_known(proto_fields(1));
      }
    }
    return good();
  }

  bool pack_map(std::string_view message, int depth) {
    std::uint64_t count = 0;
    if (!count_elements(message, count)) return false;
    PackedWriter(packed_).begin_map(count);
    ProtoReader r(message, failure_);
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
  bool pack_entry(std::string_view message, int depth) {
    std::string_view key;
    ProtoReader first(message, failure_);
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
    ProtoReader r(message, failure_);
    while (r.next()) {
      if (r.tag() == proto_tag(2, kBytes)) {
        packed_.resize(begin);
        if (!pack_value(ProtoReader::inside(r), depth + 1)) return false;
      } else {
        r.skip_unless_known(proto_fields(2));
      }
    }
    return good();
  }

  // The last field set wins, as in every oneof: its bytes replace those of the ones before.
  bool pack_value(ProtoReader r, int depth) {
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
  std::string_view valid_text(std::string_view text) {
    if (codec::is_valid_utf8(text)) return text;
    return repaired_ = codec::repair_utf8(text);
  }

  ProtoFailure failure_;
  std::string path_;
  DecodedSpans& out_;
  SpanBatch& batch_;
  TextInterner text_;
  PositionCache keys_;
  PositionCache values_;
  std::string packed_;
  std::string repaired_;

  // Of the span being read.
  std::uint32_t resource_ = 0;
  std::uint32_t scope_ = 0;
  IdState trace_id_ = IdState::kAbsent;
  IdState span_id_ = IdState::kAbsent;
  const char* reason_ = nullptr;  // why it must be left out, if it must
};

}  // namespace

Result<DecodedSpans> decode_protobuf(std::string_view request) {
  if (request.size() > kMaxRequestBytes) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("otlp request of {} bytes is larger than {}", request.size(),
                            kMaxRequestBytes));
  }
  DecodedSpans out;
  Decoder decoder(request, out);
  if (Status s = decoder.run(request); !s) return std::unexpected(s.error());
  return out;
}

}  // namespace binnacle::otlp
