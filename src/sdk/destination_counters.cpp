#include "sdk/destination_counters.h"

#include <algorithm>
#include <memory>
#include <new>

namespace binnacle::sdk {

namespace {

std::uint64_t load(const std::atomic<std::uint64_t>& cell) noexcept {
  return cell.load(std::memory_order_relaxed);
}

}  // namespace

SignalStats SignalCounters::read() const noexcept {
  return {.encoded = load(encoded),
          .exported = load(exported),
          .dropped_queue_full = load(dropped_queue_full),
          .dropped_export_failed = load(dropped_export_failed),
          .dropped_rejected = load(dropped_rejected),
          .dropped_at_shutdown = load(dropped_at_shutdown),
          .dropped_unsupported = load(dropped_unsupported),
          .spooled = load(spooled),
          .inflight = load(inflight)};
}

std::uint64_t DestinationCounters::losses() const noexcept {
  std::uint64_t sum = 0;
  for (const SignalCounters& signal : signals) {
    sum += load(signal.dropped_queue_full) + load(signal.dropped_export_failed) +
           load(signal.dropped_rejected) + load(signal.dropped_at_shutdown);
  }
  return sum;
}

void DestinationTable::begin_run() noexcept {
  const std::lock_guard lock(mutex_);
  for (Entry& entry : entries_) entry.is_claimed = false;
}

DestinationCounters* DestinationTable::claim(std::string_view name) noexcept {
  const std::lock_guard lock(mutex_);
  name = name.substr(0, sizeof(Entry::name) - 1);
  Entry* chosen = nullptr;
  for (Entry& entry : entries_) {
    if (entry.is_claimed) continue;
    if (name == entry.name) {
      entry.is_claimed = true;
      return &entry.counters;
    }
    // One that was never used, else the first that this run has not claimed.
    const bool is_better = chosen == nullptr || (entry.name[0] == '\0' && chosen->name[0] != '\0');
    if (is_better) chosen = &entry;
  }
  if (chosen == nullptr) return nullptr;
  forget(*chosen);
  std::copy(name.begin(), name.end(), chosen->name);
  chosen->is_claimed = true;
  return &chosen->counters;
}

void DestinationTable::forget(Entry& entry) noexcept {
  add(read(entry), forgotten_);
  std::destroy_at(&entry);
  std::construct_at(&entry);
}

DestinationStats DestinationTable::read(const Entry& entry) noexcept {
  DestinationStats stats;
  std::copy(std::begin(entry.name), std::end(entry.name), stats.name);
  stats.traces = entry.counters.signals[index_of(Signal::kTraces)].read();
  stats.metrics = entry.counters.signals[index_of(Signal::kMetrics)].read();
  stats.logs = entry.counters.signals[index_of(Signal::kLogs)].read();
  stats.requests = load(entry.counters.requests);
  stats.retries = load(entry.counters.retries);
  stats.sent_bytes = load(entry.counters.bytes);
  stats.queued_bytes = load(entry.counters.queued_bytes);
  return stats;
}

void DestinationTable::add(const DestinationStats& more, SdkStats& stats) noexcept {
  stats.spans_encoded += more.traces.encoded;
  stats.spans_exported += more.traces.exported;
  stats.dropped_queue_full += more.traces.dropped_queue_full;
  stats.dropped_export_failed += more.traces.dropped_export_failed;
  stats.dropped_rejected += more.traces.dropped_rejected;
  stats.dropped_at_shutdown += more.traces.dropped_at_shutdown;
  stats.export_requests += more.requests;
  stats.export_retries += more.retries;
  stats.export_bytes += more.sent_bytes;
  stats.memory_bytes += more.queued_bytes;
}

void DestinationTable::add_to(SdkStats& stats) const noexcept {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) add(read(entry), stats);
  stats.spans_encoded += forgotten_.spans_encoded;
  stats.spans_exported += forgotten_.spans_exported;
  stats.dropped_queue_full += forgotten_.dropped_queue_full;
  stats.dropped_export_failed += forgotten_.dropped_export_failed;
  stats.dropped_rejected += forgotten_.dropped_rejected;
  stats.dropped_at_shutdown += forgotten_.dropped_at_shutdown;
  stats.export_requests += forgotten_.export_requests;
  stats.export_retries += forgotten_.export_retries;
  stats.export_bytes += forgotten_.export_bytes;
}

std::size_t DestinationTable::read(DestinationStats* out, std::size_t capacity) const noexcept {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const Entry& entry : entries_) {
    if (entry.name[0] == '\0') continue;
    if (count < capacity) out[count] = read(entry);
    ++count;
  }
  return count;
}

}  // namespace binnacle::sdk
