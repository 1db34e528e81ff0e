// Datadog traces in msgpack: whatever decodes is a valid batch. The first byte says which version.

#include "base/check.h"
#include "wire/datadog/decode.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace binnacle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const datadog::Sender sender{.language = "c", .tracer_version = "1"};
  const auto spans = data[0] == '5' ? datadog::decode_string_table(body, sender)
                                    : datadog::decode_msgpack(body, sender);
  if (spans) BINNACLE_CHECK(spans->batch.validate().has_value(), "decoders make valid batches");
  return 0;
}
