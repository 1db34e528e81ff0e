#include "sdk/metrics/cell_memory.h"

#include <pthread.h>
#include <sys/mman.h>

#include <memory>
#include <new>

namespace binnacle::sdk {

namespace {

// An inert stand-in for threads that have not recorded. Its epoch never equals g_metric_epoch.
MetricThread g_unregistered{
    .epoch = 0, .cells_epoch = 0, .blocks = nullptr, .block_count = 0, .memory = nullptr};

pthread_key_t g_exit_key;

void on_thread_exit(void* state) noexcept {
  auto* thread = static_cast<MetricThread*>(state);
  t_metrics = &g_unregistered;
  if (thread->memory == nullptr || thread->memory->is_inherited()) return;  // wiped by a fork
  thread->memory->detach_thread(*thread);
}

void make_exit_key() noexcept {
  static std::once_flag once;
  std::call_once(once, [] { pthread_key_create(&g_exit_key, on_thread_exit); });
}

char* map_pages(std::size_t bytes) noexcept {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<char*>(memory);
}

}  // namespace

constinit thread_local MetricThread* t_metrics [[gnu::tls_model("initial-exec")]] = &g_unregistered;
std::atomic<std::uint32_t> g_metric_epoch{kMetricEpochOff};
std::atomic<std::uint64_t> g_metric_period{1};
std::atomic<CellMemory*> g_cell_memory{nullptr};

void begin_interval(ExtremesCell& cell, std::uint64_t period, double value) noexcept {
  ExtremesCell::Interval& interval = cell.intervals[period & 1U];
  if (interval.period.load(std::memory_order_relaxed) != 0) {
    // The interval before the last one is overwritten: what it had goes to the earlier ones first,
    // and released, so that a reader who sees the new interval sees that too.
    const double least = read_real(interval.least);
    const double greatest = read_real(interval.greatest);
    const bool has_earlier = cell.has_earlier.load(std::memory_order_relaxed) != 0;
    if (!has_earlier || least < read_real(cell.earlier_least)) {
      write_real(cell.earlier_least, least);
    }
    if (!has_earlier || greatest > read_real(cell.earlier_greatest)) {
      write_real(cell.earlier_greatest, greatest);
    }
    cell.has_earlier.store(1, std::memory_order_release);
  }
  write_real(interval.least, value, std::memory_order_release);
  write_real(interval.greatest, value, std::memory_order_release);
  interval.period.store(period, std::memory_order_release);
}

CellMemory* CellMemory::create(std::size_t limit_bytes) noexcept {
  make_exit_key();
  std::unique_ptr<CellMemory> made(new (std::nothrow) CellMemory);
  if (made == nullptr || !made->map_memory(limit_bytes)) return nullptr;
  return made.release();  // lives as long as the process
}

bool CellMemory::map_memory(std::size_t limit_bytes) noexcept {
  constexpr std::size_t kPage = 4096;
  const std::size_t wiped_bytes = kPage + kMaxThreads * sizeof(MetricThread);
  limit_blocks_ = limit_bytes / kBlockBytes;
  char* wiped = map_pages(wiped_bytes);
  char* tables = map_pages(kMaxThreads * sizeof(BlockTable));
  blocks_ = map_pages((limit_blocks_ + 1) * kBlockBytes);
  if (wiped == nullptr || tables == nullptr || blocks_ == nullptr) return false;
  // Fails on kernels before 4.14; then the registry's fork handler does the same for fork().
  madvise(wiped, wiped_bytes, MADV_WIPEONFORK);
  fork_canary_ = new (wiped) std::atomic<std::uint64_t>(1);
  threads_ = reinterpret_cast<MetricThread*>(wiped + kPage);
  tables_ = reinterpret_cast<BlockTable*>(tables);
  return true;
}

MetricThread* CellMemory::attach_thread() noexcept {
  const std::lock_guard lock(mutex_);
  std::uint32_t index = 0;
  if (!free_threads_.empty()) {
    index = free_threads_.back();
    free_threads_.pop_back();
  } else if (touched_threads_ < kMaxThreads) {
    index = static_cast<std::uint32_t>(touched_threads_++);
  } else {
    return nullptr;
  }
  MetricThread& thread = threads_[index];
  thread.blocks = tables_[index];
  thread.memory = this;
  return &thread;
}

void CellMemory::refresh(MetricThread& thread) noexcept {
  const std::uint32_t epoch = g_metric_epoch.load(std::memory_order_acquire);
  if (thread.cells_epoch.load(std::memory_order_relaxed) != epoch) {
    for (std::uint32_t i = 0; i < kMaxBlocks; ++i) {
      Word* block = thread.blocks[i].load(std::memory_order_relaxed);
      if (block == nullptr) continue;
      for (std::size_t j = 0; j < kBlockWords; ++j) block[j].store(0, std::memory_order_relaxed);
    }
    thread.cells_epoch.store(epoch, std::memory_order_release);
  }
  thread.epoch = epoch;
}

void CellMemory::detach_thread(MetricThread& thread) noexcept {
  const std::lock_guard lock(mutex_);
  thread.epoch = 0;
  free_threads_.push_back(static_cast<std::uint32_t>(&thread - threads_));
}

Word* CellMemory::block_of(MetricThread& thread, std::uint32_t block) noexcept {
  if (block >= kMaxBlocks) return nullptr;
  if (Word* old = thread.blocks[block].load(std::memory_order_relaxed)) return old;
  std::size_t index = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!free_blocks_.empty()) {
      index = free_blocks_.back();
      free_blocks_.pop_back();
    } else if (touched_blocks_ < limit_blocks_) {
      index = touched_blocks_++;
    } else {
      blocks_refused_.fetch_add(1, std::memory_order_relaxed);
      return nullptr;
    }
  }
  auto* made = reinterpret_cast<Word*>(blocks_ + index * kBlockBytes);  // zeroed pages
  thread.blocks[block].store(made, std::memory_order_release);
  thread.block_count.fetch_add(1, std::memory_order_relaxed);
  return made;
}

