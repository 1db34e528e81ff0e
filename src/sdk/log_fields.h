#pragma once

#include "sdk/fields.h"

#include <binnacle/log.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

// The stream of a log record: everything about it that is text or value, in OTLP's wire form. Sized
// first, then written, like the records of fields.h. Pure.

namespace binnacle::sdk {

/// Private tag of the logger's name, which stands first and is not OTLP's (unused in LogRecord: the
/// name belongs to the instrumentation scope around the record).
inline constexpr std::uint8_t kLogLoggerName = 15U << 3U | 2U;

/// Takes the logger's name off the front of a record's stream; empty if there is none.
std::string_view take_logger_name(std::string_view& stream) noexcept;

struct LogLimits {
  std::uint32_t attributes = 128;
  /// Longer string values are cut, at a whole UTF-8 character.
  std::uint32_t value_bytes = UINT32_MAX;
};

class LogFields {
 public:
  /// Everything is borrowed for this object's life. `options` may be null.
  LogFields(const AttributeValue& body, AttributeList attributes, const LogOptions* options,
            const LogLimits& limits) noexcept;

  /// Exactly what put() writes.
  std::size_t size() const noexcept;
  /// No less than size(), and cheaper; SIZE_MAX if there are arrays.
  std::size_t size_bound() const noexcept;
  char* put(char* out) const noexcept;
  std::uint32_t dropped_attributes() const noexcept { return dropped_; }

 private:
  template <typename F>
  void for_each_kept(F f) const noexcept;
  bool is_superseded(std::size_t index) const noexcept;
  bool may_repeat() const noexcept;

  const AttributeValue& body_;
  AttributeList attributes_;
  const LogOptions* options_;
  LogLimits limits_;
  bool may_repeat_;
  std::uint32_t dropped_ = 0;
};

}  // namespace binnacle::sdk
