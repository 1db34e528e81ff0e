#include "base/memory_budget.h"

#include "base/check.h"

#include <fmt/format.h>

namespace binnacle {

Status MemoryBudget::reserve(std::uint64_t bytes) {
  std::uint64_t used = used_bytes_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_bytes_ || used > limit_bytes_ - bytes) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      return fail(
          ErrorCode::kResourceExhausted,
          fmt::format("memory budget {}: {} bytes asked, {} of {} in use; narrow the request or "
                      "raise the limit",
                      name_, bytes, used, limit_bytes_));
    }
  } while (!used_bytes_.compare_exchange_weak(used, used + bytes, std::memory_order_relaxed));
  if (parent_ != nullptr) {
    if (auto above = parent_->reserve(bytes); !above) {
      used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      return above;
    }
  }
  return {};
}

void MemoryBudget::release(std::uint64_t bytes) noexcept {
  const std::uint64_t before = used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  BINNACLE_CHECK(before >= bytes, "a budget gets back no more than was taken");
  if (parent_ != nullptr) parent_->release(bytes);
}

Result<MemoryReservation> MemoryReservation::take(MemoryBudget* budget, std::uint64_t bytes) {
  MemoryReservation out;
  out.budget_ = budget;
  if (auto grown = out.grow(bytes); !grown) return std::unexpected(grown.error());
  return out;
}

Status MemoryReservation::grow(std::uint64_t more_bytes) {
  if (budget_ != nullptr) {
    if (auto ok = budget_->reserve(more_bytes); !ok) return ok;
  }
  bytes_ += more_bytes;
  return {};
}

void MemoryReservation::reset() noexcept {
  if (budget_ != nullptr && bytes_ > 0) budget_->release(bytes_);
  budget_ = nullptr;
  bytes_ = 0;
}

}  // namespace binnacle
