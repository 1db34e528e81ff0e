#pragma once

#include "base/cancel_token.h"
#include "base/clock.h"
#include "base/error.h"
#include "store/disk/disk_probe.h"
#include "store/disk/disk_reserve.h"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// Runs an engine's background work - flushes, retention, merges - on threads of its own, most
// urgent kind first, within the disk's space, backing off after errors. It knows when to ask and
// whether a job may start; what there is to do, the engine knows (JobSource). Made by the engine.
// Internally locked.

namespace binnacle {

/// In order of urgency: retention frees space, flushes free memory and log, merges can wait.
enum class JobKind : std::uint8_t { kRetention = 0, kFlush = 1, kMerge = 2 };
constexpr std::size_t kJobKinds = 3;

struct Job {
  JobKind kind = JobKind::kMerge;
  /// Disk space it needs while it runs; 0 for one that only frees.
  std::uint64_t needs_bytes = 0;
  /// For messages: "merge of parts 3, 4, 7".
  std::string description{};
  /// Does it, on a scheduler thread; returns kCancelled soon after the token fires. An error makes
  /// the scheduler wait before it asks for this kind again.
  std::move_only_function<Status(const CancelToken&)> run{};
  /// Called instead of `run` when the disk has no room for it, right after next_job() on the same
  /// thread, so that the engine can offer it again. May be empty.
  std::move_only_function<void(const Error&)> postponed{};
};

/// The engine's side. Called from scheduler threads, never two at once.
class JobSource {
 public:
  virtual ~JobSource() = default;
  /// The next job of that kind that is not already running, or nothing. Must be quick: it decides,
  /// the job works.
  [[nodiscard]] virtual std::optional<Job> next_job(JobKind kind) = 0;
};

struct MergeSchedulerOptions {
  /// One thread of these takes no merges when there are two or more, so that a long merge never
  /// holds up a flush. 0: no threads, the owner calls run_one().
  int threads = 2;
  /// How often the engine is asked without a notify(): retention is the only work that time alone
  /// creates, and its granularity is seconds at best.
  std::int64_t poll_ns = 1'000'000'000;
  /// Wait after a failed job, doubled for each failure in a row.
  std::int64_t backoff_min_ns = 250'000'000;
  std::int64_t backoff_max_ns = 30'000'000'000;
};

/// Told of each failed job, so that the engine can log it. Any scheduler thread.
using JobFailure = std::function<void(const Job&, const Error&)>;

class MergeScheduler {
 public:
  MergeScheduler(JobSource& source, MergeSchedulerOptions options, const Clock& clock,
                 DiskReserve& reserve, DiskProbe& probe, JobFailure on_failure = {});
  MergeScheduler(const MergeScheduler&) = delete;
  MergeScheduler& operator=(const MergeScheduler&) = delete;
  /// As stop().
  ~MergeScheduler();

  void start();
  /// There may be work: ask soon. Cheap; any thread.
  void notify();
  /// Runs the most urgent job that may start, on this thread; false if there was none. For tests,
  /// and for engines that flush on close.
  bool run_one();
  /// Cancels running jobs, waits for them, starts no more. Idempotent.
  void stop();

 private:
  void thread_loop(bool takes_merges);
  std::optional<Job> pick_locked(bool takes_merges);
  void finished(const Job& job, const Status& status);

  JobSource& source_;
  const MergeSchedulerOptions options_;
  const Clock& clock_;
  DiskReserve& reserve_;
  DiskProbe& probe_;
  const JobFailure on_failure_;
  CancelSource cancel_;

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  struct Backoff {
    std::int64_t until_steady_ns = 0;
    std::int64_t wait_ns = 0;
  };
  std::array<Backoff, kJobKinds> backoff_;
  std::uint64_t hints_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace binnacle
