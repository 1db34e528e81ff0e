#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The bytes of a part file, as pure functions (docs/formats/part.md): header, blocks, index, tail.
// Used by PartWriter and PartReader; fuzzed by itself.

namespace binnacle {

constexpr std::uint32_t kPartVersion = 1;
constexpr std::size_t kPartHeaderBytes = 40;
constexpr std::size_t kPartTailBytes = 48;
/// Limit of one block before compression. Keeps a damaged or hostile index from asking for more.
constexpr std::uint64_t kBlockLimitBytes = 64ULL << 20;
/// Limit of the index: 700,000 blocks.
constexpr std::uint64_t kPartIndexLimitBytes = 32ULL << 20;
constexpr std::size_t kBlockNameLimitBytes = 255;

/// How a block is stored. Numbers are on disk.
enum class BlockCodec : std::uint8_t { kNone = 0, kZstd = 1 };

/// One block of a part: which, where, how large.
struct BlockEntry {
  std::uint32_t name = 0;     ///< index into PartIndex::names
  std::uint32_t ordinal = 0;  ///< the engine's, a row group for instance
  BlockCodec codec = BlockCodec::kNone;
  std::uint64_t offset_bytes = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t raw_bytes = 0;  ///< after decompression
  std::uint64_t checksum = 0;   ///< checksum64 of the stored bytes
  friend bool operator==(const BlockEntry&, const BlockEntry&) = default;
};

/// A part's table of contents. `blocks` is sorted by (name's text, ordinal); `names` by text.
struct PartIndex {
  std::uint32_t kind = 0;  ///< the engine's: what the part holds, and in which version
  std::vector<std::string> names;
  std::vector<BlockEntry> blocks;
};

[[nodiscard]] std::string encode_part_header(std::uint32_t kind, std::uint64_t part_id);
struct PartHeader {
  std::uint32_t version = 0;
  std::uint32_t kind = 0;
  std::uint64_t part_id = 0;
};
/// kDataLoss on a bad magic or checksum, kUnimplemented on a newer version.
[[nodiscard]] Result<PartHeader> decode_part_header(std::string_view bytes);

/// Index and tail, as they follow the blocks; `offset_bytes` is where they will stand.
[[nodiscard]] std::string encode_part_index(const PartIndex& index, std::uint64_t part_id,
                                            std::uint64_t offset_bytes);
struct PartTail {
  std::uint64_t part_id = 0;
  std::uint64_t index_offset_bytes = 0;
  std::uint64_t index_bytes = 0;
  std::uint64_t index_checksum = 0;
};
[[nodiscard]] Result<PartTail> decode_part_tail(std::string_view bytes);
/// Checks everything: names, order, that each block lies between the header and the index, sizes.
[[nodiscard]] Result<PartIndex> decode_part_index(std::string_view bytes, const PartTail& tail);

}  // namespace binnacle
