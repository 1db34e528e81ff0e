#include "codec/decimal.h"
#include "codec/json_document.h"
#include "wire/datadog/decode.h"
#include "wire/datadog/translate.h"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace binnacle::datadog {
namespace {

using codec::JsonDocument;
using codec::JsonMember;
using codec::JsonValue;

class Decoder {
 public:
  Decoder(DecodedSpans& out, const Sender& sender) : translator_(out, sender) {}

  Status run(JsonValue root) {
    if (!root.is_array()) return wrong("", root, "a list of traces");
    std::size_t trace = 0;
    for (const JsonValue chunk : root.elements()) {
      const std::string place = fmt::format("[{}]", trace++);
      if (!chunk.is_array()) return wrong(place, chunk, "a list of spans");
      translator_.begin_chunk();
      std::size_t index = 0;
      for (const JsonValue span : chunk.elements()) {
        if (auto ok = read(fmt::format("{}[{}]", place, index++), span); !ok) return ok;
      }
      translator_.end_chunk();
    }
    return {};
  }

 private:
  static Status wrong(std::string_view place, JsonValue found, std::string_view wanted) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("datadog json: {}{}expected {}, found {} at byte {}", place,
                            place.empty() ? "" : ": ", wanted, codec::to_string(found.type()),
                            found.offset()));
  }

  Status read(const std::string& place, JsonValue v) {
    if (!v.is_object()) return wrong(place, v, "a span object");
    span_.clear();
    for (const JsonMember& member : v.members()) {
      const JsonValue value = member.value;
      if (member.name == "meta" || member.name == "metrics") {
        if (!value.is_object() && !value.is_null()) {
          return wrong(place + "." + std::string(member.name), value, "an object");
        }
      }
      field(member.name, value);
    }
    translator_.add(span_, spans_++);
    return {};
  }

  void field(std::string_view name, JsonValue value) {
    if (name == "service") {
      span_.service = value.string();
    } else if (name == "name") {
      span_.name = value.string();
    } else if (name == "resource") {
      span_.resource = value.string();
    } else if (name == "type") {
      span_.type = value.string();
    } else if (name == "trace_id") {
      span_.trace_id = id(value);
    } else if (name == "span_id") {
      span_.span_id = id(value);
    } else if (name == "parent_id") {
      span_.parent_id = id(value);
    } else if (name == "start") {
      span_.start_ns = integer(value);
    } else if (name == "duration") {
      span_.duration_ns = integer(value);
    } else if (name == "error") {
      span_.error = value.is_bool() ? value.boolean() : integer(value);
    } else if (name == "meta") {
      for (const JsonMember& tag : value.members()) {
        span_.add_meta(tag.name, tag.value.number_text());
      }
    } else if (name == "metrics") {
      for (const JsonMember& tag : value.members()) {
        span_.add_metric(tag.name, codec::parse_real(tag.value.number_text()).value_or(0));
      }
    }
  }

  static std::int64_t integer(JsonValue v) {
    const auto number = codec::parse_decimal(v.number_text());
    return number ? number->to_int64().value_or(0) : 0;
  }
  // Unsigned, but some tracers have signed integers only.
  static std::uint64_t id(JsonValue v) {
    const auto number = codec::parse_decimal(v.number_text());
    if (!number || number->overflow) return 0;
    return number->negative ? 0 - number->magnitude : number->magnitude;
  }

  Translator translator_;
  DatadogSpan span_;
  std::size_t spans_ = 0;
};

}  // namespace

Result<DecodedSpans> decode_json(std::string body, const Sender& sender) {
  const auto document = JsonDocument::parse(std::move(body));
  if (!document) return std::unexpected(document.error().in("datadog json"));
  DecodedSpans out;
  Decoder decoder(out, sender);
  if (Status s = decoder.run(document->root()); !s) return std::unexpected(s.error());
  return out;
}

}  // namespace binnacle::datadog
