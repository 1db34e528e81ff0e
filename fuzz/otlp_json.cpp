// OTLP JSON: whatever decodes is a valid batch and says the same as its protobuf form.

#include "base/check.h"
#include "wire/otlp/decode.h"
#include "wire/otlp/encode.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace binnacle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto spans = otlp::decode_json({reinterpret_cast<const char*>(data), size});
  if (!spans) return 0;
  BINNACLE_CHECK(spans->batch.validate().has_value(), "decoders make valid batches");
  const auto as_protobuf = otlp::decode_protobuf(otlp::encode_protobuf(spans->batch));
  BINNACLE_CHECK(as_protobuf && as_protobuf->rejected == 0, "what was decoded can be sent on");
  BINNACLE_CHECK(otlp::encode_json(as_protobuf->batch) == otlp::encode_json(spans->batch),
                 "both forms say the same");
  return 0;
}
