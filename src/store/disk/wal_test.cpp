#include "store/disk/wal.h"

#include "io/file/fault_file_system.h"
#include "store/disk/wal_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace binnacle {
namespace {

struct Replayed {
  WalSequence sequence = 0;
  std::string payload;
  std::uint8_t type = 0;
  std::uint16_t producer = 0;
  bool after_damage = false;
};

/// A log in memory.
class WalTest : public testing::Test {
 protected:
  WalTest() {
    EXPECT_TRUE(fs_.make_directory("/wal").has_value());
    EXPECT_TRUE(fs_.make_directory("/set_aside").has_value());
    EXPECT_TRUE(fs_.sync_directory("/", SyncPoint::kStoreLayout).has_value());
    options_.preallocate_bytes = 4096;
    options_.salt_seed = 1;
    options_.commit_on_thread = false;
  }
  void open(WalSequence checkpoint = 0) {
    wal_.reset();
    replayed_.clear();
    Result<std::unique_ptr<Wal>> wal =
        Wal::open(fs_, "/wal", "/set_aside", options_, clock_, reserve_, probe_, checkpoint,
                  [this](const WalRecord& r) -> Result<ReplayOutcome> {
                    replayed_.push_back(
                        {r.sequence, std::string(r.payload), r.type, r.producer, r.after_damage});
                    return r.after_damage ? ReplayOutcome::kSetAside : ReplayOutcome::kUsed;
                  });
    ASSERT_TRUE(wal.has_value()) << wal.error().message;
    wal_ = std::move(*wal);
  }
  /// Ends the machine; the log object of before is dead.
  void restart(Survivors survivors) {
    fs_.crash_at(1);
    wal_.reset();
    fs_.restart(survivors);
  }
  /// Queues one; its result lands in results_.
  Result<WalSequence> queue(std::string payload, WalSegment segment = 0) {
    return wal_->append(
        {.type = 3, .producer = 5, .segment = segment, .payload = std::move(payload)},
        [this](Result<WalSequence> r) { results_.push_back(std::move(r)); });
  }
  void append(std::string payload) {
    ASSERT_TRUE(queue(std::move(payload)).has_value());
    ASSERT_TRUE(wal_->commit_queued());
    ASSERT_TRUE(results_.back().has_value()) << results_.back().error().message;
  }
  std::vector<std::string> payloads() const {
    std::vector<std::string> out;
    for (const Replayed& record : replayed_) out.push_back(record.payload);
    return out;
  }

