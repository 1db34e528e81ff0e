#include "sdk/context_stack.h"
#include "sdk/fields.h"
#include "sdk/stream.h"
#include "sdk/thread_state.h"
#include "sdk/tick_clock.h"
#include "wire/otlp/span_writer.h"

#include <binnacle/span.h>
#include <cxxabi.h>

#include <cstdlib>
#include <cstring>
#include <typeinfo>

// The recording path. Every function here runs on the threads of the host: no allocation, no lock,
// no read-modify-write of shared memory, no system call, except in the functions named *_slow.

namespace binnacle {
inline namespace v1 {

namespace wo = wire::otlp;

using sdk::OwnerWrite;
using sdk::ThreadState;

namespace {

[[gnu::noinline]] void append_name(ThreadState& thread, detail::Slot& slot,
                                   std::string_view name) noexcept {
  const auto put = [&](char* out) { wo::put_bytes_field(out, wo::kSpanName, name); };
  sdk::append_to_stream(thread, slot, wo::bytes_field_size(name.size()), put);
}

/// Counts a new attribute against the limit; false if it is dropped.
bool admit_attribute(ThreadState& thread, detail::Slot& slot, std::string_view key) noexcept {
  const std::uint64_t bit = detail::key_bit(key);
  if ((slot.key_bits & bit) != 0) slot.marks |= sdk::kMarkMayRepeat;
  if (slot.attributes_left == 0) [[unlikely]] {
    ++slot.dropped_attributes;
    thread.counters.attributes_dropped.add();
    return false;
  }
  slot.key_bits |= bit;
  if (--slot.attributes_left == 0) slot.attribute_end = 0;
  return true;
}

void drop_attribute(ThreadState& thread, detail::Slot& slot) noexcept {
  ++slot.attributes_left;
  ++slot.dropped_attributes;
  thread.counters.attributes_dropped.add();
}

template <typename Put>
void record_attribute(detail::SlotHandle span, std::string_view key, std::size_t size,
                      Put put) noexcept {
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) return sdk::amend_fields(span, size, put);
  const OwnerWrite write(thread, span);
  detail::Slot& slot = *span.slot;
  if (!write || !admit_attribute(thread, slot, key)) return;
  if (!sdk::append_to_stream(thread, slot, size, put)) drop_attribute(thread, slot);
}

// What is not compiled into the caller and not short, not ours or not within the slot.
[[gnu::noinline]] void set_string_slow(detail::SlotHandle span, std::string_view key,
                                       std::string_view value) noexcept {
  record_attribute(span, key, wo::string_attribute_size(key.size(), value.size()), [&](char* out) {
    wo::put_string_attribute(out, wo::kSpanAttributes, key, value);
  });
}
[[gnu::noinline]] void set_int_slow(detail::SlotHandle span, std::string_view key,
                                    std::uint64_t bits) noexcept {
  record_attribute(span, key, wo::varint_attribute_size(key.size(), bits), [&](char* out) {
    wo::put_varint_attribute(out, wo::kSpanAttributes, key, wo::kAnyInt, bits);
  });
}

}  // namespace

namespace detail {

void set_string(SlotHandle span, std::string_view key, std::string_view value) noexcept {
  if (key.size() + value.size() > kInlineTextBytes || !set_inline_text(span, key, value)) {
    set_string_slow(span, key, value);
  }
}

void set_int(SlotHandle span, std::string_view key, std::int64_t value) noexcept {
  const auto bits = static_cast<std::uint64_t>(value);
  if (key.size() > kInlineKeyBytes || bits >= 1U << 14U ||
      !set_inline_small(span, key, wo::kAnyInt, bits)) {
    set_int_slow(span, key, bits);
  }
}

void set_double(SlotHandle span, std::string_view key, double value) noexcept {
  if (key.size() > kInlineKeyBytes || !set_inline_double(span, key, value)) {
    record_attribute(span, key, wo::double_attribute_size(key.size()), [&](char* out) {
      wo::put_double_attribute(out, wo::kSpanAttributes, key, value);
    });
  }
}

void set_bool(SlotHandle span, std::string_view key, bool value) noexcept {
  const std::uint64_t bits = value ? 1 : 0;
  if (key.size() > kInlineKeyBytes || !set_inline_small(span, key, wo::kAnyBool, bits)) {
    record_attribute(span, key, wo::varint_attribute_size(key.size(), bits), [&](char* out) {
      wo::put_varint_attribute(out, wo::kSpanAttributes, key, wo::kAnyBool, bits);
    });
  }
}

void set_value(SlotHandle span, std::string_view key, const AttributeValue& value) noexcept {
  record_attribute(span, key, sdk::attribute_size(key, value),
                   [&](char* out) { sdk::put_attribute(out, wo::kSpanAttributes, key, value); });
}

namespace {

/// Writes as many of the attributes as are short and fit, having made sure once that the span is
/// ours and open. How many that were.
std::size_t set_values_inline(SlotHandle span, const KeyValue* attributes,
                              std::size_t count) noexcept {
  Slot& slot = *span.slot;
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) return 0;
  const OwnerWrite write(thread, span);
  if (!write) return 0;
  std::uint32_t used = slot.published.load(std::memory_order_relaxed);
  std::size_t done = 0;
  for (; done < count; ++done) {
    const auto& [key, value] = attributes[done];
    const bool is_text = value.kind() == AttributeKind::kString;
    const auto bits = static_cast<std::uint64_t>(value.integer());
    if (!is_text && (value.kind() != AttributeKind::kInt || bits >= 1U << 14U)) break;
    const std::size_t value_bytes = is_text ? value.size() + 2 : bits < 0x80 ? 2 : 3;
    // Room for a byte more than a short number takes.
    const std::size_t size = key.size() + value_bytes + 6;
    if (size > kInlineTextBytes || used + size + 1 > slot.attribute_end) break;
    const std::uint64_t bit = key_bit(key);
    if ((slot.key_bits & bit) != 0) slot.marks |= sdk::kMarkMayRepeat;
    slot.key_bits |= bit;
    if (--slot.attributes_left == 0) slot.attribute_end = 0;
    char* out = put_inline_head(slot.inline_bytes + used, key, value_bytes);
    if (is_text) {
      put_four(out, wo::kValue, value_bytes, wo::kAnyString, value.size());
      copy_text(out + 4, value.string().data(), value.size());
    } else {
      put_four(out, wo::kValue, value_bytes, wo::kAnyInt,
               bits < 0x80 ? bits : (bits & 0x7FU) | 0x80U);
      out[4] = static_cast<char>(bits >> 7U);
    }
    used += static_cast<std::uint32_t>(size);
  }
  slot.published.store(used, std::memory_order_relaxed);
  return done;
}

void set_one(SlotHandle span, const KeyValue& attribute) noexcept {
  switch (attribute.value.kind()) {
    case AttributeKind::kString:
      return set_string(span, attribute.key, attribute.value.string());
    case AttributeKind::kInt:
      return set_int(span, attribute.key, attribute.value.integer());
    default:
      return set_value(span, attribute.key, attribute.value);
  }
}

}  // namespace

void set_values(SlotHandle span, const KeyValue* attributes, std::size_t count) noexcept {
  std::size_t done = 0;
  while (done < count) {
    done += set_values_inline(span, attributes + done, count - done);
    if (done < count) set_one(span, attributes[done++]);
  }
}

void add_event(SlotHandle span, std::string_view name, const KeyValue* attributes,
               std::size_t count, std::int64_t unix_ns) noexcept {
  const sdk::EventFields event{
      .name = name,
      .attributes = {attributes, count},
      .time_tag = unix_ns != 0 ? wo::kEventTime : sdk::kEventTicks,
      .time = unix_ns != 0 ? static_cast<std::uint64_t>(unix_ns) : sdk::ticks_now()};
  const auto put = [&](char* out) { event.put(out); };
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) return sdk::amend_fields(span, event.size(), put);
  const OwnerWrite write(thread, span);
  if (!write) return;
  if (span.slot->events < thread.settings.event_limit &&
      sdk::append_to_stream(thread, *span.slot, event.size(), put)) {
    ++span.slot->events;
    span.slot->marks |= sdk::kMarkHasEvents;
    return;
  }
  ++span.slot->dropped_events;
  thread.counters.attributes_dropped.add();
}

