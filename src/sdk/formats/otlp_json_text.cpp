#include "sdk/formats/otlp_json_text.h"

#include "sdk/formats/json_text.h"

namespace binnacle::sdk {

namespace {

void append_array(BatchAppender& out, const ValueView& array, int depth) noexcept {
  out.text(R"({"arrayValue":{"values":[)");
  bool is_first = true;
  for (const ValueView element : array.elements()) {
    if (!is_first) out.byte(',');
    is_first = false;
    append_otlp_json_value(out, element, depth + 1);
  }
  out.text("]}}");
}

}  // namespace

void append_otlp_json_attributes(BatchAppender& out, ViewRange<AttributeView> attributes,
                                 int depth) noexcept {
  out.byte('[');
  bool is_first = true;
  for (const AttributeView attribute : attributes) {
    out.text(is_first ? R"({"key":)" : R"(,{"key":)");
    is_first = false;
    append_json_string(out, attribute.key);
    out.text(R"(,"value":)");
    append_otlp_json_value(out, attribute.value, depth);
    out.byte('}');
  }
  out.byte(']');
}

void append_otlp_json_value(BatchAppender& out, const ValueView& value, int depth) noexcept {
  switch (value.kind) {
    case ValueKind::kString:
      out.text(R"({"stringValue":)");
      append_json_string(out, value.text);
      return out.byte('}');
    case ValueKind::kBool:
      return out.text(value.boolean ? R"({"boolValue":true})" : R"({"boolValue":false})");
    case ValueKind::kInt:
      out.text(R"({"intValue":")");
      append_decimal(out, value.integer);
      return out.text("\"}");
    case ValueKind::kDouble:
      out.text(R"({"doubleValue":)");
      append_json_value(out, value);
      return out.byte('}');
    case ValueKind::kBytes:
      out.text(R"({"bytesValue":)");
      append_json_value(out, value);
      return out.byte('}');
    case ValueKind::kArray:
      if (depth == kMaxJsonDepth) break;
      return append_array(out, value, depth);
    case ValueKind::kMap:
      if (depth == kMaxJsonDepth) break;
      out.text(R"({"kvlistValue":{"values":)");
      append_otlp_json_attributes(out, value.entries(), depth + 1);
      return out.text("}}");
    case ValueKind::kEmpty:
      break;
  }
  out.text("{}");
}

}  // namespace binnacle::sdk
