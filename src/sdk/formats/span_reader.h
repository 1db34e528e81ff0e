#pragma once

#include "sdk/formats/finished_span.h"
#include "wire/otlp/span_writer.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

// Reads what the recording path wrote: the fields of a FinishedSpan and the encoded Resource, both
// in OTLP's wire form. Everything is a view into those bytes: nothing is copied or allocated. Every
// length is checked against the bytes around it; where they are broken, a walk ends early and an
// unreadable part is empty. Unknown fields are passed over. Pure functions; callable from any
// thread.
//
//   struct Printer {
//     void on_name(std::string_view name);
//     void on_attribute(const AttributeView& attribute);
//     void on_event(const EventView& event);    // event.attributes() is a range
//     void on_link(const LinkView& link);
//     void on_status(const StatusView& status);
//   };                                          // leave out what you do not need
//   visit_span(span, printer);
//
//   for (const AttributeView& a : attributes_of_resource(resource)) use(a.key, a.value.text);
//
// Source: opentelemetry-proto 1.x; protobuf encoding guide.

namespace binnacle::sdk {

/// Walks the fields of one protobuf message.
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) noexcept
      : at_(message.data()), end_(message.data() + message.size()) {}

  /// Moves to the next field; false at the end and where the bytes are broken.
  [[gnu::always_inline]] bool next() noexcept {
    // Most are bytes, with a tag and a length of one byte each.
    if (end_ - at_ >= 2) [[likely]] {
      const auto tag = static_cast<std::uint8_t>(at_[0]);
      const auto size = static_cast<std::uint8_t>(at_[1]);
      if (tag < 0x80 && tag >= 8 && (tag & 7U) == wire::otlp::kBytes && size < 0x80 &&
          size <= end_ - at_ - 2) {
        tag_ = tag;
        bytes_ = {at_ + 2, size};
        at_ += 2 + size;
        return true;
      }
    }
    return next_slow();
  }

  /// Field number and wire type as they stand on the wire: compare with wire/otlp/span_writer.h.
  std::uint32_t tag() const noexcept { return tag_; }
  /// The value of a varint or fixed field.
  std::uint64_t number() const noexcept { return number_; }
  /// The value of a bytes field.
  std::string_view bytes() const noexcept { return bytes_; }
  /// Behind the current field.
  const char* position() const noexcept { return at_; }
  /// Whether the walk ended at something broken.
  bool is_broken() const noexcept { return is_broken_; }

 private:
  [[gnu::noinline]] bool next_slow() noexcept {
    if (at_ == end_) return false;
    std::uint64_t tag = 0;
    if (!take_varint(tag) || tag < 8 || tag > UINT32_MAX) return fail();
    tag_ = static_cast<std::uint32_t>(tag);
    switch (tag_ & 7U) {
      case wire::otlp::kVarint:
        return take_varint(number_) || fail();
      case wire::otlp::kFixed64:
        return take_fixed<std::uint64_t>() || fail();
      case wire::otlp::kBytes:
        return take_bytes() || fail();
      case wire::otlp::kFixed32:
        return take_fixed<std::uint32_t>() || fail();
      default:
        return fail();
    }
  }
  bool fail() noexcept {
    at_ = end_;
    is_broken_ = true;
    return false;
  }
  bool take_varint(std::uint64_t& value) noexcept {
    if (at_ != end_ && static_cast<std::uint8_t>(*at_) < 0x80) [[likely]] {
      value = static_cast<std::uint8_t>(*at_++);
      return true;
    }
    value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(*at_++);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool take_bytes() noexcept {
    std::uint64_t size = 0;
    if (!take_varint(size) || size > static_cast<std::uint64_t>(end_ - at_)) return false;
    bytes_ = {at_, static_cast<std::size_t>(size)};
    at_ += size;
    return true;
  }
  template <typename T>
  bool take_fixed() noexcept {
    T value{};
    if (static_cast<std::size_t>(end_ - at_) < sizeof value) return false;
    std::memcpy(&value, at_, sizeof value);
    at_ += sizeof value;
    if constexpr (std::endian::native == std::endian::big) value = std::byteswap(value);
    number_ = value;
    return true;
  }

  const char* at_;
  const char* end_;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
  std::uint32_t tag_ = 0;
  bool is_broken_ = false;
};

