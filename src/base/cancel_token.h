#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

// Cooperative cancellation. The side that owns a request holds a CancelSource; work holds
// CancelTokens and asks between blocks. Internally synchronised (one atomic); a token may outlive
// its source.

namespace binnacle {

class CancelToken {
 public:
  /// A token that is never cancelled.
  CancelToken() = default;
  /// True once the source said so. Cost: one relaxed load.
  [[nodiscard]] bool cancelled() const noexcept {
    return flag_ != nullptr && flag_->load(std::memory_order_relaxed);
  }

 private:
  friend class CancelSource;
  explicit CancelToken(std::shared_ptr<const std::atomic<bool>> flag) : flag_(std::move(flag)) {}
  std::shared_ptr<const std::atomic<bool>> flag_;
};

class CancelSource {
 public:
  CancelSource() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void cancel() noexcept { flag_->store(true, std::memory_order_relaxed); }
  [[nodiscard]] CancelToken token() const { return CancelToken(flag_); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

}  // namespace binnacle
