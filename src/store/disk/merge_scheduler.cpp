#include "store/disk/merge_scheduler.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace binnacle {

MergeScheduler::MergeScheduler(JobSource& source, MergeSchedulerOptions options, const Clock& clock,
                               DiskReserve& reserve, DiskProbe& probe, JobFailure on_failure)
    : source_(source),
      options_(options),
      clock_(clock),
      reserve_(reserve),
      probe_(probe),
      on_failure_(std::move(on_failure)) {}

MergeScheduler::~MergeScheduler() { stop(); }

void MergeScheduler::start() {
  const std::scoped_lock lock(mutex_);
  if (!threads_.empty() || stopping_) return;
  for (int i = 0; i < options_.threads; ++i) {
    const bool takes_merges = i > 0 || options_.threads == 1;
    threads_.emplace_back([this, takes_merges] { thread_loop(takes_merges); });
  }
}

void MergeScheduler::notify() {
  const std::scoped_lock lock(mutex_);
  ++hints_;
  wake_.notify_all();
}

void MergeScheduler::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    cancel_.cancel();
    wake_.notify_all();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

std::optional<Job> MergeScheduler::pick_locked(bool takes_merges) {
  const std::int64_t now_ns = clock_.steady_now_ns();
  for (const JobKind kind : {JobKind::kRetention, JobKind::kFlush, JobKind::kMerge}) {
    if (kind == JobKind::kMerge && !takes_merges) continue;
    Backoff& backoff = backoff_[static_cast<std::size_t>(kind)];
    if (now_ns < backoff.until_steady_ns) continue;
    std::optional<Job> job = source_.next_job(kind);
    if (!job) continue;
    if (Status admitted = reserve_.admit_job(job->needs_bytes); !admitted) {
      // The engine thinks that it runs; this tells it otherwise.
      probe_.jobs_postponed_disk_reserve.add();
      backoff.until_steady_ns = now_ns + admitted.error().retry_after_ns;
      if (job->postponed) job->postponed(admitted.error());
      continue;
    }
    return job;
  }
  return std::nullopt;
}

void MergeScheduler::finished(const Job& job, const Status& status) {
  // Every kind may have removed files.
  reserve_.freed();
  const auto kind = static_cast<std::size_t>(job.kind);
  switch (job.kind) {
    case JobKind::kRetention:
      probe_.jobs_retention.add();
      break;
    case JobKind::kFlush:
      probe_.jobs_flush.add();
      break;
    case JobKind::kMerge:
      probe_.jobs_merge.add();
      break;
  }
  const bool failed = !status && status.error().code != ErrorCode::kCancelled;
  {
    const std::scoped_lock lock(mutex_);
    Backoff& backoff = backoff_[kind];
    if (failed) {
      backoff.wait_ns = backoff.wait_ns == 0
                            ? options_.backoff_min_ns
                            : std::min(backoff.wait_ns * 2, options_.backoff_max_ns);
      backoff.until_steady_ns = clock_.steady_now_ns() + backoff.wait_ns;
    } else {
      backoff = {};
    }
  }
  if (failed) {
    probe_.jobs_failed.add();
    if (on_failure_) on_failure_(job, status.error());
  }
}

bool MergeScheduler::run_one() {
  std::optional<Job> job;
  {
    const std::scoped_lock lock(mutex_);
    if (!stopping_) job = pick_locked(true);
  }
  if (!job) return false;
  finished(*job, job->run(cancel_.token()));
  return true;
}

void MergeScheduler::thread_loop(bool takes_merges) {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const std::uint64_t hints = hints_;
    std::optional<Job> job = pick_locked(takes_merges);
    if (job) {
      lock.unlock();
      finished(*job, job->run(cancel_.token()));
      job.reset();
      lock.lock();
      continue;
    }
    wake_.wait_for(lock, std::chrono::nanoseconds(options_.poll_ns),
                   [&] { return stopping_ || hints_ != hints; });
  }
}

}  // namespace binnacle
