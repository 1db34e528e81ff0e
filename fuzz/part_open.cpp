// A part file of any bytes: opening it and reading every block neither crashes nor allocates beyond
// the limits. The input is tried as it is, and as an index whose checksums hold.

#include "base/hash.h"
#include "io/file/fault_file_system.h"
#include "store/disk/part_reader.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace binnacle;

void open_part(std::string_view bytes) {
  FaultFileSystem fs(1);
  auto file = fs.open("/part", OpenMode::kCreate);
  if (!file || !(*file)->write_at(0, bytes)) std::abort();
  DiskProbe probe;
  BlockCache cache(1 << 20, probe);
  auto part = PartReader::open(fs, "/part", cache, probe);
  if (!part) return;
  for (const BlockEntry& entry : (*part)->index().blocks) {
    const std::string& name = (*part)->index().names[entry.name];
    if ((*part)->find(name, entry.ordinal) != &entry) std::abort();
    const Result<Block> block = (*part)->read(name, entry.ordinal);
    if (block && (*block)->size() != entry.raw_bytes) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  open_part(bytes);
  const PartTail tail{.part_id = 1,
                      .index_offset_bytes = 1000,
                      .index_bytes = size,
                      .index_checksum = checksum64(bytes)};
  const Result<PartIndex> index = decode_part_index(bytes, tail);
  if (!index) return 0;
  for (const BlockEntry& entry : index->blocks) {
    if (entry.name >= index->names.size() || entry.raw_bytes > kBlockLimitBytes ||
        entry.offset_bytes + entry.stored_bytes > tail.index_offset_bytes) {
      std::abort();
    }
  }
  return 0;
}
