#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/extension.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <variant>

// A span processor and a span exporter of one's own, beside the SDK's exporters.

namespace {

thread_local const char* t_tenant = "";

// Puts the tenant that a thread works for onto every span that it starts.
struct TenantTagger final : binnacle::SpanProcessor {
  bool wants_start() const override { return true; }
  void on_start(const binnacle::SpanRef& span, const binnacle::Context&) override {
    span.set_attribute("tenant", t_tenant);
  }
};

// Counts what the spans cost that it is given; could as well put them into a queue or a file.
struct CostCounter final : binnacle::SpanExporter {
  void export_spans(const binnacle::SpanBatch& spans, binnacle::ExportReply reply) override {
    for (const binnacle::ReadableSpan& span : spans) {
      const auto cost = span.attribute("cost.cents");  // a copy of the value
      if (cost) total += std::get<std::int64_t>(*cost);
    }
    reply.succeed();  // here, or later from any thread
  }
  std::atomic<std::int64_t> total = 0;
};

}  // namespace

int main() {
  const auto counter = std::make_shared<CostCounter>();
  binnacle::Config config = binnacle::Config::from_environment();
  config.span_processors = {std::make_shared<TenantTagger>()};
  config.span_exporters = {counter};
  binnacle::init_observability(config);
  for (const char* tenant : {"north", "south"}) {
    t_tenant = tenant;
    const auto span = binnacle::start_active_span("ask model", {{"cost.cents", 21}});
  }
  binnacle::shutdown();
  std::printf("%d cents\n", static_cast<int>(counter->total));
  return counter->total == 42 ? 0 : 1;
}
