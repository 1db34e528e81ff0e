#pragma once

#include "base/error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The bytes of a log segment, as pure functions (docs/formats/wal.md). Used by Wal; fuzzed by
// itself.

namespace binnacle {

constexpr std::uint32_t kWalVersion = 1;
constexpr std::size_t kWalSegmentHeaderBytes = 64;
constexpr std::size_t kWalRecordHeaderBytes = 32;
/// Records start at multiples of this, so that a scan for what follows damage has few places to
/// try.
constexpr std::size_t kWalAlignment = 8;
/// Largest segment file that is read. Segments end soon after WalOptions::segment_bytes; a larger
/// file is not ours.
constexpr std::uint64_t kWalSegmentLimitBytes = 1ULL << 30;

struct WalSegmentHeader {
  std::uint32_t version = kWalVersion;
  std::uint64_t segment = 0;
  /// Random: mixed into every record header's checksum, so that nothing written to another segment,
  /// and no payload that imitates a record, passes for a record of this one.
  std::uint64_t salt = 0;
  /// Of the first record here.
  std::uint64_t first_sequence = 0;
  /// Records of earlier segments count up to this sequence; those between it and first_sequence
  /// were refused, whatever reached the disk of them.
  std::uint64_t durable_sequence = 0;
};

[[nodiscard]] std::string encode_wal_segment_header(const WalSegmentHeader& header);
/// kDataLoss if it is no header or damaged; kUnimplemented if of a newer version.
[[nodiscard]] Result<WalSegmentHeader> decode_wal_segment_header(std::string_view bytes);

struct WalRecordHeader {
  std::uint64_t sequence = 0;
  /// Every accepted record of this segment up to here was durable when this one was written.
  std::uint64_t durable_sequence = 0;
  std::uint64_t payload_checksum = 0;  ///< checksum64(payload)
  std::uint32_t payload_bytes = 0;
  std::uint16_t producer = 0;
  std::uint8_t type = 0;
};

/// Writes kWalRecordHeaderBytes to `out`.
void encode_wal_record_header(const WalRecordHeader& header, std::uint64_t salt, char* out);
/// Header, payload and the zeros up to the next record.
[[nodiscard]] constexpr std::uint64_t wal_record_bytes(std::uint64_t payload_bytes) noexcept {
  return (kWalRecordHeaderBytes + payload_bytes + kWalAlignment - 1) / kWalAlignment *
         kWalAlignment;
}

/// A record whose checksums hold.
struct WalRecordPlace {
  WalRecordHeader header;
  std::uint64_t payload_offset_bytes = 0;
};

struct WalScan {
  /// By ascending sequence and offset; sequences that are missing between are unreadable.
  std::vector<WalRecordPlace> records;
  /// End of the last of them.
  std::uint64_t end_bytes = kWalSegmentHeaderBytes;
  /// The search after damage was given up at its limit: more records may follow.
  bool gave_up = false;
};

/// Finds every valid record of a segment, also behind damage. `bytes` is the whole file, its header
/// decoded. Time: one pass over the bytes; after damage at most kWalResyncFactor passes.
[[nodiscard]] WalScan scan_wal_segment(std::string_view bytes, const WalSegmentHeader& header);

/// Payload bytes hashed in vain, as a multiple of the file, before the search after damage ends.
/// Only a file made to be slow gets there: a header that passes by chance is one in 2^32.
constexpr std::uint64_t kWalResyncFactor = 4;

}  // namespace binnacle
