#include "app/progress.h"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>

namespace binnacle::app {
namespace {

// Ten times a second is as often as an eye can follow.
constexpr std::int64_t kIntervalNs = 100 * kNanosPerMilli;

}  // namespace

Progress::Progress(const Clock& clock, bool quiet)
    : clock_(clock), is_shown_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (has_line_) fmt::print(stderr, "\r\x1b[K");
}

void Progress::show(std::string_view text) {
  if (!is_shown_) return;
  const std::int64_t now = clock_.steady_now_ns();
  if (has_line_ && now - last_steady_ns_ < kIntervalNs) return;
  last_steady_ns_ = now;
  has_line_ = true;
  fmt::print(stderr, "\r\x1b[K{}", text);
  std::fflush(stderr);
}

}  // namespace binnacle::app
