#include "codec/decimal.h"
#include "codec/json_document.h"
#include "codec/json_misfit.h"
#include "codec/text_encoding.h"
#include "model/packed_value.h"
#include "wire/otlp/decode.h"

#include <fmt/format.h>

#include <bit>

namespace binnacle::otlp {
namespace {

using codec::JsonDocument;
using codec::JsonMember;
using codec::JsonValue;

enum class IdState : std::uint8_t { kAbsent, kGood, kWrong };

class Decoder : codec::JsonMisfit {
 public:
  explicit Decoder(DecodedSpans& out) : out_(out), batch_(out.batch) {}

  Status run(JsonValue root) {
    request(root);
    return misfit("otlp json request");
  }

 private:
  bool request(JsonValue v) {
    if (!v.is_object()) return broken(v, "an object");
    for (const auto& [name, value] : v.members()) {
      if (name == "resourceSpans" || name == "resource_spans" || name == "batches") {
        if (!array(value, name, [&](JsonValue e) { return resource_spans(e); })) {
          return false;
        }
      } else if (name == "trace" && value.is_object()) {  // Tempo's /api/v2/traces
        if (!request(value)) return break_at("trace");
      }
    }
    return true;
  }

  bool resource_spans(JsonValue v) {
    if (!object(v)) return false;
    const auto begin = shared_end();
    std::uint32_t dropped = 0;
    StringId schema_url;
    for (const auto& [name, value] : v.members()) {
      if (name == "resource") {
        if (!resource(value, dropped)) return break_at(name);
      } else if (name == "schemaUrl" || name == "schema_url") {
        if (!text(value, schema_url)) return break_at(name);
      }
    }
    resource_ = batch_.add_resource(begin, schema_url, dropped);
    for (const auto& [name, value] : v.members()) {
      if (name == "scopeSpans" || name == "scope_spans" || name == "instrumentationLibrarySpans" ||
          name == "instrumentation_library_spans") {
        if (!array(value, name, [&](JsonValue e) { return scope_spans(e); })) {
          return false;
        }
      }
    }
    return true;
  }

  bool resource(JsonValue v, std::uint32_t& dropped) {
    if (!object(v)) return false;
    for (const auto& [name, value] : v.members()) {
      if (name == "attributes") {
        if (!attributes(value, batch_.shared_attributes)) return false;
      } else if (name == "droppedAttributesCount" || name == "dropped_attributes_count") {
        if (!count(value, dropped)) return break_at(name);
      }
    }
    return true;
  }

  bool scope_spans(JsonValue v) {
    if (!object(v)) return false;
    Scope scope;
    const auto begin = shared_end();
    for (const auto& [name, value] : v.members()) {
      if (name == "scope" || name == "instrumentationLibrary" ||
          name == "instrumentation_library") {
        if (!scope_fields(value, scope)) return break_at(name);
      } else if (name == "schemaUrl" || name == "schema_url") {
        if (!text(value, scope.schema_url)) return break_at(name);
      }
    }
    scope_ = batch_.add_scope(begin, scope.name, scope.version, scope.schema_url,
                              scope.dropped_attributes);
    for (const auto& [name, value] : v.members()) {
      if (name != "spans") continue;
      if (!array(value, name, [&](JsonValue e, std::size_t i) { return span(e, i); })) return false;
    }
    return true;
  }

  bool scope_fields(JsonValue v, Scope& out) {
    if (!object(v)) return false;
    for (const auto& [name, value] : v.members()) {
      bool good = true;
      if (name == "name") {
        good = text(value, out.name);
      } else if (name == "version") {
        good = text(value, out.version);
      } else if (name == "attributes") {
        if (!attributes(value, batch_.shared_attributes)) return false;
      } else if (name == "droppedAttributesCount" || name == "dropped_attributes_count") {
        good = count(value, out.dropped_attributes);
      }
      if (!good) return break_at(name);
    }
    return true;
  }

