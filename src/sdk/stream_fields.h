#pragma once

#include "sdk/tick_clock.h"
#include "sdk/value_limits.h"

#include <cstddef>
#include <cstdint>
#include <vector>

// The export thread's last touch on a span's stream: event times become time of day, and of fields
// that were recorded twice only the last stays. Works in place on contiguous bytes that the SDK
// itself wrote. Thread-confined (it keeps its scratch memory).

namespace binnacle::sdk {

struct FieldLimits {
  std::uint32_t attributes = 128;
  std::uint32_t events = 128;
  std::uint32_t links = 128;
  ValueLimits values;
};

/// What the stream turned out to hold.
struct SettledFields {
  std::size_t size = 0;  ///< bytes that remain
  std::uint32_t dropped_attributes = 0;
  std::uint32_t dropped_events = 0;
  std::uint32_t dropped_links = 0;
  std::uint8_t status = 0;  ///< the code in the stream; meaningful if has_status
  bool has_status = false;
};

class StreamFields {
 public:
  /// Converts the times of events. O(fields).
  static void convert_times(char* bytes, std::size_t size, const TickAnchor& anchor) noexcept;

  /// Removes superseded fields (earlier values of a key, earlier names and statuses; Ok is final)
  /// and those past the limits. If `keeps_status` is false, all statuses. O(fields), and O(fields)
  /// more for each that repeats; fields are limited in number.
  SettledFields settle(char* bytes, std::size_t size, const FieldLimits& limits, bool keeps_status);

 private:
  struct Field {
    const char* begin;
    const char* end;
    const char* body;
    const char* key;  ///< attributes only
    std::uint32_t key_size;
    std::uint8_t tag;
    bool is_kept;
  };
  void supersede(const Field& last, std::size_t before) noexcept;

  std::vector<Field> fields_;
};

}  // namespace binnacle::sdk
