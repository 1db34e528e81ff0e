#include "store/disk/disk_reserve.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace binnacle {
namespace {

// What a job leaves free at least: room for manifest edits and a log segment's header.
constexpr std::uint64_t kLastBytes = 4ULL << 20;

}  // namespace

DiskReserve::DiskReserve(FileSystem& fs, std::string directory, DiskReserveOptions options,
                         const Clock& clock, DiskProbe& probe)
    : fs_(fs),
      directory_(std::move(directory)),
      options_(options),
      clock_(clock),
      probe_(probe),
      next_refresh_ns_(std::numeric_limits<std::int64_t>::min()) {}

std::uint64_t DiskReserve::free_bytes_now() {
  if (clock_.steady_now_ns() >= next_refresh_ns_.load(std::memory_order_acquire)) {
    const std::scoped_lock lock(refresh_mutex_);
    if (clock_.steady_now_ns() >= next_refresh_ns_.load(std::memory_order_relaxed)) {
      std::string asked = directory_;
      Result<DiskSpace> space = fs_.space(asked);
      while (!space && space.error().code == ErrorCode::kNotFound &&
             parent_directory(asked) != asked) {
        asked = parent_directory(asked);
        space = fs_.space(asked);
      }
      // Unknown counts as plenty: the write itself tells.
      const std::uint64_t free_bytes =
          space
              ? std::min<std::uint64_t>(space->free_bytes, std::numeric_limits<std::int64_t>::max())
              : std::numeric_limits<std::int64_t>::max();
      free_bytes_.store(static_cast<std::int64_t>(free_bytes), std::memory_order_relaxed);
      if (space) probe_.disk_free_bytes.set(static_cast<std::int64_t>(free_bytes));
      next_refresh_ns_.store(clock_.steady_now_ns() + options_.refresh_ns,
                             std::memory_order_release);
    }
  }
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(0, free_bytes_.load(std::memory_order_relaxed)));
}

Status DiskReserve::admit_append(std::uint64_t bytes) {
  const std::uint64_t free_bytes = free_bytes_now();
  const bool reached = reached_.load(std::memory_order_relaxed);
  const std::uint64_t needed =
      options_.reserve_bytes + bytes + (reached ? options_.hysteresis_bytes : 0);
  if (free_bytes >= needed) {
    if (reached) {
      reached_.store(false, std::memory_order_relaxed);
      probe_.disk_reserve_reached.set(0);
    }
    return {};
  }
  if (!reached) {
    reached_.store(true, std::memory_order_relaxed);
    probe_.disk_reserve_reached.set(1);
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("disk reserve reached: {} has {} MB free, of which {} MB are kept for "
                          "deletion and merging: free space or lower retention",
                          directory_, free_bytes >> 20, options_.reserve_bytes >> 20),
              kDiskFullRetryNs);
}

Status DiskReserve::admit_job(std::uint64_t bytes) {
  if (bytes == 0) return {};
  const std::uint64_t free_bytes = free_bytes_now();
  if (free_bytes >= bytes + kLastBytes) return {};
  return fail(ErrorCode::kUnavailable,
              fmt::format("{} has {} MB free, the job needs {} MB: free space or lower retention",
                          directory_, free_bytes >> 20, bytes >> 20),
              kDiskFullRetryNs);
}

void DiskReserve::wrote(std::uint64_t bytes) noexcept {
  free_bytes_.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
}

void DiskReserve::freed() noexcept {
  next_refresh_ns_.store(std::numeric_limits<std::int64_t>::min(), std::memory_order_release);
}

}  // namespace binnacle
