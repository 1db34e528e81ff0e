#include "sdk/remote_strategy.h"

#include "sdk/json_cursor.h"
#include "sdk/runtime.h"
#include "sdk/start_policy.h"
#include "sdk/tick_clock.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace binnacle::sdk {

std::int64_t coarse_now_ns() noexcept { return read_clock_ns(CLOCK_MONOTONIC_COARSE); }

/// The answer's members, whatever their order, and then a strategy of them.
class StrategyParser {
 public:
  explicit StrategyParser(std::string_view text) : json_(text), text_(text) {}

  std::shared_ptr<RemoteStrategy> parse(std::string& error) {
    json_.object([this](std::string_view key) { read_member(key); });
    if (!json_.is_complete()) {
      error = "the answer is not the JSON of a sampling strategy";
      return nullptr;
    }
    auto strategy = std::make_shared<RemoteStrategy>();
    strategy->source_ = text_;
    strategy->lower_bound_ = lower_bound_;
    if (has_operations_) {
      strategy->default_ = make_operation(default_ratio_);
      for (auto& [name, ratio] : operations_) {
        strategy->operations_.emplace(std::move(name), make_operation(ratio));
      }
    } else if (rate_) {
      strategy->rate_ = std::make_unique<RateLimiter>(*rate_);
    } else if (ratio_) {
      strategy->default_.threshold = rejection_threshold(*ratio_);
    } else {
      error = "the answer names no strategy";
      return nullptr;
    }
    return strategy;
  }

 private:
  RemoteStrategy::Operation make_operation(double ratio) const {
    RemoteStrategy::Operation operation;
    operation.threshold = rejection_threshold(ratio);
    if (lower_bound_ > 0) operation.at_least = std::make_unique<RateLimiter>(lower_bound_);
    return operation;
  }

  static double as_ratio(double value) noexcept { return std::clamp(value, 0.0, 1.0); }

  void read_member(std::string_view key) {
    if (key == "probabilisticSampling") {
      ratio_ = read_one("samplingRate");
      if (ratio_) ratio_ = as_ratio(*ratio_);
    } else if (key == "rateLimitingSampling") {
      rate_ = read_one("maxTracesPerSecond");
    } else if (key == "operationSampling") {
      read_operations();
    } else {
      json_.skip();  // strategyType says nothing that the members do not
    }
  }

  /// One number of an object that may be null.
  std::optional<double> read_one(std::string_view wanted) {
    std::optional<double> found;
    if (skip_null()) return found;
    json_.object([&](std::string_view key) {
      if (key == wanted) {
        found = json_.number();
      } else {
        json_.skip();
      }
    });
    return found;
  }

  bool skip_null() { return json_.take_null(); }

  void read_operations() {
    if (skip_null()) return;
    has_operations_ = true;
    json_.object([this](std::string_view key) {
      if (key == "defaultSamplingProbability") {
        default_ratio_ = as_ratio(json_.number().value_or(0));
      } else if (key == "defaultLowerBoundTracesPerSecond") {
        lower_bound_ = json_.number().value_or(0);
      } else if (key == "perOperationStrategies") {
        if (!skip_null()) json_.array([this] { read_operation(); });
      } else {
        json_.skip();
      }
    });
  }

  void read_operation() {
    std::optional<std::string> name;
    std::optional<double> ratio;
    json_.object([&](std::string_view key) {
      if (key == "operation") {
        name = json_.string();
      } else if (key == "probabilisticSampling") {
        ratio = read_one("samplingRate");
      } else {
        json_.skip();
      }
    });
    if (name && ratio && operations_.size() < RemoteStrategy::kMaxOperations) {
      operations_.emplace_back(std::move(*name), as_ratio(*ratio));
    }
  }

  JsonCursor json_;
  std::string_view text_;
  std::optional<double> ratio_;
  std::optional<double> rate_;
  bool has_operations_ = false;
  double default_ratio_ = 0;
  double lower_bound_ = 0;
  std::vector<std::pair<std::string, double>> operations_;
};

std::shared_ptr<RemoteStrategy> RemoteStrategy::with_ratio(double ratio) {
  auto strategy = std::make_shared<RemoteStrategy>();
  strategy->default_.threshold = rejection_threshold(ratio);
  return strategy;
}

std::shared_ptr<RemoteStrategy> RemoteStrategy::parse(std::string_view json, std::string& error) {
  return StrategyParser(json).parse(error);
}

RemoteStrategy::Decision RemoteStrategy::decide(std::string_view operation,
                                                std::uint64_t randomness, RateGrants& grants,
                                                std::int64_t now_ns) noexcept {
  if (rate_ != nullptr) return {.is_sampled = rate_->admit(grants.of(*rate_), now_ns)};
  const Operation* rule = &default_;
  if (!operations_.empty()) {
    const auto found = operations_.find(operation);
    if (found != operations_.end()) rule = &found->second;
  }
  // Both are asked, as Jaeger's clients do: what probability samples counts against the promise.
  const bool is_promised =
      rule->at_least != nullptr && rule->at_least->admit(grants.of(*rule->at_least), now_ns);
  if (randomness >= rule->threshold) {
    return {.is_sampled = true, .is_by_probability = true, .threshold = rule->threshold};
  }
  return {.is_sampled = is_promised};
}

RemoteStrategy::Decision RemoteStrategyCell::decide(ThreadState& thread, std::string_view operation,
                                                    std::uint64_t randomness) const noexcept {
  RemoteStrategy* strategy = current_.load(std::memory_order_acquire);
  for (;;) {
    // Sequentially consistent, and checked again after: either the export thread sees that this
    // strategy is in use, or we see that it was replaced.
    thread.busy_strategy.store(strategy, std::memory_order_seq_cst);
    RemoteStrategy* again = current_.load(std::memory_order_seq_cst);
    if (again == strategy) break;
    strategy = again;
  }
  const RemoteStrategy::Decision decision =
      strategy->decide(operation, randomness, thread.rate_grants, coarse_now_ns());
  thread.busy_strategy.store(nullptr, std::memory_order_release);
  return decision;
}

void RemoteStrategyCell::replace(std::shared_ptr<RemoteStrategy> next, Runtime& runtime) {
  owned_.push_back(std::move(next));
  current_.store(owned_.back().get(), std::memory_order_seq_cst);
  const std::size_t threads = runtime.touched_threads();
  const auto is_free = [&](const std::shared_ptr<RemoteStrategy>& strategy) {
    if (strategy == owned_.back()) return false;
    for (std::size_t i = 0; i < threads; ++i) {
      if (runtime.thread_at(i).busy_strategy.load(std::memory_order_seq_cst) == strategy.get()) {
        return false;
      }
    }
    return true;
  };
  std::vector<std::shared_ptr<RemoteStrategy>> kept;
  for (auto& strategy : owned_) {
    if (!is_free(strategy)) kept.push_back(strategy);
  }
  owned_.swap(kept);
}

}  // namespace binnacle::sdk
