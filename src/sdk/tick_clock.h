#pragma once

#include <time.h>

#include <atomic>
#include <cstdint>

// The SDK's clock: a counter that costs a few nanoseconds to read while recording, and its
// conversion to time of day, done by the export thread. The counter is the processor's time stamp
// counter where it is invariant and the kernel itself trusts it, arm64's generic timer, else
// CLOCK_MONOTONIC. Readable from any thread after choose_tick_source().
//
//   std::uint64_t start = ticks_now();
//   ...
//   TickAnchor anchor = calibration.anchor();      // once per batch
//   std::int64_t unix_ns = anchor.to_unix_ns(start);

namespace binnacle::sdk {

/// Whether ticks_now() reads the processor's counter. Constant after choose_tick_source().
/// Hidden: read without a look into the table of the linker.
extern bool g_has_tick_counter [[gnu::visibility("hidden")]];

/// Nanoseconds of a POSIX clock.
inline std::int64_t read_clock_ns(clockid_t id) noexcept {
  timespec now{};
  clock_gettime(id, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
inline std::int64_t monotonic_ns() noexcept { return read_clock_ns(CLOCK_MONOTONIC); }

/// The processor's counter, for those who know that there is one (g_has_tick_counter).
inline std::uint64_t tick_counter() noexcept {
#if defined(__x86_64__)
  // Not serialised: neighbouring instructions may slip past it by some nanoseconds, which is less
  // than a serialised read would add to every span.
  return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
  std::uint64_t ticks = 0;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  return ticks;
#else
  return 0;
#endif
}

inline std::uint64_t ticks_now() noexcept {
  if (g_has_tick_counter) [[likely]]
    return tick_counter();
  return static_cast<std::uint64_t>(monotonic_ns());
}

/// Looks at the machine once; call before any thread reads ticks.
void choose_tick_source() noexcept;

/// Zero until it has been measured over long enough; read by ns_per_tick().
extern std::atomic<double> g_ns_per_tick;
double measure_ns_per_tick() noexcept;

/// The counter's rate, for durations that are needed at once: measured since choose_tick_source(),
/// anew at each call until that is 100 ms ago (then good to 1e-6), after which it costs a load.
inline double ns_per_tick() noexcept {
  const double known = g_ns_per_tick.load(std::memory_order_relaxed);
  return known != 0 ? known : measure_ns_per_tick();
}

/// Ticks and time of day, read at the same moment.
struct TickAnchor {
  std::uint64_t ticks = 0;
  std::int64_t unix_ns = 0;
  double ns_per_tick = 1.0;

  std::int64_t to_unix_ns(std::uint64_t at) const noexcept {
    const auto distance = static_cast<std::int64_t>(at - ticks);
    return unix_ns + static_cast<std::int64_t>(static_cast<double>(distance) * ns_per_tick);
  }
};

/// Measures the counter's rate against CLOCK_MONOTONIC over its own lifetime, so that starting up
/// waits for nothing and precision grows with age: reading the pair is uncertain by ~50 ns, so
/// after a second the rate is good to 1e-7. Thread-confined (the export thread).
class TickCalibration {
 public:
  TickCalibration() noexcept;
  /// The relation between ticks and the time of day now. ~200 ns.
  TickAnchor anchor() noexcept;

 private:
  std::uint64_t first_ticks_ = 0;
  std::int64_t first_monotonic_ns_ = 0;
  double ns_per_tick_ = 1.0;
};

}  // namespace binnacle::sdk
