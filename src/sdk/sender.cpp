#include "sdk/sender.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace binnacle::sdk {

namespace {

void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
  counter.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

Sender::Sender(BatchExporter& exporter, const SenderLimits& limits, DestinationCounters& counters,
               std::function<double()> random, std::function<void(std::string_view)> warn)
    : exporter_(exporter),
      limits_(limits),
      counters_(counters),
      random_(std::move(random)),
      warn_(std::move(warn)) {}

void Sender::count_full(Signal signal, std::uint64_t items) noexcept {
  add(counters_.of(signal).dropped_queue_full, items);
}

void Sender::count_refused(Signal signal, std::uint64_t items) noexcept {
  add(counters_.of(signal).dropped_export_failed, items);
}

bool Sender::enqueue(EncodedBatch batch) {
  if (batch.items == 0) return true;
  if (is_paused(batch.signal)) {
    count_refused(batch.signal, batch.items);
    return false;
  }
  const std::size_t bytes = batch.bytes.size();
  // One batch always fits, however small the limit.
  if (!queue_.empty() && queued_bytes_ + bytes > limits_.queue_bytes) {
    count_full(batch.signal, batch.items);
    return false;
  }
  add(counters_.of(batch.signal).encoded, batch.items);
  queued_bytes_ += bytes;
  counters_.queued_bytes.store(queued_bytes_, std::memory_order_relaxed);
  queue_.push_back({std::move(batch)});
  ++enqueued_;
  return true;
}

void Sender::drive(std::int64_t now_ns) {
  now_ns_ = now_ns;
  for (;;) {
    if (is_sending_) {
      const std::optional<ExportResult> result = exporter_.poll();
      if (!result) return;
      is_sending_ = false;
      finish(*result, now_ns);
    }
    if (queue_.empty() || now_ns < next_try_ns_) return;
    Entry& entry = queue_.front();
    if (is_paused(entry.batch.signal)) {  // queued before its like was refused
      count_refused(entry.batch.signal, entry.batch.items);
      pop();
      continue;
    }
    if (entry.tries++ == 0) {
      entry.first_try_ns = now_ns;
    } else {
      add(counters_.retries, 1);
    }
    add(counters_.requests, 1);
    is_sending_ = true;
    exporter_.start(entry.batch);
  }
}

void Sender::finish(const ExportResult& result, std::int64_t now_ns) {
  add(counters_.bytes, result.sent_bytes);
  Entry& entry = queue_.front();
  switch (result.outcome) {
    case ExportOutcome::kDelivered: {
      const std::uint64_t rejected =
          std::min<std::uint64_t>(result.rejected_items, entry.batch.items);
      SignalCounters& counters = counters_.of(entry.batch.signal);
      add(counters.exported, entry.batch.items - rejected);
      add(counters.dropped_rejected, rejected);
      if (rejected > 0) {
        if (!std::exchange(has_warned_, true)) warn_(result.message);
      } else {
        has_warned_ = false;
      }
      has_warned_of_pause_[index_of(entry.batch.signal)] = false;
      next_try_ns_ = 0;
      is_postponed_ = false;
      return pop();
    }
    case ExportOutcome::kRetry:
      return retry_later(entry, result, now_ns);
    case ExportOutcome::kRefused:
      // Without traces there would be no point in this destination: those are always tried.
      if (result.is_unsupported && entry.batch.signal != Signal::kTraces) {
        return pause(result.message, now_ns);
      }
      return lose(result.message);
  }
}

void Sender::retry_later(Entry& entry, const ExportResult& result, std::int64_t now_ns) {
  std::int64_t backoff_ns = limits_.first_backoff_ns;
  for (int i = 1; i < entry.tries && backoff_ns < limits_.max_backoff_ns; ++i) backoff_ns *= 2;
  backoff_ns = std::min(backoff_ns, limits_.max_backoff_ns);
  // Half fixed, half random: clients that lost the same collector do not come back together.
  backoff_ns =
      backoff_ns / 2 + static_cast<std::int64_t>(static_cast<double>(backoff_ns / 2) * random_());
  const std::int64_t asked_ns = std::min(result.retry_after_ms * 1'000'000, limits_.retry_limit_ns);
  is_postponed_ = asked_ns > 0;
  next_try_ns_ = now_ns + std::max(backoff_ns, asked_ns);
  if (next_try_ns_ - entry.first_try_ns > limits_.retry_limit_ns) {
    return lose(result.message);
  }
  ++postponements_;
  if (!std::exchange(has_warned_, true)) warn_(result.message + "; will retry");
}

void Sender::lose(const std::string& message) {
  const EncodedBatch& batch = queue_.front().batch;
  add(counters_.of(batch.signal).dropped_export_failed, batch.items);
  if (!std::exchange(has_warned_, true)) warn_(message);
  pop();
}

void Sender::pause(const std::string& message, std::int64_t now_ns) {
  const EncodedBatch& batch = queue_.front().batch;
  count_refused(batch.signal, batch.items);
  paused_until_ns_[index_of(batch.signal)] = now_ns + kUnsupportedPauseNs;
  if (!std::exchange(has_warned_of_pause_[index_of(batch.signal)], true)) {
    constexpr std::string_view kNames[kSignalCount] = {"traces", "metrics", "log records"};
    warn_(message + "; it is sent no " + std::string(kNames[index_of(batch.signal)]) +
          " for 10 minutes");
  }
  pop();
}

void Sender::pop() {
  queued_bytes_ -= queue_.front().batch.bytes.size();
  counters_.queued_bytes.store(queued_bytes_, std::memory_order_relaxed);
  queue_.pop_front();
  ++resolved_;
}

void Sender::hurry() noexcept {
  if (!is_postponed_) next_try_ns_ = 0;
}

void Sender::abandon() {
  if (is_sending_) exporter_.cancel();
  is_sending_ = false;
  while (!queue_.empty()) {
    const EncodedBatch& batch = queue_.front().batch;
    add(counters_.of(batch.signal).dropped_at_shutdown, batch.items);
    pop();
  }
}

std::int64_t Sender::next_event_ns() const noexcept {
  if (queue_.empty() || is_sending_) return std::numeric_limits<std::int64_t>::max();
  return next_try_ns_;
}

}  // namespace binnacle::sdk
