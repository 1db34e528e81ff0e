#pragma once

#include "base/cancel_token.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/memory_budget.h"

#include <cstdint>
#include <string>
#include <vector>

// What every call on a store carries. Plain values.

namespace binnacle {

/// For writes. `deadline_steady_ns` is on the injected Clock's steady time; 0 means none. A write
/// that cannot start before its deadline fails with kDeadlineExceeded; one that has reached the log
/// is completed whatever the deadline.
struct WriteContext {
  TenantId tenant;
  std::int64_t deadline_steady_ns = 0;
};

/// For reads. Work stops soon after `cancel` fires (kCancelled) or the deadline passes
/// (kDeadlineExceeded), and fails with kResourceExhausted when `budget` (may be null: unlimited) is
/// used up. The budget must outlive the read.
struct ReadContext {
  TenantId tenant;
  CancelToken cancel;
  MemoryBudget* budget = nullptr;
  std::int64_t deadline_steady_ns = 0;
};

/// A reason why an answer may be incomplete ("part 00012 is set aside: block checksum"). Shown to
/// users.
struct CompletenessWarning {
  std::string message;
};
using Warnings = std::vector<CompletenessWarning>;

}  // namespace binnacle
