// Durations, times and ids in parameters: no input crashes or overflows, and a duration that is
// read is read the same with its sign turned.

#include "server/api/go_duration.h"

#include "server/api/jaeger_text.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto duration = binnacle::parse_go_duration(text);
  if (duration && !text.starts_with('-') && !text.starts_with('+')) {
    const auto negative = binnacle::parse_go_duration("-" + std::string(text));
    if (!negative || *negative != -*duration) std::abort();
  }
  (void)binnacle::parse_rfc3339(text);
  (void)binnacle::parse_jaeger_trace_id(text);
  return 0;
}
