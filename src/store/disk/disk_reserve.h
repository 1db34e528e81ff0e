#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "io/file/file_system.h"
#include "store/disk/disk_probe.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

// Keeps a stretch of the disk free, so that a full disk stops only appends: retention and merges,
// which need some space to free more, go on. Appends ask before they queue; everything that writes
// reports what it wrote, so that the system is asked for its free space only now and then. Made by
// the store's engine, or shared by the engines on one disk. Internally locked.

namespace binnacle {

struct DiskReserveOptions {
  /// Appends stop below this. 256 MB holds a merge of the largest part that memory limits let the
  /// engines make next to one log segment; engines with larger merges pass their own.
  std::uint64_t reserve_bytes = 256ULL << 20;
  /// Appends resume this much above it, so that the store does not flap.
  std::uint64_t hysteresis_bytes = 32ULL << 20;
  /// How old the known free space may become. statvfs takes 1-2 us; other processes fill a disk at
  /// 1 GB/s at worst, so a quarter of a second keeps the reserve.
  std::int64_t refresh_ns = 250'000'000;
};

class DiskReserve {
 public:
  /// `directory` need not exist yet: until it does, its nearest existing parent is asked.
  DiskReserve(FileSystem& fs, std::string directory, DiskReserveOptions options, const Clock& clock,
              DiskProbe& probe);

  /// Whether `bytes` more may be appended: kUnavailable with retry_after_ns when that would reach
  /// into the reserve. If the free space cannot be learnt, says yes (the write itself will tell).
  [[nodiscard]] Status admit_append(std::uint64_t bytes);
  /// Whether a job that needs `bytes` while it runs may start: it may use the reserve, but not the
  /// last of the disk.
  [[nodiscard]] Status admit_job(std::uint64_t bytes);
  /// Reports that about this much was written (lowers the known free space until the next refresh).
  void wrote(std::uint64_t bytes) noexcept;
  /// Reports that space was freed: the next question asks the system again.
  void freed() noexcept;

 private:
  [[nodiscard]] std::uint64_t free_bytes_now();

  FileSystem& fs_;
  const std::string directory_;
  const DiskReserveOptions options_;
  const Clock& clock_;
  DiskProbe& probe_;
  std::mutex refresh_mutex_;
  std::atomic<std::int64_t> free_bytes_{0};
  std::atomic<std::int64_t> next_refresh_ns_{0};
  std::atomic<bool> reached_{false};
};

}  // namespace binnacle
