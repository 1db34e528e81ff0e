#include "sdk/sender.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

void add(std::atomic<std::uint64_t>& counter, std::uint64_t n) noexcept {
  counter.fetch_add(n, std::memory_order_relaxed);
}

struct SignalText {
  std::string_view name;
  std::string_view variable;  ///< that says where the signal goes
};
constexpr SignalText kSignalTexts[kSignalCount] = {{"traces", "OTEL_TRACES_EXPORTER"},
                                                   {"metrics", "OTEL_METRICS_EXPORTER"},
                                                   {"log records", "OTEL_LOGS_EXPORTER"}};

}  // namespace

Sender::Sender(BatchExporter& exporter, const SenderLimits& limits, DestinationCounters& counters,
               std::function<double()> random, std::function<void(std::string_view)> warn,
               std::unique_ptr<Spool> spool)
    : exporter_(exporter),
      limits_(limits),
      counters_(counters),
      random_(std::move(random)),
      warn_(std::move(warn)),
      spool_(std::move(spool)) {}

void Sender::count_full(Signal signal, std::uint64_t items) noexcept {
  add(counters_.of(signal).dropped_queue_full, items);
}

void Sender::count_unsupported(Signal signal, std::uint64_t items) noexcept {
  add(counters_.of(signal).dropped_unsupported, items);
}

bool Sender::enqueue(EncodedBatch batch) {
  if (batch.items == 0) return true;
  if (is_paused(batch.signal)) {
    count_unsupported(batch.signal, batch.items);
    return false;
  }
  // One batch always fits, however small the limit.
  if (!queue_.empty() && queued_bytes_ + batch.bytes.size() > limits_.queue_bytes) {
    if (!keep(batch)) {
      count_full(batch.signal, batch.items);
      return false;
    }
    add(counters_.of(batch.signal).encoded, batch.items);
    return true;
  }
  add(counters_.of(batch.signal).encoded, batch.items);
  push(std::move(batch), false);
  return true;
}

void Sender::push(EncodedBatch batch, bool is_spooled) {
  queued_bytes_ += batch.bytes.size();
  counters_.queued_bytes.store(queued_bytes_, std::memory_order_relaxed);
  add(counters_.of(batch.signal).inflight, batch.items);
  queue_.push_back({.batch = std::move(batch), .is_spooled = is_spooled});
  ++enqueued_;
}

void Sender::drive(std::int64_t now_ns) {
  now_ns_ = now_ns;
  for (;;) {
    if (is_sending_) {
      std::optional<ExportResult> result = exporter_.poll();
      if (!result && now_ns >= deadline_ns()) result = give_up();
      if (!result) return;
      is_sending_ = false;
      finish(*result, now_ns);
    }
    if (queue_.empty()) take_from_spool(now_ns);
    if (queue_.empty() || now_ns < next_try_ns_) return;
    const Entry& entry = queue_.front();
    if (is_paused(entry.batch.signal)) {  // queued before its like was refused
      if (entry.is_spooled) spool_->remove_oldest();
      count_unsupported(entry.batch.signal, entry.batch.items);
      pop();
      continue;
    }
    begin(now_ns);
  }
}

void Sender::begin(std::int64_t now_ns) {
  Entry& entry = queue_.front();
  if (entry.tries++ == 0) {
    entry.first_try_ns = now_ns;
  } else {
    add(counters_.retries, 1);
  }
  add(counters_.requests, 1);
  is_sending_ = true;
  exporter_.start(entry.batch);
}

void Sender::take_from_spool(std::int64_t now_ns) {
  if (spool_ == nullptr || is_stopping_ || now_ns < next_spool_ns_) return;
  if (auto batch = spool_->oldest()) {
    push(std::move(*batch), true);
  } else {  // empty, or another process takes them out: look again now and then
    constexpr std::int64_t kLookAgainNs = 1'000'000'000;
    next_spool_ns_ = now_ns + kLookAgainNs;
  }
}

void Sender::finish(const ExportResult& result, std::int64_t now_ns) {
  add(counters_.bytes, result.sent_bytes);
  const Entry& entry = queue_.front();
  switch (result.outcome) {
    case ExportOutcome::kDelivered:
      count_delivered(entry, result);
      if (entry.is_spooled) spool_->remove_oldest();
      has_warned_of_pause_[index_of(entry.batch.signal)] = false;
      next_try_ns_ = 0;
      next_spool_ns_ = 0;
      spool_tries_ = 0;
      is_postponed_ = false;
      return pop();
    case ExportOutcome::kRetry:
      return retry_later(entry, result, now_ns);
    case ExportOutcome::kRefused:
      if (entry.is_spooled) spool_->remove_oldest();
      // Without traces there would be no point in this destination: those are always tried.
      if (result.is_unsupported && entry.batch.signal != Signal::kTraces) {
        return pause(result.message, now_ns);
      }
      return lose(result.message);
  }
}

void Sender::count_delivered(const Entry& entry, const ExportResult& result) {
  const std::uint64_t rejected = std::min<std::uint64_t>(result.rejected_items, entry.batch.items);
  SignalCounters& counters = counters_.of(entry.batch.signal);
  add(counters.exported, entry.batch.items - rejected);
  add(counters.dropped_rejected, rejected);
  if (rejected > 0) {
    warn_once(result.message);
  } else {
    has_warned_ = false;
  }
}

