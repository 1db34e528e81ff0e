#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The marketplace: HTML pages of offers whose prices drift with time, and the reader that gets the
// offers out of such a page again. Pure functions.

namespace arbitrage {

struct Offer {
  std::string sku;
  std::string title;
  std::string seller;
  std::int64_t price_cents = 0;
  std::string currency;
};

constexpr int kPages = 8;

/// Page `page` (1 to kPages) of the listings as they are at `unix_seconds`.
[[nodiscard]] std::string render_page(int page, std::int64_t unix_seconds);

/// The offers on a page of HTML; throws std::runtime_error if it has none.
[[nodiscard]] std::vector<Offer> parse_page(std::string_view html);

/// Two offers of the same article whose prices differ.
struct Opportunity {
  std::string sku;
  std::int64_t buy_cents = 0;
  std::int64_t sell_cents = 0;
  std::string buy_from;
  std::string sell_to;
};

/// Best first.
[[nodiscard]] std::vector<Opportunity> find_opportunities(const std::vector<Offer>& offers);

}  // namespace arbitrage
