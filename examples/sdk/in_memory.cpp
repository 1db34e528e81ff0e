#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/testing.h>

#include <cstdint>
#include <cstdio>
#include <memory>

// How to test instrumentation: finished spans as plain values, without a backend. The checks here
// are those of a test; with GoogleTest they would be EXPECT_EQ.

namespace {

// The code under test.
void charge_card(std::int64_t cents) {
  auto span = binnacle::start_active_span("charge card", {{"payment.provider", "stripe"}});
  span.set_attribute("payment.amount", cents);
  if (cents > 100'000) span.set_error("over the limit");
}

int g_failures = 0;
void check(bool is_good, const char* what) {
  if (is_good) return;
  ++g_failures;
  std::printf("failed: %s\n", what);
}

}  // namespace

int main() {
  const auto exported = std::make_shared<binnacle::testing::InMemoryExporter>();
  binnacle::Config config;   // not from the environment: a test should not depend on it
  config.exporters.clear();  // nowhere else
  config.span_exporters = {exported};
  binnacle::init_observability(config);

  charge_card(1299);
  binnacle::force_flush();
  const auto span = exported->find("charge card");
  check(span.has_value(), "the span is exported");
  if (span) {
    check(span->text("payment.provider") == "stripe", "the provider is recorded");
    check(span->integer("payment.amount") == 1299, "the amount is recorded");
    check(span->status == binnacle::StatusCode::kUnset, "it has not failed");
  }

  exported->clear();
  charge_card(200'000);
  binnacle::force_flush();
  const auto refused = exported->find("charge card");
  check(refused && refused->status_message == "over the limit", "a refusal is an error");

  binnacle::shutdown();
  std::printf("%d failures\n", g_failures);
  return g_failures;
}
