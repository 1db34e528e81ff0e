#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/metrics.h>

#include <cstdio>
#include <deque>

// Instruments of one's own: a counter, a histogram, a gauge that is asked, and views that change
// what is exported of them.

namespace {

// Made once; they may be made before the SDK starts.
const binnacle::Counter g_offers = binnacle::create_counter(
    "offers.seen", binnacle::InstrumentOptions().with_unit("{offer}").with_description(
                       "Offers that were looked at."));
const binnacle::Histogram g_margin = binnacle::create_histogram(
    "offer.margin", binnacle::InstrumentOptions().with_unit("%").with_bounds({0, 5, 10, 20, 50}));
const binnacle::Counter g_debug = binnacle::create_counter("debug.steps");

void look_at(int offer, std::deque<int>& queue) {
  const auto span = binnacle::start_active_span("look at offer");  // becomes the exemplar's trace
  g_offers.add(1, {{"market", offer % 2 == 0 ? "lamps" : "books"}});
  g_margin.record(offer * 2.5, {{"market", "lamps"}, {"offer.id", offer}});
  g_debug.add(1);
  queue.push_back(offer);
}

}  // namespace

int main() {
  binnacle::Config config = binnacle::Config::from_environment();
  config.metrics.views = {
      binnacle::View("debug.*").dropped(),
      // One series per market instead of one per offer.
      binnacle::View("offer.margin").without_attribute_keys({"offer.id"}).with_name("margin"),
  };
  binnacle::init_observability(config);

  std::deque<int> queue;
  const auto length =
      binnacle::create_observable_gauge("queue.length", {}, [&queue] { return queue.size(); });
  // Where it is hot: the series is looked up once, here.
  const auto steps = binnacle::create_up_down_counter("steps.open").bind({{"stage", "scan"}});
  for (int offer = 1; offer <= 4; ++offer) {
    steps.add(1);
    look_at(offer, queue);
  }
  binnacle::force_flush();  // metrics are sent every minute otherwise, and by shutdown()
  std::printf("%zu offers\n", queue.size());
  binnacle::shutdown();
}
