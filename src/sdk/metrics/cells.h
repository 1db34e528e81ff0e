#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

// Where one thread keeps its part of the sums: cells, each written by its thread alone with plain
// loads and stores, and read by whoever collects. A cell is a few words inside a 4 KB block; every
// series has a place (block number, word) that is the same in all threads, so that finding a cell
// is two loads: the thread's table, the block. Blocks come when a thread first touches one.
//
// MetricThreads live in pages that a forked child sees zeroed: there epoch is 0, so that the
// child's first measurement takes the slow path and the parent's numbers stay the parent's.

namespace binnacle::sdk {

class CellMemory;

/// All words of cells are atomic, relaxed unless said otherwise: one writer, many readers.
using Word = std::atomic<std::uint64_t>;
static_assert(sizeof(Word) == 8);

inline constexpr std::size_t kBlockBytes = 4096;
inline constexpr std::size_t kBlockWords = kBlockBytes / sizeof(Word);
/// Blocks that all series together may span: 8 MiB of cells, about 28,000 histograms of 16 bounds.
/// Series beyond it are kept in shared cells, under a lock.
inline constexpr std::uint32_t kMaxBlocks = 2047;
/// The block that no thread ever has: a series without a place of its own.
inline constexpr std::uint32_t kNoBlock = kMaxBlocks;

/// A thread's blocks by number; null until touched.
using BlockTable = std::atomic<Word*>[kMaxBlocks + 1];

struct alignas(64) MetricThread {
  /// Equal to g_metric_epoch if this thread may record; else it takes the slow path.
  std::uint32_t epoch;
  /// The run that the cells' contents belong to.
  std::atomic<std::uint32_t> cells_epoch;
  std::atomic<Word*>* blocks;
  std::atomic<std::uint32_t> block_count;
  CellMemory* memory;
};

// Hidden, here and below: found relative to the code, without a look into the table of the linker.

/// Never null: a thread that has not recorded points at a shared, inert object.
extern constinit thread_local MetricThread* t_metrics
    [[gnu::tls_model("initial-exec"), gnu::visibility("hidden")]];

/// g_metric_epoch while nothing is recorded. Zero is no epoch at all: what a forked child finds.
inline constexpr std::uint32_t kMetricEpochOff = 1;
/// Which run is recording. Changes with every start and stop.
extern std::atomic<std::uint32_t> g_metric_epoch [[gnu::visibility("hidden")]];
/// Counts collections, from 1: which interval the extremes of histograms belong to.
extern std::atomic<std::uint64_t> g_metric_period [[gnu::visibility("hidden")]];

// std::atomic takes doubles through a general register, which makes adding to one that was just
// stored twice as slow (15 cycles instead of 9: the moves between the registers stand in the way of
// each addition). So x86-64 gets its instructions from here, where 8 aligned bytes are atomic too.
#if defined(__SANITIZE_THREAD__)
#define BINNACLE_REAL_BY_WORD 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define BINNACLE_REAL_BY_WORD 1
#endif
#endif
#if !defined(__x86_64__) && !defined(BINNACLE_REAL_BY_WORD)
#define BINNACLE_REAL_BY_WORD 1
#endif

inline double read_real(const Word& word) noexcept {
#ifdef BINNACLE_REAL_BY_WORD
  return std::bit_cast<double>(word.load(std::memory_order_relaxed));
#else
  double value = 0;
  asm volatile("movsd %1, %0" : "=x"(value) : "m"(word));
  return value;
#endif
}
inline void write_real(Word& word, double value,
                       std::memory_order order = std::memory_order_relaxed) noexcept {
  word.store(std::bit_cast<std::uint64_t>(value), order);
}
/// Adds to a word that only this thread writes.
inline void add_to(Word& word, std::uint64_t n) noexcept {
  word.store(word.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}
inline void add_real_to(Word& word, double value) noexcept {
#ifdef BINNACLE_REAL_BY_WORD
  write_real(word, read_real(word) + value);
#else
  double sum = value;
  asm volatile("addsd %1, %0\n\tmovsd %0, %1" : "+x"(sum), "+m"(word));
#endif
}

/// How many measurements are still to pass before one is considered as an exemplar. Zeroed memory
/// considers the first. Collecting sets it to 0 from another thread; that one may get lost between
/// the owner's load and store does no harm.
using ExemplarSkip = std::atomic<std::uint32_t>;

/// Counts one measurement; true if it is the turn of this one.
inline bool count_down(ExemplarSkip& skip) noexcept {
  const std::uint32_t left = skip.load(std::memory_order_relaxed);
  if (left == 0) [[unlikely]]
    return true;
  skip.store(left - 1, std::memory_order_relaxed);
  return false;
}

// ---- Sums: one word, then the skip --------------------------------------------------------------

inline constexpr std::size_t kSumCellWords = 2;

inline ExemplarSkip& sum_skip(Word* cell) noexcept {
  return *reinterpret_cast<ExemplarSkip*>(cell + 1);
}

// ---- Extremes of histograms ---------------------------------------------------------------------

/// Least and greatest value, of each interval between collections and of all time. Two intervals
/// are kept: while the owner goes on to the next one, the last one stays readable until the
/// collection after.
struct ExtremesCell {
  struct Interval {
    Word period;  ///< which interval; 0: none yet
    Word least;
    Word greatest;
  };
  Word has_earlier;  ///< 1: `earlier_*` hold what the overwritten intervals had
  Word earlier_least;
  Word earlier_greatest;
  Interval intervals[2];
};
inline constexpr std::size_t kExtremesWords = sizeof(ExtremesCell) / sizeof(Word);

/// The first value of a new interval.
void begin_interval(ExtremesCell& cell, std::uint64_t period, double value) noexcept;

inline void record_extremes(ExtremesCell& cell, std::uint64_t period, double value) noexcept {
  ExtremesCell::Interval& interval = cell.intervals[period & 1U];
  if (interval.period.load(std::memory_order_relaxed) != period) [[unlikely]]
    return begin_interval(cell, period, value);
  if (value < read_real(interval.least)) write_real(interval.least, value);
  if (value > read_real(interval.greatest)) write_real(interval.greatest, value);
}

}  // namespace binnacle::sdk
