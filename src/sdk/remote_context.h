#pragma once

#include <binnacle/context.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

// What the headers of one format say of the caller. A value.

namespace binnacle::sdk {

struct RemoteContext {
  SpanContext span_context;  ///< without ids if the caller only decided about sampling
  std::uint8_t marks = 0;    ///< of detail::ContextMark
};

/// Ids, most significant byte first, as the numbers that some formats see in them.
inline std::uint64_t load_big_endian(const std::uint8_t* bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value = value << 8U | bytes[i];
  return value;
}
inline void store_big_endian(std::uint8_t* bytes, std::uint64_t value) noexcept {
  for (std::size_t i = sizeof value; i-- > 0; value >>= 8U) {
    bytes[i] = static_cast<std::uint8_t>(value & 0xFFU);
  }
}

}  // namespace binnacle::sdk
