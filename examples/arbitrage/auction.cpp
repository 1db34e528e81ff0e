#include "auction.h"

#include <algorithm>
#include <array>
#include <random>

namespace arbitrage {
namespace {

// The equilibrium share for two bidders with uniform values is a half; with estimates this close to
// the worth a bidder has to come nearer.
constexpr double kShade = 0.88;
constexpr int kBuckets = 128;

// Rival bids relative to our estimate, in [0, 2).
class RivalHistogram {
 public:
  void add(double relative_bid) {
    const auto bucket =
        static_cast<std::size_t>(std::clamp(relative_bid / 2, 0.0, 0.999) * kBuckets);
    counts_[bucket] += 1;
    total_ += 1;
  }
  // The share of the estimate that maximises (1 - share) * P(rival bids less).
  [[nodiscard]] double best_share() const {
    double below = 0;
    double best = 0;
    double best_share = kShade;
    for (int i = 0; i < kBuckets / 2; ++i) {
      below += counts_[static_cast<std::size_t>(i)];
      const double share = 2.0 * (i + 1) / kBuckets;
      const double expected = (1 - share) * below / total_;
      if (expected > best) {
        best = expected;
        best_share = share;
      }
    }
    return best_share;
  }

 private:
  std::array<double, kBuckets> counts_{};
  double total_ = 1;
};

}  // namespace

AuctionResult play(const AuctionSetup& setup) {
  std::mt19937_64 random(setup.seed);
  std::normal_distribution<double> noise(1.0, setup.noise);
  RivalHistogram rival;
  AuctionResult result;
  for (int round = 0; round < setup.rounds; ++round) {
    const double estimate_a = setup.worth * std::max(0.1, noise(random));
    const double estimate_b = setup.worth * std::max(0.1, noise(random));
    const double bid_a = estimate_a * kShade;
    const double bid_b = estimate_b * rival.best_share();
    rival.add(bid_a / estimate_b);
    if (bid_a >= bid_b) {
      result.profit_shading += setup.worth - bid_a;
      ++result.wins_shading;
    } else {
      result.profit_learning += setup.worth - bid_b;
      ++result.wins_learning;
    }
  }
  return result;
}

}  // namespace arbitrage
