#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Bounded decompression of bodies and files: nothing decompresses to more than the caller allows.
// Pure functions; any thread.
//
//   auto body = decompress(Compression::kGzip, in, {.max_bytes = 32 << 20});

namespace binnacle::codec {

/// As in HTTP's Content-Encoding.
enum class Compression : std::uint8_t { kNone, kGzip, kDeflate, kZstd };

/// "gzip", "x-gzip", "deflate", "zstd", "identity" and "", in any case; nullopt for others.
[[nodiscard]] std::optional<Compression> compression_from_name(std::string_view name) noexcept;

/// What the first bytes say: gzip and zstd have magic numbers; everything else is kNone.
[[nodiscard]] Compression detect_compression(std::string_view bytes) noexcept;

struct DecompressLimits {
  /// Largest result. 64 MiB: four times the OpenTelemetry Collector's default request limit.
  std::size_t max_bytes = 64U << 20U;
  /// Largest result as a multiple of the input, once the result is above kFreeBytes. The most
  /// repetitive telemetry seen (one span copied 10,000 times) compresses 60:1 with gzip and 180:1
  /// with zstd, while bombs reach 1,000:1 and more.
  std::size_t max_ratio = 512;
  /// Largest zstd window, 2^n bytes. 23 is what RFC 9659 lets HTTP senders use and what
  /// `zstd -19` writes; importing `zstd --ultra --long` files takes 27.
  int zstd_window_log_max = 23;
};

/// Results up to this size are not held to max_ratio: a small body of zeros is no attack.
constexpr std::size_t kFreeBytes = 1U << 20U;

/// `in` decompressed. Gzip members and zstd frames may follow each other; anything else after the
/// end is an error. "deflate" is zlib's format, raw deflate is accepted too. kResourceExhausted
/// when a limit is passed (retrying does not help: the message says so), kInvalidArgument when the
/// bytes are damaged or truncated. kNone copies.
[[nodiscard]] Result<std::string> decompress(Compression compression, std::string_view in,
                                             const DecompressLimits& limits = {});

}  // namespace binnacle::codec