/// The fields of a message that have one tag, each as a `View` (View::read(bytes)). Forward,
/// allocation-free; ends where the message is broken.
template <typename View>
class ViewRange {
 public:
  ViewRange(std::string_view message, std::uint32_t tag) noexcept : message_(message), tag_(tag) {}

  class Iterator {
   public:
    using value_type = View;
    using difference_type = std::ptrdiff_t;
    Iterator(std::string_view message, std::uint32_t tag) noexcept : fields_(message), tag_(tag) {
      ++*this;
    }
    View operator*() const noexcept { return View::read(fields_.bytes()); }
    Iterator& operator++() noexcept {
      do is_at_end_ = !fields_.next();
      while (!is_at_end_ && fields_.tag() != tag_);
      return *this;
    }
    void operator++(int) noexcept { ++*this; }
    bool operator==(std::default_sentinel_t /*end*/) const noexcept { return is_at_end_; }

   private:
    FieldReader fields_;
    std::uint32_t tag_;
    bool is_at_end_ = false;
  };
  Iterator begin() const noexcept { return {message_, tag_}; }
  static std::default_sentinel_t end() noexcept { return {}; }
  bool empty() const noexcept { return begin() == end(); }

 private:
  std::string_view message_;
  std::uint32_t tag_;
};

enum class ValueKind : std::uint8_t { kEmpty, kString, kBool, kInt, kDouble, kArray, kMap, kBytes };

struct AttributeView;

/// AnyValue. Which member counts is said by `kind`. The recording path writes strings, numbers,
/// booleans and flat arrays of these; maps and bytes come with log records.
struct ValueView {
  ValueKind kind = ValueKind::kEmpty;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;  ///< kString, kBytes; kArray, kMap: the encoded message

  static ValueView read(std::string_view any_value) noexcept;
  /// A text, boolean, integer or double that fills `any_value`, in its short form; at least two
  /// bytes. False: something else, and nothing is taken.
  bool take_short(std::string_view any_value) noexcept;
  /// Of kArray; nothing for other kinds. Elements may be arrays again: bound your recursion.
  ViewRange<ValueView> elements() const noexcept {
    return {kind == ValueKind::kArray ? text : std::string_view(), wire::otlp::kArrayValues};
  }
  /// Of kMap; nothing for other kinds.
  ViewRange<AttributeView> entries() const noexcept;
};

/// KeyValue.
struct AttributeView {
  std::string_view key;
  ValueView value;

  // Made where the caller wants it: copying what was just written byte by byte costs more than
  // reading it.
  [[gnu::always_inline]] static AttributeView read(std::string_view key_value) noexcept {
    AttributeView attribute;
    if (!attribute.take_short(key_value)) [[unlikely]]
      attribute.take(key_value);
    return attribute;
  }

 private:
  /// Key and value in this order, once, all lengths in one byte: what recording writes. False:
  /// something else, and nothing is taken.
  [[gnu::always_inline]] bool take_short(std::string_view key_value) noexcept {
    const auto byte = [key_value](std::size_t i) {
      return static_cast<std::uint8_t>(key_value[i]);
    };
    const std::size_t size = key_value.size();
    if (size < 6 || size > 0x7F + 4 || byte(0) != wire::otlp::kKey) return false;
    const std::size_t at = 2 + std::size_t{byte(1)};  // the value's tag
    if (byte(1) >= 0x80 || at + 4 > size || byte(at) != wire::otlp::kValue ||
        byte(at + 1) != size - at - 2) {
      return false;
    }
    if (!value.take_short(key_value.substr(at + 2))) return false;
    key = key_value.substr(2, at - 2);
    return true;
  }
  [[gnu::noinline]] void take(std::string_view key_value) noexcept {
    FieldReader fields(key_value);
    while (fields.next()) {
      if (fields.tag() == wire::otlp::kKey) key = fields.bytes();
      if (fields.tag() == wire::otlp::kValue) value = ValueView::read(fields.bytes());
    }
  }
};

inline ViewRange<AttributeView> ValueView::entries() const noexcept {
  return {kind == ValueKind::kMap ? text : std::string_view(), wire::otlp::kMapEntries};
}

