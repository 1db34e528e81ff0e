#pragma once

#include "base/error.h"

#include <atomic>
#include <cstdint>
#include <utility>

// A limit in bytes that many users share: a query's, a tenant's, the process'. Budgets form a tree;
// a reservation counts against the budget and all its ancestors. Internally synchronised (atomics).
// The parent must outlive the child.

namespace binnacle {

class MemoryBudget {
 public:
  MemoryBudget(const char* name, std::uint64_t limit_bytes, MemoryBudget* parent = nullptr) noexcept
      : name_(name), limit_bytes_(limit_bytes), parent_(parent) {}
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

  /// Takes `bytes` here and in every ancestor, or nothing and kResourceExhausted naming the budget.
  [[nodiscard]] Status reserve(std::uint64_t bytes);
  /// Gives back what an earlier reserve took.
  void release(std::uint64_t bytes) noexcept;

  [[nodiscard]] std::uint64_t used_bytes() const noexcept {
    return used_bytes_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t limit_bytes() const noexcept { return limit_bytes_; }
  [[nodiscard]] std::uint64_t refused() const noexcept {
    return refused_.load(std::memory_order_relaxed);
  }

 private:
  const char* name_;
  std::uint64_t limit_bytes_;
  MemoryBudget* parent_;
  std::atomic<std::uint64_t> used_bytes_{0};
  std::atomic<std::uint64_t> refused_{0};
};

/// Returns its bytes when destroyed. Move-only, thread-confined.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  MemoryReservation(MemoryReservation&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryReservation& operator=(MemoryReservation&& other) noexcept {
    if (this != &other) {
      reset();
      budget_ = std::exchange(other.budget_, nullptr);
      bytes_ = std::exchange(other.bytes_, 0);
    }
    return *this;
  }
  ~MemoryReservation() { reset(); }

  /// A null budget means unlimited: always succeeds.
  static Result<MemoryReservation> take(MemoryBudget* budget, std::uint64_t bytes);
  /// Enlarges the reservation, or leaves it as it was and fails.
  [[nodiscard]] Status grow(std::uint64_t more_bytes);
  void reset() noexcept;
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

 private:
  MemoryBudget* budget_ = nullptr;
  std::uint64_t bytes_ = 0;
};

}  // namespace binnacle
