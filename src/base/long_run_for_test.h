#pragma once

#include <cstdlib>

// How often a test repeats what it draws at random. Everyday runs are short enough to be run before
// every commit; `./test --all` runs the same tests again with BINNACLE_LONG_RUN set (entries of
// binnacle_long_run() in the CMakeLists.txt of their folder).
//
//   for (int kill = 0; kill < rounds_of_test(25, 200); ++kill) ...

namespace binnacle {

[[nodiscard]] inline bool is_long_run() noexcept {
  return std::getenv("BINNACLE_LONG_RUN") != nullptr;
}

template <typename Count>
[[nodiscard]] Count rounds_of_test(Count everyday, Count long_run) noexcept {
  return is_long_run() ? long_run : everyday;
}

}  // namespace binnacle
