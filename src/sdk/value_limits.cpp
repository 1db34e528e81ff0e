#include "sdk/value_limits.h"

#include "sdk/fields.h"
#include "sdk/formats/span_reader.h"
#include "wire/otlp/span_writer.h"

namespace binnacle::sdk {

namespace wo = wire::otlp;

namespace {

constexpr std::uint8_t kEventDropped = wo::tag_of(4, wo::kVarint);
constexpr std::uint8_t kLinkDropped = wo::tag_of(5, wo::kVarint);

// What is inside an array is not an array again: recording knows none.
enum class Message : std::uint8_t { kSpan, kEvent, kLink, kKeyValue, kAnyValue, kArray };

class Limiter {
 public:
  explicit Limiter(const ValueLimits& limits) noexcept : limits_(limits) {}

  void rewrite(Message kind, std::string_view message, std::string& out) const {
    FieldReader fields(message);
    const char* begin = message.data();
    std::uint32_t kept = 0;
    std::uint32_t dropped = 0;
    while (fields.next()) {
      const char* end = fields.position();
      if (is_attribute_of(kind, fields.tag()) && ++kept > attribute_limit(kind)) {
        ++dropped;
      } else {
        put_field(kind, fields, {begin, static_cast<std::size_t>(end - begin)}, out);
      }
      begin = end;
    }
    if (fields.is_broken()) out.append(begin, message.data() + message.size());
    if (dropped > 0)
      put_dropped(kind == Message::kEvent ? kEventDropped : kLinkDropped, dropped, out);
  }

 private:
  static bool is_attribute_of(Message kind, std::uint32_t tag) noexcept {
    return (kind == Message::kEvent && tag == wo::kEventAttributes) ||
           (kind == Message::kLink && tag == wo::kLinkAttributes);
  }
  std::uint32_t attribute_limit(Message kind) const noexcept {
    return kind == Message::kEvent ? limits_.event_attributes : limits_.link_attributes;
  }

  /// What kind of message a field of `kind` holds; false if none that matters here.
  static bool find_child(Message kind, std::uint32_t tag, Message& child) noexcept {
    struct Edge {
      Message from;
      std::uint8_t tag;
      Message to;
    };
    constexpr Edge kEdges[] = {{Message::kSpan, wo::kSpanAttributes, Message::kKeyValue},
                               {Message::kSpan, wo::kSpanEvents, Message::kEvent},
                               {Message::kSpan, wo::kSpanLinks, Message::kLink},
                               {Message::kEvent, wo::kEventAttributes, Message::kKeyValue},
                               {Message::kLink, wo::kLinkAttributes, Message::kKeyValue},
                               {Message::kKeyValue, wo::kValue, Message::kAnyValue},
                               {Message::kAnyValue, wo::kAnyArray, Message::kArray},
                               {Message::kArray, wo::kArrayValues, Message::kAnyValue}};
    for (const Edge& edge : kEdges) {
      if (edge.from != kind || edge.tag != tag) continue;
      child = edge.to;
      return true;
    }
    return false;
  }

  void put_field(Message kind, const FieldReader& fields, std::string_view whole,
                 std::string& out) const {
    Message child{};
    if (kind == Message::kAnyValue && fields.tag() == wo::kAnyString) {
      return put_bytes(wo::kAnyString, cut_text(fields.bytes(), limits_.text_bytes), out);
    }
    // Nothing but text is below an attribute that could change.
    const bool is_deep = kind != Message::kSpan || limits_.text_bytes != UINT32_MAX ||
                         fields.tag() != wo::kSpanAttributes;
    if (!is_deep || !find_child(kind, fields.tag(), child)) {
      out += whole;
      return;
    }
    std::string inner;
    rewrite(child, fields.bytes(), inner);
    put_bytes(static_cast<std::uint8_t>(fields.tag()), inner, out);
  }

  static void put_bytes(std::uint8_t tag, std::string_view bytes, std::string& out) {
    const std::size_t before = out.size();
    out.resize(before + wo::bytes_field_size(bytes.size()));
    wo::put_bytes_field(out.data() + before, tag, bytes);
  }
  static void put_dropped(std::uint8_t tag, std::uint32_t count, std::string& out) {
    const std::size_t before = out.size();
    out.resize(before + 1 + wo::varint_size(count));
    wo::put_varint(wo::put_byte(out.data() + before, tag), count);
  }

  const ValueLimits& limits_;
};

}  // namespace

void apply_value_limits(std::string_view fields, const ValueLimits& limits, std::string& out) {
  out.clear();
  Limiter(limits).rewrite(Message::kSpan, fields, out);
}

}  // namespace binnacle::sdk