void add_link(SlotHandle span, const Link& link) noexcept {
  const sdk::LinkFields fields{.context = link.context,
                               .attributes = {link.attributes.begin(), link.attributes.size()}};
  const auto put = [&](char* out) { fields.put(out); };
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) return sdk::amend_fields(span, fields.size(), put);
  const OwnerWrite write(thread, span);
  if (!write) return;
  if (span.slot->links < thread.settings.link_limit &&
      sdk::append_to_stream(thread, *span.slot, fields.size(), put)) {
    ++span.slot->links;
    return;
  }
  ++span.slot->dropped_links;
  thread.counters.attributes_dropped.add();
}

void set_status(SlotHandle span, StatusCode code, std::string_view message) noexcept {
  if (code == StatusCode::kUnset) return;
  if (code != StatusCode::kError) message = {};
  const auto value = static_cast<std::uint8_t>(code);
  const auto put = [&](char* out) { sdk::put_status(out, value, message); };
  const std::size_t size = sdk::status_size(message);
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) return sdk::amend_fields(span, size, put);
  const OwnerWrite write(thread, span);
  Slot& slot = *span.slot;
  if (!write || slot.status == static_cast<std::uint8_t>(StatusCode::kOk)) return;
  slot.status = value;
  // A status goes into the stream only if it has a message, or has to replace one that is there.
  if (message.empty() && !slot.has_status_message) return;
  if (slot.has_status_message) slot.marks |= sdk::kMarkMayRepeat;
  slot.has_status_message =
      sdk::append_to_stream(thread, slot, size, put) || slot.has_status_message;
}

