// A manifest of any bytes, and an edit of any bytes: no crash, no more memory than a few times the
// input, and what decodes encodes to the same edit again.

#include "store/disk/manifest.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace binnacle;

void check_edit(std::string_view payload) {
  const Result<ManifestEdit> edit = decode_manifest_edit(payload);
  if (!edit) return;
  const std::string encoded = encode_manifest_edit(*edit);
  const Result<ManifestEdit> again = decode_manifest_edit(encoded);
  if (!again || encode_manifest_edit(*again) != encoded) std::abort();
  ManifestState state;
  (void)apply(*edit, state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Result<ManifestReplay> replay = replay_manifest(bytes);
  if (replay && replay->valid_bytes > size) std::abort();
  check_edit(bytes);
  return 0;
}
