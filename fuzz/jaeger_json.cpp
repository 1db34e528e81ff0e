// Jaeger JSON: whatever decodes is a valid batch whose own Jaeger JSON decodes to as many spans.

#include "base/check.h"
#include "wire/jaeger/decode.h"
#include "wire/jaeger/json_encode.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace binnacle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto spans = jaeger::decode_json({reinterpret_cast<const char*>(data), size});
  if (!spans) return 0;
  BINNACLE_CHECK(spans->batch.validate().has_value(), "decoders make valid batches");
  const auto again = jaeger::decode_json(jaeger::encode_traces(spans->batch));
  BINNACLE_CHECK(again && again->rejected == 0, "what was decoded can be shown and read again");
  BINNACLE_CHECK(again->batch.size() == spans->batch.size(), "no span is lost on the way");
  return 0;
}
