#include "codec/proto_reader.h"
#include "wire/otlp/decode.h"
#include "wire/otlp/protobuf_attributes.h"
#include "wire/text_interner.h"

#include <fmt/format.h>

namespace binnacle::otlp {
namespace {

using codec::proto_fields;
using codec::proto_tag;
using codec::ProtoReader;
using codec::ProtoWire;

constexpr auto kBytes = ProtoWire::kBytes;
constexpr auto kVarint = ProtoWire::kVarint;
constexpr auto kFixed64 = ProtoWire::kFixed64;
constexpr auto kFixed32 = ProtoWire::kFixed32;

enum class IdState : std::uint8_t { kAbsent, kGood, kWrongLength };

class Decoder {
 public:
  Decoder(std::string_view request, DecodedSpans& out)
      : failure_{codec::ProtoFailure(request), {}},
        out_(out),
        batch_(out.batch),
        text_(out.batch.strings),
        attributes_(text_, failure_) {}

  Status run(std::string_view request) {
    ProtoReader r(request, failure_.wire);
    std::size_t index = 0;
    while (r.next()) {
      if (r.tag() == proto_tag(1, kBytes)) {
        if (!resource_spans(r.bytes())) break_at(fmt::format("resource_spans[{}]", index));
        ++index;
      } else {
        r.skip_unless_known(proto_fields(1));
      }
    }
    if (good()) return {};
    Error error = failure_.wire.error().to_error();
    return std::unexpected(
        error.in(failure_.path.empty() ? "otlp request" : "otlp request: " + failure_.path));
  }

 private:
  bool break_at(std::string_view part) { return failure_.break_at(part); }
  [[nodiscard]] bool good() const { return !failure_.wire; }

  bool resource_spans(std::string_view message) {
    std::string_view schema_url;
    std::uint32_t dropped = 0;
    const auto begin = static_cast<std::uint32_t>(batch_.shared_attributes.size());
    // Protobuf fields come in any order, and spans need their resource's number first.
    ProtoReader first(message, failure_.wire);
    while (first.next()) {
      if (first.tag() == proto_tag(1, kBytes)) {
        if (!resource(first.bytes(), dropped)) return break_at("resource");
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
    ProtoReader r(message, failure_.wire);
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

  bool resource(std::string_view message, std::uint32_t& dropped) {
    ProtoReader r(message, failure_.wire);
    std::size_t position = 0;
    while (r.next()) {
      switch (r.tag()) {
        case proto_tag(1, kBytes):
          if (!attributes_.read(r.bytes(), position, batch_.shared_attributes)) return false;
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

  bool scope(std::string_view message, ScopeFields& out) {
    ProtoReader r(message, failure_.wire);
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
          if (!attributes_.read(r.bytes(), position, batch_.shared_attributes)) return false;
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
    ProtoReader first(message, failure_.wire);
    while (first.next()) {
      if (first.tag() == proto_tag(1, kBytes)) {
        if (!scope(first.bytes(), fields)) return break_at("scope");
      } else if (first.tag() == proto_tag(3, kBytes)) {
        fields.schema_url = first.bytes();
      } else {
        first.skip_unless_known(proto_fields(1, 3));
      }
    }
    if (!good()) return false;
    scope_ = batch_.add_scope(begin, text_.intern(fields.name), text_.intern(fields.version),
                              text_.intern(fields.schema_url), fields.dropped);
    ProtoReader r(message, failure_.wire);
    std::size_t index = 0;
    while (r.next()) {
      if (r.tag() == proto_tag(2, kBytes)) {
        if (!span(r.bytes(), index)) {
          return break_at(fmt::format("spans[{}]", index));
        }
        ++index;
      } else {
        r.skip_unless_known(proto_fields(2));
      }
    }
    return good();
  }

  bool span(std::string_view message, std::size_t index) {
    ProtoReader r(message, failure_.wire);
    SpanRow row;
    row.resource = resource_;
    row.scope = scope_;
    reason_ = nullptr;
    trace_id_ = span_id_ = IdState::kAbsent;
    std::size_t position = 0;
    while (r.next()) {
      switch (r.tag()) {
        case proto_tag(9, kBytes):
          if (!attributes_.read(r.bytes(), position, batch_.attributes)) return false;
          ++position;
          break;
        case proto_tag(11, kBytes):
          if (!event(r.bytes())) return break_at("events");
          break;
        case proto_tag(13, kBytes):
          if (!link(r.bytes())) return break_at("links");
          break;
        case proto_tag(15, kBytes):
          if (!status(r.bytes(), row)) return break_at("status");
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

  bool status(std::string_view message, SpanRow& row) {
    ProtoReader r(message, failure_.wire);
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

  bool event(std::string_view message) {
    ProtoReader r(message, failure_.wire);
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
          if (!attributes_.read(r.bytes(), position, batch_.event_attributes)) return false;
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

  bool link(std::string_view message) {
    ProtoReader r(message, failure_.wire);
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
          if (!attributes_.read(r.bytes(), position, batch_.link_attributes)) return false;
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

  RequestFailure failure_;
  DecodedSpans& out_;
  SpanBatch& batch_;
  TextInterner text_;
  AttributeReader attributes_;

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
