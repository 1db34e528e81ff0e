#pragma once

#include <atomic>
#include <cstdint>

// Time, injected. Everything that asks for the time takes a `const Clock&`, so that tests set it.
// Only clock.cpp and the SDK's own tick counter read the machine's clocks.

namespace binnacle {

constexpr std::int64_t kNanosPerMicro = 1'000;
constexpr std::int64_t kNanosPerMilli = 1'000'000;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

/// Source of time. Implementations are internally synchronised: any thread may call.
class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  /// Wall-clock nanoseconds since 1970-01-01 UTC. May step backwards.
  [[nodiscard]] virtual std::int64_t unix_now_ns() const noexcept = 0;
  /// Nanoseconds from an arbitrary origin; never goes backwards. For durations and deadlines.
  [[nodiscard]] virtual std::int64_t steady_now_ns() const noexcept = 0;
};

/// The machine's clocks (CLOCK_REALTIME and CLOCK_MONOTONIC).
class SystemClock final : public Clock {
 public:
  [[nodiscard]] std::int64_t unix_now_ns() const noexcept override;
  [[nodiscard]] std::int64_t steady_now_ns() const noexcept override;
};

/// A clock that stands still until it is told to move. For tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t unix_ns, std::int64_t steady_ns = 0)
      : unix_ns_(unix_ns), steady_ns_(steady_ns) {}

  [[nodiscard]] std::int64_t unix_now_ns() const noexcept override { return unix_ns_.load(); }
  [[nodiscard]] std::int64_t steady_now_ns() const noexcept override { return steady_ns_.load(); }
  /// Moves both clocks forward by `ns` (>= 0).
  void advance_ns(std::int64_t ns) noexcept {
    unix_ns_ += ns;
    steady_ns_ += ns;
  }
  /// Steps the wall clock only, as NTP would.
  void set_unix_ns(std::int64_t ns) noexcept { unix_ns_ = ns; }

 private:
  std::atomic<std::int64_t> unix_ns_;
  std::atomic<std::int64_t> steady_ns_;
};

}  // namespace binnacle