  FaultFileSystem fs_{1};
  ManualClock clock_{0};
  DiskProbe probe_;
  DiskReserve reserve_{
      fs_, "/wal", {.reserve_bytes = 0, .hysteresis_bytes = 0, .refresh_ns = 0}, clock_, probe_};
  WalOptions options_;
  std::unique_ptr<Wal> wal_;
  std::vector<Replayed> replayed_;
  std::vector<Result<WalSequence>> results_;
};

using Payloads = std::vector<std::string>;

TEST_F(WalTest, WhatIsQueuedIsOneGroupAndOneSync) {
  open();
  append("opens the segment");
  const std::uint64_t syncs = fs_.syncs(SyncPoint::kWalGroup);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(queue(std::to_string(i)).has_value());
  EXPECT_EQ(wal_->durable_sequence(), 1U);
  EXPECT_TRUE(wal_->commit_queued());
  EXPECT_FALSE(wal_->commit_queued());
  EXPECT_EQ(fs_.syncs(SyncPoint::kWalGroup), syncs + 1);
  EXPECT_EQ(wal_->durable_sequence(), 101U);
  ASSERT_EQ(results_.size(), 101U);
  for (std::size_t i = 0; i < results_.size(); ++i) EXPECT_EQ(results_[i].value_or(0), i + 1);
  EXPECT_EQ(probe_.wal_groups.value(), 2U);
}

TEST_F(WalTest, ReplayGivesBackTypeProducerAndBytesAboveTheCheckpoint) {
  open();
  append("one");
  append("");
  append(std::string(10'000, 'x'));
  restart(Survivors::kNothingUnsynced);
  open(1);
  ASSERT_EQ(payloads(), (Payloads{"", std::string(10'000, 'x')}));
  EXPECT_EQ(replayed_[0].sequence, 2U);
  EXPECT_EQ(replayed_[0].type, 3);
  EXPECT_EQ(replayed_[0].producer, 5);
  EXPECT_TRUE(wal_->damage().empty());
}

TEST_F(WalTest, OverheadOfARecordStaysBelow64Bytes) {
  open();
  append("x");
  const std::uint64_t before = probe_.wal_bytes.value();
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(queue(std::string(101, 'x')).has_value());
  wal_->commit_queued();
  const std::uint64_t per_record = (probe_.wal_bytes.value() - before) / 1000;
  EXPECT_LT(per_record - 101, 64U);
}

TEST_F(WalTest, FullQueueRefusesAndTakesNothing) {
  options_.queue_limit_records = 2;
  open();
  ASSERT_TRUE(queue("a").has_value());
  ASSERT_TRUE(queue("b").has_value());
  WalAppend record{.payload = "c"};
  bool called = false;
  WalCompletion done = [&](const Result<WalSequence>&) { called = true; };
  // A refused append takes nothing, that is what the rest is about.
  // NOLINTBEGIN(bugprone-use-after-move)
  const Result<WalSequence> refused = wal_->append(std::move(record), std::move(done));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kResourceExhausted);
  EXPECT_GT(refused.error().retry_after_ns, 0);
  EXPECT_EQ(record.payload, "c") << "not moved from, so that the caller can try again";
  EXPECT_EQ(probe_.wal_refused_queue_full.value(), 1U);
  wal_->commit_queued();
  EXPECT_TRUE(wal_->append(std::move(record), std::move(done)).has_value());
  // NOLINTEND(bugprone-use-after-move)
  wal_->commit_queued();
  EXPECT_TRUE(called);
}

TEST_F(WalTest, RecordEncodedForAnEndedSegmentHasToBeEncodedAgain) {
  options_.segment_bytes = 1000;
  open();
  const WalSegment first = wal_->current_segment();
  ASSERT_TRUE(queue(std::string(2000, 'x'), first).has_value());
  const WalSegment second = wal_->current_segment();
  EXPECT_GT(second, first);
  const Result<WalSequence> stale = queue("for the first", first);
  ASSERT_FALSE(stale.has_value());
  EXPECT_EQ(stale.error().code, ErrorCode::kFailedPrecondition);
  ASSERT_TRUE(queue("for the second", second).has_value());
  while (wal_->commit_queued()) {
  }
  restart(Survivors::kNothingUnsynced);
  open();
  EXPECT_EQ(payloads(), (Payloads{std::string(2000, 'x'), "for the second"}));
}

TEST_F(WalTest, FailedSyncFailsItsRecordsForGoodAndTheNextSegmentTakesOver) {
  open();
  append("kept");
  const WalSegment segment = wal_->current_segment();
  ASSERT_TRUE(queue("refused 1").has_value());
  ASSERT_TRUE(queue("refused 2").has_value());
  fs_.fail_sync(SyncPoint::kWalGroup, 1);
  wal_->commit_queued();
  ASSERT_EQ(results_.size(), 3U);
  EXPECT_EQ(results_[1].error().code, ErrorCode::kUnavailable);
  EXPECT_TRUE(results_[2].error().retryable());
  EXPECT_EQ(wal_->durable_sequence(), 3U) << "has failed";
  EXPECT_GT(wal_->current_segment(), segment);
  EXPECT_EQ(probe_.wal_poisoned_segments.value(), 1U);
  append("after");
  for (const Survivors survivors : {Survivors::kEverything, Survivors::kNothingUnsynced}) {
    restart(survivors);
    open();
    EXPECT_EQ(payloads(), (Payloads{"kept", "after"}));
    EXPECT_TRUE(wal_->damage().empty());
  }
}

TEST_F(WalTest, QueuedRecordsOfAPoisonedSegmentFailWithItInOrder) {
  options_.group_limit_bytes = 1;
  open();
  append("kept");
  for (const char* payload : {"a", "b", "c"}) ASSERT_TRUE(queue(payload).has_value());
  fs_.fail_sync(SyncPoint::kWalGroup, 1);
  wal_->commit_queued();
  ASSERT_EQ(results_.size(), 4U) << "those behind are told too: their dictionary is gone";
  EXPECT_FALSE(wal_->commit_queued());
  append("next");
  EXPECT_EQ(results_.back().value_or(0), 5U) << "sequences of refused records are not used again";
}

TEST_F(WalTest, RefusesWhileNoSegmentCanBeOpenedAndRecoversByItself) {
  open();
  fs_.set_capacity_bytes(100);
  ASSERT_TRUE(queue("x").has_value());
  wal_->commit_queued();
  ASSERT_FALSE(results_.back().has_value());
  EXPECT_NE(results_.back().error().message.find("No space left"), std::string::npos);
  const Result<WalSequence> refused = queue("y");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(probe_.wal_refused_unavailable.value(), 1U);
  fs_.set_capacity_bytes(1 << 20);
  clock_.advance_ns(options_.reopen_wait_ns);
  append("z");
}

TEST_F(WalTest, DiskReserveRefusesAppendsWithTheRemedy) {
  DiskReserve reserve(fs_, "/wal",
                      {.reserve_bytes = 10'000, .hysteresis_bytes = 5'000, .refresh_ns = 0}, clock_,
                      probe_);
  fs_.set_capacity_bytes(30'000);
  EXPECT_TRUE(reserve.admit_append(100).has_value());
  fs_.set_capacity_bytes(9'000);
  const Status refused = reserve.admit_append(100);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find("free space or lower retention"), std::string::npos);
  EXPECT_EQ(probe_.disk_reserve_reached.value(), 1);
  fs_.set_capacity_bytes(11'000);
  EXPECT_FALSE(reserve.admit_append(100).has_value()) << "only well above the reserve again";
  fs_.set_capacity_bytes(16'000);
  EXPECT_TRUE(reserve.admit_append(100).has_value());
  EXPECT_EQ(probe_.disk_reserve_reached.value(), 0);
}

TEST_F(WalTest, DamageInTheMiddleIsReportedAndWhatFollowsIsMarked) {
  open();
  for (const char* payload : {"one", "two", "three", "four"}) append(payload);
  restart(Survivors::kEverything);
  // "two" follows the header and "one" (32 + 3 bytes, padded to 40).
  fs_.flip_bit(wal_segment_path("/wal", 1), 64 + 40 + 33, 0);
  open();
  EXPECT_EQ(payloads(), (Payloads{"one", "three", "four"}));
  EXPECT_FALSE(replayed_[0].after_damage);
  EXPECT_TRUE(replayed_[1].after_damage);
  ASSERT_EQ(wal_->damage().size(), 1U);
  EXPECT_EQ(wal_->damage()[0].first_lost, 2U);
  EXPECT_EQ(wal_->damage()[0].last_lost, 2U);
  EXPECT_NE(wal_->damage()[0].message.find("byte 104"), std::string::npos)
      << wal_->damage()[0].message;
  EXPECT_EQ(probe_.wal_set_aside_records.value(), 2U);
  EXPECT_TRUE(*fs_.exists("/set_aside/0000000000000001.wal"));
  append("goes on");
  EXPECT_EQ(results_.back().value_or(0), 5U);
}

TEST_F(WalTest, MissingSegmentIsReportedAsLostRecords) {
  options_.segment_bytes = 1;
  open();
  append("one");
  append("two");
  append("three");
  restart(Survivors::kEverything);
  ASSERT_TRUE(fs_.remove(wal_segment_path("/wal", 2)).has_value());
  open();
  EXPECT_EQ(payloads(), (Payloads{"one", "three"}));
  ASSERT_EQ(wal_->damage().size(), 1U);
  EXPECT_EQ(wal_->damage()[0].first_lost, 2U);
  EXPECT_EQ(wal_->damage()[0].last_lost, 2U);
}

TEST_F(WalTest, RecordsThatAreInPartsAlreadyAreNotMissed) {
  options_.segment_bytes = 1;
  open();
  append("one");
  append("two");
  append("three");
  restart(Survivors::kEverything);
  fs_.flip_bit(wal_segment_path("/wal", 1), 64 + 33, 0);
  open(1);
  EXPECT_EQ(payloads(), (Payloads{"two", "three"}));
  EXPECT_TRUE(wal_->damage().empty());
}

TEST_F(WalTest, PayloadThatImitatesARecordIsNeverTakenForOne) {
  open();
  std::string imitation(kWalRecordHeaderBytes, '\0');
  // All that a stranger can know: not the segment's salt.
  encode_wal_record_header({.sequence = 2,
                            .durable_sequence = 1,
                            .payload_checksum = 0,
                            .payload_bytes = 0,
                            .producer = 0,
                            .type = 0},
                           0, imitation.data());
  append(imitation + imitation + imitation);
  append("two");
  restart(Survivors::kEverything);
  fs_.flip_bit(wal_segment_path("/wal", 1), 64 + 4, 0);
  open();
  EXPECT_EQ(payloads(), (Payloads{"two"}));
}

TEST(WalFormat, FilesThatEndAtAnyByteAreReadToTheirEndAndNoFurther) {
  const WalSegmentHeader header{.segment = 1, .salt = 5, .first_sequence = 1};
  std::string segment = encode_wal_segment_header(header);
  for (std::size_t extra = 0; extra < 40; ++extra) {
    // On the heap, exactly as long as it is, so that a sanitizer sees a read behind it.
    const std::vector<char> bytes(segment.begin(), segment.end());
    const WalScan scan = scan_wal_segment({bytes.data(), bytes.size()}, header);
    EXPECT_TRUE(scan.records.empty());
    EXPECT_EQ(scan.end_bytes, kWalSegmentHeaderBytes);
    segment.push_back('x');
  }
}

TEST_F(WalTest, ProducersOnThreadsKeepTheirOrderAndShareSyncs) {
  options_.commit_on_thread = true;
  open();
  constexpr int kProducers = 8;
  constexpr int kEach = 200;
  std::vector<std::thread> producers;
  std::atomic<int> failures{0};
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([&, p] {
      for (int i = 0; i < kEach; ++i) {
        std::promise<bool> durable;
        const auto sequence =
            wal_->append({.producer = static_cast<std::uint16_t>(p), .payload = std::to_string(i)},
                         [&](const Result<WalSequence>& r) { durable.set_value(r.has_value()); });
        if (!sequence || !durable.get_future().get() || wal_->durable_sequence() < *sequence) {
          ++failures;
        }
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  EXPECT_EQ(failures.load(), 0);
  wal_->close();
  EXPECT_FALSE(queue("late").has_value());
  options_.commit_on_thread = false;
  restart(Survivors::kNothingUnsynced);
  open();
  ASSERT_EQ(replayed_.size(), static_cast<std::size_t>(kProducers * kEach));
  std::vector<int> next(kProducers, 0);
  for (const Replayed& record : replayed_) {
    EXPECT_EQ(record.payload, std::to_string(next[record.producer]++));
  }
}

TEST_F(WalTest, SegmentsRollAndAreReleasedWhileThreadsAppend) {
  options_.commit_on_thread = true;
  options_.segment_bytes = 2'000;
  open();
  std::vector<std::thread> producers;
  for (int p = 0; p < 4; ++p) {
    producers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        std::promise<void> done;
        (void)wal_->append({.payload = std::string(50, 'x')},
                           [&](const Result<WalSequence>&) { done.set_value(); });
        done.get_future().wait();
        if (i % 16 == 0) (void)wal_->release_through(wal_->durable_sequence());
      }
    });
  }
  for (std::thread& producer : producers) producer.join();
  wal_->close();
  EXPECT_TRUE(wal_->release_through(800).has_value());
  EXPECT_TRUE(fs_.list("/wal")->empty());
  EXPECT_EQ(wal_->durable_sequence(), 800U);
}

TEST_F(WalTest, CloseCommitsWhatIsQueued) {
  open();
  ASSERT_TRUE(queue("a").has_value());
  ASSERT_TRUE(queue("b").has_value());
  wal_->close();
  EXPECT_EQ(results_.size(), 2U);
  restart(Survivors::kNothingUnsynced);
  open();
  EXPECT_EQ(payloads(), (Payloads{"a", "b"}));
}

}  // namespace
}  // namespace binnacle
