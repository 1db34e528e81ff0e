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

using sdk::ContextEntry;
using sdk::OwnerWrite;
using sdk::ThreadState;

namespace {

/// What a new span descends from.
struct Parent {
  const SpanContext* context;  ///< null: none
  const detail::ContextExtras* extras;
};

Parent find_parent(const SpanOptions* options) noexcept {
  if (options != nullptr) {
    if (options->is_root) return {nullptr, nullptr};
    if (const Context* given = options->parent) {
      return {given->is_valid() ? &given->span_context() : nullptr, given->extras()};
    }
  }
  const sdk::ThreadContexts* contexts = sdk::t_local.contexts;
  if (contexts->depth == 0) return {nullptr, nullptr};
  const ContextEntry& top = contexts->entries[contexts->depth - 1];
  return {top.is_valid ? &top.context : nullptr, top.extras};
}

/// An all-zero id is no id.
void put_id(std::uint8_t* out, std::uint64_t value) noexcept {
  if (value == 0) [[unlikely]]
    value = 1;
  std::memcpy(out, &value, sizeof value);
}

bool is_root_sampled(const ThreadState& thread, const TraceId& id) noexcept {
  switch (thread.settings.root_sampler) {
    case sdk::RootSampler::kAlwaysOn:
      return true;
    case sdk::RootSampler::kAlwaysOff:
      return false;
    case sdk::RootSampler::kRatio:
      break;
  }
  std::uint64_t low = 0;
  std::memcpy(&low, id.bytes + 8, sizeof low);
  if constexpr (std::endian::native == std::endian::little) low = __builtin_bswap64(low);
  constexpr std::uint64_t kRandomBits = (std::uint64_t{1} << 56U) - 1;
  return (low & kRandomBits) >= thread.settings.rejection_threshold;
}

/// Ids and flags of a new span; sampled or not.
void derive_context(SpanContext& out, const Parent& parent, ThreadState& thread) noexcept {
  if (parent.context == nullptr) {
    const std::uint64_t high = sdk::next_random(thread);
    const std::uint64_t low = sdk::next_random(thread);
    put_id(out.trace_id.bytes, high);
    put_id(out.trace_id.bytes + 8, low);
    // As random as the two it is made of, and cheaper than a third.
    put_id(out.span_id.bytes, high * 0x9E3779B97F4A7C15ULL ^ low);
    out.flags = kTraceFlagRandom;
    if (is_root_sampled(thread, out.trace_id)) out.flags |= kTraceFlagSampled;
  } else {
    out.trace_id = parent.context->trace_id;
    constexpr std::uint8_t kKnown = kTraceFlagRandom | kTraceFlagSampled;
    out.flags = parent.context->flags & kKnown;
    if (!thread.settings.is_parent_based) {
      out.flags &= kTraceFlagRandom;
      if (is_root_sampled(thread, out.trace_id)) out.flags |= kTraceFlagSampled;
    }
    put_id(out.span_id.bytes, sdk::next_random(thread));
  }
  out.is_remote = false;
}

void fill_slot(detail::Slot& slot, std::uint32_t generation, ThreadState& thread,
               const SpanContext& context, const Parent& parent) noexcept {
  slot.owner.store(&thread, std::memory_order_relaxed);
  slot.closed_generation.store(0, std::memory_order_relaxed);
  std::memcpy(slot.trace_id, context.trace_id.bytes, sizeof slot.trace_id);
  std::memcpy(slot.span_id, context.span_id.bytes, sizeof slot.span_id);
  slot.start = sdk::ticks_now();
  slot.end = 0;
  std::memset(reinterpret_cast<char*>(&slot) + offsetof(detail::Slot, key_bits), 0,
              detail::Slot::kInlineOffset - offsetof(detail::Slot, key_bits));
  slot.kind = static_cast<std::uint8_t>(SpanKind::kInternal);
  slot.trace_flags = context.flags;
  slot.run = static_cast<std::uint8_t>(thread.epoch);
  if (parent.context != nullptr) {
    std::memcpy(slot.parent_span_id, parent.context->span_id.bytes, sizeof slot.parent_span_id);
    if (parent.context->is_remote) slot.marks = sdk::kMarkParentRemote;
  }
  if (parent.extras != nullptr) {
    detail::retain(parent.extras);
    slot.extras = parent.extras;
  }
  slot.published.store(0, std::memory_order_relaxed);
  slot.state.store(sdk::make_state(generation, sdk::SlotPhase::kOpen), std::memory_order_release);
}

void append_name(ThreadState& thread, detail::Slot& slot, std::string_view name) noexcept {
  const auto put = [&](char* out) { wo::put_bytes_field(out, wo::kSpanName, name); };
  sdk::append_to_stream(thread, slot, wo::bytes_field_size(name.size()), put);
}

void apply_options(detail::SlotHandle span, const SpanOptions& options) noexcept {
  detail::Slot& slot = *span.slot;
  slot.kind = static_cast<std::uint8_t>(options.kind);
  if (options.start_unix_ns != 0) {
    slot.start = static_cast<std::uint64_t>(options.start_unix_ns);
    slot.marks |= sdk::kMarkStartIsUnix;
  }
  if (options.attribute_count != 0) {
    detail::set_values(span, options.attributes, options.attribute_count);
  }
  for (std::size_t i = 0; i < options.link_count; ++i) detail::add_link(span, options.links[i]);
}

/// A Bloom bit of an attribute key: two keys that share it may be the same. The end of a key tells
/// most keys of one span apart ("http.request.method", "http.request.size"); a false alarm only
/// costs the export thread a comparison.
[[gnu::always_inline]] inline std::uint64_t key_bit(std::string_view key) noexcept {
  const std::size_t size = key.size();
  std::uint64_t tail = 0;
  if (size >= sizeof tail) [[likely]] {
    std::memcpy(&tail, key.data() + size - sizeof tail, sizeof tail);
  } else {
    for (const char c : key) tail = tail << 8U | static_cast<unsigned char>(c);
  }
  return std::uint64_t{1} << ((tail + size) * 0x9E3779B97F4A7C15ULL >> 58U);
}

/// Counts a new attribute against the limit; false if it is dropped.
bool admit_attribute(ThreadState& thread, detail::Slot& slot, std::string_view key) noexcept {
  const std::uint64_t bit = key_bit(key);
  if ((slot.key_bits & bit) != 0) slot.marks |= sdk::kMarkMayRepeat;
  if (slot.attributes >= thread.settings.attribute_limit) [[unlikely]] {
    ++slot.dropped_attributes;
    thread.counters.attributes_dropped.add();
    return false;
  }
  slot.key_bits |= bit;
  ++slot.attributes;
  return true;
}

void drop_attribute(ThreadState& thread, detail::Slot& slot) noexcept {
  --slot.attributes;
  ++slot.dropped_attributes;
  thread.counters.attributes_dropped.add();
}

template <typename Put>
[[gnu::noinline]] void record_attribute_slow(detail::SlotHandle span, std::string_view key,
                                             std::size_t size, Put put) noexcept {
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) return sdk::amend_fields(span, size, put);
  const OwnerWrite write(thread, span);
  detail::Slot& slot = *span.slot;
  if (!write || !admit_attribute(thread, slot, key)) return;
  if (!sdk::append_to_stream(thread, slot, size, put)) drop_attribute(thread, slot);
}

