#pragma once

#include "sdk/formats/encoded_batch.h"
#include "wire/otlp/span_writer.h"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Appends one span to a batch, all of it or nothing: when memory lacks, the rest is ignored and
// commit() takes back what was written. Thread-confined.
//
//   BatchAppender out(batch.bytes);
//   out.text("{");
//   if (out.commit(tail.size())) ++batch.items;

namespace binnacle::sdk {

class BatchAppender {
 public:
  explicit BatchAppender(ByteBuffer& to) noexcept : to_(to), begin_(to.size()) {}
  BatchAppender(const BatchAppender&) = delete;
  BatchAppender& operator=(const BatchAppender&) = delete;

  /// Room for `bytes` bytes, to be followed by used(); null when memory lacks.
  char* room(std::size_t bytes) noexcept {
    char* out = is_full_ ? nullptr : to_.reserve(bytes);
    is_full_ = out == nullptr;
    return out;
  }
  void used(std::size_t bytes) noexcept { to_.advance(bytes); }

  void text(std::string_view bytes) noexcept {
    if (bytes.empty()) return;
    char* out = room(bytes.size());
    if (out == nullptr) return;
    wire::otlp::put_bytes(out, bytes.data(), bytes.size());
    used(bytes.size());
  }
  void byte(std::uint8_t value) noexcept {
    char* out = room(1);
    if (out == nullptr) return;
    *out = static_cast<char>(value);
    used(1);
  }
  /// Most significant byte first.
  template <std::unsigned_integral T>
  void big_endian(T value) noexcept {
    char* out = room(sizeof value);
    if (out == nullptr) return;
    put_big_endian(out, value);
    used(sizeof value);
  }
  template <std::unsigned_integral T>
  static char* put_big_endian(char* out, T value) noexcept {
    if constexpr (std::endian::native == std::endian::little && sizeof value > 1) {
      value = std::byteswap(value);
    }
    std::memcpy(out, &value, sizeof value);
    return out + sizeof value;
  }

  /// Where the next byte goes, for set_big_endian().
  std::size_t position() const noexcept { return to_.size(); }
  /// Overwrites what stands at an earlier position: counts that are known last.
  template <std::unsigned_integral T>
  void set_big_endian(std::size_t position, T value) noexcept {
    if (!is_full_) put_big_endian(to_.data() + position, value);
  }

  /// Bytes appended so far.
  std::string_view written() const noexcept {
    return {to_.data() + begin_, is_full_ ? 0 : to_.size() - begin_};
  }

  /// Keeps what was appended, with room for `tail` more bytes; false if memory lacked, and then
  /// nothing was.
  bool commit(std::size_t tail) noexcept {
    if (room(tail) != nullptr) return true;
    to_.truncate(begin_);
    return false;
  }

 private:
  ByteBuffer& to_;
  std::size_t begin_;
  bool is_full_ = false;
};

}  // namespace binnacle::sdk
