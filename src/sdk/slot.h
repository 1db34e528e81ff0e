#pragma once

#include <binnacle/span.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

// The memory of one recorded span while it is open: a fixed 512-byte slot. Made by SlotPool, filled
// by the thread that started the span (its owner), read by the export thread once the span has
// ended. A log record is a slot too, filled and handed over in one go (log.cpp). Who may touch
// what:
//
//   state, owner, published   cells, read by any thread
//   everything else           the owner while the span is open; the export thread after it saw
//                             `ended` (or closed the slot itself)
//
// The layout is in <binnacle/inline_recording.h>, because attributes are written by code that is
// compiled into the host.
//
// The stream (name, attributes, events, links, status message) is kept as encoded fields of OTLP's
// Span message, first in `inline_bytes`, then in a chain of segments. The only thing in it that is
// not OTLP is the event time: kEventTicks instead of kEventTime marks one that is still in ticks.

namespace binnacle::sdk {

using ::binnacle::v1::detail::ContextExtras;
using ::binnacle::v1::detail::RecordingThread;
using ::binnacle::v1::detail::Slot;
using ::binnacle::v1::detail::SlotHandle;

inline constexpr std::size_t kSlotBytes = Slot::kBytes;
inline constexpr std::size_t kSlotsPerChunk = 32;
inline constexpr std::size_t kChunkBytes = kSlotBytes * kSlotsPerChunk;

/// What a slot is used for. The state word is generation << 8 | phase.
enum class SlotPhase : std::uint8_t {
  kUnused = 0,
  kOpen = 1,   ///< a span, being recorded
  kEnded = 2,  ///< a span, ended by its owner
  kPart = 3,   ///< a segment or an amend log: found through its user, not by scanning
  kLog = 4,    ///< a log record, complete
  /// A span that another thread has ended: from now on the owner may no longer write. Put by the
  /// export thread in place of kOpen.
  kClosed = 5,
};

constexpr std::uint64_t make_state(std::uint32_t generation, SlotPhase phase) noexcept {
  return std::uint64_t{generation} << 8U | static_cast<std::uint64_t>(phase);
}
constexpr std::uint32_t generation_of(std::uint64_t state) noexcept {
  return static_cast<std::uint32_t>(state >> 8U);
}
constexpr SlotPhase phase_of(std::uint64_t state) noexcept {
  return static_cast<SlotPhase>(state & 0xFFU);
}

/// More room for a stream: the tail of a slot, or (is_heap) a block of malloc.
struct Segment {
  Segment* next;
  std::uint32_t used;
  std::uint32_t capacity;
  bool is_heap;
  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const noexcept { return reinterpret_cast<const char*>(this + 1); }
};

/// Things about a slot's span that make encoding it more than a copy.
enum SlotMark : std::uint8_t {
  kMarkStartIsUnix = 0x01,  ///< start is nanoseconds since 1970, not ticks
  kMarkEndIsUnix = 0x02,    ///< end likewise
  kMarkHasEvents = 0x04,    ///< event times must be converted
  kMarkMayRepeat = v1::detail::kMarkMayRepeat,
  kMarkParentRemote = 0x10,  ///< the parent came out of a header
  kMarkHasContext = 0x20,    ///< of a log record: trace and span id are set
  kMarkVoid = 0x40,          ///< of a log record: its stream found no memory; nothing to export
};

/// Private tag of an event time that is still in ticks (unused in OTLP's Event).
inline constexpr std::uint8_t kEventTicks = 15U << 3U | 1U;

static_assert(sizeof(Slot) == kSlotBytes);
static_assert(offsetof(Slot, start) == 64);
static_assert(offsetof(Slot, attributes_left) == 32 && offsetof(Slot, span_id) == 40);
static_assert(offsetof(Slot, inline_bytes) == 128);

/// A slot used as a part leaves the first line (state, owner) alone, because stale handles of
/// earlier spans may still read it.
inline constexpr std::size_t kPartOffset = 64;
inline constexpr std::size_t kSegmentCapacity = kSlotBytes - kPartOffset - sizeof(Segment);

inline Segment* segment_in(Slot* slot) noexcept {
  return reinterpret_cast<Segment*>(reinterpret_cast<char*>(slot) + kPartOffset);
}
inline Slot* slot_of(Segment* segment) noexcept {
  return reinterpret_cast<Slot*>(reinterpret_cast<char*>(segment) - kPartOffset);
}

/// What threads other than the owner did to spans: a thread's own log, a queue of slots with one
/// writer (the thread) and one reader (the export thread). A log is freed by the reader once the
/// writer has linked the next one.
struct AmendLog {
  std::atomic<AmendLog*> next;
  std::atomic<std::uint32_t> used;
  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
};
inline constexpr std::size_t kAmendLogCapacity = kSlotBytes - kPartOffset - sizeof(AmendLog);

inline AmendLog* amend_log_in(Slot* slot) noexcept {
  return reinterpret_cast<AmendLog*>(reinterpret_cast<char*>(slot) + kPartOffset);
}
inline Slot* slot_of(AmendLog* log) noexcept {
  return reinterpret_cast<Slot*>(reinterpret_cast<char*>(log) - kPartOffset);
}

enum class AmendKind : std::uint8_t {
  kFields,      ///< `size` bytes of stream follow the record
  kHeapFields,  ///< the bytes are in a heap segment, `argument` points at it
  kEnd,         ///< `argument` is the time, in ticks
  kEndUnix,     ///< `argument` is the time, in nanoseconds since 1970
};

/// One record of an amend log; records are 8-aligned.
struct AmendRecord {
  Slot* target;
  std::uint32_t generation;
  std::uint32_t position;  ///< the target's `published` when this was done
  std::uint64_t ticks;     ///< when this was done: the order among threads
  std::uint64_t argument;
  std::uint32_t size;
  AmendKind kind;
};

}  // namespace binnacle::sdk
