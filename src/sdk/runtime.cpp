#include "sdk/runtime.h"

#include "sdk/lifecycle.h"
#include "sdk/start_policy.h"
#include "sdk/tick_clock.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>
#include <new>

namespace binnacle::sdk {

namespace {

// Inert stand-ins for threads that have not recorded. Their epoch never equals g_epoch.
ThreadState g_unregistered{};

pthread_key_t g_exit_key;

void on_thread_exit(void* state) noexcept {
  auto* thread = static_cast<ThreadState*>(state);
  ThreadContexts* contexts = t_local.contexts;
  t_local = {&g_unregistered, &g_no_contexts};
  v1::detail::t_recorder = &g_unregistered;
  if (thread->runtime == nullptr || thread->runtime->is_inherited()) return;  // wiped by a fork
  while (contexts != &g_no_contexts && contexts->depth > 0) {
    const ContextEntry& entry = contexts->entries[--contexts->depth];
    if (entry.extras != nullptr) v1::detail::release(entry.extras);
  }
  thread->runtime->detach_thread(*thread);
}

/// Where the kernel cannot wipe pages on fork: do it by hand. Only fork() comes here, not clone().
void on_fork_in_child() noexcept {
  renew_lifecycle_lock();
  if (Runtime* inherited = g_runtime.load(std::memory_order_relaxed)) {
    inherited->forget_in_child();
  }
  if (t_local.state == &g_unregistered) return;
  t_local.state->epoch = 0;
  t_local.state->plain_epoch = 0;
}

void make_process_hooks() noexcept {
  static std::once_flag once;
  std::call_once(once, [] {
    pthread_key_create(&g_exit_key, on_thread_exit);
    pthread_atfork(nullptr, nullptr, on_fork_in_child);
  });
}

void seed(ThreadState& thread) noexcept {
  if (getrandom(thread.random, sizeof thread.random, GRND_NONBLOCK) !=
      static_cast<ssize_t>(sizeof thread.random)) {
    // Only before the kernel's pool is ready, minutes into no boot that runs services: what is
    // unique here must do.
    thread.random[0] = ticks_now() * 0x9E3779B97F4A7C15ULL;
    thread.random[1] = static_cast<std::uint64_t>(read_clock_ns(CLOCK_REALTIME)) ^
                       std::bit_cast<std::uint64_t>(&thread) ^
                       (static_cast<std::uint64_t>(getpid()) << 32U);
  }
  if ((thread.random[0] | thread.random[1]) == 0) thread.random[0] = 1;  // the one bad state
}

void* map_pages(std::size_t bytes) noexcept {
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace

constinit thread_local ThreadLocal t_local
    [[gnu::tls_model("initial-exec")]] = {&g_unregistered, &g_no_contexts};
ThreadContexts g_no_contexts{};
std::atomic<std::uint32_t> g_epoch{kEpochOff};
std::atomic<Runtime*> g_runtime{nullptr};

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {
namespace detail {

// A thread-local without a constructor: hosts read it without a call.
__thread RecordingThread* t_recorder __attribute__((tls_model("initial-exec"))) =
    &sdk::g_unregistered;

}  // namespace detail
}  // namespace v1
}  // namespace binnacle

namespace binnacle::sdk {

Runtime* Runtime::create() noexcept {
  make_process_hooks();
  choose_tick_source();
  std::unique_ptr<Runtime> made(new (std::nothrow) Runtime);
  if (made == nullptr || !made->pool_.reserve() || !made->map_memory()) return nullptr;
  return made.release();  // lives as long as the process
}

bool Runtime::map_memory() noexcept {
  constexpr std::size_t kPage = 4096;
  const std::size_t states_bytes = kPage + kMaxThreads * sizeof(ThreadState);
  auto* wiped = static_cast<char*>(map_pages(states_bytes));
  contexts_ = static_cast<ThreadContexts*>(map_pages(kMaxThreads * sizeof(ThreadContexts)));
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wiped == nullptr || contexts_ == nullptr || wake_fd_ < 0) return false;
  // Fails on kernels before 4.14; then on_fork_in_child() does the same for fork().
  madvise(wiped, states_bytes, MADV_WIPEONFORK);
  fork_canary_ = new (wiped) std::atomic<std::uint64_t>(1);
  states_ = reinterpret_cast<ThreadState*>(wiped + kPage);
  return true;
}

void Runtime::forget_in_child() noexcept { fork_canary_->store(0, std::memory_order_relaxed); }

void Runtime::configure(const RecordingSettings& settings, std::size_t max_spans,
                        std::size_t wake_after_slots) noexcept {
  pool_.set_limit(max_spans);
  wake_after_slots_.store(wake_after_slots, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  settings_ = settings;
}

ThreadState* Runtime::attach_thread() noexcept {
  const std::lock_guard lock(mutex_);
  std::uint32_t index = 0;
  if (!free_threads_.empty()) {
    index = free_threads_.back();
    free_threads_.pop_back();
  } else if (touched_threads_ < kMaxThreads) {
    index = static_cast<std::uint32_t>(touched_threads_++);
  } else {
    ++threads_refused_;
    return nullptr;
  }
  ++live_threads_;
  ThreadState& thread = states_[index];
  thread.runtime = this;
  seed(thread);
  pthread_setspecific(g_exit_key, &thread);
  return &thread;
}

namespace {

/// Makes what follows from `settings` and `epoch`.
void derive_from_settings(ThreadState& thread) noexcept {
  const RecordingSettings& settings = thread.settings;
  thread.plain_epoch = settings.policy == nullptr && g_has_tick_counter ? thread.epoch : 0;
  thread.attribute_end = settings.attribute_limit != 0 ? Slot::kInlineBytes : 0;
  Slot model{};
  model.attributes_left = settings.attribute_limit;
  model.kind = static_cast<std::uint8_t>(SpanKind::kInternal);
  model.run = static_cast<std::uint8_t>(thread.epoch);
  static_assert(offsetof(Slot, run) - offsetof(Slot, attributes_left) ==
                sizeof thread.slot_head - 1);
  std::memcpy(&thread.slot_head,
              reinterpret_cast<const char*>(&model) + offsetof(Slot, attributes_left),
              sizeof thread.slot_head);
  switch (settings.root_sampler) {
    case RootSampler::kAlwaysOff:
      thread.root_flags = kTraceFlagRandom;
      break;
    case RootSampler::kAlwaysOn:
      thread.root_flags = kTraceFlagRandom | kTraceFlagSampled;
      break;
    case RootSampler::kRatio:
      thread.root_flags = 0;
      break;
  }
}

}  // namespace

void Runtime::refresh(ThreadState& thread) noexcept {
  const std::lock_guard lock(mutex_);
  thread.settings = settings_;
  // Off is no run to be up to date with: a thread that came here while the SDK was being switched
  // off would go on recording.
  const std::uint32_t epoch = g_epoch.load(std::memory_order_relaxed);
  thread.epoch = epoch == kEpochOff ? 0 : epoch;
  derive_from_settings(thread);
}

ThreadContexts* Runtime::contexts_of(const ThreadState& thread) noexcept {
  return contexts_ + index_of(thread);
}

void Runtime::detach_thread(ThreadState& thread) noexcept {
  pool_.release({thread.chunk, thread.free_mask});
  thread.free_mask = 0;
  const std::lock_guard lock(mutex_);
  thread.epoch = 0;
  thread.plain_epoch = 0;
  --live_threads_;
  free_threads_.push_back(static_cast<std::uint32_t>(&thread - states_));
}

bool Runtime::refill(ThreadState& thread) noexcept {
  const std::uint64_t sweep = sweeps_.load(std::memory_order_relaxed) + 1;
  if (thread.failed_sweep == sweep) return false;  // nothing has been freed since
  std::size_t live_threads = 0;
  {
    const std::lock_guard lock(mutex_);
    live_threads = live_threads_;
  }
  // Threads hold slots that they have not used yet, and early ones got more than late ones will.
  // With a quarter of an equal share each, the sum over n threads, a harmonic series, stays under
  // the pool up to 2,400 threads at the default limit.
  const std::size_t fair = pool_.limit_slots() / (4 * live_threads + 1);
  const SlotGrant grant = pool_.grant(std::clamp<std::size_t>(fair, 4, kSlotsPerChunk));
  if (grant.mask == 0) {
    thread.failed_sweep = sweep;
    wake();
    return false;
  }
  thread.chunk = grant.chunk;
  thread.free_mask = grant.mask;
  std::uint32_t ahead = grant.mask;
  for (unsigned i = 0; i < kSlotsAhead && ahead != 0; ++i, ahead &= ahead - 1) {
    prefetch_to_write(grant.chunk + std::countr_zero(ahead));
  }
  const auto granted = static_cast<std::size_t>(std::popcount(grant.mask));
  const std::size_t before = granted_since_sweep_.fetch_add(granted, std::memory_order_relaxed);
  if (before + granted >= wake_after_slots_.load(std::memory_order_relaxed)) wake();
  return true;
}

std::size_t Runtime::touched_threads() noexcept {
  const std::lock_guard lock(mutex_);
  return touched_threads_;
}

void Runtime::wake() noexcept {
  if (is_woken_.exchange(true, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  // A full counter is readable too, so there is nothing to do about a failure.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

bool Runtime::take_wake() noexcept {
  std::uint64_t count = 0;
  if (read(wake_fd_, &count, sizeof count) != static_cast<ssize_t>(sizeof count)) return false;
  granted_since_sweep_.store(0, std::memory_order_relaxed);
  is_woken_.store(false, std::memory_order_release);
  return true;
}

bool Runtime::reserve_large(std::size_t bytes, std::uint64_t limit_bytes) noexcept {
  const std::uint64_t before = large_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= limit_bytes) return true;
  large_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

SdkStats Runtime::stats() noexcept {
  const auto read = [](const std::atomic<std::uint64_t>& value) {
    return value.load(std::memory_order_relaxed);
  };
  SdkStats stats;
  destinations_.add_to(stats);
  stats.dropped_at_shutdown += read(counters_.dropped_of_earlier_run);
  stats.attributes_dropped = read(counters_.attributes_dropped);
  stats.amends_late = read(counters_.amends_late);
  stats.kept_for_errors = read(counters_.late.kept);
  stats.dropped_no_error = read(counters_.late.dropped);
  stats.dropped_undecided = read(counters_.late.dropped_limit);
  stats.extension_errors = extension_errors();
  stats.sampling_polls_failed = read(counters_.sampling_polls_failed);
  stats.open_slots = pool_.slots_in_use();
  const std::lock_guard lock(mutex_);
  stats.threads_refused = threads_refused_;
  for (std::size_t i = 0; i < touched_threads_; ++i) {
    const ThreadCounters& thread = states_[i].counters;
    stats.dropped_no_memory += thread.dropped_no_memory.read();
    stats.scopes_refused += thread.scopes_refused.read();
    stats.attributes_dropped += thread.attributes_dropped.read();
    stats.values_large += thread.values_large.read();
    stats.values_dropped += thread.values_dropped.read();
    stats.logs_dropped_no_memory += thread.logs_dropped.read();
  }
  stats.memory_bytes +=
      pool_.touched_chunks() * kChunkBytes + touched_threads_ * (sizeof(ThreadState) + 4096) +
      large_bytes_.load(std::memory_order_relaxed) + read(counters_.late.waiting_bytes);
  return stats;
}

Runtime* runtime() noexcept {
  Runtime* current = g_runtime.load(std::memory_order_acquire);
  if (current != nullptr && !current->is_inherited()) [[likely]]
    return current;
  Runtime* made = Runtime::create();
  if (made == nullptr) return nullptr;
  if (g_runtime.compare_exchange_strong(current, made, std::memory_order_acq_rel)) return made;
  return current;  // another thread was faster; ours is lost, once in a process's life at most
}

namespace {

/// Attaches the calling thread to the runtime. In a forked child the thread keeps the context stack
/// it inherited (its own copy by then), so that open scopes go on to work.
bool attach(Runtime& owner) noexcept {
  ThreadState* thread = owner.attach_thread();
  if (thread == nullptr) return false;
  ThreadContexts* contexts = t_local.contexts;
  if (contexts == &g_no_contexts) {
    contexts = owner.contexts_of(*thread);
    contexts->depth = 0;
    constexpr unsigned kSerialBits = 40;  // a stack's own share: 2^40 scopes
    if (contexts->next_id == 0) {
      contexts->next_id = (owner.index_of(*thread) + std::uint64_t{1}) << kSerialBits;
    }
  }
  t_local = {thread, contexts};
  v1::detail::t_recorder = thread;
  return true;
}

bool is_attached_to(const Runtime& owner) noexcept { return t_local.state->runtime == &owner; }

}  // namespace

ThreadState* enter_thread() noexcept {
  if (g_epoch.load(std::memory_order_acquire) == kEpochOff) return nullptr;
  Runtime* current = g_runtime.load(std::memory_order_acquire);
  if (current == nullptr) return nullptr;
  if (current->is_inherited()) {
    current = restart_in_child();
    if (current == nullptr) return nullptr;
  }
  if (!is_attached_to(*current) && !attach(*current)) return nullptr;
  current->refresh(*t_local.state);
  return t_local.state->epoch != 0 ? t_local.state : nullptr;
}

ThreadContexts* enter_contexts() noexcept {
  Runtime* current = runtime();
  if (current == nullptr) return nullptr;
  if (!is_attached_to(*current) && !attach(*current)) return nullptr;
  return t_local.contexts;
}

Slot* take_slot_slow(ThreadState& thread) noexcept {
  if (thread.runtime == nullptr || !thread.runtime->refill(thread)) {
    thread.counters.dropped_no_memory.add();
    return nullptr;
  }
  return take_slot(thread);
}

}  // namespace binnacle::sdk
