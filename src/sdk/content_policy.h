#pragma once

#include <binnacle/config.h>
#include <binnacle/content.h>
#include <binnacle/span.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Decides what becomes of content (content.h), for the whole process. Configured when the SDK
// starts; read by every thread that records, which costs an atomic load. Internally synchronised.

namespace binnacle::sdk {

/// Longest content recorded under one attribute; the rest is cut off at a character's boundary.
inline constexpr std::size_t kMaxContentBytes = 32 * 1024;

void configure_content(const Config& config) noexcept;

/// Whether OpenInference's attributes are wanted beside OpenTelemetry's.
bool uses_openinference() noexcept;

/// The keyed hash of content.
std::uint64_t content_hash(std::string_view text) noexcept;

/// What may be recorded of `text` under `attribute`; nothing if capture is off, the hook drops it
/// or fails, or memory lacks.
std::optional<std::string> capture(std::string_view attribute, std::string_view text) noexcept;

/// The attributes of one kind of content.
struct ContentKey {
  std::string_view attribute;  ///< holds the content, if it is captured
  std::string_view length;     ///< holds its length in bytes otherwise
  std::string_view hash;       ///< and its keyed hash, 16 hexadecimal digits
};

/// Records a hash as 16 hexadecimal digits.
void set_hash(const SpanRef& span, std::string_view key, std::uint64_t hash) noexcept;

/// Records length and hash.
void set_digest(const SpanRef& span, const ContentKey& key, std::size_t length,
                std::uint64_t hash) noexcept;

/// Records `text` itself or its digest, as the policy says. True if it was captured.
bool set_content(const SpanRef& span, const ContentKey& key, std::string_view text) noexcept;

}  // namespace binnacle::sdk
