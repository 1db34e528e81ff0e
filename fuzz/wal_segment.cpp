// A log segment of any bytes, opened as a process would open it: replay neither crashes nor asks
// for more memory than the file has bytes, gives only records whose checksums hold, in order, and
// the log goes on. The input is tried as it is and with its header mended, so that the records
// behind it are reached.

#include "base/hash.h"
#include "io/file/fault_file_system.h"
#include "store/disk/wal.h"
#include "store/disk/wal_format.h"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

using namespace binnacle;

void open_log(std::string_view bytes) {
  FaultFileSystem fs(1);
  if (!fs.make_directory("/wal") || !fs.make_directory("/set_aside")) std::abort();
  auto file = fs.open(wal_segment_path("/wal", 1), OpenMode::kCreate);
  if (!file || !(*file)->write_at(0, bytes)) std::abort();
  ManualClock clock(0);
  DiskProbe probe;
  DiskReserve reserve(fs, "/wal", {.reserve_bytes = 0, .hysteresis_bytes = 0}, clock, probe);
  WalOptions options;
  options.preallocate_bytes = 64;
  options.salt_seed = 1;
  options.commit_on_thread = false;
  WalSequence last = 0;
  std::uint64_t payload_bytes = 0;
  auto wal = Wal::open(fs, "/wal", "/set_aside", options, clock, reserve, probe, 0,
                       [&](const WalRecord& record) {
                         if (record.sequence <= last) std::abort();
                         last = record.sequence;
                         payload_bytes += record.payload.size();
                         return Result<ReplayOutcome>(ReplayOutcome::kUsed);
                       });
  if (payload_bytes > bytes.size()) std::abort();
  if (!wal) return;
  bool durable = false;
  const auto sequence = (*wal)->append({.payload = "next"}, [&](const Result<WalSequence>& result) {
    durable = result.has_value();
  });
  if (!sequence || *sequence <= last) std::abort();
  (*wal)->commit_queued();
  if (!durable) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  open_log(bytes);
  if (size < kWalSegmentHeaderBytes) return 0;
  // The salt that the seeds were written with stays, so that their records hold.
  WalSegmentHeader header{.segment = 1, .salt = 0, .first_sequence = 1, .durable_sequence = 0};
  if (const auto decoded = decode_wal_segment_header(bytes)) header = *decoded;
  header.segment = 1;
  // Sequences near the end of 64 bits cannot be reached in a machine's life.
  header.first_sequence = 1 + header.first_sequence % (1ULL << 62U);
  header.durable_sequence %= header.first_sequence;
  bytes.replace(0, kWalSegmentHeaderBytes, encode_wal_segment_header(header));
  const WalScan scan = scan_wal_segment(bytes, header);
  if (scan.end_bytes > bytes.size()) std::abort();
  for (const WalRecordPlace& place : scan.records) {
    const auto payload =
        std::string_view(bytes).substr(place.payload_offset_bytes, place.header.payload_bytes);
    if (payload.size() != place.header.payload_bytes) std::abort();
    if (checksum64(payload) != place.header.payload_checksum) std::abort();
  }
  open_log(bytes);
  return 0;
}
