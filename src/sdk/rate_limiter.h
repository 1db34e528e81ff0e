#pragma once

#include <atomic>
#include <cstdint>

// So many traces a second, over all threads, without a shared write per span: a thread takes a few
// tokens at a time and spends them alone; a thread that was refused does not ask again before the
// next token can be there. The bucket is the generic cell rate algorithm (ITU-T I.371): one number,
// the time at which it will have been refilled. Internally lock-free; any thread may call.
//
//   RateLimiter limiter(100);
//   if (limiter.admit(grant, coarse_now_ns())) ...        // `grant` is the thread's own

namespace binnacle::sdk {

/// What one thread holds of one limiter. All zero: nothing.
struct RateGrant {
  std::uint32_t limiter = 0;  ///< RateLimiter::id()
  std::uint32_t left = 0;     ///< tokens to spend
  std::int64_t until_ns = 0;  ///< left > 0: when they expire; left == 0: when to ask again
};

class RateLimiter {
 public:
  /// Tokens that a thread holds and does not spend are lost after this long, so that a thread which
  /// falls silent keeps nothing back.
  static constexpr std::int64_t kGrantNs = 100'000'000;

  /// At most a second's worth at once, but always at least one. Not positive: never.
  explicit RateLimiter(double per_second) noexcept;
  RateLimiter(const RateLimiter&) = delete;
  RateLimiter& operator=(const RateLimiter&) = delete;

  /// Whether one more may pass. `now_ns` is monotonic. ~2 ns, and one compare-and-swap per grant.
  bool admit(RateGrant& grant, std::int64_t now_ns) noexcept;

  /// Unique in the process, never 0.
  std::uint32_t id() const noexcept { return id_; }
  double per_second() const noexcept { return per_second_; }

 private:
  /// Up to `batch_` tokens, and when to ask again if there is none.
  std::uint32_t take(std::int64_t now_ns, std::int64_t& next_ns) noexcept;

  const double per_second_;
  const std::uint32_t id_;
  std::int64_t interval_ns_ = 0;  // per token; 0: never any
  std::int64_t burst_ns_ = 0;
  std::uint32_t batch_ = 1;
  alignas(64) std::atomic<std::int64_t> refilled_ns_{INT64_MIN};
};

/// A thread's grants, found by limiter: direct-mapped, so that two limiters which share a place
/// lose what the thread held of the other. Part of ThreadState.
struct RateGrants {
  static constexpr std::uint32_t kPlaces = 8;
  RateGrant places[kPlaces];

  RateGrant& of(const RateLimiter& limiter) noexcept {
    RateGrant& grant = places[limiter.id() % kPlaces];
    if (grant.limiter != limiter.id()) grant = {limiter.id(), 0, 0};
    return grant;
  }
};

}  // namespace binnacle::sdk
