#pragma once

#include <time.h>

#include <cstdint>

// The time of day, for the times of points and exemplars. Never read for an ordinary measurement.

namespace binnacle::sdk {

/// Nanoseconds since 1970.
inline std::int64_t unix_now_ns() noexcept {
  timespec now{};
  // tidy: allow(clock) the SDK's own clock of the time of day, as in tick_clock.h
  clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace binnacle::sdk
