#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Fixed-width little-endian integers, as all formats of this folder store them. Pure.

namespace binnacle::disk {

template <std::unsigned_integral T>
constexpr T swap_if_big_endian(T value) noexcept {
  if constexpr (std::endian::native == std::endian::little) {
    return value;
  } else {
    std::uint64_t rest = value;
    std::uint64_t swapped = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i, rest >>= 8U)
      swapped = swapped << 8U | (rest & 0xFFU);
    return static_cast<T>(swapped);
  }
}

/// `bytes` must hold sizeof(T) from `offset`.
template <std::unsigned_integral T>
[[nodiscard]] T load(std::string_view bytes, std::size_t offset) noexcept {
  T value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return swap_if_big_endian(value);
}

template <std::unsigned_integral T>
void store(T value, char* out) noexcept {
  value = swap_if_big_endian(value);
  std::memcpy(out, &value, sizeof value);
}

template <std::unsigned_integral T>
void append(T value, std::string& out) {
  char bytes[sizeof(T)];
  store(value, bytes);
  out.append(bytes, sizeof bytes);
}

/// Reads forward; once anything is missing every read gives zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <std::unsigned_integral T>
  [[nodiscard]] T take() noexcept {
    if (bytes_.size() - at_ < sizeof(T)) {
      fail();
      return 0;
    }
    const T value = load<T>(bytes_, at_);
    at_ += sizeof(T);
    return value;
  }
  [[nodiscard]] std::string_view take_bytes(std::uint64_t size) noexcept {
    if (bytes_.size() - at_ < size) {
      fail();
      return {};
    }
    const std::string_view taken = bytes_.substr(at_, size);
    at_ += size;
    return taken;
  }
  [[nodiscard]] std::size_t left() const noexcept { return bytes_.size() - at_; }
  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  [[nodiscard]] bool ok() const noexcept { return ok_; }

 private:
  void fail() noexcept {
    ok_ = false;
    at_ = bytes_.size();
  }
  std::string_view bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

}  // namespace binnacle::disk