  bool span(JsonValue v, std::size_t index) {
    if (!object(v)) return false;
    SpanRow row;
    row.resource = resource_;
    row.scope = scope_;
    reason_ = nullptr;
    trace_id_ = span_id_ = IdState::kAbsent;
    for (const auto& [name, value] : v.members()) {
      bool good = true;
      if (name == "attributes") {
        if (!attributes(value, batch_.attributes)) return false;
      } else if (name == "events") {
        if (!array(value, name, [&](JsonValue e) { return event(e); })) return false;
      } else if (name == "links") {
        if (!array(value, name, [&](JsonValue e) { return link(e); })) return false;
      } else if (name == "status") {
        good = status(value, row);
      } else {
        good = identity_field(name, value, row) && plain_field(name, value, row);
      }
      if (!good) return break_at(name);
    }
    finish_span(row, index);
    return true;
  }

  bool identity_field(std::string_view name, JsonValue value, SpanRow& row) {
    if (name == "traceId" || name == "trace_id") return id(value, row.trace_id, trace_id_);
    if (name == "spanId" || name == "span_id") return id(value, row.span_id, span_id_);
    if (name == "parentSpanId" || name == "parent_span_id") {
      IdState state = IdState::kAbsent;
      if (!id(value, row.parent_span_id, state)) return false;
      if (state == IdState::kWrong) reason_ = "parentSpanId is not 16 hexadecimal digits";
      return true;
    }
    if (name == "name") return text(value, row.name);
    if (name == "traceState" || name == "trace_state") return text(value, row.trace_state);
    if (name == "startTimeUnixNano" || name == "start_time_unix_nano") {
      return time(value, row.start_unix_ns);
    }
    if (name == "endTimeUnixNano" || name == "end_time_unix_nano") {
      return time(value, row.end_unix_ns);
    }
    return true;
  }

  bool plain_field(std::string_view name, JsonValue value, SpanRow& row) {
    if (name == "kind") return kind(value, row.kind);
    if (name == "flags") return count(value, row.flags);
    if (name == "droppedAttributesCount" || name == "dropped_attributes_count") {
      return count(value, row.dropped_attributes);
    }
    if (name == "droppedEventsCount" || name == "dropped_events_count") {
      return count(value, row.dropped_events);
    }
    if (name == "droppedLinksCount" || name == "dropped_links_count") {
      return count(value, row.dropped_links);
    }
    return true;
  }

  void finish_span(const SpanRow& row, std::size_t index) {
    if (trace_id_ != IdState::kGood) {
      reason_ = trace_id_ == IdState::kAbsent ? "traceId is missing"
                                              : "traceId is not 32 hexadecimal digits";
    } else if (!row.trace_id.valid()) {
      reason_ = "traceId is all zero";
    } else if (span_id_ != IdState::kGood) {
      reason_ = span_id_ == IdState::kAbsent ? "spanId is missing"
                                             : "spanId is not 16 hexadecimal digits";
    } else if (!row.span_id.valid()) {
      reason_ = "spanId is all zero";
    }
    if (reason_ == nullptr) {
      batch_.append(row);
      return;
    }
    out_.reject(out_.rejected > 0 ? std::string()
                                  : fmt::format("span {} named \"{}\": {}", index,
                                                batch_.strings[row.name].substr(0, 200), reason_));
  }

  bool event(JsonValue v) {
    if (!object(v)) return false;
    SpanEvent event;
    for (const auto& [name, value] : v.members()) {
      bool good = true;
      if (name == "timeUnixNano" || name == "time_unix_nano") {
        good = time(value, event.time_unix_ns);
      } else if (name == "name") {
        good = text(value, event.name);
      } else if (name == "attributes") {
        if (!attributes(value, batch_.event_attributes)) return false;
      } else if (name == "droppedAttributesCount" || name == "dropped_attributes_count") {
        good = count(value, event.dropped_attributes);
      }
      if (!good) return break_at(name);
    }
    event.attributes_end = static_cast<std::uint32_t>(batch_.event_attributes.size());
    batch_.events.push_back(event);
    return true;
  }

