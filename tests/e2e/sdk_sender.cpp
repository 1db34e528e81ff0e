#include <binnacle/apm.h>
#include <binnacle/instruments.h>

#include <charconv>
#include <cstdio>
#include <cstring>

// A service in a few lines: configured by its environment, records as many traces of two spans as
// it is told to, each with a measurement and a log record, and says what became of them. With
// "twice" it flushes between two rounds. Run by sdk_backends_test.cpp.

namespace {

void record_trace(int number) {
  const auto parent = binnacle::start_active_span("handle order");
  parent.set_attributes({{"order.number", number}, {"order.paid", true}, {"order.total", 12.5}});
  const auto child = binnacle::start_active_span(
      "ask bank", binnacle::SpanOptions().with_kind(binnacle::SpanKind::kClient));
  child.add_event("sent", {{"bank", "first"}}).set_error("declined");
  binnacle::instruments().record_task("order", "error", 12.5);
  binnacle::emit_log(binnacle::Severity::kWarn, "the bank declined");
}

}  // namespace

int main(int argc, char** argv) {
  int traces = 1;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), traces);
  const bool is_started = binnacle::init_observability();
  for (int i = 0; i < traces; ++i) record_trace(i);
  if (argc > 2 && std::strcmp(argv[2], "twice") == 0) {
    binnacle::force_flush(10'000);
    for (int i = 0; i < traces; ++i) record_trace(i);
  }
  const bool is_delivered = binnacle::shutdown(10'000);
  std::printf("started %d delivered %d exported %llu\n", is_started ? 1 : 0, is_delivered ? 1 : 0,
              static_cast<unsigned long long>(binnacle::sdk_stats().spans_exported));
  return 0;
}
