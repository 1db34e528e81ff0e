#pragma once

#include "sdk/batch_exporter.h"
#include "sdk/destination_counters.h"
#include "sdk/spool.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

// The queue before a destination, and its patience: what to do when a request fails. Exponential
// backoff with jitter between tries; the collector's Retry-After counts as the least wait; a batch
// that cannot be delivered within its limit is dropped. Bounded in bytes; full means that new
// batches are dropped, since those before them have waited longer. Time comes from the caller.
//
// With a spool, what would be dropped for lack of patience, room or time at the end goes there
// instead. It is taken out again when there is nothing else to send, after the collector has
// answered, or at first.
//
// Thread-confined (the export thread).

namespace binnacle::sdk {

struct SenderLimits {
  std::size_t queue_bytes = 4U << 20U;
  std::int64_t retry_limit_ns = 60'000'000'000;
  /// One request with metrics, its repetitions included. They are of no use for long: the next
  /// report tells more.
  std::int64_t metrics_limit_ns = 30'000'000'000;
  /// OTLP's recommendation leaves the numbers open; these are the ones of the OpenTelemetry
  /// Collector's exporters, started sooner because an application's collector is near.
  std::int64_t first_backoff_ns = 500'000'000;
  std::int64_t max_backoff_ns = 30'000'000'000;
};

class Sender {
 public:
  /// `random` gives numbers in [0, 1); `warn` is told of losses, once per kind of trouble. `spool`
  /// may be null.
  Sender(BatchExporter& exporter, const SenderLimits& limits, DestinationCounters& counters,
         std::function<double()> random, std::function<void(std::string_view)> warn,
         std::unique_ptr<Spool> spool = nullptr);

  /// False (and counted) if the queue is full. Empty batches vanish.
  bool enqueue(EncodedBatch batch);
  /// Whether the next batch would be dropped.
  bool is_full() const noexcept {
    return queued_bytes_ >= limits_.queue_bytes && spool_ == nullptr;
  }
  /// Starts, continues and finishes requests. Call it often.
  void drive(std::int64_t now_ns);
  /// Tries again at once what is only waiting for its backoff (not what the collector postponed).
  void hurry() noexcept;
  /// Nothing is taken out of the spool any more.
  void begin_stop() noexcept { is_stopping_ = true; }
  /// Spools or drops everything that is not delivered; what is dropped counts as lost at shutdown.
  void abandon();

  /// Nothing is waiting; the spool does not count.
  bool is_idle() const noexcept { return queue_.empty(); }
  /// When drive() has something to do that no event announces; INT64_MAX: never.
  std::int64_t next_event_ns() const noexcept;
  /// A descriptor whose being writable lets drive() go on; -1: none.
  int blocked_fd() const noexcept;
  /// Batches taken into the queue, and batches that left it, one way or the other.
  std::uint64_t enqueued() const noexcept { return enqueued_; }
  std::uint64_t resolved() const noexcept { return resolved_; }
  /// What is lost without having been in the queue.
  void count_full(Signal signal, std::uint64_t items) noexcept;
  void count_unsupported(Signal signal, std::uint64_t items) noexcept;
  /// Whether the receiver has said that it does not know metrics or log records. It is asked again
  /// after kUnsupportedPauseNs; until then they are dropped.
  bool is_paused(Signal signal) const noexcept {
    return now_ns_ < paused_until_ns_[index_of(signal)];
  }
  static constexpr std::int64_t kUnsupportedPauseNs = 600'000'000'000;
  /// How often a request failed and was kept for later.
  std::uint64_t postponements() const noexcept { return postponements_; }

 private:
  struct Entry {
    EncodedBatch batch;
    bool is_spooled = false;  // read from the spool, and there until it is delivered
    std::int64_t first_try_ns = 0;
    int tries = 0;
  };

  void push(EncodedBatch batch, bool is_spooled);
  void begin(std::int64_t now_ns);
  void take_from_spool(std::int64_t now_ns);
  void finish(const ExportResult& result, std::int64_t now_ns);
  void count_delivered(const Entry& entry, const ExportResult& result);
  void retry_later(const Entry& entry, const ExportResult& result, std::int64_t now_ns);
  std::int64_t wait_ns(int tries, const ExportResult& result) const;
  std::int64_t patience_ns(const Entry& entry) const noexcept;
  /// When the request under way is given up; INT64_MAX: its exporter knows.
  std::int64_t deadline_ns() const noexcept;
  ExportResult give_up();
  bool keep(const EncodedBatch& batch);
  void lose(const std::string& message);
  void pause(const std::string& message, std::int64_t now_ns);
  void warn_once(const std::string& message);
  void pop();

  BatchExporter& exporter_;
  SenderLimits limits_;
  DestinationCounters& counters_;
  std::function<double()> random_;
  std::function<void(std::string_view)> warn_;
  std::unique_ptr<Spool> spool_;
  std::deque<Entry> queue_;
  std::size_t queued_bytes_ = 0;
  bool is_sending_ = false;
  bool is_postponed_ = false;  // by the collector, as opposed to by our backoff
  bool has_warned_ = false;    // since the last success
  bool is_stopping_ = false;
  std::int64_t next_try_ns_ = 0;
  std::int64_t next_spool_ns_ = 0;
  std::int64_t now_ns_ = 0;  // of the last drive()
  std::int64_t paused_until_ns_[kSignalCount] = {};
  bool has_warned_of_pause_[kSignalCount] = {};  // since the signal's last success
  int spool_tries_ = 0;
  std::uint64_t enqueued_ = 0;
  std::uint64_t resolved_ = 0;
  std::uint64_t postponements_ = 0;
};

}  // namespace binnacle::sdk
