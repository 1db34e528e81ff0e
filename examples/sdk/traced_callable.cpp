#include <binnacle/apm.h>
#include <binnacle/traced.h>

#include <cstdio>
#include <stdexcept>
#include <string>

// Spans around functions that are already there: a free function, a lambda, a member function, and
// one that throws.

namespace {

int parse(const std::string& text) { return std::stoi(text); }

struct Market {
  int price = 4200;
  bool bid(int amount) {
    if (amount < price) return false;
    price = amount;
    return true;
  }
};

}  // namespace

int main() {
  binnacle::init_observability();
  {
    const auto main_span = binnacle::start_active_span("main");
    const auto traced_parse = binnacle::traced("parse", parse);
    auto bid = binnacle::traced("bid", &Market::bid, binnacle::SpanKind::kClient);
    auto halve = binnacle::traced("halve", [](int n) noexcept { return n / 2; });

    Market market;
    std::printf("accepted: %d\n", bid(market, traced_parse("4300")) ? 1 : 0);
    std::printf("half: %d\n", halve(market.price));
    try {
      static_cast<void>(traced_parse("no number"));
    } catch (const std::invalid_argument&) {
      std::printf("no number: see the span\n");
    }
    // Once, in place, with the span at hand:
    binnacle::run_in_span("sum", [](const binnacle::ActiveSpan& span) {
      span.set_attribute("sum.terms", 3);
      return 1 + 2 + 3;
    });
  }
  binnacle::shutdown();
}
