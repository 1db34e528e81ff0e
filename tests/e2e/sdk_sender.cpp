#include <binnacle/apm.h>

#include <charconv>
#include <cstdio>
#include <cstring>

// A service in a few lines: configured by its environment, records as many traces of two spans as
// it is told to, and says what became of them. Run by sdk_backends_test.cpp.

int main(int argc, char** argv) {
  int traces = 1;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), traces);
  const bool is_started = binnacle::init_observability();
  for (int i = 0; i < traces; ++i) {
    const auto parent = binnacle::start_active_span("handle order");
    parent.set_attributes({{"order.number", i}, {"order.paid", true}, {"order.total", 12.5}});
    const auto child = binnacle::start_active_span(
        "ask bank", binnacle::SpanOptions().with_kind(binnacle::SpanKind::kClient));
    child.add_event("sent", {{"bank", "first"}}).set_error("declined");
  }
  const bool is_delivered = binnacle::shutdown(10'000);
  std::printf("started %d delivered %d exported %llu\n", is_started ? 1 : 0, is_delivered ? 1 : 0,
              static_cast<unsigned long long>(binnacle::sdk_stats().spans_exported));
  return 0;
}
