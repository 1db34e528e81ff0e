#pragma once

// Assertions for bugs: conditions that no input can break if our code is right. Bad input and
// corrupt disks are `Error`s (error.h), never checks. BINNACLE_CHECK is always on and aborts with
// the place and the condition; BINNACLE_DCHECK is for hot loops and compiled out unless
// BINNACLE_DCHECKS is defined. Never used by code that runs inside a host process (src/sdk): the
// SDK drops and counts instead.

namespace binnacle::internal {

[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const char* why) noexcept;

}  // namespace binnacle::internal

/// Aborts when `condition` is false; `why` is a string literal that says what was assumed.
#define BINNACLE_CHECK(condition, why)                                         \
  do {                                                                         \
    if (!(condition)) [[unlikely]] {                                           \
      ::binnacle::internal::check_failed(#condition, __FILE__, __LINE__, why); \
    }                                                                          \
  } while (false)

#ifdef BINNACLE_DCHECKS
#define BINNACLE_DCHECK(condition, why) BINNACLE_CHECK(condition, why)
#else
#define BINNACLE_DCHECK(condition, why) \
  do {                                  \
  } while (false)
#endif