  bool link(JsonValue v) {
    if (!object(v)) return false;
    SpanLink link;
    IdState trace = IdState::kAbsent;
    IdState span = IdState::kAbsent;
    for (const auto& [name, value] : v.members()) {
      bool good = true;
      if (name == "traceId" || name == "trace_id") {
        good = id(value, link.trace_id, trace);
      } else if (name == "spanId" || name == "span_id") {
        good = id(value, link.span_id, span);
      } else if (name == "traceState" || name == "trace_state") {
        good = text(value, link.trace_state);
      } else if (name == "attributes") {
        if (!attributes(value, batch_.link_attributes)) return false;
      } else if (name == "flags") {
        good = count(value, link.flags);
      } else if (name == "droppedAttributesCount" || name == "dropped_attributes_count") {
        good = count(value, link.dropped_attributes);
      }
      if (!good) return break_at(name);
    }
    if (trace == IdState::kWrong) reason_ = "a link's traceId is not 32 hexadecimal digits";
    if (span == IdState::kWrong) reason_ = "a link's spanId is not 16 hexadecimal digits";
    link.attributes_end = static_cast<std::uint32_t>(batch_.link_attributes.size());
    batch_.links.push_back(link);
    return true;
  }

  bool status(JsonValue v, SpanRow& row) {
    if (!object(v)) return false;
    for (const auto& [name, value] : v.members()) {
      if (name == "message") {
        if (!text(value, row.status_message)) return break_at(name);
      } else if (name == "code") {
        std::uint32_t code = 0;
        if (!enumeration(value, kStatusNames, code)) return break_at(name);
        row.status = static_cast<StatusCode>(code);
      }
    }
    return true;
  }

  static constexpr std::string_view kStatusNames[] = {"STATUS_CODE_UNSET", "STATUS_CODE_OK",
                                                      "STATUS_CODE_ERROR"};
  static constexpr std::string_view kKindNames[] = {"SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL",
                                                    "SPAN_KIND_SERVER",      "SPAN_KIND_CLIENT",
                                                    "SPAN_KIND_PRODUCER",    "SPAN_KIND_CONSUMER"};

  bool kind(JsonValue v, SpanKind& out) {
    std::uint32_t number = 0;
    if (!enumeration(v, kKindNames, number)) return false;
    out = static_cast<SpanKind>(number);
    return true;
  }

  // A number, or a name with or without its prefix ("SERVER"); what is not known is 0.
  template <std::size_t n>
  bool enumeration(JsonValue v, const std::string_view (&names)[n], std::uint32_t& out) {
    out = 0;
    if (v.is_null()) return true;
    if (!v.is_string() && !v.is_number()) return broken(v, "a number or a name");
    const std::string_view text = v.number_text();
    for (std::uint32_t i = 0; i < n; ++i) {
      if (names[i] == text || (text.size() > 1 && names[i].ends_with(text) &&
                               names[i][names[i].size() - text.size() - 1] == '_')) {
        out = i;
        return true;
      }
    }
    const auto number = codec::parse_decimal(text);
    if (number && number->to_uint64().value_or(n) < n) {
      out = static_cast<std::uint32_t>(number->magnitude);
    }
    return true;
  }

  bool text(JsonValue v, StringId& out) {
    if (v.is_null()) return true;
    if (!v.is_string()) return broken(v, "a string");
    out = batch_.strings.intern(v.string());
    return true;
  }

  // 32-bit counts and flags; what does not fit is the largest.
  bool count(JsonValue v, std::uint32_t& out) {
    std::uint64_t wide = 0;
    if (!time(v, wide)) return false;
    out = static_cast<std::uint32_t>(std::min<std::uint64_t>(wide, UINT32_MAX));
    return true;
  }

  // An unsigned 64-bit integer in any form. Negative ones are 0.
  bool time(JsonValue v, std::uint64_t& out) {
    if (v.is_null()) return true;
    if (!v.is_string() && !v.is_number()) return broken(v, "an integer");
    if (v.is_string() && v.string().empty()) return true;
    const auto number = codec::parse_decimal(v.number_text());
    if (!number) return broken_text(v, "no integer:");
    out = number->negative ? 0 : number->magnitude;
    return true;
  }

