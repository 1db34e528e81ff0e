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
// With many destinations and so small shares of the queue, a batch is half a share.
constexpr std::size_t kMaxBatchBytes = std::size_t{2} << 20U;
constexpr std::size_t kMinBatchBytes = std::size_t{64} << 10U;

std::chrono::steady_clock::time_point to_steady(std::int64_t monotonic) noexcept {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(monotonic));
}

DestinationLimits limits_for(const PipelineOptions& options, std::size_t destinations) noexcept {
  DestinationLimits limits;
  limits.batch_spans = options.max_batch_spans;
  limits.batch_logs = options.max_batch_logs;
  limits.sender = options.sender;
  limits.sender.queue_bytes /= std::max<std::size_t>(destinations, 1);
  limits.batch_bytes = std::clamp(limits.sender.queue_bytes / 2, kMinBatchBytes, kMaxBatchBytes);
  return limits;
}

}  // namespace

class Pipeline::FanOut final : public SpanSink {
 public:
  explicit FanOut(Pipeline& pipeline) noexcept : pipeline_(pipeline) {}

  void add(const FinishedSpan& span) override {
    for (const auto& destination : pipeline_.destinations_) destination->add(span);
  }

 private:
  Pipeline& pipeline_;
};

class Pipeline::LogFanOut final : public LogSink {
 public:
  explicit LogFanOut(Pipeline& pipeline) noexcept : pipeline_(pipeline) {}

  bool is_empty() const noexcept { return is_empty_; }
  void add(const FinishedLog& log) override {
    is_empty_ = false;
    for (const auto& destination : pipeline_.destinations_) destination->add(log);
  }

 private:
  Pipeline& pipeline_;
  bool is_empty_ = true;
};

Pipeline::Pipeline(Runtime& runtime, Harvester& harvester, const PipelineOptions& options,
                   std::unique_ptr<HttpClient> client, std::vector<DestinationSetup> destinations)
    : runtime_(runtime), harvester_(harvester), options_(options), client_(std::move(client)) {
  const DestinationLimits limits = limits_for(options, destinations.size());
  runtime.destinations().begin_run();
  for (DestinationSetup& setup : destinations) {
    DestinationCounters* counters = runtime.destinations().claim(setup.name);
    if (counters == nullptr) continue;  // more than kMaxDestinations: the caller's error
    counters_.push_back(counters);
    destinations_.push_back(std::make_unique<Destination>(std::move(setup), limits, *counters));
  }
}

void Pipeline::add_source(std::unique_ptr<SignalSource> source) {
  Source added;
  for (const auto& destination : destinations_) {
    if (destination->takes(source->signal())) added.destinations.push_back(destination.get());
  }
  if (added.destinations.empty()) return;
  added.source = std::move(source);
  sources_.push_back(std::move(added));
}

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
  for (Source& source : sources_) {
    source.next_ns = monotonic_ns() + source.source->interval_ns();
  }
  for (;;) {
    // In this order: who gives an order and finds the thread woken already does not wake it again.
    const bool is_woken = runtime_.take_wake();
    const Orders orders = read_orders();
    const std::int64_t now_ns = monotonic_ns();
    if (orders.is_stopping && !has_final_sweep_) {
      has_final_sweep_ = true;
      gather_all();
      for (const auto& destination : destinations_) destination->begin_stop();
    } else if (orders.flush_ticket != swept_ticket_) {
      gather_all();
      for (const auto& destination : destinations_) destination->begin_flush();
      swept_ticket_ = orders.flush_ticket;
    } else if (is_woken || now_ns >= next_sweep_ns_) {
      sweep(false);
    }
    if (!orders.is_stopping) collect_due(now_ns);
    drive_destinations();
    if (is_flushed()) report_flush(swept_ticket_);
    if (orders.is_stopping && is_done(orders, now_ns)) return;
    wait(orders, now_ns);
  }
}

void Pipeline::sweep(bool is_final) {
  FanOut spans(*this);
  LogFanOut logs(*this);
  runtime_.set_logs_quiet(true);  // before the scan: what that misses wakes us
  if (gate_ == nullptr) {
    harvester_.sweep(spans, logs);
  } else {
    gate_->begin_sweep(spans);
    harvester_.sweep(*gate_, logs);
    gate_->end_sweep(is_final);
  }
  for (const auto& destination : destinations_) destination->finish_batches();
  std::int64_t delay_ns = options_.schedule_delay_ns;
  if (!logs.is_empty()) {
    runtime_.set_logs_quiet(false);
    delay_ns = std::min(delay_ns, options_.log_delay_ns);
  }
  next_sweep_ns_ = monotonic_ns() + delay_ns;
}

void Pipeline::collect(Source& source) {
  source.source->collect(source.destinations);
  source.next_ns = monotonic_ns() + source.source->interval_ns();
}

void Pipeline::collect_due(std::int64_t now_ns) {
  for (Source& source : sources_) {
    if (now_ns >= source.next_ns) collect(source);
  }
}

void Pipeline::gather_all() {
  sweep(true);
  for (Source& source : sources_) collect(source);
}

void Pipeline::drive_destinations() {
  client_->drive();
  const std::int64_t now_ns = monotonic_ns();
  for (const auto& destination : destinations_) destination->sender().drive(now_ns);
  for (const auto& job : jobs_) job->drive(now_ns);
}

bool Pipeline::is_flushed() const noexcept {
  return std::all_of(destinations_.begin(), destinations_.end(),
                     [](const auto& destination) { return destination->is_flushed(); });
}

bool Pipeline::is_done(const Orders& orders, std::int64_t now_ns) const noexcept {
  return now_ns >= orders.stop_deadline_ns ||
         std::all_of(destinations_.begin(), destinations_.end(),
                     [](const auto& destination) { return destination->is_stopped(); });
}

void Pipeline::wait(const Orders& orders, std::int64_t now_ns) {
  std::int64_t until_ns = next_sweep_ns_;
  int blocked_fds[kMaxDestinations];
  std::size_t blocked = 0;
  for (const auto& destination : destinations_) {
    until_ns = std::min(until_ns, destination->sender().next_event_ns());
    const int fd = destination->sender().blocked_fd();
    if (fd >= 0) blocked_fds[blocked++] = fd;
  }
  for (const auto& job : jobs_) until_ns = std::min(until_ns, job->next_event_ns());
  if (orders.is_stopping) {
    until_ns = std::min(until_ns, orders.stop_deadline_ns);
  } else {
    for (const Source& source : sources_) until_ns = std::min(until_ns, source.next_ns);
  }
  // Rounded up, so as not to spin through the last millisecond.
  const std::int64_t wait_ms = std::max<std::int64_t>(0, until_ns - now_ns + 999'999) / 1'000'000;
  client_->wait(runtime_.wake_fd(), {blocked_fds, blocked},
                static_cast<int>(std::min<std::int64_t>(wait_ms, 60'000)));
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
  for (const auto& destination : destinations_) destination->sender().abandon();
  if (gate_ != nullptr) gate_->shutdown();
  gate_.reset();
  jobs_.clear();
  sources_.clear();
  destinations_.clear();
  client_.reset();
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  changed_.notify_all();
}

std::uint64_t Pipeline::losses() const noexcept {
  std::uint64_t sum = 0;
  for (const DestinationCounters* counters : counters_) sum += counters->losses();
  return sum;
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