/// The common case in one stretch without calls: our own open span, room in the slot, within the
/// limit. False if anything is different; then nothing has been done.
template <typename Put>
[[gnu::always_inline]] inline bool record_attribute_fast(detail::SlotHandle span,
                                                         std::string_view key, std::size_t size,
                                                         Put put) noexcept {
  ThreadState& thread = *sdk::t_local.state;
  detail::Slot& slot = *span.slot;
  if (!sdk::is_owner(thread, span)) [[unlikely]]
    return false;
  const OwnerWrite write(thread, span);
  const std::uint32_t used = slot.published.load(std::memory_order_relaxed);
  if (!write || slot.first_segment != nullptr || size > sizeof slot.inline_bytes - used ||
      slot.attributes >= thread.settings.attribute_limit) [[unlikely]] {
    return false;
  }
  const std::uint64_t bit = key_bit(key);
  if ((slot.key_bits & bit) != 0) slot.marks |= sdk::kMarkMayRepeat;
  slot.key_bits |= bit;
  ++slot.attributes;
  put(slot.inline_bytes + used);
  slot.published.store(used + static_cast<std::uint32_t>(size), std::memory_order_relaxed);
  return true;
}

template <typename Put>
void record_attribute(detail::SlotHandle span, std::string_view key, std::size_t size,
                      Put put) noexcept {
  if (!record_attribute_fast(span, key, size, put)) record_attribute_slow(span, key, size, put);
}

/// A short string attribute needs no lengths of lengths; the rest goes the general way.
[[gnu::noinline]] void set_string_slow(detail::SlotHandle span, std::string_view key,
                                       std::string_view value) noexcept {
  record_attribute_slow(
      span, key, wo::string_attribute_size(key.size(), value.size()),
      [&](char* out) { wo::put_string_attribute(out, wo::kSpanAttributes, key, value); });
}
[[gnu::noinline]] void set_int_slow(detail::SlotHandle span, std::string_view key,
                                    std::uint64_t bits) noexcept {
  record_attribute_slow(span, key, wo::varint_attribute_size(key.size(), bits), [&](char* out) {
    wo::put_varint_attribute(out, wo::kSpanAttributes, key, wo::kAnyInt, bits);
  });
}

}  // namespace