  bool id(JsonValue v, TraceId& out, IdState& state) { return any_id<16>(v, out, state); }
  bool id(JsonValue v, SpanId& out, IdState& state) { return any_id<8>(v, out, state); }

  static void from_bytes(const char* bytes, TraceId& out) { out = trace_id_from_bytes(bytes); }
  static void from_bytes(const char* bytes, SpanId& out) { out = span_id_from_bytes(bytes); }

  // Hexadecimal (OTLP/JSON), or base64 (plain protobuf JSON mapping): their lengths differ.
  template <std::size_t kBytes, typename Id>
  bool any_id(JsonValue v, Id& out, IdState& state) {
    state = IdState::kAbsent;
    out = {};
    if (v.is_null()) return true;
    if (!v.is_string()) return broken(v, "a string");
    const std::string_view text = v.string();
    if (text.empty()) return true;
    const auto bytes =
        text.size() == 2 * kBytes ? codec::hex_decode(text) : codec::base64_decode(text);
    if (!bytes || bytes->size() != kBytes) {
      state = IdState::kWrong;
      return true;
    }
    from_bytes(bytes->data(), out);
    state = IdState::kGood;
    return true;
  }

  bool attributes(JsonValue v, std::vector<Attribute>& pool) {
    return array(v, "attributes", [&](JsonValue e) {
      if (!object(e)) return false;
      StringId key;
      Value value;
      for (const auto& [name, member] : e.members()) {
        if (name == "key" && !text(member, key)) return break_at(name);
        if (name == "value" && !any_value(member, value)) return break_at(name);
      }
      pool.emplace_back(key, value);
      return true;
    });
  }

  // Which member of AnyValue is set; the last one wins.
  static JsonMember set_member(JsonValue v) {
    JsonMember set;
    for (const JsonMember& m : v.members()) {
      if (m.name.ends_with("Value") || m.name.ends_with("_value")) set = m;
    }
    return set;
  }

  bool any_value(JsonValue v, Value& out) {
    out = {};
    if (!object(v)) return false;
    const JsonMember set = set_member(v);
    if (is_container(set.name)) {
      packed_.clear();
      if (!pack(v, 0)) return false;
      const StringId packed = batch_.strings.intern(packed_);
      out = set.name.starts_with("array") ? Value::of_array(packed) : Value::of_map(packed);
      return true;
    }
    if (!scalar(set)) return false;
    switch (scalar_.type) {
      case ValueType::kString:
        out = Value::of_string(batch_.strings.intern(scalar_.text));
        break;
      case ValueType::kBytes:
        out = Value::of_bytes(batch_.strings.intern(scalar_.text));
        break;
      default:
        out = Value::of_raw(scalar_.type, scalar_.bits);
    }
    return true;
  }

  static bool is_container(std::string_view name) {
    return name == "arrayValue" || name == "array_value" || name == "kvlistValue" ||
           name == "kvlist_value";
  }

  struct Scalar {
    ValueType type = ValueType::kEmpty;
    std::uint64_t bits = 0;
    std::string_view text;
  };

  // Reads a member that is no container into scalar_. Null is empty, except for doubles: what a
  // JavaScript sender prints as null was NaN or an infinity.
  bool scalar(const JsonMember& m) {
    scalar_ = {};
    const auto& [name, v] = m;
    if (name == "doubleValue" || name == "double_value") return real(v);
    if (v.is_null()) return true;
    if (name == "stringValue" || name == "string_value") {
      if (!v.is_string()) return broken(v, "a string");
      scalar_ = {ValueType::kString, 0, v.string()};
    } else if (name == "intValue" || name == "int_value") {
      return integer(v);
    } else if (name == "boolValue" || name == "bool_value") {
      if (!v.is_bool() && v.string() != "true" && v.string() != "false") {
        return broken(v, "a boolean");
      }
      scalar_ = {ValueType::kBool, v.boolean() || v.string() == "true" ? 1U : 0U, {}};
    } else if (name == "bytesValue" || name == "bytes_value") {
      if (!v.is_string()) return broken(v, "base64 in a string");
      auto bytes = codec::base64_decode(v.string());
      if (!bytes) return broken_text(v, "no base64:");
      bytes_ = std::move(*bytes);
      scalar_ = {ValueType::kBytes, 0, bytes_};
    }
    return true;
  }