[[gnu::always_inline]] inline bool ValueView::take_short(std::string_view any_value) noexcept {
  const std::size_t size = any_value.size();
  const auto first = static_cast<std::uint8_t>(any_value[1]);
  switch (static_cast<std::uint8_t>(any_value[0])) {
    case wire::otlp::kAnyString:
      if (first >= 0x80 || first != size - 2) return false;
      kind = ValueKind::kString;
      text = any_value.substr(2);
      return true;
    case wire::otlp::kAnyBool:
      if (size != 2 || first >= 0x80) return false;
      kind = ValueKind::kBool;
      boolean = first != 0;
      return true;
    case wire::otlp::kAnyInt:
      if (size > 3 || (first >= 0x80) != (size == 3)) return false;
      if (size == 3 && static_cast<std::uint8_t>(any_value[2]) >= 0x80) return false;
      kind = ValueKind::kInt;
      integer = size == 2 ? first : (first & 0x7F) | static_cast<std::int64_t>(any_value[2]) << 7;
      return true;
    case wire::otlp::kAnyDouble: {
      std::uint64_t bits = 0;
      if (size != 1 + sizeof bits) return false;
      std::memcpy(&bits, any_value.data() + 1, sizeof bits);
      if constexpr (std::endian::native == std::endian::big) bits = std::byteswap(bits);
      kind = ValueKind::kDouble;
      real = std::bit_cast<double>(bits);
      return true;
    }
    default:
      return false;
  }
}

inline ValueView ValueView::read(std::string_view any_value) noexcept {
  ValueView value;
  FieldReader fields(any_value);
  while (fields.next()) {
    switch (fields.tag()) {
      case wire::otlp::kAnyString:
        value.kind = ValueKind::kString;
        value.text = fields.bytes();
        break;
      case wire::otlp::kAnyBool:
        value.kind = ValueKind::kBool;
        value.boolean = fields.number() != 0;
        break;
      case wire::otlp::kAnyInt:
        value.kind = ValueKind::kInt;
        value.integer = static_cast<std::int64_t>(fields.number());
        break;
      case wire::otlp::kAnyDouble:
        value.kind = ValueKind::kDouble;
        value.real = std::bit_cast<double>(fields.number());
        break;
      case wire::otlp::kAnyArray:
        value.kind = ValueKind::kArray;
        value.text = fields.bytes();
        break;
      case wire::otlp::kAnyMap:
        value.kind = ValueKind::kMap;
        value.text = fields.bytes();
        break;
      case wire::otlp::kAnyBytes:
        value.kind = ValueKind::kBytes;
        value.text = fields.bytes();
        break;
      default:
        break;
    }
  }
  return value;
}

/// Span.Event.
struct EventView {
  std::uint64_t time_unix_ns = 0;
  std::string_view name;
  std::string_view message;  ///< the encoded event

  static EventView read(std::string_view event) noexcept {
    EventView view;
    view.message = event;
    FieldReader fields(event);
    while (fields.next()) {
      if (fields.tag() == wire::otlp::kEventTime) view.time_unix_ns = fields.number();
      if (fields.tag() == wire::otlp::kEventName) view.name = fields.bytes();
    }
    return view;
  }
  ViewRange<AttributeView> attributes() const noexcept {
    return {message, wire::otlp::kEventAttributes};
  }
};

/// Span.Link. The ids point at 16 and 8 bytes; a link whose ids have other sizes has zeros.
struct LinkView {
  const std::uint8_t* trace_id = kNoId;
  const std::uint8_t* span_id = kNoId;
  std::string_view trace_state;
  std::uint32_t flags = 0;
  std::string_view message;  ///< the encoded link

  static LinkView read(std::string_view link) noexcept {
    LinkView view;
    view.message = link;
    FieldReader fields(link);
    while (fields.next()) {
      const std::string_view bytes = fields.bytes();
      const auto* id = reinterpret_cast<const std::uint8_t*>(bytes.data());
      if (fields.tag() == wire::otlp::kLinkTraceId && bytes.size() == 16) view.trace_id = id;
      if (fields.tag() == wire::otlp::kLinkSpanId && bytes.size() == 8) view.span_id = id;
      if (fields.tag() == wire::otlp::kLinkTraceState) view.trace_state = bytes;
      if (fields.tag() == wire::otlp::kLinkFlags) {
        view.flags = static_cast<std::uint32_t>(fields.number());
      }
    }
    return view;
  }
  ViewRange<AttributeView> attributes() const noexcept {
    return {message, wire::otlp::kLinkAttributes};
  }

