#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

// Two bidding strategies in a repeated first-price sealed-bid auction: in every round both see a
// noisy private estimate of what the article is worth, the higher bid wins and pays itself.

namespace arbitrage {

struct AuctionSetup {
  double worth = 100;
  double noise = 0.15;  ///< relative standard deviation of the estimates
  int rounds = 4'000;
  std::uint64_t seed = 1;
};

struct AuctionResult {
  double profit_shading = 0;
  double profit_learning = 0;
  int wins_shading = 0;
  int wins_learning = 0;
  [[nodiscard]] std::string_view verdict() const {
    return profit_shading == profit_learning  ? "draw"
           : profit_shading > profit_learning ? "shading"
                                              : "learning";
  }
};

/// "shading" bids a fixed share of its estimate; "learning" keeps a histogram of the rival's bids
/// and maximises expected profit against it.
[[nodiscard]] AuctionResult play(const AuctionSetup& setup);

}  // namespace arbitrage
