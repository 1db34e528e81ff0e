#include <binnacle/apm.h>
#include <binnacle/scopes.h>

#include <cstdio>
#include <string>
#include <vector>

// Scans the pages of a marketplace and bids for the cheapest offer. The scan's span names the host
// and nothing else of the URL, which carries a key.

namespace {

struct Offer {
  std::string article;
  long cents;
};

// What a page of the market says, or the status it answers with.
int fetch(int page, std::vector<Offer>& offers) {
  if (page > 2) return 429;
  offers.push_back({"sextant", 4500 - page * 100});
  offers.push_back({"compass", 2100 + page * 10});
  return 200;
}

std::vector<Offer> scan(const std::string& market, int page) {
  std::vector<Offer> offers;
  auto scope = binnacle::trace_marketplace_scan("https://agent:secret@" + market + "/lamps?key=k");
  scope.http_status(fetch(page, offers));
  scope.pages(1).items_found(static_cast<std::int64_t>(offers.size()));
  return offers;
}

bool bid(const std::string& market, const Offer& offer) {
  auto scope = binnacle::trace_bid_placement(market, binnacle::Money(offer.cents, "EUR"));
  scope.bid_id("bid-1").item_id(offer.article);
  const bool is_accepted = offer.cents >= 4000;
  scope.accepted(is_accepted);
  return is_accepted;
}

}  // namespace

int main() {
  binnacle::init_observability();
  {
    const auto round = binnacle::start_active_span("round");
    const std::string market = "market.example";
    std::vector<Offer> all;
    for (int page = 1; page <= 3; ++page) {
      for (Offer& offer : scan(market, page)) all.push_back(std::move(offer));
    }
    for (const Offer& offer : {all[0], all[1]}) {
      std::printf("%s: %s\n", offer.article.c_str(), bid(market, offer) ? "accepted" : "rejected");
    }
  }
  binnacle::shutdown();
}
