#include "store/disk/part_format.h"

#include "base/hash.h"
#include "store/disk/little_endian.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace binnacle {
namespace {

constexpr std::string_view kHeaderMagic = "BNCLPART";
constexpr std::string_view kTailMagic = "TRAPLCNB";
constexpr std::size_t kChecksumAt = 32;  // in header and tail alike
constexpr std::size_t kEntryBytes = 44;

std::unexpected<Error> damaged(std::string message) {
  return fail(ErrorCode::kDataLoss, std::move(message));
}

Status check_entry(const BlockEntry& entry, std::size_t position, const PartIndex& index,
                   const PartTail& tail) {
  if (entry.name >= index.names.size()) {
    return damaged(
        fmt::format("block {} has name {} of {}", position, entry.name, index.names.size()));
  }
  if (entry.codec != BlockCodec::kNone && entry.codec != BlockCodec::kZstd) {
    return damaged(
        fmt::format("block {} has unknown codec {}", position, static_cast<unsigned>(entry.codec)));
  }
  if (entry.offset_bytes < kPartHeaderBytes || entry.offset_bytes > tail.index_offset_bytes ||
      entry.stored_bytes > tail.index_offset_bytes - entry.offset_bytes) {
    return damaged(fmt::format("block {} at byte {} with {} bytes is outside of the part", position,
                               entry.offset_bytes, entry.stored_bytes));
  }
  if (entry.raw_bytes > kBlockLimitBytes ||
      (entry.codec == BlockCodec::kNone && entry.raw_bytes != entry.stored_bytes)) {
    return damaged(fmt::format("block {} has {} bytes from {} stored", position, entry.raw_bytes,
                               entry.stored_bytes));
  }
  if (position > 0) {
    const BlockEntry& before = index.blocks[position - 1];
    if (std::tie(before.name, before.ordinal) >= std::tie(entry.name, entry.ordinal)) {
      return damaged(fmt::format("block {} is out of order", position));
    }
  }
  return {};
}

}  // namespace

std::string encode_part_header(std::uint32_t kind, std::uint64_t part_id) {
  std::string out(kHeaderMagic);
  disk::append(kPartVersion, out);
  disk::append(kind, out);
  disk::append(part_id, out);
  disk::append(std::uint64_t{0}, out);
  disk::append(checksum64(out), out);
  return out;
}

Result<PartHeader> decode_part_header(std::string_view bytes) {
  if (bytes.size() < kPartHeaderBytes) {
    return damaged(fmt::format("part has {} bytes, less than its header", bytes.size()));
  }
  if (bytes.substr(0, kHeaderMagic.size()) != kHeaderMagic) {
    return damaged("not a part: wrong magic at byte 0");
  }
  if (disk::load<std::uint64_t>(bytes, kChecksumAt) != checksum64(bytes.substr(0, kChecksumAt))) {
    return damaged("part header fails its checksum");
  }
  const PartHeader header{disk::load<std::uint32_t>(bytes, 8), disk::load<std::uint32_t>(bytes, 12),
                          disk::load<std::uint64_t>(bytes, 16)};
  if (header.version == 0 || header.version > kPartVersion) {
    return fail(
        ErrorCode::kUnimplemented,
        fmt::format("part has format version {}, this binary reads up to {}: use a newer one",
                    header.version, kPartVersion));
  }
  return header;
}

std::string encode_part_index(const PartIndex& index, std::uint64_t part_id,
                              std::uint64_t offset_bytes) {
  std::string out;
  disk::append(index.kind, out);
  disk::append(static_cast<std::uint32_t>(index.names.size()), out);
  disk::append(static_cast<std::uint32_t>(index.blocks.size()), out);
  for (const std::string& name : index.names) {
    out.push_back(static_cast<char>(name.size()));
    out.append(name);
  }
  for (const BlockEntry& entry : index.blocks) {
    disk::append(entry.name, out);
    disk::append(entry.ordinal, out);
    disk::append(entry.offset_bytes, out);
    disk::append(entry.stored_bytes, out);
    disk::append(entry.checksum, out);
    // Codec and size share eight bytes: no block comes near 2^56.
    disk::append(entry.raw_bytes << 8U | static_cast<std::uint64_t>(entry.codec), out);
    disk::append(std::uint32_t{0}, out);
  }
  const std::uint64_t checksum = checksum64(out);
  const std::uint64_t index_bytes = out.size();
  std::string tail;
  disk::append(part_id, tail);
  disk::append(offset_bytes, tail);
  disk::append(index_bytes, tail);
  disk::append(checksum, tail);
  disk::append(checksum64(tail), tail);
  out.append(tail);
  out.append(kTailMagic);
  return out;
}

Result<PartTail> decode_part_tail(std::string_view bytes) {
  if (bytes.size() != kPartTailBytes) {
    return damaged(fmt::format("part tail has {} bytes, not {}", bytes.size(), kPartTailBytes));
  }
  if (bytes.substr(kPartTailBytes - kTailMagic.size()) != kTailMagic) {
    return damaged("part does not end with its tail");
  }
  if (disk::load<std::uint64_t>(bytes, kChecksumAt) != checksum64(bytes.substr(0, kChecksumAt))) {
    return damaged("part tail fails its checksum");
  }
  return PartTail{disk::load<std::uint64_t>(bytes, 0), disk::load<std::uint64_t>(bytes, 8),
                  disk::load<std::uint64_t>(bytes, 16), disk::load<std::uint64_t>(bytes, 24)};
}

Result<PartIndex> decode_part_index(std::string_view bytes, const PartTail& tail) {
  if (bytes.size() != tail.index_bytes || checksum64(bytes) != tail.index_checksum) {
    return damaged("part index fails its checksum");
  }
  disk::Reader reader(bytes);
  PartIndex index;
  index.kind = reader.take<std::uint32_t>();
  const auto names = reader.take<std::uint32_t>();
  const auto blocks = reader.take<std::uint32_t>();
  // A name takes at least a byte and a block its entry, so that neither can ask for much memory.
  if (names > reader.left() || blocks > reader.left() / kEntryBytes) {
    return damaged(fmt::format("part index of {} bytes claims {} names and {} blocks", bytes.size(),
                               names, blocks));
  }
  index.names.reserve(names);
  for (std::uint32_t i = 0; i < names && reader.ok(); ++i) {
    const auto size = reader.take<std::uint8_t>();
    index.names.emplace_back(reader.take_bytes(size));
    if (i > 0 && index.names[i - 1] >= index.names[i])
      return damaged("part index names are unsorted");
  }
  index.blocks.reserve(blocks);
  for (std::uint32_t i = 0; i < blocks && reader.ok(); ++i) {
    BlockEntry entry;
    entry.name = reader.take<std::uint32_t>();
    entry.ordinal = reader.take<std::uint32_t>();
    entry.offset_bytes = reader.take<std::uint64_t>();
    entry.stored_bytes = reader.take<std::uint64_t>();
    entry.checksum = reader.take<std::uint64_t>();
    const auto packed = reader.take<std::uint64_t>();
    entry.codec = static_cast<BlockCodec>(packed & 0xFFU);
    entry.raw_bytes = packed >> 8U;
    (void)reader.take<std::uint32_t>();
    if (!reader.ok()) break;
    if (Status checked = check_entry(entry, i, index, tail); !checked) {
      return std::unexpected(checked.error());
    }
    index.blocks.push_back(entry);
  }
  if (!reader.ok() || reader.left() != 0) return damaged("part index has the wrong length");
  return index;
}

}  // namespace binnacle