std::vector<MetricThread*> CellMemory::threads_of_run(std::uint32_t epoch) {
  std::size_t touched = 0;
  {
    const std::lock_guard lock(mutex_);
    touched = touched_threads_;
  }
  std::vector<MetricThread*> threads;
  for (std::size_t i = 0; i < touched; ++i) {
    MetricThread& thread = threads_[i];
    if (thread.cells_epoch.load(std::memory_order_acquire) == epoch &&
        thread.block_count.load(std::memory_order_relaxed) > 0) {
      threads.push_back(&thread);
    }
  }
  return threads;
}

std::vector<MetricThread*> CellMemory::claim_exited() {
  std::vector<MetricThread*> claimed;
  const std::lock_guard lock(mutex_);
  claimed.reserve(free_threads_.size());
  std::erase_if(free_threads_, [&](std::uint32_t index) {
    MetricThread& thread = threads_[index];
    const bool has_blocks = thread.block_count.load(std::memory_order_relaxed) > 0;
    if (has_blocks) claimed.push_back(&thread);
    return has_blocks;
  });
  return claimed;
}

void CellMemory::release_blocks(MetricThread& thread) noexcept {
  for (std::uint32_t i = 0; i < kMaxBlocks; ++i) {
    Word* block = thread.blocks[i].exchange(nullptr, std::memory_order_relaxed);
    if (block == nullptr) continue;
    auto* bytes = reinterpret_cast<char*>(block);
    madvise(bytes, kBlockBytes, MADV_DONTNEED);  // zeroed, and not resident until used again
    free_blocks_.push_back(static_cast<std::uint32_t>((bytes - blocks_) / kBlockBytes));
  }
  thread.block_count.store(0, std::memory_order_relaxed);
  madvise(tables_[&thread - threads_], sizeof(BlockTable), MADV_DONTNEED);
}

void CellMemory::release_claimed(const std::vector<MetricThread*>& claimed) noexcept {
  for (MetricThread* thread : claimed) {
    const std::lock_guard lock(mutex_);
    release_blocks(*thread);
    free_threads_.push_back(static_cast<std::uint32_t>(thread - threads_));
  }
}

std::size_t CellMemory::memory_bytes() noexcept {
  const std::lock_guard lock(mutex_);
  constexpr std::size_t kTablePage = 4096;
  return (touched_blocks_ - free_blocks_.size()) * kBlockBytes +
         (touched_threads_ - free_threads_.size()) * (kTablePage + sizeof(MetricThread));
}

MetricThread* attach_metric_thread(CellMemory& memory) noexcept {
  if (t_metrics->memory == &memory) return t_metrics;
  MetricThread* thread = memory.attach_thread();
  if (thread == nullptr) return nullptr;
  pthread_setspecific(g_exit_key, thread);
  t_metrics = thread;
  return thread;
}

}  // namespace binnacle::sdk
