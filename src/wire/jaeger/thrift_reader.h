#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// Reads Apache Thrift's binary and compact protocols (thrift/doc/specs/thrift-binary-protocol.md
// and thrift-compact-protocol.md) without copying, allocating or throwing. The first failure is
// kept; afterwards everything reads as zero and structs end. Thread-confined.
//
//   ThriftReader r(body, ThriftProtocol::kBinary);
//   r.begin_struct();
//   while (r.next_field()) {
//     if (r.is(1, ThriftType::kString)) name = r.string(); else r.skip();
//   }
//   r.end_struct();
//   if (r.failed()) return r.error();

namespace binnacle::jaeger {

enum class ThriftProtocol : std::uint8_t { kBinary, kCompact };

/// Numbers of the binary protocol; the compact ones are translated.
enum class ThriftType : std::uint8_t {
  kStop = 0,
  kBool = 2,
  kByte = 3,
  kDouble = 4,
  kI16 = 6,
  kI32 = 8,
  kI64 = 10,
  kString = 11,
  kStruct = 12,
  kMap = 13,
  kSet = 14,
  kList = 15,
};

class ThriftReader {
 public:
  /// Structs, lists and maps nest at most this deep, known and skipped ones together. Jaeger's own
  /// take five.
  static constexpr int kMaxDepth = 32;

  ThriftReader(std::string_view bytes, ThriftProtocol protocol) noexcept
      : begin_(bytes.data()),
        p_(bytes.data()),
        end_(bytes.data() + bytes.size()),
        compact_(protocol == ThriftProtocol::kCompact) {}

  void begin_struct() noexcept;
  /// Moves to the next field of the innermost struct; false at its end or after a failure.
  bool next_field() noexcept;
  /// Is the current field number `id` with this type?
  [[nodiscard]] bool is(int id, ThriftType type) const noexcept {
    return field_ == id && type_ == type;
  }
  /// To be called once next_field() said false.
  void end_struct() noexcept;

  bool boolean() noexcept;
  std::int32_t i32() noexcept;
  std::int64_t i64() noexcept;
  double real() noexcept;
  /// A view into the input.
  std::string_view string() noexcept;

  /// The number of elements of a list whose elements have type `element`; 0 and a failure if they
  /// have another or if there cannot be that many in the bytes that remain.
  std::uint32_t begin_list(ThriftType element) noexcept;

  /// Passes over the current field's value.
  void skip() noexcept { skip_value(type_); }

  /// The bytes after a message header (strict or old binary, compact), as in UDP datagrams; the
  /// reader then stands before the arguments' struct. False and a failure if there is none.
  bool message_header() noexcept;

  [[nodiscard]] bool failed() const noexcept { return error_.what != nullptr; }
  [[nodiscard]] const DecodeError& error() const noexcept { return error_; }
  [[nodiscard]] std::size_t offset() const noexcept {
    return static_cast<std::size_t>(p_ - begin_);
  }
  void fail(const char* what) noexcept;

 private:
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - p_); }
  std::uint8_t byte() noexcept;
  template <typename T>
  T big_endian() noexcept;
  std::uint64_t varint() noexcept;
  std::int64_t zigzag() noexcept;
  ThriftType compact_type(std::uint8_t nibble) noexcept;
  std::uint32_t element_count(ThriftType& element) noexcept;
  void skip_value(ThriftType type) noexcept;
  void skip_map() noexcept;
  void skip_fixed(std::size_t bytes) noexcept;

  const char* begin_;
  const char* p_;
  const char* end_;
  DecodeError error_;
  bool compact_;
  bool bool_in_header_ = false;  // compact: the current field's value was in its header
  bool bool_value_ = false;
  ThriftType type_ = ThriftType::kStop;
  int field_ = 0;
  int depth_ = 0;
  std::int16_t last_field_[kMaxDepth] = {};  // compact: field numbers are differences
};

}  // namespace binnacle::jaeger
