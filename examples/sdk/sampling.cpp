#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/sampling.h>

#include <cstdio>
#include <stdexcept>

// Which traces are recorded, decided in code: rules for certain requests, a sampler for the rest,
// and failed traces in any case.

namespace {

void serve(const char* route, bool fails) {
  // Rules look at what is given at the start.
  const auto span =
      binnacle::start_active_span(route, binnacle::SpanOptions()
                                             .with_kind(binnacle::SpanKind::kServer)
                                             .with_attributes({{"http.route", route}}));
  const auto step = binnacle::start_active_span("look up");  // does as its parent did
  if (fails) step.record_exception(std::runtime_error("no such bid")).set_error("no such bid");
}

}  // namespace

int main() {
  binnacle::Config config = binnacle::Config::from_environment();
  config.sampling_rules = {
      binnacle::SamplingRule().with_route("/health*").with_ratio(0),
      binnacle::SamplingRule().with_route("/bids/*").with_rate(50),  // at most 50 traces a second
  };
  config.sampler = binnacle::SamplerKind::kAlwaysOff;  // whatever no rule matches ...
  config.keep_errors.is_enabled = true;                // ... unless something in it fails
  binnacle::init_observability(config);

  serve("/health", false);       // a rule: never
  serve("/bids/{id}", false);    // a rule: up to 50 a second
  serve("/offers/{id}", false);  // the sampler: not recorded
  serve("/prices/{id}", true);   // the sampler, but it failed: kept
  binnacle::shutdown();
  const binnacle::SdkStats stats = binnacle::sdk_stats();
  std::printf("kept for errors: %d\n", static_cast<int>(stats.kept_for_errors));
}
