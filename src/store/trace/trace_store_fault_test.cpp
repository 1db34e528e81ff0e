// The span store on a disk that fails: power cuts at every call, full disks, damaged parts. What
// was acknowledged is there after reopening, each request whole or not at all.

#include "io/file/fault_file_system.h"
#include "store/trace/trace_store.h"
#include "tests/conformance/span_samples.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace binnacle {
namespace {

using conformance::batch_of;
using conformance::Identity;
using conformance::kFirstStartNs;

constexpr std::uint64_t kSpansPerRequest = 3;

TraceStoreOptions small_options() {
  TraceStoreOptions options;
  options.directory = "/data/spans";
  options.wal.segment_bytes = 2'000;
  options.wal.preallocate_bytes = 1'000;
  options.wal.reopen_wait_ns = 0;
  options.wal.salt_seed = 3;
  options.reserve = {.reserve_bytes = 0, .hysteresis_bytes = 0, .refresh_ns = 0};
  options.scheduler.threads = 0;
  return options;
}

/// One request's spans: a trace of its own.
SpanBatch request(std::uint64_t number) {
  std::vector<Identity> spans;
  for (std::uint64_t i = 1; i <= kSpansPerRequest; ++i) {
    spans.push_back({.trace = number, .span = i, .start = kFirstStartNs + number * 1000 + i});
  }
  return batch_of(spans);
}

bool append(SpanStore& store, std::uint64_t number) {
  std::promise<bool> done;
  store.append({}, request(number),
               [&](const Result<AppendResult>& r) { done.set_value(r.has_value()); });
  return done.get_future().get();
}

bool remove(SpanStore& store, std::uint64_t number) {
  std::promise<bool> done;
  store.remove({}, {request(number).trace_ids.front()},
               [&](const Status& s) { done.set_value(s.has_value()); });
  return done.get_future().get();
}

/// Spans per trace, as a reader sees them. Warnings are errors unless they are counted.
Result<std::map<TraceId, std::uint64_t>> traces_in(SpanStore& store,
                                                   std::size_t* warnings = nullptr) {
  auto cursor = store.scan({}, {});
  if (!cursor) return std::unexpected(cursor.error());
  std::map<TraceId, std::uint64_t> out;
  SpanBatch batch;
  while (true) {
    const Result<bool> more = (*cursor)->next(batch);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    for (const TraceId& id : batch.trace_ids) ++out[id];
  }
  const Warnings found = (*cursor)->warnings();
  if (warnings != nullptr) {
    *warnings = found.size();
  } else if (!found.empty()) {
    return fail(ErrorCode::kDataLoss, found.front().message);
  }
  return out;
}

/// What clients were told.
struct Told {
  std::set<std::uint64_t> stored;
  std::set<std::uint64_t> removed;
  std::set<std::uint64_t> removing;  // asked, not answered: both are right
  std::uint64_t next = 1;
};

void work(FaultFileSystem& fs, TraceStore& store, Told& told, int steps) {
  for (int step = 0; step < steps && !fs.crashed(); ++step) {
    const std::uint64_t number = told.next++;
    if (append(store, number)) told.stored.insert(number);
    if (step % 3 == 2) (void)store.flush();
    if (step % 5 == 4) {
      const std::uint64_t victim = number - 2;
      told.removing.insert(victim);
      if (remove(store, victim)) told.removed.insert(victim);
    }
    if (step % 7 == 6) (void)store.merge_all();
  }
}

/// Empty, or what is wrong.
std::string check(SpanStore& store, const Told& told) {
  const auto traces = traces_in(store);
  if (!traces) return traces.error().message;
  for (const auto& [id, spans] : *traces) {
    if (spans != kSpansPerRequest) return "half a request: " + to_hex(id);
  }
  for (std::uint64_t number = 1; number < told.next; ++number) {
    const bool there = traces->contains(request(number).trace_ids.front());
    if (told.removed.contains(number)) {
      if (there) return "removed, but there: " + std::to_string(number);
    } else if (told.stored.contains(number) && !there && !told.removing.contains(number)) {
      return "acknowledged, but gone: " + std::to_string(number);
    }
  }
  return {};
}

TEST(TraceStoreFault, PowerCutAtEveryCallKeepsWhatWasAcknowledged) {
  SystemClock clock;
  std::uint64_t calls = 1;
  for (std::uint64_t at = 0; at <= calls; ++at) {
    for (const Survivors survivors :
         {Survivors::kNothingUnsynced, Survivors::kSomeUnsynced, Survivors::kPrefixUnsynced}) {
      FaultFileSystem fs(at);
      ASSERT_TRUE(fs.make_directory("/data").has_value());
      ASSERT_TRUE(fs.sync_directory("/", SyncPoint::kStoreParent).has_value());
      const std::uint64_t before = fs.mutations();
      Told told;
      if (at != 0) fs.crash_at(at);
      if (auto store = open_trace_store(fs, clock, small_options()); store) {
        work(fs, **store, told, 15);
      }
      if (at == 0) calls = fs.mutations() - before;
      fs.restart(survivors);
      auto store = open_trace_store(fs, clock, small_options());
      ASSERT_TRUE(store.has_value()) << "call " << at << ": " << store.error().message;
      ASSERT_EQ(check(**store, told), "") << "stopped at call " << at << " of " << calls;
    }
  }
  EXPECT_GT(calls, 100U);
}

TEST(TraceStoreFault, AnyFailingCallKeepsWhatWasAcknowledged) {
  SystemClock clock;
  for (std::uint64_t at = 1; at <= 150; ++at) {
    FaultFileSystem fs(at);
    ASSERT_TRUE(fs.make_directory("/data").has_value());
    ASSERT_TRUE(fs.sync_directory("/", SyncPoint::kStoreParent).has_value());
    Told told;
    fs.fail_at(at);
    if (auto store = open_trace_store(fs, clock, small_options()); store) {
      work(fs, **store, told, 15);
      ASSERT_EQ(check(**store, told), "") << "running, call " << at << " failed";
    }
    fs.restart(Survivors::kNothingUnsynced);
    auto store = open_trace_store(fs, clock, small_options());
    ASSERT_TRUE(store.has_value()) << "call " << at << ": " << store.error().message;
    ASSERT_EQ(check(**store, told), "") << "reopened, call " << at << " had failed";
  }
}

std::uint64_t counter(const SpanStore& store, std::string_view name) {
  for (const Descriptor& cell : store.describe()) {
    if (cell.name == name && cell.counter != nullptr) return cell.counter->value();
  }
  return 0;
}

/// Waits for background work, at most ten seconds.
template <typename Condition>
bool eventually(const Condition& condition) {
  const SystemClock clock;
  const std::int64_t deadline_ns = clock.steady_now_ns() + 10 * kNanosPerSecond;
  while (!condition()) {
    if (clock.steady_now_ns() > deadline_ns) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(TraceStoreFault, FlushPostponedForLackOfSpaceRunsOnceThereIsSome) {
  FaultFileSystem fs(1);
  ASSERT_TRUE(fs.make_directory("/data").has_value());
  ManualClock clock(1'700'000'000 * kNanosPerSecond);
  TraceStoreOptions options = small_options();
  options.flush_bytes = 1;
  options.scheduler.threads = 1;
  options.scheduler.poll_ns = 1'000'000;
  fs.set_capacity_bytes(2 << 20);
  auto store = open_trace_store(fs, clock, options);
  ASSERT_TRUE(store.has_value());
  ASSERT_TRUE(append(**store, 1));
  ASSERT_TRUE(
      eventually([&] { return counter(**store, "binnacle_disk_jobs_postponed_total") > 0; }));
  EXPECT_EQ((*store)->stats().parts, 0U);
  fs.set_capacity_bytes(1 << 30);
  clock.advance_ns(kDiskFullRetryNs);
  EXPECT_TRUE(eventually([&] { return (*store)->stats().parts == 1; }));
}

TEST(TraceStoreFault, FullDiskRefusesRetryablyAndRecovers) {
  FaultFileSystem fs(1);
  ASSERT_TRUE(fs.make_directory("/data").has_value());
  SystemClock clock;
  auto store = open_trace_store(fs, clock, small_options());
  ASSERT_TRUE(store.has_value());
  ASSERT_TRUE(append(**store, 1));
  fs.set_capacity_bytes(0);
  std::promise<Error> refused;
  (*store)->append({}, request(2), [&](const Result<AppendResult>& r) {
    refused.set_value(r ? Error{} : r.error());
  });
  const Error error = refused.get_future().get();
  EXPECT_TRUE(error.retryable()) << error.message;
  EXPECT_GT(error.retry_after_ns, 0);
  EXPECT_FALSE((*store)->flush().has_value());
  fs.set_capacity_bytes(1 << 30);
  EXPECT_TRUE(append(**store, 3));
  EXPECT_TRUE((*store)->flush().has_value());
  Told told{.stored = {1, 3}, .removed = {}, .removing = {2}, .next = 4};
  EXPECT_EQ(check(**store, told), "");
}

TEST(TraceStoreFault, DamagedPartIsReportedAndTheRestIsServed) {
  FaultFileSystem fs(1);
  ASSERT_TRUE(fs.make_directory("/data").has_value());
  SystemClock clock;
  {
    auto store = open_trace_store(fs, clock, small_options());
    ASSERT_TRUE(append(**store, 1));
    ASSERT_TRUE((*store)->flush().has_value());
    ASSERT_TRUE(append(**store, 2));
    ASSERT_TRUE((*store)->flush().has_value());
  }
  const std::string part = "/data/spans/parts/0000000000000001.part";
  std::string whole = *read_file(fs, part, 1 << 20);
  std::uint64_t set_aside = 0;
  for (std::uint64_t at = 0; at < whole.size(); at += 37) {
    FaultFileSystem copy(2);
    ASSERT_TRUE(copy.make_directory("/data").has_value());
    // Every file of the store, one bit of one of them flipped.
    for (const std::string folder : {"", "/parts", "/wal", "/set_aside"}) {
      ASSERT_TRUE(copy.make_directory("/data/spans" + folder).has_value());
      const auto entries = fs.list("/data/spans" + folder);
      for (const DirectoryEntry& entry : *entries) {
        if (entry.is_directory) continue;
        const std::string path = "/data/spans" + folder + "/" + entry.name;
        auto file = copy.open(path, OpenMode::kCreate);
        ASSERT_TRUE((*file)->write_at(0, *read_file(fs, path, 1 << 20)).has_value());
      }
    }
    copy.flip_bit(part, at, static_cast<int>(at % 8));
    auto store = open_trace_store(copy, clock, small_options());
    ASSERT_TRUE(store.has_value()) << "byte " << at << ": " << store.error().message;
    std::size_t warnings = 0;
    const auto traces = traces_in(**store, &warnings);
    ASSERT_TRUE(traces.has_value()) << "byte " << at << ": " << traces.error().message;
    const bool found = (*store)->stats().set_aside_parts == 1;
    if (found) ++set_aside;
    EXPECT_EQ(warnings, found ? 1U : 0U) << "byte " << at;
    EXPECT_EQ(traces->size(), found ? 1U : 2U) << "byte " << at;
    EXPECT_TRUE(traces->contains(request(2).trace_ids.front()));
  }
  EXPECT_GT(set_aside, 0U);
}

}  // namespace
}  // namespace binnacle
