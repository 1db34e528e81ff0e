// Bodies in each compression: nothing beyond the limit comes out. The first byte chooses.

#include "codec/decompress.h"

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace binnacle;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr codec::Compression kAll[] = {codec::Compression::kGzip, codec::Compression::kZstd,
                                         codec::Compression::kDeflate};
  constexpr std::size_t kLimit = 1U << 16U;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto out = codec::decompress(kAll[data[0] % 3], body, {.max_bytes = kLimit});
  if (out) BINNACLE_CHECK(out->size() <= kLimit, "the limit holds");
  return 0;
}
