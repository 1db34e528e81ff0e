#include <binnacle/apm.h>
#include <binnacle/config.h>

#include <cstdio>
#include <exception>
#include <map>
#include <string>

// Uses a little of everything; prints `recorded` if the collector took it.

int main() {
  if (!binnacle::init_observability()) return 1;
  try {
    auto span = binnacle::start_active_span("installed", {{"app.number", 7}});
    std::map<std::string, std::string> headers;
    binnacle::add_trace_context_to_headers(headers);
    if (headers.count("traceparent") != 1) return 2;
    headers.at("no such header");  // leaves the span by an exception
  } catch (const std::exception& error) {
    auto span = binnacle::start_active_span("caught");
    span.record_exception(error).set_error(error.what());
  }
  if (!binnacle::shutdown(10'000)) return 3;
  std::printf("recorded %d\n", static_cast<int>(binnacle::sdk_stats().spans_exported));
  return 0;
}
