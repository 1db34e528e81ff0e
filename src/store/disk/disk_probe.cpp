#include "store/disk/disk_probe.h"

#include <fmt/format.h>

namespace binnacle {
namespace {

constexpr std::string_view kRefused = "binnacle_log_refused_records_total";
constexpr std::string_view kRefusedHelp = "appends refused before they reached the log";
constexpr std::string_view kJobs = "binnacle_disk_jobs_total";
constexpr std::string_view kJobsHelp = "background jobs run, failed ones included";

}  // namespace

void DiskProbe::describe(std::string_view store, std::vector<Descriptor>& out) const {
  const std::string label = fmt::format("store=\"{}\"", store);
  const auto count = [&](std::string_view name, std::string_view help, const Counter& cell,
                         std::string_view more = {}) {
    out.push_back({name, help, label + std::string(more), &cell, nullptr});
  };
  const auto gauge = [&](std::string_view name, std::string_view help, const Gauge& cell) {
    out.push_back({name, help, label, nullptr, &cell});
  };
  count("binnacle_log_records_total", "records acknowledged", wal_records);
  count("binnacle_log_bytes_total", "bytes written to log segments", wal_bytes);
  count("binnacle_log_syncs_total", "groups of records, one fdatasync each", wal_groups);
  count("binnacle_log_sync_nanoseconds_total", "time spent inside those fdatasyncs", wal_sync_ns);
  count("binnacle_log_failed_records_total", "records accepted, then failed by the disk",
        wal_failed_records);
  count("binnacle_log_poisoned_segments_total", "segments given up after a failed write or sync",
        wal_poisoned_segments);
  count(kRefused, kRefusedHelp, wal_refused_queue_full, ",reason=\"queue_full\"");
  count(kRefused, kRefusedHelp, wal_refused_disk_reserve, ",reason=\"disk_reserve\"");
  count(kRefused, kRefusedHelp, wal_refused_unavailable, ",reason=\"unavailable\"");
  count("binnacle_log_replayed_records_total", "records read back at start", wal_replayed_records);
  count("binnacle_log_damaged_places_total", "damaged stretches of acknowledged records found",
        wal_damaged_places);
  count("binnacle_log_set_aside_records_total", "records that were readable but of no use",
        wal_set_aside_records);
  gauge("binnacle_log_segments", "log segment files", wal_segments);
  gauge("binnacle_log_segment_bytes", "bytes in log segments", wal_segment_bytes);
  count("binnacle_parts_written_total", "parts written", parts_written);
  count("binnacle_parts_removed_total", "parts removed by merges and retention", parts_removed);
  count("binnacle_parts_written_bytes_total", "bytes of parts written", parts_bytes_written);
  gauge("binnacle_parts", "live parts", parts);
  gauge("binnacle_parts_bytes", "bytes of live parts", parts_bytes);
  count("binnacle_parts_set_aside_total", "damaged parts taken out of service", parts_set_aside);
  count("binnacle_blocks_damaged_total", "block reads that failed their check", blocks_damaged);
  count("binnacle_block_cache_hits_total", "block reads answered from memory", cache_hits);
  count("binnacle_block_cache_misses_total", "block reads that went to disk", cache_misses);
  count("binnacle_block_cache_evictions_total", "blocks dropped for newer ones", cache_evictions);
  gauge("binnacle_block_cache_bytes", "bytes in the block cache", cache_bytes);
  count("binnacle_manifest_edits_total", "durable changes of the set of parts", manifest_edits);
  count("binnacle_manifest_rewrites_total", "manifest files written anew", manifest_rewrites);
  count(kJobs, kJobsHelp, jobs_flush, ",kind=\"flush\"");
  count(kJobs, kJobsHelp, jobs_merge, ",kind=\"merge\"");
  count(kJobs, kJobsHelp, jobs_retention, ",kind=\"retention\"");
  count("binnacle_disk_jobs_failed_total", "background jobs that failed", jobs_failed);
  count("binnacle_disk_jobs_postponed_total", "background jobs postponed for lack of disk space",
        jobs_postponed_disk_reserve);
  gauge("binnacle_disk_free_bytes", "free space where the store is", disk_free_bytes);
  gauge("binnacle_disk_reserve_reached", "1 while appends are refused for lack of disk space",
        disk_reserve_reached);
}

}  // namespace binnacle
