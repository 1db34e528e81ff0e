#pragma once

#include "sdk/rate_limiter.h"
#include "sdk/thread_state.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

// What Jaeger's sampling endpoint says (GET /sampling?service=NAME): how to sample the traces of
// one service. Parsed on the export thread, read by recording threads.
//
// Source: jaeger-idl, api_v2/sampling.proto, and the JSON that Jaeger's agent and collector answer.

namespace binnacle::sdk {

/// Immutable but for its limiters.
class RemoteStrategy {
 public:
  struct Text {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  struct Decision {
    bool is_sampled = false;
    bool is_by_probability = false;
    std::uint64_t threshold = 0;
  };

  /// All operations alike.
  static std::shared_ptr<RemoteStrategy> with_ratio(double ratio);
  /// Null, and a reason, if the answer is none. Operations beyond kMaxOperations fall under the
  /// default.
  static std::shared_ptr<RemoteStrategy> parse(std::string_view json, std::string& error);

  Decision decide(std::string_view operation, std::uint64_t randomness, RateGrants& grants,
                  std::int64_t now_ns) noexcept;

  /// The answer it was made of, to see whether a new one changes anything.
  const std::string& source() const noexcept { return source_; }

  static constexpr std::size_t kMaxOperations = 2000;

 private:
  struct Operation {
    std::uint64_t threshold = 0;
    /// At least so many a second whatever the probability says; null: no such promise.
    std::unique_ptr<RateLimiter> at_least;
  };

  std::string source_;
  Operation default_;
  /// Not null: all traces by rate alone.
  std::unique_ptr<RateLimiter> rate_;
  double lower_bound_ = 0;
  std::unordered_map<std::string, Operation, Text, std::equal_to<>> operations_;

  friend class StrategyParser;
};

/// Holds the strategy in force. Recording threads read it under a hazard pointer; the export thread
/// replaces it and frees those that no thread is using.
class RemoteStrategyCell {
 public:
  explicit RemoteStrategyCell(std::shared_ptr<RemoteStrategy> first)
      : current_(first.get()), owned_{std::move(first)} {}
  RemoteStrategyCell(const RemoteStrategyCell&) = delete;
  RemoteStrategyCell& operator=(const RemoteStrategyCell&) = delete;

  RemoteStrategy::Decision decide(ThreadState& thread, std::string_view operation,
                                  std::uint64_t randomness) const noexcept;

  /// Export thread only. `runtime` is where the threads are that may be reading an earlier one.
  void replace(std::shared_ptr<RemoteStrategy> next, Runtime& runtime);
  const std::string& source() const noexcept { return owned_.back()->source(); }

 private:
  std::atomic<RemoteStrategy*> current_;
  std::vector<std::shared_ptr<RemoteStrategy>> owned_;  // the last one is current
};

/// Monotonic, a few milliseconds coarse, ~5 ns.
std::int64_t coarse_now_ns() noexcept;

}  // namespace binnacle::sdk