void update_name(SlotHandle span, std::string_view name) noexcept {
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) {
    return sdk::amend_fields(span, wo::bytes_field_size(name.size()),
                             [&](char* out) { wo::put_bytes_field(out, wo::kSpanName, name); });
  }
  const OwnerWrite write(thread, span);
  if (!write) return;
  span.slot->marks |= sdk::kMarkMayRepeat;
  append_name(thread, *span.slot, name);
}

void record_exception(SlotHandle span, const std::exception& error, const KeyValue* attributes,
                      std::size_t count) noexcept {
  int failed = 0;
  char* readable = abi::__cxa_demangle(typeid(error).name(), nullptr, nullptr, &failed);
  const std::string_view type = failed == 0 ? readable : typeid(error).name();
  // The conventions' two attributes and as many of the caller's as reasonably come with one.
  constexpr std::size_t kMaxAttributes = 16;
  KeyValue all[kMaxAttributes] = {{"exception.type", type},
                                  {"exception.message", error.what()},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0},
                                  {"", 0}};
  std::size_t used = 2;
  for (std::size_t i = 0; i < count && used < kMaxAttributes; ++i) all[used++] = attributes[i];
  add_event(span, "exception", all, used, 0);
  std::free(readable);
}

bool is_recording(SlotHandle span) noexcept {
  return span.slot->state.load(std::memory_order_relaxed) == span.open_state;
}

namespace {

[[gnu::noinline]] void amend_end(SlotHandle span, std::int64_t unix_ns) noexcept {
  const bool is_unix = unix_ns != 0;
  sdk::AmendDraft draft =
      is_unix
          ? sdk::draft_amend(span, sdk::AmendKind::kEndUnix, static_cast<std::uint64_t>(unix_ns), 0)
          : sdk::draft_amend(span, sdk::AmendKind::kEnd, sdk::ticks_now(), 0);
  if (draft.bytes != nullptr) draft.commit();
}

[[gnu::always_inline]] inline void end_own(SlotHandle span, ThreadState& thread, std::uint64_t end,
                                           std::uint8_t mark) noexcept {
  const OwnerWrite write(thread, span);
  if (!write) return;
  Slot& slot = *span.slot;
  slot.end = end;
  slot.marks |= mark;
  constexpr std::uint64_t kOpenToEnded = static_cast<std::uint64_t>(sdk::SlotPhase::kOpen) ^
                                         static_cast<std::uint64_t>(sdk::SlotPhase::kEnded);
  slot.state.store(span.open_state ^ kOpenToEnded, std::memory_order_release);
}

[[gnu::noinline]] void end_span_slow(SlotHandle span) noexcept {
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) return amend_end(span, 0);
  end_own(span, thread, sdk::ticks_now(), 0);
}

[[gnu::always_inline]] inline void end_at_once(SlotHandle span) noexcept {
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span) || !sdk::g_has_tick_counter) [[unlikely]]
    return end_span_slow(span);
  end_own(span, thread, sdk::tick_counter(), 0);
}

}  // namespace

void end_span(SlotHandle span) noexcept { end_at_once(span); }

void end_active_span(SlotHandle span, std::uint64_t scope_id) noexcept {
  sdk::leave_context(scope_id);
  end_at_once(span);
}

void end_span_at(SlotHandle span, std::int64_t unix_ns) noexcept {
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) return amend_end(span, unix_ns);
  end_own(span, thread, static_cast<std::uint64_t>(unix_ns), sdk::kMarkEndIsUnix);
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
