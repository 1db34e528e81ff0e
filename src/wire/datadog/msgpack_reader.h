#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// Reads MessagePack (github.com/msgpack/msgpack/blob/master/spec.md) without copying, allocating or
// throwing. The first failure is kept; afterwards everything reads as zero and containers are
// empty. As lenient as Datadog's own agent: numbers in any width and sign, text as str or bin, nil
// for anything's zero. Thread-confined.
//
//   MsgpackReader r(body);
//   for (std::uint32_t n = r.begin_map(); n > 0; --n) {
//     const std::string_view key = r.string();
//     if (key == "start") start = r.integer(); else r.skip();
//   }
//   if (r.failed()) return r.error();

namespace binnacle::datadog {

enum class MsgpackType : std::uint8_t {
  kNil,
  kBool,
  kInteger,
  kReal,
  kString,
  kBinary,
  kArray,
  kMap,
  kExtension,
  kInvalid,  ///< 0xC1, or the end of the bytes
};

class MsgpackReader {
 public:
  explicit MsgpackReader(std::string_view bytes) noexcept
      : begin_(bytes.data()), p_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  /// The next value's, which stays unread.
  [[nodiscard]] MsgpackType type() const noexcept;

  // Reads the next value; a failure if it is of another type.

  /// A view into the input; nil is "".
  std::string_view string() noexcept;
  bool boolean() noexcept;
  /// Two's complement: of unsigned values above 2^63 the bits. Reals are cut; booleans are 0 and 1.
  std::int64_t integer() noexcept;
  double real() noexcept;
  /// How many elements (pairs) follow; at most as many as bytes can hold. nil is an empty one.
  std::uint32_t begin_array() noexcept;
  std::uint32_t begin_map() noexcept;

  /// Passes over the next value and all inside it. Takes no stack, however deep it is.
  void skip() noexcept;

  [[nodiscard]] bool at_end() const noexcept { return p_ == end_; }
  [[nodiscard]] bool failed() const noexcept { return error_.what != nullptr; }
  [[nodiscard]] const DecodeError& error() const noexcept { return error_; }
  void fail(const char* what) noexcept;

 private:
  /// The next value's head: for numbers the value, for text its length, for containers their count.
  struct Head {
    MsgpackType type = MsgpackType::kInvalid;
    bool is_unsigned = false;
    std::uint64_t bits = 0;
  };
  Head head() noexcept;
  Head number(unsigned byte) noexcept;
  Head sized(MsgpackType type, std::size_t size_bytes, std::size_t extra_bytes) noexcept;
  template <typename T>
  T big_endian() noexcept;
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - p_); }
  std::uint32_t container(MsgpackType type, const char* wrong) noexcept;

  const char* begin_;
  const char* p_;
  const char* end_;
  DecodeError error_;
};

}  // namespace binnacle::datadog
