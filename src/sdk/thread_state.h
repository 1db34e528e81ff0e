#pragma once

#include "sdk/log_fields.h"
#include "sdk/rate_limiter.h"
#include "sdk/slot.h"

#include <binnacle/apm.h>

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

// What one thread needs to record without contact to any other: its free slots, id generator,
// sampling settings, counters, and its stack of contexts. Found through one thread-local pointer of
// the initial-exec model (no call, no constructor, no destructor). Made by Runtime when a thread
// records for the first time, handed back when the thread exits, and reused; never freed.
//
// ThreadStates live in pages that a forked child sees zeroed: there epoch is 0, so that the child's
// first span takes the slow path, and its ids come from a new seed. Context stacks live in ordinary
// pages, so that the child's spans still have the right parent.

namespace binnacle::sdk {

class RemoteStrategy;
class Runtime;
class StartPolicy;

enum class RootSampler : std::uint8_t { kAlwaysOff, kAlwaysOn, kRatio };

/// What recording threads need to know of the configuration; each keeps a copy.
struct RecordingSettings {
  RootSampler root_sampler = RootSampler::kAlwaysOn;
  bool is_parent_based = true;
  /// kRatio: sampled if the low 56 bits of the trace id reach this (OpenTelemetry's consistent
  /// probability sampling: the rejection threshold).
  std::uint64_t rejection_threshold = 0;
  std::uint16_t attribute_limit = 128;
  std::uint16_t event_limit = 128;
  std::uint16_t link_limit = 128;
  std::uint64_t large_value_limit_bytes = 2U << 20U;
  bool records_logs = false;
  LogLimits log_limits;
  /// No log record takes a slot while this many are in use: the rest is for spans.
  std::size_t log_slots = SIZE_MAX;
  /// Not null: spans start the way that this says (start_policy.h). Lives for ever.
  const StartPolicy* policy = nullptr;
};

/// A counter with one writer: the thread itself. Read by sdk_stats().
class ThreadCounter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct ThreadCounters {
  ThreadCounter dropped_no_memory;
  ThreadCounter scopes_refused;
  ThreadCounter attributes_dropped;
  ThreadCounter values_large;
  ThreadCounter values_dropped;
  ThreadCounter logs_dropped;
};

struct alignas(64) ThreadState : RecordingThread {
  /// Equal to g_epoch if this thread's settings are current; else take the slow path.
  std::uint32_t epoch;
  /// The same, but never equal if there is a start policy or no tick counter: so neither costs
  /// anything where it is not.
  std::uint32_t plain_epoch;
  std::uint32_t free_mask;      ///< free slots of `chunk` that are this thread's to use
  std::uint32_t attribute_end;  ///< Slot::attribute_end of a new span
  /// The word of a new span's slot that begins at attributes_left, but for the trace flags.
  std::uint64_t slot_head;
  std::uint8_t root_flags;  ///< trace flags of a trace that begins here; 0: its id decides
  Slot* chunk;
  std::uint64_t random[2];  ///< state of xoroshiro128++
  RecordingSettings settings;
  Runtime* runtime;
  std::uint64_t failed_sweep;  ///< 1 + the sweep during which no slot could be had; 0: none
  /// 1 + the sweep during which log records had filled their part of the pool; 0: none.
  std::uint64_t refused_logs_in_sweep;
  AmendLog* amend_log;  ///< the one being written
  std::atomic<AmendLog*> first_amend_log;
  ThreadCounters counters;
  /// The strategy that this thread is reading right now: a hazard pointer (remote_strategy.h).
  std::atomic<RemoteStrategy*> busy_strategy;
  RateGrants rate_grants;
};

/// Where trace_flags is in the word that begins at attributes_left.
inline constexpr unsigned kSlotFlagsShift =
    8 * (std::endian::native == std::endian::little
             ? offsetof(Slot, trace_flags) - offsetof(Slot, attributes_left)
             : offsetof(Slot, attributes_left) + 7 - offsetof(Slot, trace_flags));

/// One entry of the stack of active contexts. Holds a count on `extras`.
struct ContextEntry {
  SpanContext context;
  bool is_valid = false;
  SlotHandle span;  ///< the local span, if it is being recorded
  const ContextExtras* extras = nullptr;
  std::uint64_t id = 0;  ///< how its Scope finds it, also on the stack of another thread
};

struct ThreadContexts {
  std::uint32_t depth = 0;
  std::uint64_t next_id = 0;  ///< the stack's number in its high bits, so that no two stacks share
  ContextEntry entries[kMaxScopeDepth];
};

struct ThreadLocal {
  ThreadState* state;
  ThreadContexts* contexts;
};

/// Never null: threads that have not recorded point at shared, inert objects.
extern constinit thread_local ThreadLocal t_local [[gnu::tls_model("initial-exec")]];
extern ThreadContexts g_no_contexts;

/// g_epoch while the SDK is off. Zero is no epoch at all: it is what a forked child finds.
inline constexpr std::uint32_t kEpochOff = 1;
/// Which run of the SDK is recording. Changes with every start and shutdown.
extern std::atomic<std::uint32_t> g_epoch [[gnu::visibility("hidden")]];

/// This thread's state, ready to record, or null if the SDK is off or has no room for the thread.
/// Registers the thread, and restarts the SDK in a forked child. Slow (microseconds).
ThreadState* enter_thread() noexcept;
/// This thread's context stack, whether or not the SDK records; null if there is no memory.
ThreadContexts* enter_contexts() noexcept;

inline ThreadState* recording_thread() noexcept {
  ThreadState* state = t_local.state;
  if (state->epoch == g_epoch.load(std::memory_order_relaxed)) [[likely]]
    return state;
  return enter_thread();
}

/// Next output of xoroshiro128++ (Blackman and Vigna, 2019): 128 bits of state keep the sequences
/// of many threads and machines from meeting.
inline std::uint64_t next_random(ThreadState& thread) noexcept {
  const auto rotate = [](std::uint64_t x, unsigned by) { return x << by | x >> (64 - by); };
  const std::uint64_t a = thread.random[0];
  std::uint64_t b = thread.random[1];
  const std::uint64_t result = rotate(a + b, 17) + a;
  b ^= a;
  thread.random[0] = rotate(a, 49) ^ b ^ (b << 21U);
  thread.random[1] = rotate(b, 28);
  return result;
}

/// 128 bits of one step, for a trace id: the ++ scrambler over both words of the state, and the **
/// scrambler over its second word (both Blackman and Vigna's).
struct RandomPair {
  std::uint64_t high;
  std::uint64_t low;
};
inline RandomPair next_random_pair(ThreadState& thread) noexcept {
  const std::uint64_t b = thread.random[1] * 5;
  const std::uint64_t high = next_random(thread);
  return {high, (b << 7U | b >> 57U) * 9};
}

/// Asks for the lines that a span with a few attributes fills, to be written. The export thread on
/// another core read them last; fetching them back one by one, when the stores come, took half as
/// long again as recording the span. (A prefetch for reading gains nothing: the first store would
/// have to ask again. __builtin_prefetch makes one of those unless the compiler may assume a newer
/// processor than x86-64's first, which takes the instruction as a no-op.)
[[gnu::always_inline]] inline void prefetch_to_write(const Slot* slot) noexcept {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kBytesOfUsualSpan = 4 * kLine;
  const char* at = reinterpret_cast<const char*>(slot);
  for (std::size_t offset = 0; offset < kBytesOfUsualSpan; offset += kLine) {
#if defined(__x86_64__)
    asm volatile("prefetchw %0" ::"m"(at[offset]));
#else
    __builtin_prefetch(at + offset, 1);
#endif
  }
}

/// How many slots before its use one is asked for: a line comes from another core in ~100 ns, and a
/// span is recorded in ~35.
inline constexpr unsigned kSlotsAhead = 4;

/// A free slot of this thread, or null (counted) if the pool is exhausted.
Slot* take_slot_slow(ThreadState& thread) noexcept;
inline Slot* take_slot(ThreadState& thread) noexcept {
  const std::uint32_t mask = thread.free_mask;
  if (mask == 0) [[unlikely]]
    return take_slot_slow(thread);
  Slot* slot = thread.chunk + std::countr_zero(mask);
  thread.free_mask = mask & (mask - 1);
  // Only what is this thread's: the other slots of the chunk may be in use elsewhere.
  if ((mask >> kSlotsAhead & mask & -mask) != 0) [[likely]]
    prefetch_to_write(slot + kSlotsAhead);
  return slot;
}

}  // namespace binnacle::sdk