  bool real(JsonValue v) {
    scalar_.type = ValueType::kDouble;
    if (v.is_null()) {
      scalar_.bits = std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
      return true;
    }
    const auto number = codec::parse_real(v.number_text());
    if (!number) {
      return v.is_string() ? broken_text(v, "no number:") : broken(v, "a number");
    }
    scalar_.bits = std::bit_cast<std::uint64_t>(*number);
    return true;
  }

  // JavaScript senders put every number without a fraction here, so 1e+21 too: what is beyond 64
  // bits is kept as a double.
  bool integer(JsonValue v) {
    if (!v.is_number() && !v.is_string()) return broken(v, "an integer");
    const auto number = codec::parse_decimal(v.number_text());
    if (!number) return broken_text(v, "no integer:");
    if (const auto fits = number->to_int64(); fits && number->exact) {
      scalar_ = {ValueType::kInt, static_cast<std::uint64_t>(*fits), {}};
      return true;
    }
    return real(v);
  }

  // Appends an AnyValue to packed_.
  bool pack(JsonValue v, int depth) {
    if (depth > kMaxValueDepth) return wrong(v, "arrays and maps nest deeper than 32");
    if (!object(v)) return false;
    const JsonMember set = set_member(v);
    if (is_container(set.name)) return pack_container(set, depth);
    if (!scalar(set)) return false;
    PackedWriter out(packed_);
    switch (scalar_.type) {
      case ValueType::kString:
        out.string(scalar_.text);
        break;
      case ValueType::kBytes:
        out.bytes(scalar_.text);
        break;
      case ValueType::kBool:
        out.boolean(scalar_.bits != 0);
        break;
      case ValueType::kInt:
        out.integer(static_cast<std::int64_t>(scalar_.bits));
        break;
      case ValueType::kDouble:
        out.real(std::bit_cast<double>(scalar_.bits));
        break;
      default:
        out.empty();
    }
    return true;
  }

  bool pack_container(const JsonMember& set, int depth) {
    if (!object(set.value)) return break_at(set.name);
    const JsonValue values = set.value.find("values");
    PackedWriter out(packed_);
    if (set.name.starts_with("array")) {
      out.begin_array(values.size());
      return array(values, "values", [&](JsonValue e) { return pack(e, depth + 1); });
    }
    out.begin_map(values.size());
    return array(values, "values", [&](JsonValue e) {
      if (!object(e)) return false;
      const JsonValue key = e.find("key");
      if (!key.is_null() && !key.is_string()) return broken(key, "a string");
      PackedWriter(packed_).key(key.string());
      return pack(e.find("value"), depth + 1);
    });
  }

  [[nodiscard]] std::uint32_t shared_end() const {
    return static_cast<std::uint32_t>(batch_.shared_attributes.size());
  }

  DecodedSpans& out_;
  SpanBatch& batch_;
  std::string packed_;
  std::string bytes_;
  Scalar scalar_;

  // Of the span being read.
  std::uint32_t resource_ = 0;
  std::uint32_t scope_ = 0;
  IdState trace_id_ = IdState::kAbsent;
  IdState span_id_ = IdState::kAbsent;
  const char* reason_ = nullptr;
};

}  // namespace

Result<DecodedSpans> decode_json(std::string_view request) {
  auto document = JsonDocument::parse(std::string(request), {.max_bytes = kMaxRequestBytes});
  if (!document) return std::unexpected(document.error().in("otlp json request"));
  DecodedSpans out;
  Decoder decoder(out);
  if (Status s = decoder.run(document->root()); !s) return std::unexpected(s.error());
  return out;
}

}  // namespace binnacle::otlp
