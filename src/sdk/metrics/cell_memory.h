#pragma once

#include "sdk/metrics/cells.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

// The cells of all threads: tables, blocks, and who has which. One per process, and a new one in a
// forked child, where the inherited one is abandoned as it stands. Never destroyed. Internally
// locked.
//
// A thread that exits leaves its cells where they are. Either a new thread continues them, or the
// next collection folds them into the series' totals (claim_exited) and gives the memory back.

namespace binnacle::sdk {

class CellMemory {
 public:
  /// Threads that may have cells at the same time; the others record into shared cells. Each takes
  /// 64 bytes, the touched pages of a 16 KB table, and its blocks.
  static constexpr std::size_t kMaxThreads = 4096;
  /// Blocks of all threads together: 1,024 of 4 KB. 8 threads with 100 histograms and 300 counters
  /// each take 84.
  static constexpr std::size_t kDefaultLimitBytes = std::size_t{4} << 20U;

  CellMemory(const CellMemory&) = delete;
  CellMemory& operator=(const CellMemory&) = delete;

  /// Null if the address ranges cannot be had.
  static CellMemory* create(std::size_t limit_bytes) noexcept;

  /// True in a forked child that still holds its parent's memory.
  bool is_inherited() const noexcept { return fork_canary_->load(std::memory_order_relaxed) == 0; }
  /// In a forked child where pages are not wiped by the kernel.
  void forget_in_child() noexcept { fork_canary_->store(0, std::memory_order_relaxed); }

  /// A state for the calling thread; null (and counted) if there are too many threads.
  MetricThread* attach_thread() noexcept;
  /// Brings the calling thread's cells into the current run: those of an earlier one become zero.
  void refresh(MetricThread& thread) noexcept;
  /// The thread is exiting.
  void detach_thread(MetricThread& thread) noexcept;
  /// The calling thread's block, made if it has none; null (and counted) at the limit.
  Word* block_of(MetricThread& thread, std::uint32_t block) noexcept;

  /// For collecting: every thread whose cells may count. Includes those of claim_exited().
  std::vector<MetricThread*> threads_of_run(std::uint32_t epoch);
  /// Takes the cells of exited threads out of use until release_claimed().
  std::vector<MetricThread*> claim_exited();
  /// Gives their blocks back, and the states to new threads.
  void release_claimed(const std::vector<MetricThread*>& claimed) noexcept;

  std::size_t memory_bytes() noexcept;
  std::uint64_t blocks_refused() const noexcept {
    return blocks_refused_.load(std::memory_order_relaxed);
  }

 private:
  CellMemory() = default;
  bool map_memory(std::size_t limit_bytes) noexcept;
  void release_blocks(MetricThread& thread) noexcept;

  std::atomic<std::uint64_t>* fork_canary_ = nullptr;  // first word of the wipe-on-fork pages
  MetricThread* threads_ = nullptr;
  BlockTable* tables_ = nullptr;
  char* blocks_ = nullptr;
  std::size_t limit_blocks_ = 0;
  std::atomic<std::uint64_t> blocks_refused_{0};

  std::mutex mutex_;  // guards what follows
  std::size_t touched_threads_ = 0;
  std::size_t touched_blocks_ = 0;
  std::vector<std::uint32_t> free_threads_;
  std::vector<std::uint32_t> free_blocks_;
};

/// The process's cells; null before the first start. In a forked child they may be the parent's.
extern std::atomic<CellMemory*> g_cell_memory;

/// Attaches the calling thread to `memory` and keeps it attached until the thread exits. Null if
/// there is no room for it.
MetricThread* attach_metric_thread(CellMemory& memory) noexcept;

}  // namespace binnacle::sdk