 private:
  static constexpr std::uint8_t kNoId[16] = {};
};

/// Status.
struct StatusView {
  std::uint8_t code = 0;  ///< StatusCode
  std::string_view message;

  static StatusView read(std::string_view status) noexcept {
    StatusView view;
    FieldReader fields(status);
    while (fields.next()) {
      if (fields.tag() == wire::otlp::kStatusMessage) view.message = fields.bytes();
      if (fields.tag() == wire::otlp::kStatusCode) {
        view.code = static_cast<std::uint8_t>(fields.number());
      }
    }
    return view;
  }
};

/// Calls visitor.on_name, on_attribute, on_event, on_link and on_status, as far as it has them, in
/// the order of recording. on_status comes last, once, and only if the status is not unset,
/// wherever the span keeps it. False if the fields are broken somewhere: what stood before was
/// visited.
template <typename Visitor>
bool visit_span(const FinishedSpan& span, Visitor&& visitor) {
  StatusView status{.code = span.status, .message = {}};
  FieldReader fields(span.fields);
  while (fields.next()) {
    switch (fields.tag()) {
      case wire::otlp::kSpanName:
        if constexpr (requires { visitor.on_name(fields.bytes()); }) {
          visitor.on_name(fields.bytes());
        }
        break;
      case wire::otlp::kSpanAttributes:
        if constexpr (requires(AttributeView a) { visitor.on_attribute(a); }) {
          visitor.on_attribute(AttributeView::read(fields.bytes()));
        }
        break;
      case wire::otlp::kSpanEvents:
        if constexpr (requires(EventView e) { visitor.on_event(e); }) {
          visitor.on_event(EventView::read(fields.bytes()));
        }
        break;
      case wire::otlp::kSpanLinks:
        if constexpr (requires(LinkView l) { visitor.on_link(l); }) {
          visitor.on_link(LinkView::read(fields.bytes()));
        }
        break;
      case wire::otlp::kSpanStatus:
        if (span.is_status_in_fields) status = StatusView::read(fields.bytes());
        break;
      default:
        break;
    }
  }
  if constexpr (requires { visitor.on_status(status); }) {
    if (status.code != 0) visitor.on_status(status);
  }
  return !fields.is_broken();
}

/// The key of a KeyValue alone.
struct KeyView {
  std::string_view key;

  static KeyView read(std::string_view key_value) noexcept {
    KeyView view;
    FieldReader fields(key_value);
    while (fields.next()) {
      if (fields.tag() == wire::otlp::kKey) view.key = fields.bytes();
    }
    return view;
  }
};

inline ViewRange<KeyView> keys_of(const FinishedSpan& span) noexcept {
  return {span.fields, wire::otlp::kSpanAttributes};
}
inline ViewRange<AttributeView> attributes_of(const FinishedSpan& span) noexcept {
  return {span.fields, wire::otlp::kSpanAttributes};
}
inline ViewRange<EventView> events_of(const FinishedSpan& span) noexcept {
  return {span.fields, wire::otlp::kSpanEvents};
}
inline ViewRange<LinkView> links_of(const FinishedSpan& span) noexcept {
  return {span.fields, wire::otlp::kSpanLinks};
}
/// Empty if the span has none.
inline std::string_view name_of(const FinishedSpan& span) noexcept {
  FieldReader fields(span.fields);
  std::string_view name;
  while (fields.next()) {
    if (fields.tag() == wire::otlp::kSpanName) name = fields.bytes();
  }
  return name;
}

/// Of an encoded Resource message (resource.h).
inline ViewRange<AttributeView> attributes_of_resource(std::string_view resource) noexcept {
  return {resource, wire::otlp::kResourceAttributes};
}
/// The text of a resource's string attribute; empty if there is none.
inline std::string_view resource_text(std::string_view resource, std::string_view key) noexcept {
  for (const AttributeView attribute : attributes_of_resource(resource)) {
    if (attribute.key == key && attribute.value.kind == ValueKind::kString) {
      return attribute.value.text;
    }
  }
  return {};
}

}  // namespace binnacle::sdk
