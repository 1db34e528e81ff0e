#include "sdk/spool.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

// A file found in the SDK's spool. What is taken for a batch must be one, to the last byte.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  const auto batch = binnacle::sdk::decode_spooled(file);
  if (batch && binnacle::sdk::encode_spooled(*batch) != file) std::abort();
  return 0;
}
