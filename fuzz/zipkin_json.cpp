// Zipkin JSON: whatever decodes is a valid batch.

#include "base/check.h"
#include "wire/zipkin/json_decode.h"

#include <cstddef>
#include <cstdint>
#include <string>

using namespace binnacle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto spans = zipkin::decode_json(std::string(reinterpret_cast<const char*>(data), size));
  if (spans) BINNACLE_CHECK(spans->batch.validate().has_value(), "decoders make valid batches");
  return 0;
}
