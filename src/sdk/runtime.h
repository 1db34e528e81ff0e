#pragma once

#include "sdk/destination_counters.h"
#include "sdk/late_decision.h"
#include "sdk/slot_pool.h"
#include "sdk/thread_state.h"

#include <binnacle/stats.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

// The SDK's process-wide memory: the slot pool, the states of all threads, and the counters. One
// per process, and a new one in a forked child, where the inherited one is abandoned as it stands.
// Never destroyed: handles on spans may outlive everything else. Made by runtime(). Internally
// locked.

namespace binnacle::sdk {

/// Counters of the harvester; written by the export thread. What becomes of spans after that is
/// counted by destination.
struct ExportCounters {
  /// Spans that took a slot, as far as a sweep has seen them; [1] are the sampled ones.
  std::atomic<std::uint64_t> spans_started[2] = {};
  std::atomic<std::uint64_t> spans_ended[2] = {};
  std::atomic<std::uint64_t> logs_created{0};
  std::atomic<std::uint64_t> dropped_of_earlier_run{0};  ///< open at a shutdown, ended after it
  std::atomic<std::uint64_t> logs_of_earlier_run{0};     ///< recorded before a shutdown
  std::atomic<std::uint64_t> attributes_dropped{0};
  std::atomic<std::uint64_t> amends_late{0};
  std::atomic<std::uint64_t> sampling_polls_failed{0};
  LateDecisionCounters late;
};

class Runtime {
 public:
  /// Threads that may be recording at the same time. Each costs 1 KB, and 8 KB for its contexts.
  static constexpr std::size_t kMaxThreads = 4096;

  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// Null if the address ranges cannot be had.
  static Runtime* create() noexcept;

  /// True in a forked child that still holds its parent's runtime.
  bool is_inherited() const noexcept { return fork_canary_->load(std::memory_order_relaxed) == 0; }

  /// In a forked child where pages are not wiped by the kernel.
  void forget_in_child() noexcept;

  SlotPool& pool() noexcept { return pool_; }
  ExportCounters& counters() noexcept { return counters_; }
  DestinationTable& destinations() noexcept { return destinations_; }

  void configure(const RecordingSettings& settings, std::size_t max_spans,
                 std::size_t wake_after_slots) noexcept;

  /// A state for the calling thread, with current settings; null if there are too many threads.
  ThreadState* attach_thread() noexcept;
  /// Copies the current settings into the calling thread's state.
  void refresh(ThreadState& thread) noexcept;
  std::size_t index_of(const ThreadState& thread) const noexcept {
    return static_cast<std::size_t>(&thread - states_);
  }
  /// The context stack that belongs to a state of this runtime.
  ThreadContexts* contexts_of(const ThreadState& thread) noexcept;
  /// The thread is exiting: its free slots and its state may be used by others.
  void detach_thread(ThreadState& thread) noexcept;

  /// More slots for the calling thread; false if there are none.
  bool refill(ThreadState& thread) noexcept;

  /// States that were ever attached: what there is to look at for amends.
  std::size_t touched_threads() noexcept;
  ThreadState& thread_at(std::size_t index) noexcept { return states_[index]; }

  /// Wakes the export thread; cheap if it has been woken already.
  void wake() noexcept;
  /// The event that wake() signals; readable until take_wake().
  int wake_fd() const noexcept { return wake_fd_; }
  /// Resets it; true if it was signalled.
  bool take_wake() noexcept;

  /// Set while no log records come, so that the export thread waits long: then the next one wakes
  /// it.
  void set_logs_quiet(bool is_quiet) noexcept {
    are_logs_quiet_.store(is_quiet, std::memory_order_relaxed);
  }
  /// After a log record was handed over.
  void announce_log() noexcept {
    if (are_logs_quiet_.load(std::memory_order_relaxed)) [[unlikely]] {
      if (are_logs_quiet_.exchange(false, std::memory_order_relaxed)) wake();
    }
  }

  /// Counts sweeps of the export thread, which free slots.
  std::atomic<std::uint64_t>& sweeps() noexcept { return sweeps_; }

  /// Reserves bytes for a value over 4 KB; false if the limit is reached.
  bool reserve_large(std::size_t bytes, std::uint64_t limit_bytes) noexcept;
  void release_large(std::size_t bytes) noexcept {
    large_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  }

  SdkStats stats() noexcept;

 private:
  Runtime() = default;
  bool map_memory() noexcept;

  SlotPool pool_;
  ExportCounters counters_;
  DestinationTable destinations_;
  std::atomic<std::uint64_t>* fork_canary_ = nullptr;  // first word of the wipe-on-fork pages
  ThreadState* states_ = nullptr;
  ThreadContexts* contexts_ = nullptr;
  int wake_fd_ = -1;

  alignas(64) std::atomic<std::uint64_t> sweeps_{0};
  std::atomic<std::size_t> granted_since_sweep_{0};
  std::atomic<std::size_t> wake_after_slots_{512};
  std::atomic<bool> is_woken_{false};
  std::atomic<bool> are_logs_quiet_{false};
  std::atomic<std::uint64_t> large_bytes_{0};

  std::mutex mutex_;  // guards what follows
  RecordingSettings settings_;
  std::size_t touched_threads_ = 0;
  std::size_t live_threads_ = 0;
  std::uint64_t threads_refused_ = 0;
  std::vector<std::uint32_t> free_threads_;
};

/// The process's runtime, null if there is none yet. In a forked child this may be the parent's.
extern std::atomic<Runtime*> g_runtime;

/// The process's runtime, made if there is none or only the parent's; null if memory lacks.
Runtime* runtime() noexcept;

}  // namespace binnacle::sdk
