#include "sdk/http_exporter.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// What a collector may answer to the SDK. The first two bytes are the status, the rest is the body.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const long status = 100 + (data[0] | data[1] << 8) % 500;
  const std::string_view body(reinterpret_cast<const char*>(data + 2), size - 2);
  const binnacle::sdk::ExportResult result = binnacle::sdk::judge_answer(status, 0, body);
  const bool is_success = status >= 200 && status < 300;
  if (is_success != (result.outcome == binnacle::sdk::ExportOutcome::kDelivered)) std::abort();
  if (!is_success && result.message.empty()) std::abort();
  return 0;
}
