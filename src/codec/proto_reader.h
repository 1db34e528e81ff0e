#pragma once

#include "base/error.h"
#include "codec/varint.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Reads the protobuf wire format (https://protobuf.dev/programming-guides/encoding/) one field at a
// time, without copying, allocating or throwing. A reader walks one message; readers of the
// messages inside share its ProtoFailure, so that the first failure is kept with its offset in the
// outermost message. Thread-confined.
//
//   ProtoFailure failure(body);
//   ProtoReader r(body, failure);
//   while (r.next()) {
//     switch (r.tag()) {
//       case proto_tag(1, ProtoWire::kBytes): use(r.bytes()); break;
//       default: r.skip_unless_known(proto_fields(1)); break;
//     }
//   }
//   if (failure) return failure.error();

namespace binnacle::codec {

enum class ProtoWire : std::uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kGroupBegin = 3,
  kGroupEnd = 4,
  kFixed32 = 5,
};

/// A field's tag as it stands on the wire: comparing tags checks number and wire type at once.
constexpr std::uint32_t proto_tag(std::uint32_t field, ProtoWire wire) noexcept {
  return (field << 3) | static_cast<std::uint32_t>(wire);
}

/// A set of field numbers below 32, for skip_unless_known.
template <typename... Fields>
constexpr std::uint32_t proto_fields(Fields... fields) noexcept {
  return ((std::uint32_t{1} << static_cast<std::uint32_t>(fields)) | ... | 0U);
}

/// Groups (a deprecated wire type) nest at most this deep where they are skipped; protobuf's own
/// parsers stop at 100.
constexpr int kMaxGroupDepth = 100;

/// The first thing wrong with a message, if any.
class ProtoFailure {
 public:
  explicit ProtoFailure(std::string_view outermost) : origin_(outermost.data()) {}
  /// `what` is a string literal; later calls do not replace an earlier failure.
  void set(const char* what, const char* at) noexcept {
    if (error_.what == nullptr) error_ = {what, static_cast<std::size_t>(at - origin_)};
  }
  explicit operator bool() const noexcept { return error_.what != nullptr; }
  [[nodiscard]] const DecodeError& error() const noexcept { return error_; }

 private:
  const char* origin_;
  DecodeError error_;
};

class ProtoReader {
 public:
  ProtoReader(std::string_view message, ProtoFailure& failure) noexcept
      : p_(message.data()), end_(message.data() + message.size()), field_(p_), failure_(&failure) {}
  /// The message in the current field.
  static ProtoReader inside(ProtoReader& outer) noexcept {
    return ProtoReader(outer.bytes(), *outer.failure_);
  }

  /// Moves to the next field; false at the end of the message or after a failure.
  bool next() noexcept {
    if (p_ == end_) return false;
    field_ = p_;
    if (const auto byte = static_cast<unsigned char>(*p_); byte < 0x80 && byte >= 8) [[likely]] {
      tag_ = byte;
      ++p_;
      return true;
    }
    return next_long_tag();
  }

  [[nodiscard]] std::uint32_t tag() const noexcept { return tag_; }
  [[nodiscard]] std::uint32_t field() const noexcept { return tag_ >> 3; }
  [[nodiscard]] bool failed() const noexcept { return static_cast<bool>(*failure_); }

  // The current field's value; the tag's wire type must match (compare tag() first). After a
  // failure they return 0 or nothing and next() returns false.

  std::uint64_t varint() noexcept {
    std::uint64_t v = 0;
    const char* after = read_varint(p_, end_, v);
    if (after == nullptr) [[unlikely]] {
      fail("varint is truncated or longer than 10 bytes");
      return 0;
    }
    p_ = after;
    return v;
  }
  std::uint32_t varint32() noexcept { return static_cast<std::uint32_t>(varint()); }
  std::uint64_t fixed64() noexcept { return fixed<std::uint64_t>(); }
  std::uint32_t fixed32() noexcept { return fixed<std::uint32_t>(); }
  /// String, bytes or embedded message: a view into the input.
  std::string_view bytes() noexcept {
    std::uint64_t n = 0;
    const char* after = read_varint(p_, end_, n);
    if (after == nullptr) [[unlikely]] {
      fail("length is truncated or longer than 10 bytes");
      return {};
    }
    if (n > static_cast<std::uint64_t>(end_ - after)) [[unlikely]] {
      fail("length runs past the end of the enclosing message");
      return {};
    }
    p_ = after + n;
    return {after, n};
  }

  /// Passes over the current field.
  void skip() noexcept;
  /// Passes over a field that the caller does not know. A field number in `known` (proto_fields)
  /// got here because its wire type is wrong: a failure.
  void skip_unless_known(std::uint32_t known) noexcept {
    if (field() < 32 && ((known >> field()) & 1U) != 0) [[unlikely]] {
      fail_field("field has the wrong wire type");
      return;
    }
    skip();
  }
  /// Marks the message as broken at the current field's first byte.
  void fail_field(const char* what) noexcept { fail_at(what, field_); }

 private:
  void fail(const char* what) noexcept { fail_at(what, p_); }
  void fail_at(const char* what, const char* at) noexcept {
    failure_->set(what, at);
    p_ = end_;
  }
  template <typename T>
  T fixed() noexcept {
    T v{};
    if (static_cast<std::size_t>(end_ - p_) < sizeof v) [[unlikely]] {
      fail("fixed-size field is truncated");
      return v;
    }
    std::memcpy(&v, p_, sizeof v);
    p_ += sizeof v;
    return v;
  }
  bool next_long_tag() noexcept;
  void skip_group() noexcept;

  const char* p_;
  const char* end_;
  const char* field_;
  ProtoFailure* failure_;
  std::uint32_t tag_ = 0;
};

}  // namespace binnacle::codec
