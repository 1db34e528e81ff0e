#include "base/clock.h"

#include <ctime>

namespace binnacle {
namespace {

std::int64_t read_ns(clockid_t id) noexcept {
  timespec ts{};
  ::clock_gettime(id, &ts);
  return static_cast<std::int64_t>(ts.tv_sec) * kNanosPerSecond + ts.tv_nsec;
}

}  // namespace

std::int64_t SystemClock::unix_now_ns() const noexcept { return read_ns(CLOCK_REALTIME); }
std::int64_t SystemClock::steady_now_ns() const noexcept { return read_ns(CLOCK_MONOTONIC); }

}  // namespace binnacle
