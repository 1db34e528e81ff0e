// Power cuts, kills, failing calls, full disks and flipped bits under the span store: what was
// acknowledged is there, whole and once; what was removed stays away; nothing invented is served.

#include "base/long_run_for_test.h"
#include "io/file/fault_file_system.h"
#include "store/trace/trace_store.h"
#include "tests/conformance/span_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <string>
#include <vector>

namespace binnacle {
namespace {

using conformance::append_span;
using conformance::kFirstStartNs;
using conformance::span_text;

const std::string kStore = "/data/spans";
constexpr std::uint64_t kSpansPerTrace = 3;

SpanBatch trace_batch(std::uint64_t trace) {
  SpanBatch b;
  for (std::uint64_t s = 1; s <= kSpansPerTrace; ++s) {
    append_span(b, TraceId{9, trace}, SpanId{s}, SpanKind::kServer,
                kFirstStartNs + trace * 1'000'000 + s);
  }
  return b;
}

enum class Promise { kNone, kTried, kKept };

// What clients were told, by trace.
struct Promises {
  struct Trace {
    Promise stored = Promise::kNone;
    Promise removed = Promise::kNone;
  };
  std::map<std::uint64_t, Trace> traces;
  std::uint64_t next = 1;
};

std::unique_ptr<FaultFileSystem> make_disk(std::uint64_t seed) {
  auto fs = std::make_unique<FaultFileSystem>(seed);
  EXPECT_TRUE(fs->make_directory("/data"));
  EXPECT_TRUE(fs->sync_directory("/", SyncPoint::kStoreParent));
  return fs;
}

class Store {
 public:
  explicit Store(FaultFileSystem& fs) {
    TraceStoreOptions options;
    options.directory = kStore;
    options.scheduler.threads = 0;
    options.wal.segment_bytes = 4096;
    options.wal.preallocate_bytes = 1024;
    options.cache_bytes = 1 << 20;
    options.wal.reopen_wait_ns = 0;
    options.reserve = {.reserve_bytes = 0, .hysteresis_bytes = 0, .refresh_ns = 0};
    auto opened = open_trace_store(fs, clock_, std::move(options));
    if (opened) {
      store_ = std::move(*opened);
    } else {
      error_ = opened.error();
    }
  }
  [[nodiscard]] bool open() const { return store_ != nullptr; }
  [[nodiscard]] const Error& error() const { return error_; }
  TraceStore& operator*() { return *store_; }
  TraceStore* operator->() { return store_.get(); }

  Status append(SpanBatch batch) {
    std::promise<Status> done;
    store_->append({}, std::move(batch), [&](Result<AppendResult> r) {
      done.set_value(r ? Status() : std::unexpected(r.error()));
    });
    return done.get_future().get();
  }
  Status remove(std::uint64_t trace) {
    std::promise<Status> done;
    store_->remove({}, {TraceId{9, trace}}, [&](Status s) { done.set_value(std::move(s)); });
    return done.get_future().get();
  }

  struct Content {
    std::map<std::uint64_t, std::vector<std::string>> traces;
    Warnings warnings;
    Status status;
  };
  Content content() {
    Content out;
    auto cursor = store_->scan({}, {});
    if (!cursor) {
      out.status = std::unexpected(cursor.error());
      return out;
    }
    SpanBatch batch;
    for (;;) {
      const auto more = (*cursor)->next(batch);
      if (!more) {
        out.status = std::unexpected(more.error());
        break;
      }
      if (!*more) break;
      for (std::size_t i = 0; i < batch.size(); ++i) {
        out.traces[batch.trace_ids[i].low].push_back(span_text(batch, i));
      }
    }
    for (auto& [trace, spans] : out.traces) std::ranges::sort(spans);
    out.warnings = (*cursor)->warnings();
    return out;
  }