struct SpanAccess {
  static void start(Span& span, std::string_view name, const SpanOptions* options) noexcept {
    ThreadState* thread = sdk::recording_thread();
    const Parent parent = find_parent(options);
    if (parent.extras != nullptr) {
      detail::retain(parent.extras);
      span.extras_ = parent.extras;
    }
    if (thread == nullptr) [[unlikely]] {  // off: hand the caller's context on unchanged
      if (parent.context != nullptr) span.context_ = *parent.context;
      return;
    }
    derive_context(span.context_, parent, *thread);
    if (!span.context_.is_sampled()) return;
    detail::Slot* slot = sdk::take_slot(*thread);
    if (slot == nullptr) [[unlikely]]
      return;
    const std::uint32_t generation =
        sdk::generation_of(slot->state.load(std::memory_order_relaxed)) + 1;
    fill_slot(*slot, generation, *thread, span.context_, parent);
    span.handle_ = {slot, generation};
    append_name(*thread, *slot, name);
    if (options != nullptr) apply_options(span.handle_, *options);
  }
};

Span start_span(std::string_view name) noexcept {
  Span span;
  SpanAccess::start(span, name, nullptr);
  return span;
}

Span start_span(std::string_view name, const SpanOptions& options) noexcept {
  Span span;
  SpanAccess::start(span, name, &options);
  return span;
}

ActiveSpan::ActiveSpan(std::string_view name) noexcept
    : span_(start_span(name)), scope_(span_.activate()) {}
ActiveSpan::ActiveSpan(std::string_view name, const SpanOptions& options) noexcept
    : span_(start_span(name, options)), scope_(span_.activate()) {}

namespace detail {

void set_string(SlotHandle span, std::string_view key, std::string_view value) noexcept {
  const std::size_t texts = key.size() + value.size();
  if (texts > wo::kShortAttributeBytes ||
      !record_attribute_fast(span, key, wo::short_string_attribute_size(texts),
                             [&](char* out) __attribute__((always_inline)) {
                               wo::put_short_string_attribute(out, wo::kSpanAttributes, key, value);
                             })) {
    set_string_slow(span, key, value);
  }
}

void set_int(SlotHandle span, std::string_view key, std::int64_t value) noexcept {
  const auto bits = static_cast<std::uint64_t>(value);
  const std::size_t number_bytes = wo::varint_size(bits);
  if (key.size() > wo::kShortAttributeBytes - 10 ||
      !record_attribute_fast(span, key, wo::short_varint_attribute_size(key.size(), number_bytes),
                             [&](char* out) {
                               wo::put_short_varint_attribute(out, wo::kSpanAttributes, key,
                                                              wo::kAnyInt, bits, number_bytes);
                             })) {
    set_int_slow(span, key, bits);
  }
}

void set_double(SlotHandle span, std::string_view key, double value) noexcept {
  record_attribute(span, key, wo::double_attribute_size(key.size()), [&](char* out) {
    wo::put_double_attribute(out, wo::kSpanAttributes, key, value);
  });
}

void set_bool(SlotHandle span, std::string_view key, bool value) noexcept {
  record_attribute(span, key, wo::varint_attribute_size(key.size(), value ? 1 : 0), [&](char* out) {
    wo::put_varint_attribute(out, wo::kSpanAttributes, key, wo::kAnyBool, value ? 1 : 0);
  });
}

void set_value(SlotHandle span, std::string_view key, const AttributeValue& value) noexcept {
  record_attribute(span, key, sdk::attribute_size(key, value),
                   [&](char* out) { sdk::put_attribute(out, wo::kSpanAttributes, key, value); });
}

void set_values(SlotHandle span, const KeyValue* attributes, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const KeyValue& attribute = attributes[i];
    switch (attribute.value.kind()) {
      case AttributeKind::kString:
        set_string(span, attribute.key, attribute.value.string());
        break;
      case AttributeKind::kInt:
        set_int(span, attribute.key, attribute.value.integer());
        break;
      default:
        set_value(span, attribute.key, attribute.value);
    }
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
  return span.slot->state.load(std::memory_order_relaxed) ==
             sdk::make_state(span.generation, sdk::SlotPhase::kOpen) &&
         span.slot->closed_generation.load(std::memory_order_relaxed) != span.generation;
}

namespace {

void amend_end(SlotHandle span, std::int64_t unix_ns) noexcept {
  const bool is_unix = unix_ns != 0;
  sdk::AmendDraft draft =
      is_unix
          ? sdk::draft_amend(span, sdk::AmendKind::kEndUnix, static_cast<std::uint64_t>(unix_ns), 0)
          : sdk::draft_amend(span, sdk::AmendKind::kEnd, sdk::ticks_now(), 0);
  if (draft.bytes != nullptr) draft.commit();
}

}  // namespace

void end_span(SlotHandle span, std::int64_t unix_ns) noexcept {
  ThreadState& thread = *sdk::t_local.state;
  if (!sdk::is_owner(thread, span)) [[unlikely]]
    return amend_end(span, unix_ns);
  const OwnerWrite write(thread, span);
  if (!write) return;
  Slot& slot = *span.slot;
  if (unix_ns == 0) [[likely]] {
    slot.end = sdk::ticks_now();
  } else {
    slot.end = static_cast<std::uint64_t>(unix_ns);
    slot.marks |= sdk::kMarkEndIsUnix;
  }
  slot.state.store(sdk::make_state(span.generation, sdk::SlotPhase::kEnded),
                   std::memory_order_release);
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
