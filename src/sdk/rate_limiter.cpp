#include "sdk/rate_limiter.h"

#include <algorithm>

namespace binnacle::sdk {

namespace {

constexpr double kSecondNs = 1e9;

std::uint32_t next_id() noexcept {
  static std::atomic<std::uint32_t> last{0};
  const std::uint32_t id = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return id != 0 ? id : 1;
}

}  // namespace

RateLimiter::RateLimiter(double per_second) noexcept
    : per_second_(std::max(per_second, 0.0)), id_(next_id()) {
  // Slower than one in ten years is never; faster than one in a nanosecond is no limit.
  constexpr double kSlowest = 3e-9;
  if (!(per_second_ > kSlowest)) return;
  interval_ns_ = std::max<std::int64_t>(1, static_cast<std::int64_t>(kSecondNs / per_second_));
  burst_ns_ = std::max(static_cast<std::int64_t>(kSecondNs), interval_ns_);
  // 20 ms' worth: with 8 threads that all sample, what they hold is a sixth of a second's tokens.
  batch_ = static_cast<std::uint32_t>(std::clamp(per_second_ / 50, 1.0, 64.0));
}

bool RateLimiter::admit(RateGrant& grant, std::int64_t now_ns) noexcept {
  if (now_ns < grant.until_ns) {
    if (grant.left == 0) return false;
    if (--grant.left == 0) grant.until_ns = 0;  // spent, not refused
    return true;
  }
  if (interval_ns_ == 0) return false;
  std::int64_t next_ns = 0;
  grant.left = take(now_ns, next_ns);
  grant.until_ns = grant.left > 0 ? now_ns + kGrantNs : next_ns;
  if (grant.left == 0) return false;
  if (--grant.left == 0) grant.until_ns = 0;
  return true;
}

std::uint32_t RateLimiter::take(std::int64_t now_ns, std::int64_t& next_ns) noexcept {
  std::int64_t before = refilled_ns_.load(std::memory_order_relaxed);
  for (;;) {
    const std::int64_t from = std::max(before, now_ns - burst_ns_);
    const std::int64_t tokens = (now_ns - from) / interval_ns_;
    if (tokens <= 0) {
      next_ns = from + interval_ns_;
      return 0;
    }
    const std::int64_t taken = std::min<std::int64_t>(tokens, batch_);
    if (refilled_ns_.compare_exchange_weak(before, from + taken * interval_ns_,
                                           std::memory_order_relaxed)) {
      return static_cast<std::uint32_t>(taken);
    }
  }
}

}  // namespace binnacle::sdk
