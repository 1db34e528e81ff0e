// Jaeger thrift, bare and as a datagram of either protocol: whatever decodes is a valid batch that
// Jaeger's JSON can show.

#include "base/check.h"
#include "codec/json_document.h"
#include "wire/jaeger/decode.h"
#include "wire/jaeger/json_encode.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace binnacle;

namespace {

void check(const Result<DecodedSpans>& spans) {
  if (!spans) return;
  BINNACLE_CHECK(spans->batch.validate().has_value(), "decoders make valid batches");
  const auto shown = codec::JsonDocument::parse(jaeger::encode_traces(spans->batch));
  BINNACLE_CHECK(shown.has_value(), "what was decoded can be shown");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  check(jaeger::decode_thrift_binary(body));
  check(jaeger::decode_thrift_datagram(body));
  return 0;
}
