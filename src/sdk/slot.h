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
//   state, owner, closed_generation, published   atomics, read by any thread
//   everything else                              the owner while the span is open; the export
//   thread
//                                                after it saw `ended` (or closed the slot itself)
//
// The stream (name, attributes, events, links, status message) is kept as encoded fields of OTLP's
// Span message, first in `inline_bytes`, then in a chain of segments. The only thing in it that is
// not OTLP is the event time: kEventTicks instead of kEventTime marks one that is still in ticks.

namespace binnacle::sdk {

using ::binnacle::v1::detail::ContextExtras;
using ::binnacle::v1::detail::SlotHandle;

struct ThreadState;

inline constexpr std::size_t kSlotBytes = 512;
inline constexpr std::size_t kSlotsPerChunk = 32;
inline constexpr std::size_t kChunkBytes = kSlotBytes * kSlotsPerChunk;

/// What a slot is used for. The state word is generation << 8 | phase.
enum class SlotPhase : std::uint8_t {
  kUnused = 0,
  kOpen = 1,   ///< a span, being recorded
  kEnded = 2,  ///< a span, ended by its owner
  kPart = 3,   ///< a segment or an amend log: found through its user, not by scanning
  kLog = 4,    ///< a log record, complete
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
  kMarkStartIsUnix = 0x01,   ///< start is nanoseconds since 1970, not ticks
  kMarkEndIsUnix = 0x02,     ///< end likewise
  kMarkHasEvents = 0x04,     ///< event times must be converted
  kMarkMayRepeat = 0x08,     ///< a key or a single field may occur twice; the last one counts
  kMarkParentRemote = 0x10,  ///< the parent came out of a header
  kMarkHasContext = 0x20,    ///< of a log record: trace and span id are set
  kMarkVoid = 0x40,          ///< of a log record: its stream found no memory; nothing to export
};

/// Private tag of an event time that is still in ticks (unused in OTLP's Event).
inline constexpr std::uint8_t kEventTicks = 15U << 3U | 1U;

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {
namespace detail {

struct alignas(64) Slot {
  // Line 0: all that scanning and sampling of times needs.
  std::atomic<std::uint64_t> state;
  std::atomic<sdk::ThreadState*> owner;
  /// Written by the export thread when it closes a span that another thread has ended: from then
  /// on the owner may no longer write into this generation.
  std::atomic<std::uint32_t> closed_generation;
  /// Bytes of the stream so far, over all segments: where an amend belongs in its order.
  std::atomic<std::uint32_t> published;
  std::uint8_t trace_id[16];
  std::uint8_t span_id[8];
  std::uint64_t start;
  std::uint64_t end;
  // Line 1: what the recording path updates.
  std::uint64_t key_bits;  ///< a 64-bit Bloom filter of attribute keys
  std::uint8_t parent_span_id[8];
  const ContextExtras* extras;
  sdk::Segment* first_segment;
  sdk::Segment* last_segment;
  std::uint32_t dropped_attributes;
  std::uint16_t dropped_events;
  std::uint16_t dropped_links;
  std::uint16_t attributes;
  std::uint16_t events;
  std::uint16_t links;
  std::uint16_t inline_used;  ///< bytes of the stream in inline_bytes, once there is a segment
  std::uint8_t kind;
  std::uint8_t status;
  std::uint8_t trace_flags;
  std::uint8_t marks;
  bool has_status_message;
  std::uint8_t run;  ///< low byte of the epoch in which the span was started

  static constexpr std::size_t kInlineOffset = 64 + 64;
  alignas(8) char inline_bytes[sdk::kSlotBytes - kInlineOffset];
};
static_assert(sizeof(Slot) == sdk::kSlotBytes);
static_assert(offsetof(Slot, key_bits) == 64);
static_assert(offsetof(Slot, inline_bytes) == Slot::kInlineOffset);

}  // namespace detail
}  // namespace v1
}  // namespace binnacle

namespace binnacle::sdk {

using ::binnacle::v1::detail::Slot;

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
