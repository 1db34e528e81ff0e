// Datadog traces in JSON: whatever decodes is a valid batch.

#include "base/check.h"
#include "wire/datadog/decode.h"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace binnacle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto spans =
      datadog::decode_json(std::string(reinterpret_cast<const char*>(data), size), {});
  if (spans) BINNACLE_CHECK(spans->batch.validate().has_value(), "decoders make valid batches");
  return 0;
}