std::int64_t Sender::wait_ns(int tries, const ExportResult& result) const {
  std::int64_t backoff_ns = limits_.first_backoff_ns;
  for (int i = 1; i < tries && backoff_ns < limits_.max_backoff_ns; ++i) backoff_ns *= 2;
  backoff_ns = std::min(backoff_ns, limits_.max_backoff_ns);
  // Half fixed, half random: clients that lost the same collector do not come back together.
  backoff_ns =
      backoff_ns / 2 + static_cast<std::int64_t>(static_cast<double>(backoff_ns / 2) * random_());
  return std::max(backoff_ns, std::min(result.retry_after_ms * 1'000'000, limits_.retry_limit_ns));
}

std::int64_t Sender::patience_ns(const Entry& entry) const noexcept {
  return entry.batch.signal == Signal::kMetrics
             ? std::min(limits_.retry_limit_ns, limits_.metrics_limit_ns)
             : limits_.retry_limit_ns;
}

std::int64_t Sender::deadline_ns() const noexcept {
  const Entry& entry = queue_.front();
  return entry.batch.signal == Signal::kMetrics ? entry.first_try_ns + limits_.metrics_limit_ns
                                                : kNever;
}

ExportResult Sender::give_up() {
  ExportResult result{.outcome = ExportOutcome::kRetry};
  result.message = exporter_.address() + ": metrics not delivered within " +
                   std::to_string(limits_.metrics_limit_ns / 1'000'000) +
                   " ms (OTEL_METRIC_EXPORT_TIMEOUT)";
  exporter_.cancel();
  return result;
}

void Sender::retry_later(const Entry& entry, const ExportResult& result, std::int64_t now_ns) {
  ++postponements_;
  if (entry.is_spooled) {  // it waits on disk, and newer ones come first
    next_spool_ns_ = now_ns + wait_ns(++spool_tries_, result);
    warn_once(result.message + "; will retry");
    return pop();
  }
  is_postponed_ = result.retry_after_ms > 0;
  next_try_ns_ = now_ns + wait_ns(entry.tries, result);
  if (next_try_ns_ - entry.first_try_ns <= patience_ns(entry)) {
    return warn_once(result.message + "; will retry");
  }
  if (!keep(entry.batch)) {
    // The next one need not wait for what metrics are too impatient for.
    if (entry.batch.signal == Signal::kMetrics && !is_postponed_) next_try_ns_ = now_ns;
    return lose(result.message);
  }
  next_spool_ns_ = next_try_ns_;
  warn_once(result.message + "; it is kept in the spool");
  pop();
}

bool Sender::keep(const EncodedBatch& batch) {
  if (spool_ == nullptr) return false;
  std::uint64_t dropped = 0;
  const bool is_kept = spool_->put(batch, dropped);
  add(counters_.of(batch.signal).dropped_export_failed, dropped);
  if (is_kept) add(counters_.of(batch.signal).spooled, batch.items);
  return is_kept;
}

void Sender::lose(const std::string& message) {
  const EncodedBatch& batch = queue_.front().batch;
  add(counters_.of(batch.signal).dropped_export_failed, batch.items);
  warn_once(message);
  pop();
}

void Sender::pause(const std::string& message, std::int64_t now_ns) {
  const EncodedBatch& batch = queue_.front().batch;
  count_unsupported(batch.signal, batch.items);
  paused_until_ns_[index_of(batch.signal)] = now_ns + kUnsupportedPauseNs;
  if (!std::exchange(has_warned_of_pause_[index_of(batch.signal)], true)) {
    const SignalText& text = kSignalTexts[index_of(batch.signal)];
    const std::string remedy = std::string(text.variable) + "=none";
    const bool is_named = message.find(remedy) != std::string::npos;  // by the receiver itself
    warn_(message + "; it is sent no " + std::string(text.name) + " for 10 minutes" +
          (is_named ? "" : "; " + remedy + " stops the attempts"));
  }
  pop();
}

void Sender::warn_once(const std::string& message) {
  if (!std::exchange(has_warned_, true)) warn_(message);
}

void Sender::pop() {
  const EncodedBatch& batch = queue_.front().batch;
  counters_.of(batch.signal).inflight.fetch_sub(batch.items, std::memory_order_relaxed);
  queued_bytes_ -= batch.bytes.size();
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
    const Entry& entry = queue_.front();
    if (!entry.is_spooled && !keep(entry.batch)) {
      add(counters_.of(entry.batch.signal).dropped_at_shutdown, entry.batch.items);
    }
    pop();
  }
}

int Sender::blocked_fd() const noexcept { return is_sending_ ? exporter_.blocked_fd() : -1; }

std::int64_t Sender::next_event_ns() const noexcept {
  if (is_sending_) return std::min(exporter_.next_event_ns(), deadline_ns());
  if (!queue_.empty()) return next_try_ns_;
  return spool_ == nullptr || spool_->is_empty() || is_stopping_ ? kNever : next_spool_ns_;
}

}  // namespace binnacle::sdk
