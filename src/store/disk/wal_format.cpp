#include "store/disk/wal_format.h"

#include "base/check.h"
#include "base/hash.h"
#include "store/disk/little_endian.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

namespace binnacle {
namespace {

constexpr std::string_view kSegmentMagic = "BNCLWAL\n";
constexpr std::size_t kSegmentChecksumAt = 56;
constexpr std::size_t kRecordChecksumAt = 28;

std::uint32_t record_header_checksum(std::string_view covered, std::uint64_t salt) noexcept {
  return static_cast<std::uint32_t>(hash64(covered, salt));
}

/// The header at `offset` if its checksum holds. What it says of the payload is not checked yet.
std::optional<WalRecordHeader> header_at(std::string_view bytes, std::uint64_t offset,
                                         std::uint64_t salt) noexcept {
  if (offset > bytes.size() || bytes.size() - offset < kWalRecordHeaderBytes) return std::nullopt;
  const std::string_view at = bytes.substr(offset, kWalRecordHeaderBytes);
  const auto stored = disk::load<std::uint32_t>(at, kRecordChecksumAt);
  const auto sequence = disk::load<std::uint64_t>(at, 0);
  if (sequence == 0 || stored != record_header_checksum(at.substr(0, kRecordChecksumAt), salt)) {
    return std::nullopt;
  }
  WalRecordHeader header;
  header.sequence = sequence;
  header.payload_checksum = disk::load<std::uint64_t>(at, 8);
  header.payload_bytes = disk::load<std::uint32_t>(at, 16);
  const auto undurable = disk::load<std::uint32_t>(at, 20);
  header.durable_sequence = sequence - std::min<std::uint64_t>(undurable, sequence);
  header.producer = disk::load<std::uint16_t>(at, 24);
  header.type = static_cast<std::uint8_t>(at[26]);
  return header;
}

bool payload_holds(std::string_view bytes, std::uint64_t offset,
                   const WalRecordHeader& header) noexcept {
  const std::uint64_t start = offset + kWalRecordHeaderBytes;
  return bytes.size() - start >= header.payload_bytes &&
         checksum64(bytes.substr(start, header.payload_bytes)) == header.payload_checksum;
}

/// Offset of the next aligned word that is not zero, or the end: preallocated space is skipped at
/// the speed of memory.
std::uint64_t skip_zeros(std::string_view bytes, std::uint64_t offset) noexcept {
  while (offset + kWalAlignment <= bytes.size() && disk::load<std::uint64_t>(bytes, offset) == 0) {
    offset += kWalAlignment;
  }
  return offset;
}

}  // namespace

std::string encode_wal_segment_header(const WalSegmentHeader& header) {
  std::string out;
  out.reserve(kWalSegmentHeaderBytes);
  out.append(kSegmentMagic);
  disk::append(header.version, out);
  disk::append(std::uint32_t{0}, out);
  disk::append(header.segment, out);
  disk::append(header.salt, out);
  disk::append(header.first_sequence, out);
  disk::append(header.durable_sequence, out);
  disk::append(std::uint64_t{0}, out);
  disk::append(checksum64(out), out);
  return out;
}

Result<WalSegmentHeader> decode_wal_segment_header(std::string_view bytes) {
  if (bytes.size() < kWalSegmentHeaderBytes) {
    return fail(ErrorCode::kDataLoss, fmt::format("log segment header has {} bytes, not {}",
                                                  bytes.size(), kWalSegmentHeaderBytes));
  }
  if (bytes.substr(0, kSegmentMagic.size()) != kSegmentMagic) {
    return fail(ErrorCode::kDataLoss, "not a log segment: wrong magic at byte 0");
  }
  if (checksum64(bytes.substr(0, kSegmentChecksumAt)) !=
      disk::load<std::uint64_t>(bytes, kSegmentChecksumAt)) {
    return fail(ErrorCode::kDataLoss, "log segment header fails its checksum");
  }
  WalSegmentHeader header;
  header.version = disk::load<std::uint32_t>(bytes, 8);
  if (header.version == 0 || header.version > kWalVersion) {
    return fail(ErrorCode::kUnimplemented,
                fmt::format("log segment has format version {}, this binary reads up to {}: use a "
                            "newer one",
                            header.version, kWalVersion));
  }
  header.segment = disk::load<std::uint64_t>(bytes, 16);
  header.salt = disk::load<std::uint64_t>(bytes, 24);
  header.first_sequence = disk::load<std::uint64_t>(bytes, 32);
  header.durable_sequence = disk::load<std::uint64_t>(bytes, 40);
  if (header.first_sequence == 0 || header.durable_sequence >= header.first_sequence) {
    return fail(ErrorCode::kDataLoss, fmt::format("log segment header has first sequence {} and "
                                                  "durable sequence {}",
                                                  header.first_sequence, header.durable_sequence));
  }
  return header;
}

void encode_wal_record_header(const WalRecordHeader& header, std::uint64_t salt, char* out) {
  disk::store(header.sequence, out);
  disk::store(header.payload_checksum, out + 8);
  disk::store(header.payload_bytes, out + 16);
  const std::uint64_t undurable = header.sequence - header.durable_sequence;
  BINNACLE_CHECK(undurable <= std::numeric_limits<std::uint32_t>::max(),
                 "the queue limit keeps groups far below 2^32 records");
  disk::store(static_cast<std::uint32_t>(undurable), out + 20);
  disk::store(header.producer, out + 24);
  out[26] = static_cast<char>(header.type);
  out[27] = 0;
  disk::store(record_header_checksum(std::string_view(out, kRecordChecksumAt), salt),
              out + kRecordChecksumAt);
}

WalScan scan_wal_segment(std::string_view bytes, const WalSegmentHeader& header) {
  WalScan scan;
  std::uint64_t next_sequence = header.first_sequence;
  std::uint64_t hashed_in_vain = 0;
  std::uint64_t offset = kWalSegmentHeaderBytes;
  while (offset < bytes.size()) {
    const std::optional<WalRecordHeader> found = header_at(bytes, offset, header.salt);
    if (found && found->sequence >= next_sequence) {
      if (payload_holds(bytes, offset, *found)) {
        scan.records.push_back({*found, offset + kWalRecordHeaderBytes});
        next_sequence = found->sequence + 1;
        offset += wal_record_bytes(found->payload_bytes);
        scan.end_bytes = std::min<std::uint64_t>(offset, bytes.size());
        continue;
      }
      hashed_in_vain += std::min<std::uint64_t>(found->payload_bytes, bytes.size() - offset);
      if (hashed_in_vain > kWalResyncFactor * bytes.size()) {
        scan.gave_up = true;
        break;
      }
    }
    offset = skip_zeros(bytes, offset + kWalAlignment);
  }
  return scan;
}

}  // namespace binnacle