 private:
  ManualClock clock_{1'700'000'000'000'000'000, 1};
  std::unique_ptr<TraceStore> store_;
  Error error_;
};

void work(FaultFileSystem& fs, Store& store, Promises& promises, std::uint64_t seed, int steps) {
  Random random(seed);
  for (int step = 0; step < steps && !fs.crashed(); ++step) {
    const std::uint64_t some = 1 + random.below(std::max<std::uint64_t>(1, promises.next - 1));
    switch (random.below(8)) {
      case 0:
      case 1:
        static_cast<void>(store->flush());
        break;
      case 2:
        static_cast<void>(store->merge_all());
        break;
      case 3: {
        auto& p = promises.traces[some];
        if (p.stored == Promise::kNone || p.removed != Promise::kNone) break;
        p.removed = Promise::kTried;
        if (store.remove(some)) p.removed = Promise::kKept;
        break;
      }
      case 4: {  // a retry of what may or may not have arrived
        auto& p = promises.traces[some];
        if (p.stored == Promise::kNone || p.removed != Promise::kNone) break;
        if (store.append(trace_batch(some))) p.stored = Promise::kKept;
        break;
      }
      default: {
        const std::uint64_t trace = promises.next++;
        promises.traces[trace].stored = Promise::kTried;
        if (store.append(trace_batch(trace))) promises.traces[trace].stored = Promise::kKept;
      }
    }
  }
}

// What is wrong with a store's content, in words; empty if nothing is.
std::string check(Store& store, const Promises& promises) {
  auto content = store.content();
  if (!content.status) return "scan fails: " + content.status.error().message;
  if (!content.warnings.empty()) return "warns: " + content.warnings.front().message;
  for (const auto& [trace, promise] : promises.traces) {
    const auto spans = content.traces[trace];
    const std::string where = "trace " + std::to_string(trace) + ": ";
    if (!spans.empty() && spans != conformance::span_texts(trace_batch(trace))) {
      return where + std::to_string(spans.size()) + " spans, not the whole trace once";
    }
    const bool there = !spans.empty();
    if (promise.removed == Promise::kKept && there) return where + "was removed, is back";
    if (promise.stored == Promise::kKept && promise.removed == Promise::kNone && !there) {
      return where + "was acknowledged, is lost";
    }
    if (promise.stored == Promise::kNone && there) return where + "was never sent";
  }
  return {};
}

struct Crash {
  std::uint64_t seed = 1;
  std::uint64_t at = 0;
  Survivors survivors = Survivors::kNothingUnsynced;
};

std::string run_crash(const Crash& crash, std::uint64_t* mutations = nullptr) {
  const auto fs = make_disk(crash.seed * 1000 + crash.at);
  const std::uint64_t before = fs->mutations();
  Promises promises;
  if (crash.at != 0) fs->crash_at(crash.at);
  {
    Store store(*fs);
    if (store.open()) work(*fs, store, promises, crash.seed, 16);
  }
  if (mutations != nullptr) *mutations = fs->mutations() - before;
  fs->restart(crash.survivors);
  Store store(*fs);
  if (!store.open()) return "does not open: " + store.error().message;
  if (std::string wrong = check(store, promises); !wrong.empty()) return wrong;
  // What was half done must not stand in the way of going on.
  work(*fs, store, promises, crash.seed + 100, 6);
  if (Status s = store->flush(); !s) return "flush: " + s.error().message;
  if (Status s = store->merge_all(); !s) return "merge: " + s.error().message;
  return check(store, promises);
}

// Sanitised runs take some 20 ms each: these keep the test under half a minute on a busy machine.
const std::uint64_t kSampleStride = rounds_of_test<std::uint64_t>(5, 1);
const std::uint64_t kSeeds = rounds_of_test<std::uint64_t>(3, 40);

TEST(TraceCrash, AcknowledgedSpansOutliveACrashAtEveryCall) {
  Random random(3);
  // Every call of the first seed; of the others, a different stride of them for each kind of cut.
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    std::uint64_t calls = 0;
    ASSERT_EQ(run_crash({.seed = seed}, &calls), "");
    ASSERT_GT(calls, 20U) << "the work of seed " << seed << " is too little to crash in";
    for (const Survivors survivors : {Survivors::kNothingUnsynced, Survivors::kSomeUnsynced,
                                      Survivors::kPrefixUnsynced, Survivors::kEverything}) {
      const std::uint64_t stride = seed == 1 ? 1 : kSampleStride;
      for (std::uint64_t at = 1 + random.below(stride); at <= calls; at += stride) {
        ASSERT_EQ(run_crash({seed, at, survivors}), "")
            << "seed " << seed << ", stopped at call " << at << " of " << calls << ", survivors "
            << static_cast<int>(survivors);
      }
    }
  }
}

TEST(TraceCrash, OneFailingCallLosesNothingAndStopsNothing) {
  std::uint64_t calls = 0;
  ASSERT_EQ(run_crash({.seed = 5}, &calls), "");
  for (std::uint64_t at = 1; at <= calls; at += 2) {
    const auto fs = make_disk(at);
    Promises promises;
    fs->fail_at(at);
    {
      Store store(*fs);
      if (!store.open()) continue;  // the call was part of opening
      work(*fs, store, promises, 5, 16);
      ASSERT_EQ(check(store, promises), "") << "failed call " << at;
      // The failing call may be one of these; a second attempt must then do.
      const std::uint64_t trace = promises.next++;
      promises.traces[trace].stored = Promise::kKept;
      ASSERT_TRUE(store.append(trace_batch(trace)) || store.append(trace_batch(trace)))
          << "failed call " << at;
      ASSERT_TRUE(store->flush() || store->flush()) << "failed call " << at;
      ASSERT_EQ(check(store, promises), "") << "failed call " << at;
    }
    fs->restart(Survivors::kNothingUnsynced);
    Store store(*fs);
    ASSERT_TRUE(store.open()) << store.error().message;
    ASSERT_EQ(check(store, promises), "") << "failed call " << at << ", after a power cut";
  }
}

TEST(TraceCrash, AFailedLogSyncRefusesTheAppendAndOnlyThat) {
  const auto fs = make_disk(1);
  Store store(*fs);
  ASSERT_TRUE(store.append(trace_batch(1)));
  fs->fail_sync(SyncPoint::kWalGroup, 1);
  const Status refused = store.append(trace_batch(2));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(store.content().traces.contains(2)) << "never seen before it is durable";
  ASSERT_TRUE(store.append(trace_batch(3)));
  EXPECT_EQ(store.content().traces.size(), 2U);
}

TEST(TraceCrash, AFullDiskRefusesAndRecovers) {
  const auto fs = make_disk(1);
  Promises promises;
  Store store(*fs);
  ASSERT_TRUE(store.open());
  fs->set_capacity_bytes(24 << 10);
  Status status;
  while (status && promises.next < 10'000) {
    const std::uint64_t trace = promises.next++;
    promises.traces[trace].stored = Promise::kTried;
    status = store.append(trace_batch(trace));
    if (status) promises.traces[trace].stored = Promise::kKept;
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable) << status.error().message;
  EXPECT_GT(status.error().retry_after_ns, 0);
  EXPECT_EQ(check(store, promises), "") << "what is there is still served";
  static_cast<void>(store->flush());  // may fail for the same reason; must not lose anything
  EXPECT_EQ(check(store, promises), "");
  fs->set_capacity_bytes(std::uint64_t{1} << 30);
  ASSERT_TRUE(store->flush());
  ASSERT_TRUE(store.append(trace_batch(promises.next)));
  promises.traces[promises.next++].stored = Promise::kKept;
  EXPECT_EQ(check(store, promises), "");
}

// A store with parts of many row groups' worth of blocks, closed.
std::map<std::uint64_t, std::vector<std::string>> fill(FaultFileSystem& fs) {
  Store store(fs);
  for (std::uint64_t trace = 1; trace <= 40; ++trace) {
    EXPECT_TRUE(store.append(trace_batch(trace)));
    if (trace % 10 != 0) continue;
    EXPECT_TRUE(store->flush()) << trace;
  }
  return store.content().traces;
}

TEST(TraceCrash, FlippedBitsInPartsAreNeverServed) {
  Random random(11);
  int noticed = 0;
  for (int round = 0; round < 60; ++round) {
    const auto fs = make_disk(static_cast<std::uint64_t>(round));
    const auto whole = fill(*fs);
    const auto parts = fs->list(kStore + "/parts");
    ASSERT_TRUE(parts);
    ASSERT_EQ(parts->size(), 4U);
    const std::string path = kStore + "/parts/" + (*parts)[random.below(4)].name;
    const auto bytes = read_file(*fs, path, 1 << 20);
    fs->flip_bit(path, random.below(bytes->size()), static_cast<int>(random.below(8)));
    Store store(*fs);
    ASSERT_TRUE(store.open()) << store.error().message;
    auto content = store.content();
    ASSERT_TRUE(content.status) << content.status.error().message;
    for (const auto& [trace, spans] : content.traces) {
      ASSERT_EQ(spans, whole.at(trace)) << "round " << round;
    }
    const TraceId id{9, 5};
    EXPECT_TRUE(store->read_traces({}, {&id, 1}));
    EXPECT_TRUE(store->values({}, {FieldKind::kServiceName, ""}, {}, 10));
    EXPECT_TRUE(store->find_traces({}, {}));
    if (content.traces.size() == whole.size()) continue;  // a bit that this answer did not need
    ++noticed;
    EXPECT_FALSE(content.warnings.empty()) << "an incomplete answer says so";
    EXPECT_EQ(content.traces.size(), 30U) << "the other parts are served";
    EXPECT_EQ(store->stats().set_aside_parts, 1U);
    EXPECT_FALSE(store.content().warnings.empty()) << "and says so next time";
    EXPECT_TRUE(store.append(trace_batch(99)));
    EXPECT_TRUE(store->flush());
  }
  EXPECT_GT(noticed, 15);
}

TEST(TraceCrash, ADamagedPartDoesNotStopMerging) {
  const auto fs = make_disk(1);
  fill(*fs);
  const auto parts = fs->list(kStore + "/parts");
  const std::string path = kStore + "/parts/" + (*parts)[1].name;
  fs->flip_bit(path, 60, 3);  // in the first block
  Store store(*fs);
  ASSERT_TRUE(store.open());
  static_cast<void>(store->merge_all());  // meets the damage
  ASSERT_TRUE(store->merge_all());
  EXPECT_EQ(store->stats().parts, 1U);
  EXPECT_EQ(store->stats().set_aside_parts, 1U);
  EXPECT_EQ(store.content().traces.size(), 30U);
}

}  // namespace
}  // namespace binnacle
