// How many records a second does the log acknowledge, each appender waiting for its own record? On
// the directory TMPDIR (default /tmp): run it on the disk that is asked about.
//
//   build/release/bench/disk_commit --benchmark_counters_tabular=true

#include "io/file/posix_file_system.h"
#include "store/disk/wal.h"

#include <benchmark/benchmark.h>

#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace {

using namespace binnacle;

/// A log in a fresh directory, shared by the appenders of one run.
struct Log {
  Log() {
    std::string name = (std::filesystem::temp_directory_path() / "binnacle_bench_XXXXXX").string();
    path = ::mkdtemp(name.data());
    std::filesystem::create_directories(path + "/wal");
    std::filesystem::create_directories(path + "/set_aside");
    reserve = std::make_unique<DiskReserve>(fs, path, DiskReserveOptions{}, clock, probe);
    wal = std::move(
        *Wal::open(fs, path + "/wal", path + "/set_aside", {}, clock, *reserve, probe, 0,
                   [](const WalRecord&) { return Result<ReplayOutcome>(ReplayOutcome::kUsed); }));
  }
  ~Log() {
    wal.reset();
    std::filesystem::remove_all(path);
  }
  std::string path;
  PosixFileSystem fs;
  SystemClock clock;
  DiskProbe probe;
  std::unique_ptr<DiskReserve> reserve;
  std::unique_ptr<Wal> wal;
};

std::unique_ptr<Log> g_log;

/// Appends one record and waits for it.
class Waiter {
 public:
  void append(Wal& wal, std::size_t bytes) {
    done_ = false;
    (void)wal.append({.payload = std::string(bytes, 'x')}, [this](const Result<WalSequence>&) {
      const std::scoped_lock lock(mutex_);
      done_ = true;
      changed_.notify_one();
    });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

void append_and_wait(benchmark::State& state) {
  const auto bytes = static_cast<std::size_t>(state.range(0));
  Waiter waiter;
  for (auto _ : state) waiter.append(*g_log->wal, bytes);
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
  if (state.thread_index() == 0) {
    const DiskProbe& probe = g_log->probe;
    const auto groups = static_cast<double>(std::max<std::uint64_t>(1, probe.wal_groups.value()));
    state.counters["records/sync"] = static_cast<double>(probe.wal_records.value()) / groups;
    state.counters["sync_us"] = static_cast<double>(probe.wal_sync_ns.value()) / groups / 1000.0;
  }
}

void open_log(const benchmark::State&) { g_log = std::make_unique<Log>(); }
void close_log(const benchmark::State&) { g_log.reset(); }

// 16 KB: a request of about 500 spans, encoded.
BENCHMARK(append_and_wait)
    ->Arg(200)
    ->Arg(16 << 10)
    ->Threads(1)
    ->Threads(8)
    ->Threads(64)
    ->Setup(open_log)
    ->Teardown(close_log)
    ->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
