#pragma once

#include <cstdlib>

// How often a test repeats what it draws at random. Everyday runs are short enough to be run before
// every commit; `./test --all` runs the same tests again with LONG_RUN_OF_TESTS set (entries of
// binnacle_long_run() in the CMakeLists.txt of their folder). Not BINNACLE_...: those are settings
// of the server, which an end-to-end test starts.
//
//   for (int kill = 0; kill < rounds_of_test(25, 200); ++kill) ...

namespace binnacle {

[[nodiscard]] inline bool is_long_run() noexcept {
  return std::getenv("LONG_RUN_OF_TESTS") != nullptr;
}

template <typename Count>
[[nodiscard]] Count rounds_of_test(Count everyday, Count long_run) noexcept {
  return is_long_run() ? long_run : everyday;
}

}  // namespace binnacle
