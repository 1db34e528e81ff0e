#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// The part of recording that is compiled into the caller: a short attribute with a literal key, set
// by the thread that started the span. Everything else is a call into the library. Not for direct
// use; the layouts below are fixed by the library's SONAME and checked in src/sdk/slot.h.
//
// Why it is here: with the key known, its length, its place in the Bloom filter and its bytes are
// constants of the instruction stream, and a call with five saved registers costs more than the
// write itself.

namespace binnacle {

namespace sdk {
struct Segment;
}  // namespace sdk

inline namespace v1 {
namespace detail {

struct ContextExtras;
struct Slot;

/// A number or pointer that one thread writes and others may read: std::atomic without its header,
/// which would make up a third of what including <binnacle/apm.h> costs. Orders are those of
/// std::memory_order.
template <typename T>
class Cell {
 public:
  Cell() noexcept = default;
  constexpr Cell(T value) noexcept : value_(value) {}  // NOLINT(google-explicit-constructor)
  Cell(const Cell&) = delete;
  Cell& operator=(const Cell&) = delete;

  template <typename Order>
  T load(Order order) const noexcept {
    return __atomic_load_n(&value_, static_cast<int>(order));
  }
  template <typename Order>
  void store(T value, Order order) noexcept {
    __atomic_store_n(&value_, value, static_cast<int>(order));
  }
  /// True if it was `expected` and is `desired` now. Sequentially consistent.
  bool replace(T expected, T desired) noexcept {
    return __atomic_compare_exchange_n(&value_, &expected, desired, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
  }

 private:
  T value_;
};

/// What a thread shows to the export thread while it writes.
struct RecordingThread {
  /// The slot that this thread is writing into right now: a hazard pointer. The export thread,
  /// having closed a span that another thread ended, waits until it does not stand here.
  Cell<Slot*> busy_slot;
};

/// Never null. A thread that has not recorded points at an object that owns no span.
extern __thread RecordingThread* t_recorder __attribute__((tls_model("initial-exec")));

/// The memory of one recorded span; see src/sdk/slot.h.
struct alignas(64) Slot {
  static constexpr std::size_t kBytes = 512;
  static constexpr std::size_t kInlineBytes = kBytes - 2 * 64;

  // Line 0: all that an attribute touches, and the identity.
  Cell<std::uint64_t> state;  ///< generation << 8 | phase
  Cell<RecordingThread*> owner;
  /// Bytes of the stream so far, over all segments: where an amend belongs in its order.
  Cell<std::uint32_t> published;
  /// Up to here attributes may be written into inline_bytes without asking; 0 once the stream has
  /// segments or an attribute more would pass a limit.
  std::uint32_t attribute_end;
  std::uint64_t key_bits;  ///< a 64-bit Bloom filter of attribute keys
  // Eight bytes, written as one word when the span starts.
  std::uint16_t attributes_left;
  std::uint8_t marks;
  std::uint8_t kind;
  std::uint8_t status;
  std::uint8_t trace_flags;
  bool has_status_message;
  std::uint8_t run;  ///< low byte of the epoch in which the span was started
  std::uint8_t span_id[8];
  std::uint8_t trace_id[16];
  // Line 1.
  std::uint64_t start;
  std::uint64_t end;
  std::uint8_t parent_span_id[8];
  const ContextExtras* extras;
  sdk::Segment* first_segment;
  sdk::Segment* last_segment;
  std::uint32_t dropped_attributes;
  std::uint16_t dropped_events;
  std::uint16_t dropped_links;
  std::uint16_t events;
  std::uint16_t links;
  std::uint16_t inline_used;  ///< bytes of the stream in inline_bytes, once there is a segment

  alignas(8) char inline_bytes[kInlineBytes];
};

/// Which recording of which slot: once that is over, the slot's state no longer matches.
struct SlotHandle {
  Slot* slot = nullptr;
  std::uint64_t open_state = 0;  ///< what the slot's state is while this span is open

  std::uint32_t generation() const noexcept { return static_cast<std::uint32_t>(open_state >> 8U); }
};

/// In Slot::marks: a key or a single field may occur twice; the last one counts.
inline constexpr std::uint8_t kMarkMayRepeat = 0x08;

/// A hash of an attribute key, best in its high bits. The end of a key tells most keys of one span
/// apart ("http.request.method", "http.request.size").
[[gnu::always_inline]] inline std::uint64_t key_hash(std::string_view key) noexcept {
  const std::size_t size = key.size();
  std::uint64_t tail = 0;
  if (size >= sizeof tail) {
    std::memcpy(&tail, key.data() + size - sizeof tail, sizeof tail);
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      tail = tail << 8U | static_cast<unsigned char>(key[i]);
    }
  }
  return (tail + size) * 0x9E3779B97F4A7C15ULL;
}

/// A Bloom bit of an attribute key: two keys that share it may be the same. A false alarm only
/// costs the export thread a closer look.
[[gnu::always_inline]] inline std::uint64_t key_bit(std::string_view key) noexcept {
  return std::uint64_t{1} << (key_hash(key) >> 58U);
}

/// One attribute being written by its span's owner. `out` is null if it cannot be done here: then
/// nothing has happened.
struct InlineWrite {
  RecordingThread* thread;
  char* out;
  std::uint32_t end;  ///< of the stream, once it is written
};

[[gnu::always_inline]] inline InlineWrite open_inline(SlotHandle span, std::uint64_t bit,
                                                      std::uint32_t size) noexcept {
  Slot& slot = *span.slot;
  RecordingThread* thread = t_recorder;
  if (__builtin_expect(slot.owner.load(__ATOMIC_RELAXED) != thread, 0)) return {thread, nullptr, 0};
  thread->busy_slot.store(&slot, __ATOMIC_RELAXED);
  // The export thread issues the matching barrier for all threads (membarrier), so that here the
  // compiler alone must keep the order.
  __atomic_signal_fence(__ATOMIC_SEQ_CST);
  const std::uint32_t used = slot.published.load(__ATOMIC_RELAXED);
  const std::uint32_t end = used + size;
  if (__builtin_expect(slot.state.load(__ATOMIC_RELAXED) != span.open_state, 0) ||
      __builtin_expect(end > slot.attribute_end, 0)) {
    thread->busy_slot.store(nullptr, __ATOMIC_RELEASE);
    return {thread, nullptr, 0};
  }
  const std::uint64_t bits = slot.key_bits;
  if (__builtin_expect((bits & bit) != 0, 0)) slot.marks |= kMarkMayRepeat;
  slot.key_bits = bits | bit;
  if (__builtin_expect(--slot.attributes_left == 0, 0)) slot.attribute_end = 0;
  return {thread, slot.inline_bytes + used, end};
}

[[gnu::always_inline]] inline void close_inline(SlotHandle span,
                                                const InlineWrite& write) noexcept {
  span.slot->published.store(write.end, __ATOMIC_RELAXED);
  write.thread->busy_slot.store(nullptr, __ATOMIC_RELEASE);
}

/// memcpy for texts that are mostly under 32 bytes: two overlapping moves instead of a call
/// (a call of memcpy with an unknown length measured 4 ns, this 1 ns). Reads nothing outside.
[[gnu::always_inline]] inline void copy_text(char* out, const char* text,
                                             std::size_t size) noexcept {
  struct Wide {
    std::uint64_t halves[2];
  };
  const auto overlapping = [&](auto word) __attribute__((always_inline)) {
    auto last = word;
    std::memcpy(&word, text, sizeof word);
    std::memcpy(&last, text + size - sizeof word, sizeof word);
    std::memcpy(out, &word, sizeof word);
    std::memcpy(out + size - sizeof word, &last, sizeof word);
  };
  if (size >= 8) {
    if (size <= 16) {
      overlapping(std::uint64_t{});
    } else if (size <= 32) {
      overlapping(Wide{});
    } else {
      std::memcpy(out, text, size);
    }
  } else if (size >= 4) {
    overlapping(std::uint32_t{});
  } else if (size != 0) {
    out[0] = text[0];
    out[size - 1] = text[size - 1];
    out[size / 2] = text[size / 2];
  }
}

// Attributes in OTLP's wire form (Span.attributes, field 9: KeyValue {key = 1, value = 2: AnyValue
// {string = 1, bool = 2, int = 3, double = 4}}), for which every length fits one byte.

/// Largest key and string value together, and largest key of a number, that are written here.
inline constexpr std::size_t kInlineTextBytes = 127 - 6;
inline constexpr std::size_t kInlineKeyBytes = 96;

[[gnu::always_inline]] inline void put_four(char* out, std::size_t a, std::size_t b, std::size_t c,
                                            std::size_t d) noexcept {
  auto bytes = static_cast<std::uint32_t>(a | b << 8U | c << 16U | d << 24U);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  bytes = __builtin_bswap32(bytes);
#endif
  std::memcpy(out, &bytes, sizeof bytes);
}

/// Tag and length of the attribute, its key, tag and length of the value, which has `value_bytes`.
/// Returns where the value goes.
[[gnu::always_inline]] inline char* put_inline_head(char* out, std::string_view key,
                                                    std::size_t value_bytes) noexcept {
  put_four(out, 9U << 3U | 2U, key.size() + value_bytes + 4, 1U << 3U | 2U, key.size());
  copy_text(out + 4, key.data(), key.size());
  return out + 4 + key.size();
}

/// False: not done, and has to go through the library. key.size() + value.size() is at most
/// kInlineTextBytes.
[[gnu::always_inline]] inline bool set_inline_text(SlotHandle span, std::string_view key,
                                                   std::string_view value) noexcept {
  const std::size_t size = key.size() + value.size() + 8;
  const InlineWrite write = open_inline(span, key_bit(key), static_cast<std::uint32_t>(size));
  if (write.out == nullptr) return false;
  char* out = put_inline_head(write.out, key, value.size() + 2);
  put_four(out, 2U << 3U | 2U, value.size() + 2, 1U << 3U | 2U, value.size());
  copy_text(out + 4, value.data(), value.size());
  close_inline(span, write);
  return true;
}

/// The same for a bool (`tag` 2 << 3) or an integer (3 << 3) of one or two varint bytes: `bits` is
/// under 1 << 14, and the key at most kInlineKeyBytes.
[[gnu::always_inline]] inline bool set_inline_small(SlotHandle span, std::string_view key,
                                                    std::uint8_t tag, std::uint64_t bits) noexcept {
  const std::size_t number_bytes = bits < 0x80 ? 1 : 2;
  const std::size_t size = key.size() + number_bytes + 7;
  // Room for one byte more: the number is written as if it took two.
  const InlineWrite write = open_inline(span, key_bit(key), static_cast<std::uint32_t>(size + 1));
  if (write.out == nullptr) return false;
  char* out = put_inline_head(write.out, key, number_bytes + 1);
  const std::uint64_t low = bits < 0x80 ? bits : ((bits & 0x7FU) | 0x80U);
  put_four(out, 2U << 3U | 2U, number_bytes + 1, tag, low);
  out[4] = static_cast<char>(bits >> 7U);
  close_inline(span, {write.thread, write.out, write.end - 1});
  return true;
}

/// The same for a double.
[[gnu::always_inline]] inline bool set_inline_double(SlotHandle span, std::string_view key,
                                                     double value) noexcept {
  const std::size_t size = key.size() + 15;
  const InlineWrite write = open_inline(span, key_bit(key), static_cast<std::uint32_t>(size));
  if (write.out == nullptr) return false;
  char* out = put_inline_head(write.out, key, 9);
  out[0] = 2U << 3U | 2U;
  out[1] = 9;
  out[2] = 4U << 3U | 1U;
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  bits = __builtin_bswap64(bits);
#endif
  std::memcpy(out + 3, &bits, sizeof bits);
  close_inline(span, write);
  return true;
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
