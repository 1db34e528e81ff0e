#pragma once

#include <binnacle/traced.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <initializer_list>
#include <string_view>
#include <utility>

// What the scopes of <binnacle/scopes.h> have in common. A scope is an active span of a known kind
// of work with typed helpers; when it ends it records the instruments of that work (also if its
// span is not sampled) under the outcome it had.
//
//   auto task = binnacle::trace_task_execution("task-17", "price_arbitrage");
//   task.run([&] { work(); });            // sees exceptions: type and message are recorded
//
// or simply a scope around a block. A scope that is only unwound past knows that there was an
// exception, but not which: destructors are not shown it (std::current_exception() is empty there),
// so error.type is "_OTHER". In a catch block, fail(error) says it.
//
// Costs no allocation (unless content is captured, content.h). Thread-confined: a scope is made,
// used and ended on one thread, or by one coroutine (coroutine.h). To end it elsewhere, for example
// in a callback, keep it in a std::unique_ptr and call detach() first.

namespace binnacle {
inline namespace v1 {

/// How a piece of work ended: the `status` label of its instruments.
enum class Outcome : std::uint8_t {
  kOk,         ///< "ok"
  kError,      ///< "error": the span's status is error, too
  kTimeout,    ///< "timeout": likewise
  kCancelled,  ///< "cancelled": nobody's fault, the span's status stays unset
  kRejected,   ///< "rejected": an answer, but no; the span's status stays unset
};

/// "ok", "error", "timeout", "cancelled", "rejected".
std::string_view to_string(Outcome outcome) noexcept;

namespace detail {

/// Text kept in place, so that it is there when the scope ends; cut at a character's boundary.
template <std::size_t kCapacity>
class ShortText {
 public:
  void assign(std::string_view text) noexcept {
    std::size_t size = text.size();
    if (size > kCapacity) {
      size = kCapacity;
      while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) --size;
    }
    if (size > 0) std::memcpy(text_, text.data(), size);
    size_ = static_cast<std::uint8_t>(size);
  }
  std::string_view view() const noexcept { return {text_, size_}; }
  bool empty() const noexcept { return size_ == 0; }
  std::string_view or_else(std::string_view other) const noexcept {
    return empty() ? other : view();
  }

 private:
  static_assert(kCapacity <= 255, "the size is one byte");
  std::uint8_t size_ = 0;
  char text_[kCapacity];
};

class OperationScope {
 public:
  OperationScope(const OperationScope&) = delete;
  OperationScope& operator=(const OperationScope&) = delete;

  /// False if nothing set here will be exported: skip preparing costly attributes.
  bool is_recording() const noexcept { return span_.is_recording(); }
  /// The span's identity.
  const SpanContext& context() const noexcept { return span_.context(); }
  /// What to hand to another thread or put into headers.
  Context capture() const noexcept { return span_.capture(); }
  /// The scope's span, for what the typed helpers do not cover.
  const Span& span() const noexcept { return *span_; }
  /// Stops being what is current on this thread, while the span goes on. Afterwards the scope may
  /// be moved along (in a std::unique_ptr) to be used and ended on another thread. Not undone.
  void detach() noexcept { span_.deactivate(); }

 protected:
  OperationScope(std::string_view name, const SpanOptions& options) noexcept;
  ~OperationScope() = default;

  const SpanRef& ref() const noexcept { return *span_; }
  /// True once, for the first end(): then outcome and error type are final.
  bool begin_end() noexcept;
  /// Writes the status and ends the span.
  void finish_end() noexcept;
  /// False if the scope began while the SDK was off: it records no instruments.
  bool is_timed() const noexcept { return start_ticks_ != 0; }
  /// Since the scope began.
  double elapsed_ms() const noexcept;
  double elapsed_s() const noexcept { return elapsed_ms() / 1000.0; }
  std::string_view status_label() const noexcept { return to_string(outcome_); }
  /// Outcome::kError or kTimeout.
  bool has_failed() const noexcept {
    return outcome_ == Outcome::kError || outcome_ == Outcome::kTimeout;
  }
  /// For the label error_type; "_OTHER" if nobody said.
  std::string_view error_type() const noexcept { return error_type_.or_else("_OTHER"); }

  void mark_failed(const std::exception& error) noexcept;
  void mark_failed_by_current() noexcept;
  void mark_failed(std::string_view error_type, std::string_view message) noexcept;
  void mark_outcome(Outcome outcome) noexcept;

 private:
  int exceptions_;
  Outcome outcome_ = Outcome::kOk;
  bool is_ended_ = false;
  std::uint64_t start_ticks_;
  ShortText<95> error_type_;
  ActiveSpan span_;
};

/// The calls that every scope has, returning the scope itself.
template <typename Self>
class ScopeCalls : public OperationScope {
 public:
  template <typename T>
  Self& set_attribute(std::string_view key, const T& value) noexcept {
    ref().set_attribute(key, value);
    return self();
  }
  Self& set_attributes(std::initializer_list<KeyValue> attributes) noexcept {
    ref().set_attributes(attributes);
    return self();
  }
  Self& add_event(std::string_view name, std::initializer_list<KeyValue> attributes = {}) noexcept {
    ref().add_event(name, attributes);
    return self();
  }
  Self& add_link(const SpanContext& context,
                 std::initializer_list<KeyValue> attributes = {}) noexcept {
    ref().add_link(context, attributes);
    return self();
  }

  /// The work failed: Outcome::kError, error.type (the exception's class), an `exception` event,
  /// and its message as the span's status. The message is recorded as it is: keep secrets out of
  /// it.
  Self& fail(const std::exception& error) noexcept {
    mark_failed(error);
    return self();
  }
  /// The same without an exception. `error_type` is one of a small, fixed set ("timeout", "429");
  /// it may become a label.
  Self& fail(std::string_view error_type, std::string_view message = {}) noexcept {
    mark_failed(error_type, message);
    return self();
  }
  /// How the work ended, where it is neither plainly good nor an exception.
  Self& set_outcome(Outcome outcome) noexcept {
    mark_outcome(outcome);
    return self();
  }

  /// Calls f(scope) or f() and returns what it returns. An exception that leaves it is recorded
  /// with type and message, and goes on. The scope stays open.
  template <typename F>
  decltype(auto) run(F&& f) {
    if constexpr (std::is_invocable_v<F, Self&>) {
      return call(std::forward<F>(f), self());
    } else {
      return call(std::forward<F>(f));
    }
  }

 protected:
  using OperationScope::OperationScope;
  ~ScopeCalls() = default;

 private:
  Self& self() noexcept { return static_cast<Self&>(*this); }

  template <typename F, typename... Args>
  decltype(auto) call(F&& f, Args&&... args) {
#if BINNACLE_HAS_EXCEPTIONS
    try {
      return detail::invoke(std::forward<F>(f), std::forward<Args>(args)...);
    } catch (const std::exception& error) {
      mark_failed(error);
      throw;  // tidy: allow(throw) the host's own exception goes on
    } catch (...) {
      mark_failed_by_current();
      throw;  // tidy: allow(throw) the host's own exception goes on
    }
#else
    return detail::invoke(std::forward<F>(f), std::forward<Args>(args)...);
#endif
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
