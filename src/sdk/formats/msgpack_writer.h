#pragma once

#include "sdk/formats/batch_appender.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// MessagePack (github.com/msgpack/msgpack spec.md) into a batch: each value in its shortest form.
// Containers say their count first; open_map() is for a count that is known last. Thread-confined.

namespace binnacle::sdk {

class MsgpackWriter {
 public:
  explicit MsgpackWriter(BatchAppender& out) noexcept : out_(out) {}

  void string(std::string_view text) noexcept {
    char* to = out_.room(5 + text.size());
    if (to == nullptr) return;
    char* const begin = to;
    to = put_string_head(to, text.size());
    to = wire::otlp::put_bytes(to, text.data(), text.size());
    out_.used(static_cast<std::size_t>(to - begin));
  }
  /// A literal of under 32 bytes: its length is a constant of the code.
  template <std::size_t Size>
  [[gnu::always_inline]] void literal(const char (&text)[Size]) noexcept {
    static_assert(Size <= 32);
    char* to = out_.room(Size);
    if (to == nullptr) return;
    std::memcpy(put(to, 0xA0U | static_cast<unsigned>(Size - 1)), text, Size - 1);
    out_.used(Size);
  }
  void unsigned_integer(std::uint64_t value) noexcept {
    if (value < 0x80) return out_.byte(static_cast<std::uint8_t>(value));
    if (value <= UINT8_MAX) return number(0xCC, static_cast<std::uint8_t>(value));
    if (value <= UINT16_MAX) return number(0xCD, static_cast<std::uint16_t>(value));
    if (value <= UINT32_MAX) return number(0xCE, static_cast<std::uint32_t>(value));
    number(0xCF, value);
  }
  void integer(std::int64_t value) noexcept {
    if (value >= 0) return unsigned_integer(static_cast<std::uint64_t>(value));
    if (value >= -32) return out_.byte(static_cast<std::uint8_t>(value));
    if (value >= INT8_MIN) return number(0xD0, static_cast<std::uint8_t>(value));
    if (value >= INT16_MIN) return number(0xD1, static_cast<std::uint16_t>(value));
    if (value >= INT32_MIN) return number(0xD2, static_cast<std::uint32_t>(value));
    number(0xD3, static_cast<std::uint64_t>(value));
  }
  void real(double value) noexcept { number(0xCB, std::bit_cast<std::uint64_t>(value)); }
  void array(std::size_t count) noexcept { container(0x90, 0xDC, count); }
  void map(std::size_t count) noexcept { container(0x80, 0xDE, count); }

  /// A map of at most 65,535 entries; returns where its count stands.
  std::size_t open_map() noexcept {
    number(0xDE, std::uint16_t{0});
    return out_.position() - sizeof(std::uint16_t);
  }
  void close_map(std::size_t position, std::size_t count) noexcept {
    out_.set_big_endian(position, static_cast<std::uint16_t>(count));
  }

 private:
  static char* put_string_head(char* to, std::size_t size) noexcept {
    if (size < 32) return put(to, 0xA0U | static_cast<unsigned>(size));
    if (size <= UINT8_MAX) return put(put(to, 0xD9), static_cast<unsigned>(size));
    if (size <= UINT16_MAX) {
      return BatchAppender::put_big_endian(put(to, 0xDA), static_cast<std::uint16_t>(size));
    }
    return BatchAppender::put_big_endian(put(to, 0xDB), static_cast<std::uint32_t>(size));
  }
  static char* put(char* to, unsigned byte) noexcept {
    *to = static_cast<char>(byte);
    return to + 1;
  }
  template <typename T>
  void number(std::uint8_t type, T value) noexcept {
    char* to = out_.room(1 + sizeof value);
    if (to == nullptr) return;
    BatchAppender::put_big_endian(put(to, type), value);
    out_.used(1 + sizeof value);
  }
  void container(std::uint8_t fixed, std::uint8_t sixteen, std::size_t count) noexcept {
    if (count < 16) return out_.byte(static_cast<std::uint8_t>(fixed | count));
    if (count <= UINT16_MAX) return number(sixteen, static_cast<std::uint16_t>(count));
    number(static_cast<std::uint8_t>(sixteen + 1), static_cast<std::uint32_t>(count));
  }

  BatchAppender& out_;
};

}  // namespace binnacle::sdk
