// OTLP protobuf: whatever decodes is a valid batch, and what it is encoded to decodes to as many
// spans.

#include "base/check.h"
#include "wire/otlp/decode.h"
#include "wire/otlp/encode.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace binnacle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto spans = otlp::decode_protobuf({reinterpret_cast<const char*>(data), size});
  if (!spans) return 0;
  BINNACLE_CHECK(spans->batch.validate().has_value(), "decoders make valid batches");
  const auto again = otlp::decode_protobuf(otlp::encode_protobuf(spans->batch));
  BINNACLE_CHECK(again && again->rejected == 0, "what was decoded can be sent on");
  BINNACLE_CHECK(again->batch.size() == spans->batch.size(), "no span is lost on the way");
  const auto as_json = otlp::decode_json(otlp::encode_json(spans->batch));
  BINNACLE_CHECK(as_json && as_json->rejected == 0, "what was decoded can be sent on as JSON");
  BINNACLE_CHECK(as_json->batch.size() == spans->batch.size(), "no span is lost on the way");
  return 0;
}
