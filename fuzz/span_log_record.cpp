#include "base/check.h"
#include "store/trace/span_log.h"

#include <cstdint>
#include <string_view>

// The payloads of the span store's log: any bytes are refused or give a valid batch.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace binnacle;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto spans = trace::decode_logged_spans(bytes)) {
    BINNACLE_CHECK(spans->batch.validate(), "what decodes is a valid batch");
  }
  if (const auto removals = trace::decode_logged_removals(bytes)) {
    BINNACLE_CHECK(trace::encode_logged_removals(*removals).size() <= bytes.size(),
                   "removals are written in their shortest form");
  }
  return 0;
}
