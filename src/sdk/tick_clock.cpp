#include "sdk/tick_clock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <string_view>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace binnacle::sdk {

bool g_has_tick_counter = false;

namespace {

#if defined(__x86_64__)
bool has_invariant_tsc() noexcept {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  // AMD64 Architecture Programmer's Manual 3, E.4.6; Intel SDM 3B, 18.17.1.
  return __get_cpuid(0x80000007U, &eax, &ebx, &ecx, &edx) != 0 && (edx & 0x100U) != 0;
}

/// The kernel watches the counter against other clocks and leaves it when it misbehaves (cores out
/// of step, halting in sleep), so we trust it exactly when the kernel still does.
bool does_kernel_trust_tsc() noexcept {
  const int file = open("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                        O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  char name[64];
  const ssize_t size = read(file, name, sizeof name);
  close(file);
  if (size <= 0) return false;
  std::string_view source(name, static_cast<std::size_t>(size));
  if (source.back() == '\n') source.remove_suffix(1);
  return source == "tsc" || source == "kvm-clock" || source == "hyperv_clocksource_tsc_page";
}
#endif

struct ClockPair {
  std::uint64_t ticks = 0;
  std::int64_t clock_ns = 0;
};

/// Both clocks at one moment: of several tries the one that was interrupted least.
ClockPair read_pair(clockid_t id) noexcept {
  // Four tries are enough to find one without an interrupt in between, which is the rule.
  constexpr int kTries = 4;
  ClockPair best;
  std::uint64_t best_width = ~std::uint64_t{0};
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t before = ticks_now();
    const std::int64_t clock_ns = read_clock_ns(id);
    const std::uint64_t width = ticks_now() - before;
    if (width < best_width) {
      best_width = width;
      best = {before + width / 2, clock_ns};
    }
  }
  return best;
}

/// Both clocks when the source was chosen. Written once, before any other thread reads ticks.
ClockPair g_first_pair;

}  // namespace

std::atomic<double> g_ns_per_tick{0};

double measure_ns_per_tick() noexcept {
  if (!g_has_tick_counter) return 1.0;
  constexpr std::int64_t kLongEnoughNs = 100'000'000;
  const ClockPair now = read_pair(CLOCK_MONOTONIC);
  const std::int64_t elapsed_ns = now.clock_ns - g_first_pair.clock_ns;
  if (now.ticks <= g_first_pair.ticks || elapsed_ns <= 0) return 1.0;
  const double rate =
      static_cast<double>(elapsed_ns) / static_cast<double>(now.ticks - g_first_pair.ticks);
  if (elapsed_ns >= kLongEnoughNs) g_ns_per_tick.store(rate, std::memory_order_relaxed);
  return rate;
}

void choose_tick_source() noexcept {
#if defined(__x86_64__)
  g_has_tick_counter = has_invariant_tsc() && does_kernel_trust_tsc();
#elif defined(__aarch64__)
  g_has_tick_counter = true;  // the generic timer is architecturally constant and shared
#endif
  if (g_first_pair.clock_ns == 0) g_first_pair = read_pair(CLOCK_MONOTONIC);
}

TickCalibration::TickCalibration() noexcept {
  const ClockPair first = read_pair(CLOCK_MONOTONIC);
  first_ticks_ = first.ticks;
  first_monotonic_ns_ = first.clock_ns;
}

TickAnchor TickCalibration::anchor() noexcept {
  if (g_has_tick_counter) {
    const ClockPair now = read_pair(CLOCK_MONOTONIC);
    const std::uint64_t ticks = now.ticks - first_ticks_;
    if (ticks > 0 && now.clock_ns > first_monotonic_ns_) {
      ns_per_tick_ =
          static_cast<double>(now.clock_ns - first_monotonic_ns_) / static_cast<double>(ticks);
    }
  } else {
    ns_per_tick_ = 1.0;
  }
  const ClockPair wall = read_pair(CLOCK_REALTIME);
  return TickAnchor{wall.ticks, wall.clock_ns, ns_per_tick_};
}

}  // namespace binnacle::sdk
