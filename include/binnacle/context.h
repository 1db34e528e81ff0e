#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

// Where in a trace we are: ids, flags and what travels with them. `SpanContext` is the plain
// identity (trivially copyable); `Context` adds W3C tracestate and baggage and is what crosses
// threads and processes. Values; const use of one Context from several threads is fine.
//
//   binnacle::Context here = binnacle::current_context();
//   pool.submit([here] {
//     auto span = binnacle::start_active_span("work", binnacle::SpanOptions().with_parent(here));
//   });

namespace binnacle {
inline namespace v1 {

/// 16 bytes in wire order. All zero: no trace.
struct TraceId {
  std::uint8_t bytes[16] = {};

  bool is_valid() const noexcept {
    std::uint64_t words[2];
    std::memcpy(words, bytes, sizeof words);
    return (words[0] | words[1]) != 0;
  }
  /// Writes 32 lowercase hexadecimal digits, without a terminating zero.
  void to_hex(char* out) const noexcept;
  friend bool operator==(const TraceId& a, const TraceId& b) noexcept {
    return std::memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
  }
  friend bool operator!=(const TraceId& a, const TraceId& b) noexcept { return !(a == b); }
};

/// 8 bytes in wire order. All zero: no span.
struct SpanId {
  std::uint8_t bytes[8] = {};

  bool is_valid() const noexcept {
    std::uint64_t word;
    std::memcpy(&word, bytes, sizeof word);
    return word != 0;
  }
  /// Writes 16 lowercase hexadecimal digits, without a terminating zero.
  void to_hex(char* out) const noexcept;
  friend bool operator==(const SpanId& a, const SpanId& b) noexcept {
    return std::memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
  }
  friend bool operator!=(const SpanId& a, const SpanId& b) noexcept { return !(a == b); }
};

/// W3C trace flags (Trace Context level 2).
enum TraceFlag : std::uint8_t {
  kTraceFlagSampled = 0x01,  ///< the caller may have recorded this trace
  kTraceFlagRandom = 0x02,   ///< the low 7 bytes of the trace id are random
};

/// The identity of one span.
struct SpanContext {
  TraceId trace_id;
  SpanId span_id;
  std::uint8_t flags = 0;
  bool is_remote = false;  ///< came out of a header, not from this process
  /// The caller left the sampling decision to us, as B3 and Datadog allow.
  bool is_deferred = false;

  bool is_valid() const noexcept { return trace_id.is_valid() && span_id.is_valid(); }
  bool is_sampled() const noexcept { return (flags & kTraceFlagSampled) != 0; }
};

namespace detail {
struct Slot;
struct ContextExtras;  // immutable tracestate and baggage, reference counted
void retain(const ContextExtras* extras) noexcept;
void release(const ContextExtras* extras) noexcept;
struct ScopeAccess;
}  // namespace detail

/// A span's identity with its tracestate and baggage. Copying costs a few nanoseconds; only a
/// context that carries tracestate or baggage holds (counted, shared) memory.
class Context {
 public:
  Context() noexcept = default;
  /// A context of these ids, as if it had come from elsewhere.
  explicit Context(const SpanContext& span_context) noexcept : span_context_(span_context) {}
  Context(const SpanContext& span_context, const detail::ContextExtras* counted) noexcept
      : span_context_(span_context), extras_(counted) {}
  Context(const Context& other) noexcept
      : span_context_(other.span_context_), extras_(other.extras_) {
    if (extras_ != nullptr) detail::retain(extras_);
  }
  Context(Context&& other) noexcept : span_context_(other.span_context_), extras_(other.extras_) {
    other.extras_ = nullptr;
  }
  Context& operator=(Context other) noexcept {
    const detail::ContextExtras* mine = extras_;
    span_context_ = other.span_context_;
    extras_ = other.extras_;
    other.extras_ = mine;
    return *this;
  }
  ~Context() {
    if (extras_ != nullptr) detail::release(extras_);
  }

  const SpanContext& span_context() const noexcept { return span_context_; }
  bool is_valid() const noexcept { return span_context_.is_valid(); }

  /// The W3C tracestate list as it will be sent on; empty if there is none. Valid as long as this
  /// object.
  std::string_view trace_state() const noexcept;
  /// The W3C baggage header as it will be sent on; empty if there is none.
  std::string_view baggage_header() const noexcept;
  /// The raw (percent-encoded) value of one baggage entry; empty if absent.
  std::string_view baggage(std::string_view key) const noexcept;
  bool has_baggage(std::string_view key) const noexcept;
  /// This context with one baggage entry set. `key` is an RFC 9110 token; `value` is
  /// percent-encoded as needed. What is invalid or would exceed 8192 bytes or 64 entries (the
  /// limits of W3C Baggage) changes nothing. Allocates.
  Context with_baggage(std::string_view key, std::string_view value) const noexcept;

  const detail::ContextExtras* extras() const noexcept { return extras_; }

 private:
  SpanContext span_context_;
  const detail::ContextExtras* extras_ = nullptr;
};

/// The context that is active on this thread; invalid if none is. ~5 ns.
Context current_context() noexcept;

/// Makes a context the current one of this thread until the scope ends. Scopes nest; ending one
/// ends those opened inside it. End it on the thread that made it (elsewhere it does nothing), or
/// wherever the coroutine that it stands in goes on (coroutine.h). More than kMaxScopeDepth nested
/// scopes are counted but not recorded.
class [[nodiscard]] Scope {
 public:
  explicit Scope(const Context& context) noexcept;
  Scope(Scope&& other) noexcept : id_(other.id_) { other.id_ = 0; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  Scope& operator=(Scope&&) = delete;
  ~Scope() { leave(); }

  /// Ends the scope before its time.
  void leave() noexcept {
    if (id_ == 0) return;
    leave_entry();
    id_ = 0;
  }

 private:
  friend class ActiveSpan;
  friend struct SpanAccess;
  friend struct detail::ScopeAccess;
  Scope() noexcept = default;
  void leave_entry() noexcept;

  std::uint64_t id_ = 0;  ///< which entry of a context stack is ours; 0: none
};

}  // namespace v1
}  // namespace binnacle
