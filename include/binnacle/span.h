#pragma once

#include <binnacle/attribute.h>
#include <binnacle/context.h>
#include <binnacle/inline_recording.h>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <string_view>
#include <type_traits>

// Spans: the recording half of the API. A `Span` is made by start_span() and ends when it is
// destroyed or end() is called. It is a move-only handle of 56 bytes on memory that the SDK owns:
// recording allocates nothing, locks nothing, and never blocks or throws. If the span is not
// sampled, or the SDK is off or out of its memory limit, every call is a cheap no-op.
//
// Threads: all operations may be called from any thread. Those on the thread that started the span
// are the fastest (2-3 ns per attribute if its key is a literal, 6 otherwise); elsewhere they are
// kept aside and merged before export.
// One handle must not be used by two threads at the same time without synchronisation if one of
// the calls moves, ends or destroys it.

namespace binnacle {
inline namespace v1 {

/// OpenTelemetry span kinds; values as in OTLP.
enum class SpanKind : std::uint8_t {
  kInternal = 1,
  kServer = 2,
  kClient = 3,
  kProducer = 4,
  kConsumer = 5,
};

/// OpenTelemetry status codes; values as in OTLP.
enum class StatusCode : std::uint8_t { kUnset = 0, kOk = 1, kError = 2 };

/// A link to another span. Borrowed for the call.
struct Link {
  SpanContext context;
  std::initializer_list<KeyValue> attributes = {};
};

/// How to start a span. Everything is optional. Borrowed: pass it straight to start_span().
struct SpanOptions {
  SpanKind kind = SpanKind::kInternal;
  bool is_root = false;             ///< ignore the current context and start a new trace
  const Context* parent = nullptr;  ///< null: the current context of this thread
  std::int64_t start_unix_ns = 0;   ///< 0: now
  const KeyValue* attributes = nullptr;
  std::size_t attribute_count = 0;
  const Link* links = nullptr;
  std::size_t link_count = 0;

  SpanOptions& with_kind(SpanKind value) noexcept {
    kind = value;
    return *this;
  }
  /// `context` must outlive the call of start_span(). An invalid one starts a new trace.
  SpanOptions& with_parent(const Context& context) noexcept {
    parent = &context;
    return *this;
  }
  SpanOptions& with_root() noexcept {
    is_root = true;
    return *this;
  }
  SpanOptions& with_start_time(std::int64_t unix_ns) noexcept {
    start_unix_ns = unix_ns;
    return *this;
  }
  /// The list must outlive the call of start_span(): write it in the same expression.
  SpanOptions& with_attributes(std::initializer_list<KeyValue> list) noexcept {
    attributes = list.begin();
    attribute_count = list.size();
    return *this;
  }
  SpanOptions& with_links(std::initializer_list<Link> list) noexcept {
    links = list.begin();
    link_count = list.size();
    return *this;
  }
};

namespace detail {
void set_string(SlotHandle span, std::string_view key, std::string_view value) noexcept;
void set_int(SlotHandle span, std::string_view key, std::int64_t value) noexcept;
void set_double(SlotHandle span, std::string_view key, double value) noexcept;
void set_bool(SlotHandle span, std::string_view key, bool value) noexcept;
void set_value(SlotHandle span, std::string_view key, const AttributeValue& value) noexcept;
void set_values(SlotHandle span, const KeyValue* attributes, std::size_t count) noexcept;
void add_event(SlotHandle span, std::string_view name, const KeyValue* attributes,
               std::size_t count, std::int64_t unix_ns) noexcept;
void add_link(SlotHandle span, const Link& link) noexcept;
void set_status(SlotHandle span, StatusCode code, std::string_view message) noexcept;
void update_name(SlotHandle span, std::string_view name) noexcept;
void record_exception(SlotHandle span, const std::exception& error, const KeyValue* attributes,
                      std::size_t count) noexcept;
bool is_recording(SlotHandle span) noexcept;
void end_span(SlotHandle span) noexcept;
/// Leaves the scope with this id on the current thread's stack, then ends the span.
void end_active_span(SlotHandle span, std::uint64_t scope_id) noexcept;
void end_span_at(SlotHandle span, std::int64_t unix_ns) noexcept;

// The same, with a literal key of `Size` bytes: compiled into the caller as far as it is the common
// case.
template <std::size_t Size>
[[gnu::always_inline]] inline void set_literal(SlotHandle span, const char* key,
                                               std::string_view value) noexcept {
  constexpr std::size_t kRoom = Size <= kInlineTextBytes ? kInlineTextBytes - Size : 0;
  if (value.size() > kRoom || !set_inline_text(span, {key, Size}, value)) {
    set_string(span, {key, Size}, value);
  }
}
template <std::size_t Size>
[[gnu::always_inline]] inline void set_literal(SlotHandle span, const char* key,
                                               std::int64_t value) noexcept {
  constexpr std::uint8_t kAnyInt = 3U << 3U;
  const auto bits = static_cast<std::uint64_t>(value);
  if (Size > kInlineKeyBytes || bits >= 1U << 14U ||
      !set_inline_small(span, {key, Size}, kAnyInt, bits)) {
    set_int(span, {key, Size}, value);
  }
}
template <std::size_t Size>
[[gnu::always_inline]] inline void set_literal(SlotHandle span, const char* key,
                                               double value) noexcept {
  if (Size > kInlineKeyBytes || !set_inline_double(span, {key, Size}, value)) {
    set_double(span, {key, Size}, value);
  }
}
template <std::size_t Size>
[[gnu::always_inline]] inline void set_literal(SlotHandle span, const char* key,
                                               bool value) noexcept {
  constexpr std::uint8_t kAnyBool = 2U << 3U;
  if (Size > kInlineKeyBytes || !set_inline_small(span, {key, Size}, kAnyBool, value ? 1 : 0)) {
    set_bool(span, {key, Size}, value);
  }
}

// A value in the form in which it is recorded.
template <typename T>
auto plain(const T& value) noexcept {
  if constexpr (std::is_same_v<T, bool>) {
    return value;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<std::int64_t>(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<double>(value);
  } else if constexpr (std::is_pointer_v<T> && kIsText<T>) {
    return value == nullptr ? std::string_view() : std::string_view(value);
  } else if constexpr (kIsText<T>) {
    return std::string_view(value);
  } else {
    return AttributeValue(value);
  }
}
inline void set(SlotHandle span, std::string_view key, std::string_view value) noexcept {
  set_string(span, key, value);
}
inline void set(SlotHandle span, std::string_view key, std::int64_t value) noexcept {
  set_int(span, key, value);
}
inline void set(SlotHandle span, std::string_view key, double value) noexcept {
  set_double(span, key, value);
}
inline void set(SlotHandle span, std::string_view key, bool value) noexcept {
  set_bool(span, key, value);
}
inline void set(SlotHandle span, std::string_view key, const AttributeValue& value) noexcept {
  set_value(span, key, value);
}
}  // namespace detail

/// A span somebody else owns: copyable, never ends it, does nothing once it has ended.
/// `current_span()` gives the one that is active on this thread.
class SpanRef {
 public:
  SpanRef() noexcept = default;

  /// Sets an attribute; the last value set under a key wins. Past the attribute limit (128) new
  /// ones are dropped and counted on the span.
  template <typename T>
  const SpanRef& set_attribute(std::string_view key, const T& value) const noexcept {
    if (handle_.slot != nullptr) detail::set(handle_, key, detail::plain(value));
    return *this;
  }
  /// The same with a literal key, which is what this is fastest with.
  template <std::size_t Size, typename T>
  [[gnu::always_inline]] const SpanRef& set_attribute(const char (&key)[Size],
                                                      const T& value) const noexcept {
    if (handle_.slot == nullptr) return *this;
    if constexpr (Size > 1 && (std::is_arithmetic_v<T> || detail::kIsText<T>)) {
      // Of a literal the length is known when compiling; of a buffer it is not.
      if (__builtin_strlen(key) == Size - 1) {
        detail::set_literal<Size - 1>(handle_, key, detail::plain(value));
        return *this;
      }
    }
    detail::set(handle_, std::string_view(key), detail::plain(value));
    return *this;
  }
  /// Several at once.
  const SpanRef& set_attributes(std::initializer_list<KeyValue> attributes) const noexcept {
    if (handle_.slot != nullptr) {
      detail::set_values(handle_, attributes.begin(), attributes.size());
    }
    return *this;
  }
  /// Records that something happened, now or at `unix_ns`.
  const SpanRef& add_event(std::string_view name, std::initializer_list<KeyValue> attributes = {},
                           std::int64_t unix_ns = 0) const noexcept {
    if (handle_.slot != nullptr) {
      detail::add_event(handle_, name, attributes.begin(), attributes.size(), unix_ns);
    }
    return *this;
  }
  /// Connects this span to another one, in this trace or another.
  const SpanRef& add_link(const SpanContext& context,
                          std::initializer_list<KeyValue> attributes = {}) const noexcept {
    if (handle_.slot != nullptr) detail::add_link(handle_, Link{context, attributes});
    return *this;
  }
  /// Sets the status. Ok is final; otherwise the last call wins, and kUnset is ignored
  /// (OpenTelemetry's rules). `message` is kept for kError only.
  const SpanRef& set_status(StatusCode code, std::string_view message = {}) const noexcept {
    if (handle_.slot != nullptr) detail::set_status(handle_, code, message);
    return *this;
  }
  const SpanRef& set_error(std::string_view message = {}) const noexcept {
    return set_status(StatusCode::kError, message);
  }
  const SpanRef& update_name(std::string_view name) const noexcept {
    if (handle_.slot != nullptr) detail::update_name(handle_, name);
    return *this;
  }
  /// Adds an "exception" event with exception.type and exception.message. Does not set the status.
  const SpanRef& record_exception(const std::exception& error,
                                  std::initializer_list<KeyValue> attributes = {}) const noexcept {
    if (handle_.slot != nullptr) {
      detail::record_exception(handle_, error, attributes.begin(), attributes.size());
    }
    return *this;
  }

  /// False if nothing set here will be exported: skip preparing costly attributes.
  bool is_recording() const noexcept {
    return handle_.slot != nullptr && detail::is_recording(handle_);
  }
  /// The span's identity; stays valid after the end.
  const SpanContext& context() const noexcept { return context_; }

 protected:
  detail::SlotHandle handle_;
  SpanContext context_;

 private:
  friend SpanRef current_span() noexcept;
};

/// A span we own; ends when destroyed. See the top of this file.
class [[nodiscard]] Span : public SpanRef {
 public:
  /// Records nothing.
  Span() noexcept = default;
  Span(Span&& other) noexcept : SpanRef(other), extras_(other.extras_) {
    other.handle_.slot = nullptr;
    other.extras_ = nullptr;
  }
  Span& operator=(Span&& other) noexcept {
    if (this != &other) {
      end();
      if (extras_ != nullptr) detail::release(extras_);
      SpanRef::operator=(other);
      extras_ = other.extras_;
      other.handle_.slot = nullptr;
      other.extras_ = nullptr;
    }
    return *this;
  }
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;
  ~Span() {
    if (handle_.slot != nullptr) detail::end_span(handle_);
    if (extras_ != nullptr) detail::release(extras_);
  }

  /// Ends the span, now or at `unix_ns`. Later calls on it do nothing.
  void end(std::int64_t unix_ns = 0) noexcept {
    if (handle_.slot != nullptr) {
      if (unix_ns == 0) {
        detail::end_span(handle_);
      } else {
        detail::end_span_at(handle_, unix_ns);
      }
      handle_.slot = nullptr;
    }
  }
  /// Makes this span the parent of the spans that this thread starts, until the scope ends:
  /// `auto scope = span.activate();`
  Scope activate() const noexcept;
  /// What to hand to another thread or put into headers.
  Context capture() const noexcept {
    if (extras_ != nullptr) detail::retain(extras_);
    return Context(context_, extras_);
  }

 private:
  friend Span start_span(std::string_view name) noexcept;
  friend Span start_span(std::string_view name, const SpanOptions& options) noexcept;
  friend class ActiveSpan;
  friend struct SpanAccess;

  template <typename WriteContext>
  [[gnu::always_inline]] Span(detail::SlotHandle handle, WriteContext write) noexcept {
    handle_ = handle;
    write(context_);
  }

  const detail::ContextExtras* extras_ = nullptr;  // tracestate and baggage of the span's context
};

/// Starts a child of this thread's current span, or a new trace if there is none.
Span start_span(std::string_view name) noexcept;
Span start_span(std::string_view name, const SpanOptions& options) noexcept;
inline Span start_span(std::string_view name, std::initializer_list<KeyValue> attributes) noexcept {
  return start_span(name, SpanOptions().with_attributes(attributes));
}

/// The span that is active on this thread; records nothing if there is none or it has ended.
SpanRef current_span() noexcept;

/// A span that is also the thread's current one, for the common case of a span that covers a block.
/// Neither copied nor moved; end it on the thread that made it.
///
///   {
///     auto span = binnacle::start_active_span("parse page");
///     span.set_attribute("page.bytes", body.size());
///   }  // no longer current, ended
class [[nodiscard]] ActiveSpan {
 public:
  explicit ActiveSpan(std::string_view name) noexcept;
  ActiveSpan(std::string_view name, const SpanOptions& options) noexcept;
  ActiveSpan(const ActiveSpan&) = delete;
  ActiveSpan& operator=(const ActiveSpan&) = delete;
  ~ActiveSpan() {
    if (scope_.id_ == 0 || span_.handle_.slot == nullptr) return;
    detail::end_active_span(span_.handle_, scope_.id_);
    scope_.id_ = 0;
    span_.handle_.slot = nullptr;
  }

  const Span* operator->() const noexcept { return &span_; }
  const Span& operator*() const noexcept { return span_; }

  template <typename T>
  const ActiveSpan& set_attribute(std::string_view key, const T& value) const noexcept {
    span_.set_attribute(key, value);
    return *this;
  }
  template <std::size_t Size, typename T>
  [[gnu::always_inline]] const ActiveSpan& set_attribute(const char (&key)[Size],
                                                         const T& value) const noexcept {
    span_.set_attribute(key, value);
    return *this;
  }
  const ActiveSpan& set_attributes(std::initializer_list<KeyValue> attributes) const noexcept {
    span_.set_attributes(attributes);
    return *this;
  }
  const ActiveSpan& add_event(std::string_view name,
                              std::initializer_list<KeyValue> attributes = {},
                              std::int64_t unix_ns = 0) const noexcept {
    span_.add_event(name, attributes, unix_ns);
    return *this;
  }
  const ActiveSpan& add_link(const SpanContext& context,
                             std::initializer_list<KeyValue> attributes = {}) const noexcept {
    span_.add_link(context, attributes);
    return *this;
  }
  const ActiveSpan& set_status(StatusCode code, std::string_view message = {}) const noexcept {
    span_.set_status(code, message);
    return *this;
  }
  const ActiveSpan& set_error(std::string_view message = {}) const noexcept {
    span_.set_error(message);
    return *this;
  }
  const ActiveSpan& update_name(std::string_view name) const noexcept {
    span_.update_name(name);
    return *this;
  }
  const ActiveSpan& record_exception(
      const std::exception& error, std::initializer_list<KeyValue> attributes = {}) const noexcept {
    span_.record_exception(error, attributes);
    return *this;
  }
  bool is_recording() const noexcept { return span_.is_recording(); }
  const SpanContext& context() const noexcept { return span_.context(); }
  Context capture() const noexcept { return span_.capture(); }
  /// Stops being the thread's current context before the block ends; the span goes on.
  void deactivate() noexcept { scope_.leave(); }
  /// Ends the span now; it stays the thread's current context until the block ends.
  void end(std::int64_t unix_ns = 0) noexcept { span_.end(unix_ns); }

 private:
  Span span_;
  Scope scope_;  // after span_: left before the span ends
};

inline ActiveSpan start_active_span(std::string_view name) noexcept { return ActiveSpan(name); }
inline ActiveSpan start_active_span(std::string_view name, const SpanOptions& options) noexcept {
  return ActiveSpan(name, options);
}
inline ActiveSpan start_active_span(std::string_view name,
                                    std::initializer_list<KeyValue> attributes) noexcept {
  return ActiveSpan(name, SpanOptions().with_attributes(attributes));
}

}  // namespace v1
}  // namespace binnacle
