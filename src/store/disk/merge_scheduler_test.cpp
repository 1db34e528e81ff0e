#include "store/disk/merge_scheduler.h"

#include "io/file/fault_file_system.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <string>
#include <utility>
#include <vector>

namespace binnacle {
namespace {

/// Offers what the test puts in.
class Offers final : public JobSource {
 public:
  std::optional<Job> next_job(JobKind kind) override {
    auto& jobs = jobs_.at(static_cast<std::size_t>(kind));
    if (jobs.empty()) return std::nullopt;
    Job job = std::move(jobs.front());
    jobs.pop_front();
    return job;
  }
  void add(JobKind kind, const std::string& name, const Status& outcome = {},
           std::uint64_t needs_bytes = 0) {
    Job job{.kind = kind, .needs_bytes = needs_bytes, .description = name};
    job.run = [this, name, outcome](const CancelToken&) {
      ran.push_back(name);
      return outcome;
    };
    job.postponed = [this, name](const Error&) { postponed.push_back(name); };
    jobs_.at(static_cast<std::size_t>(kind)).push_back(std::move(job));
  }
  std::vector<std::string> ran;
  std::vector<std::string> postponed;

 private:
  std::array<std::deque<Job>, kJobKinds> jobs_;
};

class MergeSchedulerTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;
  FaultFileSystem fs_{1};
  ManualClock clock_{0};
  DiskProbe probe_;
  DiskReserve reserve_{fs_, "/", {.refresh_ns = 0}, clock_, probe_};
  Offers offers_;
  std::vector<std::string> failures_;
  MergeScheduler scheduler_{
      offers_, {.threads = 0},
      clock_,  reserve_,
      probe_,  [this](const Job& job, const Error&) {
                              failures_.push_back(job.description); }};
};

TEST_F(MergeSchedulerTest, MostUrgentKindFirst) {
  offers_.add(JobKind::kMerge, "merge");
  offers_.add(JobKind::kFlush, "flush");
  offers_.add(JobKind::kRetention, "retention");
  while (scheduler_.run_one()) {
  }
  EXPECT_EQ(offers_.ran, (Names{"retention", "flush", "merge"}));
  EXPECT_EQ(probe_.jobs_flush.value(), 1U);
}

TEST_F(MergeSchedulerTest, FailingKindWaitsLongerEachTimeWhileOthersRun) {
  for (int i = 0; i < 3; ++i)
    offers_.add(JobKind::kFlush, "bad", fail(ErrorCode::kInternal, "eio"));
  offers_.add(JobKind::kMerge, "merge");
  EXPECT_TRUE(scheduler_.run_one());
  EXPECT_TRUE(scheduler_.run_one());
  EXPECT_FALSE(scheduler_.run_one());
  EXPECT_EQ(offers_.ran, (Names{"bad", "merge"}));
  clock_.advance_ns(250'000'000);
  EXPECT_TRUE(scheduler_.run_one());
  clock_.advance_ns(250'000'000);
  EXPECT_FALSE(scheduler_.run_one()) << "twice as long after the second failure";
  clock_.advance_ns(250'000'000);
  EXPECT_TRUE(scheduler_.run_one());
  EXPECT_EQ(failures_, (Names{"bad", "bad", "bad"}));
  EXPECT_EQ(probe_.jobs_failed.value(), 3U);
}

TEST_F(MergeSchedulerTest, JobsWithoutRoomArePostponedAndRetentionStillRuns) {
  fs_.set_capacity_bytes(10 << 20);
  offers_.add(JobKind::kMerge, "large", {}, 100 << 20);
  offers_.add(JobKind::kRetention, "retention");
  while (scheduler_.run_one()) {
  }
  EXPECT_EQ(offers_.ran, (Names{"retention"}));
  EXPECT_EQ(offers_.postponed, (Names{"large"}));
  EXPECT_EQ(probe_.jobs_postponed_disk_reserve.value(), 1U);
  fs_.set_capacity_bytes(1 << 30);
  offers_.add(JobKind::kMerge, "large again", {}, 100 << 20);
  EXPECT_FALSE(scheduler_.run_one());
  clock_.advance_ns(kDiskFullRetryNs);
  EXPECT_TRUE(scheduler_.run_one());
}

/// One long merge, then flushes: the threads are real.
class LongMerge final : public JobSource {
 public:
  std::optional<Job> next_job(JobKind kind) override {
    if (kind == JobKind::kRetention) return std::nullopt;
    if (kind == JobKind::kMerge && std::exchange(merge_given_, true)) return std::nullopt;
    if (kind == JobKind::kFlush && (!merging || std::exchange(flush_given_, true))) {
      return std::nullopt;
    }
    Job job{.kind = kind};
    job.run = [this, kind](const CancelToken& cancel) -> Status {
      if (kind == JobKind::kFlush) {
        flushed.set_value();
        return {};
      }
      merging = true;
      on_merging();
      while (!cancel.cancelled()) std::this_thread::yield();
      return fail(ErrorCode::kCancelled, "stopped");
    };
    return job;
  }
  std::atomic<bool> merging{false};
  std::promise<void> flushed;
  std::function<void()> on_merging;

 private:
  bool merge_given_ = false;
  bool flush_given_ = false;
};

TEST_F(MergeSchedulerTest, LongMergeHoldsUpNoFlushAndStopCancelsIt) {
  LongMerge source;
  SystemClock clock;
  MergeScheduler scheduler(source, {.threads = 2}, clock, reserve_, probe_);
  source.on_merging = [&] { scheduler.notify(); };
  scheduler.start();
  source.flushed.get_future().wait();
  EXPECT_TRUE(source.merging);
  scheduler.stop();
  EXPECT_EQ(probe_.jobs_failed.value(), 0U) << "being stopped is no failure";
  EXPECT_FALSE(scheduler.run_one());
}

}  // namespace
}  // namespace binnacle
