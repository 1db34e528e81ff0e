#include "sdk/pipeline.h"

#include "sdk/tick_clock.h"
#include "sdk/warning.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace binnacle::sdk {

namespace {

// A request's body stays below what receivers commonly accept (4 MiB) even when spans are large.
constexpr std::size_t kMaxBatchBytes = std::size_t{2} << 20U;

std::chrono::steady_clock::time_point to_steady(std::int64_t monotonic) noexcept {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic));
}

/// Jitter needs no more than a few different numbers.
double random_fraction() noexcept {
  const std::uint64_t mixed = ticks_now() * 0x9E3779B97F4A7C15ULL;
  return static_cast<double>(mixed >> 11U) * 0x1.0p-53;
}

}  // namespace

class Pipeline::BatchSink final : public SpanSink {
 public:
  explicit BatchSink(Pipeline& pipeline) noexcept : pipeline_(pipeline) {}

  void add(const FinishedSpan& span) override {
    if (pipeline_.sender_.is_full()) {  // do not encode what cannot be kept
      pipeline_.runtime_.counters().dropped_queue_full.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    SpanEncoder& encoder = *pipeline_.encoder_;
    encoder.add(span);
    if (encoder.span_count() >= pipeline_.options_.max_batch_spans ||
        encoder.byte_count() >= kMaxBatchBytes) {
      pipeline_.sender_.enqueue(encoder.finish());
    }
  }

 private:
  Pipeline& pipeline_;
};

Pipeline::Pipeline(Runtime& runtime, Harvester& harvester, const PipelineOptions& options,
                   std::unique_ptr<SpanEncoder> encoder, std::unique_ptr<BatchExporter> exporter)
    : runtime_(runtime),
      harvester_(harvester),
      options_(options),
      encoder_(std::move(encoder)),
      exporter_(std::move(exporter)),
      sender_(*exporter_, options.sender, runtime.counters(), random_fraction, warn) {}

bool Pipeline::start() {
  auto self = std::make_unique<std::shared_ptr<Pipeline>>(shared_from_this());
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the host's signals are for the host's threads
  const int failed = pthread_create(&thread_, nullptr, &Pipeline::thread_main, self.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (failed != 0) return false;
  [[maybe_unused]] auto* share = self.release();  // the thread's own, taken over in thread_main()
  pthread_setname_np(thread_, "binnacle-export");
  pthread_detach(thread_);
  return true;
}

void* Pipeline::thread_main(void* self) {
  const std::unique_ptr<std::shared_ptr<Pipeline>> share(
      static_cast<std::shared_ptr<Pipeline>*>(self));
  try {
    (*share)->run();
  } catch (const std::exception& error) {  // out of memory: never the host's problem
    warn(std::string("exporting of spans ended: ") + error.what());
  }
  (*share)->end_thread();
  return nullptr;
}

void Pipeline::run() {
  next_sweep_ns_ = monotonic_ns() + options_.schedule_delay_ns;
  for (;;) {
    // In this order: who gives an order and finds the thread woken already does not wake it again.
    const bool is_woken = runtime_.take_wake();
    const Orders orders = read_orders();
    const std::int64_t now_ns = monotonic_ns();
    if (orders.is_stopping && !has_final_sweep_) {
      has_final_sweep_ = true;
      retries_at_stop_ = sender_.postponements();
      sweep();
      sender_.hurry();
    } else if (orders.flush_ticket != swept_ticket_) {
      sweep();
      sender_.hurry();
      swept_ticket_ = orders.flush_ticket;
      flush_target_ = sender_.enqueued();
    } else if (is_woken || now_ns >= next_sweep_ns_) {
      sweep();
    }
    sender_.drive(monotonic_ns());
    if (sender_.resolved() >= flush_target_) report_flush(swept_ticket_);
    if (orders.is_stopping && is_done(orders, now_ns)) return;
    wait(orders, now_ns);
  }
}

void Pipeline::sweep() {
  BatchSink sink(*this);
  harvester_.sweep(sink);
  if (encoder_->span_count() > 0) sender_.enqueue(encoder_->finish());
  next_sweep_ns_ = monotonic_ns() + options_.schedule_delay_ns;
}

/// Stopping ends when all is sent, at the deadline, or at the first sign that the collector is not
/// there: a process should not linger for one that is gone.
bool Pipeline::is_done(const Orders& orders, std::int64_t now_ns) {
  return sender_.is_idle() || now_ns >= orders.stop_deadline_ns ||
         sender_.postponements() != retries_at_stop_;
}

void Pipeline::wait(const Orders& orders, std::int64_t now_ns) {
  std::int64_t until_ns = std::min(next_sweep_ns_, sender_.next_event_ns());
  if (orders.is_stopping) until_ns = std::min(until_ns, orders.stop_deadline_ns);
  // Rounded up, so as not to spin through the last millisecond.
  const std::int64_t wait_ms = std::max<std::int64_t>(0, until_ns - now_ns + 999'999) / 1'000'000;
  exporter_->wait(runtime_.wake_fd(), static_cast<int>(std::min<std::int64_t>(wait_ms, 60'000)));
}

Pipeline::Orders Pipeline::read_orders() {
  const std::lock_guard lock(mutex_);
  return orders_;
}

void Pipeline::report_flush(std::uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  if (flushed_ticket_ == ticket) return;
  flushed_ticket_ = ticket;
  changed_.notify_all();
}

void Pipeline::end_thread() {
  sender_.abandon();
  exporter_.reset();
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  changed_.notify_all();
}

std::uint64_t Pipeline::losses() const noexcept {
  const ExportCounters& counters = runtime_.counters();
  return counters.dropped_queue_full.load(std::memory_order_relaxed) +
         counters.dropped_export_failed.load(std::memory_order_relaxed) +
         counters.dropped_rejected.load(std::memory_order_relaxed) +
         counters.dropped_at_shutdown.load(std::memory_order_relaxed);
}

bool Pipeline::flush(std::int64_t deadline_ns) {
  const std::uint64_t losses_before = losses();
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = ++orders_.flush_ticket;
  runtime_.wake();
  const bool is_flushed = changed_.wait_until(
      lock, to_steady(deadline_ns), [&] { return flushed_ticket_ >= ticket || has_ended_; });
  return is_flushed && flushed_ticket_ >= ticket && losses() == losses_before;
}

bool Pipeline::stop(std::int64_t deadline_ns) {
  const std::uint64_t losses_before = losses();
  std::unique_lock lock(mutex_);
  orders_.is_stopping = true;
  orders_.stop_deadline_ns = deadline_ns;
  runtime_.wake();
  // The thread sees the deadline itself and needs a moment to give up.
  constexpr std::int64_t kGraceNs = 50'000'000;
  changed_.wait_until(lock, to_steady(deadline_ns + kGraceNs), [&] { return has_ended_; });
  return has_ended_ && losses() == losses_before;
}

bool Pipeline::has_ended() {
  const std::lock_guard lock(mutex_);
  return has_ended_;
}

}  // namespace binnacle::sdk
