#pragma once

#include "sdk/formats/finished_log.h"
#include "sdk/formats/finished_span.h"
#include "sdk/runtime.h"
#include "sdk/stream_fields.h"
#include "sdk/tick_clock.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

// Gathers ended spans from the memory of all threads, merges what other threads did to them, hands
// them on, and gives their slots back. One sweep:
//
//   1. scan the slots for spans that their owners have ended, and for log records
//   2. read every thread's amend log; what is for open spans is kept until these end
//   3. close spans that another thread has ended: announce it, barrier, and take those whose owner
//      is not writing at this moment (the others: next sweep)
//   4. hand each span and log record to its sink, free its memory
//
// The order of 1 and 2 is what makes an amend that happened before the end never come late. Made
// with the runtime; thread-confined (the export thread).

namespace binnacle::sdk {

class Harvester {
 public:
  explicit Harvester(Runtime& runtime);

  /// For a new run of the SDK: its limits, and its epoch. Spans that were started in an earlier run
  /// and end in this one are dropped (dropped_at_shutdown): they are not this run's to export.
  void begin_run(const FieldLimits& limits, std::uint32_t epoch) noexcept {
    limits_ = limits;
    run_ = static_cast<std::uint8_t>(epoch);
  }

  /// Adds all ended spans and all log records to their sinks. ~1 us for 32 slots scanned, plus the
  /// sinks' work.
  void sweep(SpanSink& spans, LogSink& logs);

 private:
  /// Amends that wait for their span's end; beyond this many bytes new ones are dropped and
  /// counted.
  static constexpr std::size_t kPendingLimitBytes = 2U << 20U;

  struct Amend {
    std::uint32_t position;
    std::uint64_t ticks;
    std::string fields;
  };
  struct Pending {
    std::uint32_t generation = 0;
    std::vector<Amend> amends;
    bool is_closing = false;  ///< ended by another thread
    bool is_end_unix = false;
    std::uint64_t end = 0;
  };
  struct LogCursor {
    AmendLog* log = nullptr;
    std::uint32_t consumed = 0;
  };
  struct Ended {
    Slot* slot;
    std::uint32_t generation;
  };

  /// Makes room for what is kept per slot. Segments, and spans that other threads amend, may lie in
  /// chunks that were granted after a sweep began.
  void cover_chunks(std::size_t chunks);
  void scan();
  void count_started(std::size_t index, std::uint32_t generation, const Slot& slot) noexcept;
  void publish_counts() noexcept;
  void read_amends();
  void read_log(LogCursor& cursor, ThreadState& thread);
  void take_amend(const AmendRecord& record);
  void close_foreign_ended();
  bool is_taken(std::size_t index, std::uint32_t generation) const noexcept {
    return taken_generation_[index] == generation;
  }
  void deliver(const Ended& ended, const TickAnchor& anchor, SpanSink& sink);
  void deliver_logs(const TickAnchor& anchor, LogSink& sink);
  void deliver_log(Slot& slot, const TickAnchor& anchor, LogSink& sink);
  std::string_view collect_fields(Slot& slot, Pending* pending);
  void settle(Slot& slot, const Pending* pending, const TickAnchor& anchor, FinishedSpan& span);
  void free_span(Slot& slot);
  void free_slot(const Slot* slot);

  Runtime& runtime_;
  FieldLimits limits_;
  std::uint8_t run_ = 0;
  TickCalibration calibration_;
  StreamFields fields_;
  bool has_membarrier_ = false;
  std::vector<std::uint32_t> taken_generation_;  // by slot: the last one handed on
  std::vector<std::uint32_t> seen_generation_;   // by slot: the last span that was counted
  std::vector<std::uint32_t> freed_masks_;       // by chunk: slots to give back after this sweep
  std::vector<Ended> ended_;
  std::vector<Ended> logs_;
  std::vector<LogCursor> cursors_;                      // by thread
  std::unordered_map<std::uint32_t, Pending> pending_;  // by slot
  std::uint64_t started_[2] = {};                       // as in ExportCounters
  std::uint64_t ended_count_[2] = {};
  std::uint64_t logs_created_ = 0;
  std::size_t pending_bytes_ = 0;
  std::size_t closing_ = 0;  // entries of pending_ that are closing
  std::string scratch_;
  std::string limited_;
};

}  // namespace binnacle::sdk
