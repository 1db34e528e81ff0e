#include "sdk/context_extras.h"
#include "sdk/context_stack.h"
#include "sdk/start_policy.h"
#include "sdk/stream.h"
#include "sdk/thread_state.h"
#include "sdk/tick_clock.h"
#include "wire/otlp/span_writer.h"

#include <binnacle/span.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <exception>
#include <span>
#include <string>
#include <variant>
#include <vector>

// How spans begin. Every function here runs on the threads of the host: no allocation, no lock, no
// read-modify-write of shared memory, no system call.
//
// Ids stay in registers, word by word, until they are written to both places that need them, the
// handle and the slot: reading 16 bytes back that were just written as two times 8 costs ~15 cycles
// (the store buffer cannot forward them).

namespace binnacle {
inline namespace v1 {

namespace wo = wire::otlp;

using sdk::ContextEntry;
using sdk::ThreadState;

namespace {

/// What a new span descends from.
struct Parent {
  const SpanContext* context;  ///< null: none
  const detail::ContextExtras* extras;
};

[[gnu::always_inline]] inline Parent find_parent(const SpanOptions* options) noexcept {
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

/// The identity of a new span: ids as they lie in memory.
struct Identity {
  std::uint64_t trace_high;
  std::uint64_t trace_low;
  std::uint64_t span;
  std::uint8_t flags;

  bool is_sampled() const noexcept { return (flags & kTraceFlagSampled) != 0; }
};

/// Keeps the compiler from joining words into vectors: that costs more than the store it saves, and
/// loads of two words that were just written one by one.
[[gnu::always_inline]] inline std::uint64_t in_register(std::uint64_t word) noexcept {
  asm volatile("" : "+r"(word));
  return word;
}

[[gnu::always_inline]] inline std::uint64_t load_word(const std::uint8_t* bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return in_register(word);
}

/// An all-zero id is no id.
[[gnu::always_inline]] inline std::uint64_t as_id(std::uint64_t random) noexcept {
  return random + (random == 0 ? 1 : 0);
}

[[gnu::always_inline]] inline void write_ids(std::uint8_t* trace_id, std::uint8_t* span_id,
                                             const Identity& identity) noexcept {
  std::memcpy(trace_id, &identity.trace_high, sizeof identity.trace_high);
  std::memcpy(trace_id + sizeof identity.trace_high, &identity.trace_low,
              sizeof identity.trace_low);
  std::memcpy(span_id, &identity.span, sizeof identity.span);
}

/// Which of the flags random and sampled a trace has that begins here.
[[gnu::always_inline]] inline std::uint8_t root_flags(const ThreadState& thread,
                                                      std::uint64_t trace_low) noexcept {
  if (thread.root_flags != 0) [[likely]]
    return thread.root_flags;
  if constexpr (std::endian::native == std::endian::little)
    trace_low = __builtin_bswap64(trace_low);
  constexpr std::uint64_t kRandomBits = (std::uint64_t{1} << 56U) - 1;
  const bool is_sampled = (trace_low & kRandomBits) >= thread.settings.rejection_threshold;
  return kTraceFlagRandom | (is_sampled ? kTraceFlagSampled : 0);
}

[[gnu::always_inline]] inline Identity make_root(ThreadState& thread) noexcept {
  const sdk::RandomPair random = sdk::next_random_pair(thread);
  return {.trace_high = as_id(random.high),  // enough: a trace id of two words may have one zero
          .trace_low = in_register(random.low),
          // As random as the two it is made of, and cheaper than a third.
          .span = as_id(random.high * 0x9E3779B97F4A7C15ULL ^ random.low),
          .flags = root_flags(thread, random.low)};
}

[[gnu::always_inline]] inline Identity make_child(ThreadState& thread,
                                                  const SpanContext& parent) noexcept {
  Identity made{
      .trace_high = load_word(parent.trace_id.bytes),
      .trace_low = load_word(parent.trace_id.bytes + 8),
      .span = as_id(sdk::next_random(thread)),
      .flags = static_cast<std::uint8_t>(parent.flags & (kTraceFlagRandom | kTraceFlagSampled))};
  if (!thread.settings.is_parent_based || parent.is_deferred) [[unlikely]] {
    made.flags = static_cast<std::uint8_t>(
        (made.flags & kTraceFlagRandom) | (root_flags(thread, made.trace_low) & kTraceFlagSampled));
  }
  return made;
}

/// A caller that has no span may still have decided (B3's lone "0", "1" and "d"). Takes and returns
/// flags, so that the identity stays in registers.
[[gnu::noinline]] std::uint8_t obey_caller(std::uint8_t flags,
                                           const detail::ContextExtras& extras) noexcept {
  if ((extras.marks & (detail::kMarkRootAccepted | detail::kMarkDebug)) != 0) {
    flags |= kTraceFlagSampled;
  } else if ((extras.marks & detail::kMarkRootDenied) != 0) {
    flags &= kTraceFlagRandom;
  }
  return flags;
}
void obey_caller(sdk::StartVerdict& root, const detail::ContextExtras& extras,
                 bool keeps_errors) noexcept {
  if ((extras.marks & (detail::kMarkRootAccepted | detail::kMarkDebug)) != 0) {
    root = {.is_sampled = true, .is_recorded = true};
  } else if ((extras.marks & detail::kMarkRootDenied) != 0) {
    root = {.is_recorded = keeps_errors};
  }
}

/// How much of the stream is published, and up to where attributes may be written: one store.
[[gnu::always_inline]] inline void store_stream_ends(detail::Slot& slot, std::uint32_t published,
                                                     std::uint32_t attribute_end) noexcept {
  static_assert(offsetof(detail::Slot, published) % sizeof(std::uint64_t) == 0);
  static_assert(offsetof(detail::Slot, attribute_end) ==
                offsetof(detail::Slot, published) + sizeof published);
  using Word [[gnu::may_alias]] = std::uint64_t;
  std::uint64_t both = std::uint64_t{attribute_end} << 32U | published;
  if constexpr (std::endian::native == std::endian::big) both = both << 32U | both >> 32U;
  __atomic_store_n(reinterpret_cast<Word*>(&slot.published), both, __ATOMIC_RELAXED);
}

/// Everything but the name, the start and the ends of the stream; the slot is not open yet.
[[gnu::always_inline]] inline void fill_slot(detail::Slot& slot, ThreadState& thread,
                                             const Identity& identity,
                                             const Parent& parent) noexcept {
  slot.owner.store(&thread, std::memory_order_relaxed);
  slot.key_bits = 0;
  // Put together in a register: as a struct on the stack it would be written in pieces and read
  // back whole, which waits until every store before it has reached the cache (~50 ns if the export
  // thread has read the slots meanwhile).
  const std::uint64_t word = thread.slot_head | std::uint64_t{identity.flags}
                                                    << sdk::kSlotFlagsShift;
  std::memcpy(reinterpret_cast<char*>(&slot) + offsetof(detail::Slot, attributes_left), &word,
              sizeof word);
  write_ids(slot.trace_id, slot.span_id, identity);
  // Line 1, but the times.
  std::memset(slot.parent_span_id, 0,
              offsetof(detail::Slot, inline_bytes) - offsetof(detail::Slot, parent_span_id));
  if (parent.context != nullptr) {
    const std::uint64_t id = load_word(parent.context->span_id.bytes);
    std::memcpy(slot.parent_span_id, &id, sizeof slot.parent_span_id);
    if (parent.context->is_remote) slot.marks = sdk::kMarkParentRemote;
  }
  if (parent.extras != nullptr) [[unlikely]] {
    detail::retain(parent.extras);
    slot.extras = parent.extras;
  }
}

/// Longest name whose length is a varint of one byte.
constexpr std::size_t kMaxShortName = 0x7F;

[[gnu::noinline]] void put_long_name(ThreadState& thread, detail::Slot& slot,
                                     std::string_view name) noexcept {
  const auto put = [&](char* out) { wo::put_bytes_field(out, wo::kSpanName, name); };
  sdk::append_to_stream(thread, slot, wo::bytes_field_size(name.size()), put);
}

[[gnu::always_inline]] inline void put_name(ThreadState& thread, detail::Slot& slot,
                                            std::string_view name) noexcept {
  if (name.size() > kMaxShortName) [[unlikely]] {
    store_stream_ends(slot, 0, thread.attribute_end);
    return put_long_name(thread, slot, name);
  }
  const std::uint8_t head[] = {static_cast<std::uint8_t>(wo::kSpanName),
                               static_cast<std::uint8_t>(name.size())};
  std::memcpy(slot.inline_bytes, head, sizeof head);
  detail::copy_text(slot.inline_bytes + sizeof head, name.data(), name.size());
  store_stream_ends(slot, static_cast<std::uint32_t>(sizeof head + name.size()),
                    thread.attribute_end);
}

/// Makes `slot` the span of `identity` and opens it; `now` reads the clock, last of all.
template <typename Now>
[[gnu::always_inline]] inline detail::SlotHandle open_slot(detail::Slot& slot, ThreadState& thread,
                                                           const Identity& identity,
                                                           const Parent& parent,
                                                           std::string_view name,
                                                           Now now) noexcept {
  fill_slot(slot, thread, identity, parent);
  put_name(thread, slot, name);
  const std::uint64_t open = sdk::make_state(
      sdk::generation_of(slot.state.load(std::memory_order_relaxed)) + 1, sdk::SlotPhase::kOpen);
  slot.start = now();
  slot.state.store(open, std::memory_order_release);
  return {&slot, open};
}

/// The common case: the SDK is on and has no start policy, the parent is the thread's current span
/// or there is none, no tracestate and no baggage, a short name, a free slot at hand. Straight
/// through, without a call, so that registers suffice. Returns make(handle, identity); or, if
/// anything is out of the ordinary, otherwise(), and once ids are drawn, which also decided about
/// sampling, otherwise(thread, identity, parent). (It hands over to functions because a struct of
/// all that would be returned through memory, in pieces.)
template <typename Make, typename Otherwise>
[[gnu::always_inline]] inline auto start_at_once(std::string_view name, Make make,
                                                 Otherwise otherwise) noexcept {
  ThreadState& thread = *sdk::t_local.state;
  if (thread.plain_epoch != sdk::g_epoch.load(std::memory_order_relaxed)) [[unlikely]]
    return otherwise();
  const sdk::ThreadContexts* contexts = sdk::t_local.contexts;
  Parent parent{nullptr, nullptr};
  if (contexts->depth != 0) {
    const ContextEntry& top = contexts->entries[contexts->depth - 1];
    if (top.extras != nullptr || !top.is_valid) [[unlikely]]
      return otherwise();
    parent.context = &top.context;
  }
  const Identity identity =
      parent.context == nullptr ? make_root(thread) : make_child(thread, *parent.context);
  if (!identity.is_sampled()) return make(detail::SlotHandle{}, identity);
  if (thread.free_mask == 0 || name.size() > kMaxShortName) [[unlikely]]
    return otherwise(thread, identity, parent);
  const detail::SlotHandle handle = open_slot(*sdk::take_slot(thread), thread, identity, parent,
                                              name, [] { return sdk::tick_counter(); });
  return make(handle, identity);
}

[[gnu::noinline]] void apply_options(detail::SlotHandle span, const SpanOptions& options) noexcept {
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

}  // namespace

struct [[gnu::visibility("hidden")]] SpanAccess {
  [[gnu::always_inline]] static Span start(std::string_view name) noexcept {
    struct Otherwise {
      std::string_view name;
      [[gnu::always_inline]] Span operator()() const noexcept { return start_otherwise(name); }
      [[gnu::always_inline]] Span operator()(ThreadState& thread, const Identity& identity,
                                             const Parent& parent) const noexcept {
        const Identity in_memory = identity;  // the original stays in registers
        return record_otherwise(thread, in_memory, parent.context, name);
      }
    };
    return start_at_once(
        name,
        [](detail::SlotHandle handle, const Identity& identity)
            __attribute__((always_inline)) { return make(handle, identity); },
        Otherwise{name});
  }

  [[gnu::always_inline]] static Span make(detail::SlotHandle handle,
                                          const Identity& identity) noexcept {
    return Span(handle, [&](SpanContext& context) __attribute__((always_inline)) {
      write_ids(context.trace_id.bytes, context.span_id.bytes, identity);
      context.flags = identity.flags;
    });
  }

  /// For a sampled span with a long name, or without a slot at hand.
  [[gnu::noinline]] static Span record_otherwise(ThreadState& thread, const Identity& identity,
                                                 const SpanContext* parent,
                                                 std::string_view name) noexcept {
    Span span = make({}, identity);
    record(span, thread, identity, {parent, nullptr}, name, nullptr);
    return span;
  }

  [[gnu::always_inline]] static Scope activate(const Span& span) noexcept {
    Scope scope;
    scope.id_ = sdk::push_context(span.context_, span.handle_, span.extras_);
    return scope;
  }

  [[gnu::noinline]] static Span start_otherwise(std::string_view name) noexcept {
    Span span;
    start(span, name, nullptr);
    return span;
  }

  static void start(Span& span, std::string_view name, const SpanOptions* options) noexcept {
    ThreadState* thread = sdk::recording_thread();
    if (thread == nullptr) {
      start_while_off(span, options);
    } else if (thread->settings.policy == nullptr) [[likely]] {
      start_plain(span, *thread, name, options);
    } else {
      start_by_policy(span, *thread, name, options);
    }
  }

  [[gnu::always_inline]] static void start_plain(Span& span, ThreadState& thread,
                                                 std::string_view name,
                                                 const SpanOptions* options) noexcept {
    const Parent parent = find_parent(options);
    if (parent.extras != nullptr) [[unlikely]] {
      detail::retain(parent.extras);
      span.extras_ = parent.extras;
    }
    Identity identity =
        parent.context == nullptr ? make_root(thread) : make_child(thread, *parent.context);
    if (parent.context == nullptr && parent.extras != nullptr) [[unlikely]] {
      identity.flags = obey_caller(identity.flags, *parent.extras);
    }
    write_ids(span.context_.trace_id.bytes, span.context_.span_id.bytes, identity);
    span.context_.flags = identity.flags;
    if (identity.is_sampled()) record(span, thread, identity, parent, name, options);
  }

  /// Hands the caller's context on unchanged.
  static void start_while_off(Span& span, const SpanOptions* options) noexcept {
    const Parent parent = find_parent(options);
    span.extras_ = inherit(parent);
    if (parent.context != nullptr) span.context_ = *parent.context;
  }

  static void start_by_policy(Span& span, ThreadState& thread, std::string_view name,
                              const SpanOptions* options) noexcept try {
    const sdk::StartPolicy& policy = *thread.settings.policy;
    const Parent parent = find_parent(options);
    Identity identity =
        parent.context == nullptr ? make_root(thread) : make_child(thread, *parent.context);
    if (policy.has_generator()) use_generator(policy, identity, parent.context == nullptr);
    const SamplingParameters parameters = describe(identity, parent, name, options);
    if (policy.has_user_sampler()) {
      return start_by_user(span, thread, policy, identity, parent, parameters, options);
    }
    sdk::StartVerdict verdict = policy.decide(thread, parameters);
    if (parent.context == nullptr && parent.extras != nullptr) {
      obey_caller(verdict, *parent.extras, policy.keeps_errors());
    }
    take_context(span, identity, verdict);
    span.extras_ =
        policy.writes_threshold() ? with_probability(policy, verdict, parent) : inherit(parent);
    if (!verdict.is_recorded) return;
    record(span, thread, identity, {parent.context, span.extras_}, name, options);
    announce(span, policy, parent);
  } catch (const std::exception&) {
    // No memory for a tracestate: what has been started stays started.
    thread.counters.dropped_no_memory.add();
  }

  static void start_by_user(Span& span, ThreadState& thread, const sdk::StartPolicy& policy,
                            Identity identity, const Parent& parent,
                            const SamplingParameters& parameters, const SpanOptions* options) {
    sdk::StartExtras extras;
    const sdk::StartVerdict verdict = policy.ask_user(parameters, extras);
    take_context(span, identity, verdict);
    span.extras_ =
        extras.trace_state ? with_trace_state(*extras.trace_state, parent) : inherit(parent);
    if (!verdict.is_recorded) return;
    record(span, thread, identity, {parent.context, span.extras_}, parameters.name, options);
    for (const Attribute& attribute : extras.attributes) set_own(span, attribute);
    announce(span, policy, parent);
  }

  static void take_context(Span& span, Identity& identity,
                           const sdk::StartVerdict& verdict) noexcept {
    identity.flags &= kTraceFlagRandom;
    if (verdict.is_sampled) identity.flags |= kTraceFlagSampled;
    write_ids(span.context_.trace_id.bytes, span.context_.span_id.bytes, identity);
    span.context_.flags = identity.flags;
  }

  static void announce(const Span& span, const sdk::StartPolicy& policy,
                       const Parent& parent) noexcept {
    if (span.handle_.slot == nullptr || !policy.has_start_processors()) return;
    policy.run_start_processors(
        span,
        Context(parent.context != nullptr ? *parent.context : SpanContext(), inherit(parent)));
  }

  static void use_generator(const sdk::StartPolicy& policy, Identity& identity,
                            bool is_root) noexcept {
    TraceId trace;
    SpanId id;
    std::memcpy(trace.bytes, &identity.trace_high, sizeof identity.trace_high);
    std::memcpy(trace.bytes + 8, &identity.trace_low, sizeof identity.trace_low);
    std::memcpy(id.bytes, &identity.span, sizeof identity.span);
    policy.make_ids(is_root ? &trace : nullptr, id);
    identity.trace_high = load_word(trace.bytes);
    identity.trace_low = load_word(trace.bytes + 8);
    identity.span = load_word(id.bytes);
    if (is_root && !policy.has_random_ids()) identity.flags &= ~kTraceFlagRandom;
  }

  static SamplingParameters describe(const Identity& identity, const Parent& parent,
                                     std::string_view name, const SpanOptions* options) noexcept {
    SamplingParameters parameters{};
    parameters.parent = parent.context;
    if (parent.extras != nullptr) parameters.parent_trace_state = parent.extras->trace_state();
    std::memcpy(parameters.trace_id.bytes, &identity.trace_high, sizeof identity.trace_high);
    std::memcpy(parameters.trace_id.bytes + 8, &identity.trace_low, sizeof identity.trace_low);
    parameters.name = name;
    parameters.kind = options != nullptr ? options->kind : SpanKind::kInternal;
    if (options != nullptr) {
      parameters.attributes = options->attributes;
      parameters.attribute_count = options->attribute_count;
      parameters.links = options->links;
      parameters.link_count = options->link_count;
    }
    return parameters;
  }

  /// The parent's tracestate and baggage, with a reference of their own.
  static const detail::ContextExtras* inherit(const Parent& parent) noexcept {
    if (parent.extras != nullptr) detail::retain(parent.extras);
    return parent.extras;
  }
  static const detail::ContextExtras* with_trace_state(std::string_view trace_state,
                                                       const Parent& parent) noexcept {
    return detail::make_extras(
        trace_state, parent.extras != nullptr ? parent.extras->baggage() : std::string_view(),
        detail::marks_of(parent.extras));
  }
  static const detail::ContextExtras* with_probability(const sdk::StartPolicy& policy,
                                                       const sdk::StartVerdict& verdict,
                                                       const Parent& parent) {
    const auto changed = policy.trace_state_for(
        verdict, parent.extras != nullptr ? parent.extras->trace_state() : std::string_view());
    return changed ? with_trace_state(*changed, parent) : inherit(parent);
  }

  static void set_own(const SpanRef& span, const Attribute& attribute) {
    std::visit([&](const auto& value) { set_variant(span, attribute.key, value); },
               attribute.value);
  }
  template <typename T>
  static void set_variant(const SpanRef& span, const std::string& key, const T& value) {
    if constexpr (std::is_same_v<T, std::vector<bool>>) {
      bool flags[64];
      const std::size_t count = std::min(value.size(), std::size(flags));
      std::copy_n(value.begin(), count, flags);
      span.set_attribute(std::string_view(key), std::span<const bool>(flags, count));
    } else {
      span.set_attribute(std::string_view(key), value);
    }
  }

  [[gnu::always_inline]] static void record(Span& span, ThreadState& thread,
                                            const Identity& identity, const Parent& parent,
                                            std::string_view name,
                                            const SpanOptions* options) noexcept {
    detail::Slot* slot = sdk::take_slot(thread);
    if (slot == nullptr) [[unlikely]]
      return;
    span.handle_ =
        open_slot(*slot, thread, identity, parent, name, [] { return sdk::ticks_now(); });
    if (options != nullptr) apply_options(span.handle_, *options);
  }
};

// What these have on the stack are ids and a pointer or two, no buffers: a canary, which the
// compiler would add because of their addresses, protects nothing there.

[[gnu::no_stack_protector]] Span start_span(std::string_view name) noexcept {
  return SpanAccess::start(name);
}

[[gnu::no_stack_protector]] Span start_span(std::string_view name,
                                            const SpanOptions& options) noexcept {
  Span span;
  SpanAccess::start(span, name, &options);
  return span;
}

[[gnu::no_stack_protector]] ActiveSpan::ActiveSpan(std::string_view name) noexcept
    : span_(SpanAccess::start(name)), scope_(SpanAccess::activate(span_)) {}
ActiveSpan::ActiveSpan(std::string_view name, const SpanOptions& options) noexcept
    : span_(start_span(name, options)), scope_(SpanAccess::activate(span_)) {}

Scope Span::activate() const noexcept { return SpanAccess::activate(*this); }

}  // namespace v1
}  // namespace binnacle
