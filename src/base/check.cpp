#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace binnacle::internal {

void check_failed(const char* condition, const char* file, int line, const char* why) noexcept {
  std::fprintf(stderr, "binnacle: bug at %s:%d: %s (%s is false)\n", file, line, why, condition);
  std::abort();
}

}  // namespace binnacle::internal
