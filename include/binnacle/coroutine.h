#pragma once

#include <binnacle/handover.h>
#include <binnacle/traced.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>

#if defined(__cpp_impl_coroutine) && __cplusplus >= 202002L
#include <coroutine>
#include <exception>
#include <optional>
#define BINNACLE_HAS_COROUTINES 1
#endif

// Spans in C++20 coroutines (before C++20 this header is empty). A coroutine may go on on another
// thread after each co_await, and the thread it left goes on with other work: so what is current
// has to be taken off the thread at every suspension and put onto the next one at every resumption.
//
//   binnacle::TracedTask<Offers> scan(Executor& pool, int page) {
//     auto span = binnacle::start_active_span("scan page");       // an ordinary scope
//     co_await pool.schedule();                                   // now on another thread:
//     span.set_attribute("page", page);                           // still current, still ours
//     co_return co_await binnacle::with_span("fetch", fetch(page));
//   }
//
// Three pieces, each of use alone:
//  - with_span("name", awaitable) works in any coroutine type: a span from here until the awaitable
//    has its result, current for what the awaitable starts. An exception that it throws is
//    recorded.
//  - TracedTask<T>, a lazy coroutine type whose current span follows it.
//  - ContextPromise, to be inherited by the promise type of your own coroutine type.
//
// A coroutine starts under what is current where it is co_awaited (TracedTask) or made. A coroutine
// is run by one thread at a time, so nothing here is locked. Costs ~20 ns per suspension; allocates
// only if more than two scopes are open across a suspension.

#if defined(BINNACLE_HAS_COROUTINES)

namespace binnacle {
inline namespace v1 {
namespace detail {

/// The part of a thread's context stack that belongs to one coroutine: on the stack of the thread
/// that runs it, or kept here while it is suspended. Thread-confined to whoever runs the coroutine.
class CoroutineContexts {
 public:
  /// Begins with what is current here and now.
  CoroutineContexts() noexcept;
  CoroutineContexts(const CoroutineContexts&) = delete;
  CoroutineContexts& operator=(const CoroutineContexts&) = delete;
  ~CoroutineContexts();

  /// Begins anew with what is current here and now; only before the coroutine has run.
  void adopt() noexcept;
  /// The coroutine goes on on this thread.
  void enter() noexcept;
  /// The coroutine is about to be suspended.
  void leave() noexcept;
  bool is_inside() const noexcept { return base_id_ != 0; }
  /// What was uppermost when the coroutine was suspended.
  ActiveContext top() const noexcept;

 private:
  static constexpr std::size_t kEntryBytes = 64;
  static constexpr std::uint32_t kInlineEntries = 3;

  unsigned char* entries() noexcept { return more_ != nullptr ? more_ : inline_; }
  void clear() noexcept;

  std::uint64_t base_id_ = 0;  ///< of our lowest entry on the thread's stack; 0: suspended
  std::uint32_t count_ = 0;
  std::uint32_t capacity_ = kInlineEntries;
  unsigned char* more_ = nullptr;  ///< instead of inline_
  alignas(8) unsigned char inline_[kInlineEntries * kEntryBytes];
};

template <typename T>
concept HasMemberCoAwait = requires(T&& t) { static_cast<T&&>(t).operator co_await(); };
template <typename T>
concept HasFreeCoAwait = requires(T&& t) { operator co_await(static_cast<T&&>(t)); };

template <typename T>
decltype(auto) awaiter_of(T&& awaitable) {
  if constexpr (HasMemberCoAwait<T>) {
    return static_cast<T&&>(awaitable).operator co_await();
  } else if constexpr (HasFreeCoAwait<T>) {
    return operator co_await(static_cast<T&&>(awaitable));
  } else {
    return static_cast<T&&>(awaitable);
  }
}
template <typename T>
using AwaiterOf = decltype(awaiter_of(std::declval<T>()));

/// co_await of `Awaitable` in a coroutine whose contexts are `contexts`. `Held` is how it is kept:
/// a reference to what the co_await expression keeps alive, or a value.
template <typename Awaitable, typename Held>
class [[nodiscard]] FollowingAwaiter {
 public:
  FollowingAwaiter(CoroutineContexts& contexts, Awaitable&& awaitable)
      : contexts_(contexts), held_(static_cast<Awaitable&&>(awaitable)) {}
  FollowingAwaiter(const FollowingAwaiter&) = delete;
  FollowingAwaiter& operator=(const FollowingAwaiter&) = delete;

  bool await_ready() noexcept(noexcept(std::declval<AwaiterOf<Awaitable>&>().await_ready())) {
    return awaiter_.await_ready();
  }

  /// Not inlined: clang before 18 would put our locals into the coroutine's frame, which may be
  /// gone when they are left (LLVM bug 56301).
  template <typename Promise>
  [[gnu::noinline]] auto await_suspend(std::coroutine_handle<Promise> coroutine) noexcept(
      noexcept(std::declval<AwaiterOf<Awaitable>&>().await_suspend(coroutine))) {
    // Off the thread before anybody can resume us elsewhere. From then on neither this object nor
    // `contexts_` may be touched: only what lives on this thread's own stack.
    contexts_.leave();
#if BINNACLE_HAS_EXCEPTIONS
    if constexpr (!noexcept(awaiter_.await_suspend(coroutine))) {
      CoroutineContexts& contexts = contexts_;
      try {
        return suspend(coroutine);
      } catch (...) {  // not suspended after all: the coroutine gets the exception
        contexts.enter();
        throw;  // tidy: allow(throw) the awaitable's own exception goes on
      }
    } else  // NOLINT(readability/braces)
#endif
    {
      return suspend(coroutine);
    }
  }

  decltype(auto) await_resume() noexcept(
      noexcept(std::declval<AwaiterOf<Awaitable>&>().await_resume())) {
    if (!contexts_.is_inside()) contexts_.enter();
    return awaiter_.await_resume();
  }

 private:
  /// What the awaitable starts, it starts in our context.
  template <typename Promise>
  auto suspend(std::coroutine_handle<Promise> coroutine) {
    const Scope visible = contexts_.top().activate();
    return awaiter_.await_suspend(coroutine);
  }

  CoroutineContexts& contexts_;
  Held held_;
  AwaiterOf<Awaitable> awaiter_ = awaiter_of(static_cast<Awaitable&&>(held_));
};

}  // namespace detail

/// Inherited by a promise type, makes what is current follow the coroutine:
///
///   struct promise_type : binnacle::ContextPromise {
///     auto initial_suspend() noexcept { return follow(std::suspend_always{}); }
///     auto final_suspend() noexcept { return follow(FinalAwaiter{}); }
///     ...
///
/// It supplies await_transform(). A promise with one of its own, and yield_value(), pass what they
/// return through follow().
class ContextPromise {
 public:
  /// The awaitable, changed so that our contexts leave the thread on suspension and come back on
  /// resumption. Moved in, or borrowed if it is an lvalue.
  template <typename Awaitable>
  detail::FollowingAwaiter<Awaitable, Awaitable> follow(Awaitable&& awaitable) {
    return {contexts_, static_cast<Awaitable&&>(awaitable)};
  }
  template <typename Awaitable>
  detail::FollowingAwaiter<Awaitable, Awaitable&&> await_transform(Awaitable&& awaitable) {
    return {contexts_, static_cast<Awaitable&&>(awaitable)};
  }
  /// To be called by the coroutine type's own awaiter before it first resumes the coroutine, if it
  /// should run under what is current there rather than where it was made.
  void adopt_context() noexcept { contexts_.adopt(); }

 private:
  detail::CoroutineContexts contexts_;
};

namespace detail {

/// See with_span().
template <typename Awaitable>
class [[nodiscard]] SpanAwaiter {
 public:
  SpanAwaiter(std::string_view name, const SpanOptions& options, Awaitable&& awaitable)
      : span_(start_span(name, options)), awaitable_(static_cast<Awaitable&&>(awaitable)) {}
  /// The awaitable is what `make()` returns, made under the span.
  template <typename Make>
  SpanAwaiter(std::string_view name, const SpanOptions& options, Make& make, int)
      : span_(start_span(name, options)), awaitable_(make_under(make)) {}
  SpanAwaiter(const SpanAwaiter&) = delete;
  SpanAwaiter& operator=(const SpanAwaiter&) = delete;

  bool await_ready() {
    const Scope scope = span_.activate();
    return awaiter_.await_ready();
  }
  template <typename Promise>
  [[gnu::noinline]] auto await_suspend(std::coroutine_handle<Promise> coroutine) {
    const Scope scope = span_.activate();  // on this thread's stack, not in the coroutine
    return awaiter_.await_suspend(coroutine);
  }
  decltype(auto) await_resume() {
    const EndAfter end{span_};
    return invoke_recording(span_, [this]() -> decltype(auto) { return awaiter_.await_resume(); });
  }

 private:
  struct EndAfter {
    Span& span;
    ~EndAfter() { span.end(); }
  };
  template <typename Make>
  decltype(auto) make_under(Make& make) {
    const Scope scope = span_.activate();
    return invoke_recording(span_, make);
  }

  Span span_;
  Awaitable awaitable_;
  AwaiterOf<Awaitable> awaiter_ = awaiter_of(static_cast<Awaitable&&>(awaitable_));
};

}  // namespace detail

/// co_await with_span("name", awaitable): a span around waiting for `awaitable`, in any coroutine.
/// `awaitable` may also be a callable that makes it, which then runs under the span too. Lvalues
/// are borrowed. What co_await gives or throws is unchanged.
template <typename Awaitable>
auto with_span(std::string_view name, Awaitable&& awaitable, const SpanOptions& options = {}) {
  if constexpr (std::is_invocable_v<Awaitable&>) {
    return detail::SpanAwaiter<std::invoke_result_t<Awaitable&>>(name, options, awaitable, 0);
  } else {
    return detail::SpanAwaiter<Awaitable>(name, options, std::forward<Awaitable>(awaitable));
  }
}

template <typename T>
class TracedTask;

namespace detail {

/// What the promises of all TracedTasks share.
class TaskPromiseBase : public ContextPromise {
 public:
  auto initial_suspend() noexcept { return follow(std::suspend_always{}); }
  auto final_suspend() noexcept { return follow(Continue{}); }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }

  void continue_with(std::coroutine_handle<> continuation) noexcept {
    continuation_ = continuation;
  }
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  struct Continue {
    bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> done) const noexcept {
      const std::coroutine_handle<> next = done.promise().continuation_;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  std::coroutine_handle<> continuation_;
  std::exception_ptr exception_;
};

template <typename T>
class TaskPromise : public TaskPromiseBase {
 public:
  TracedTask<T> get_return_object() noexcept;
  template <typename Value>
  void return_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
  }
  T take() {
    rethrow();
    if (!value_) std::terminate();  // it flowed off its end
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class TaskPromise<void> : public TaskPromiseBase {
 public:
  TracedTask<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const { rethrow(); }
};

/// A coroutine that owns itself: how a task is started from ordinary code.
struct DetachedCoroutine {
  struct promise_type {  // NOLINT(readability-identifier-naming): the language's name
    DetachedCoroutine get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
};

}  // namespace detail

/// A lazy coroutine: runs when it is co_awaited, on whatever threads its own co_awaits lead to, and
/// what is current follows it. Owns the coroutine; destroying it before it ran to its end destroys
/// the coroutine's frame, which must then be suspended. Move-only; T is an object type or void.
template <typename T = void>
class [[nodiscard]] TracedTask {
 public:
  using promise_type = detail::TaskPromise<T>;  // NOLINT(readability-identifier-naming)

  explicit TracedTask(std::coroutine_handle<promise_type> coroutine) noexcept
      : coroutine_(coroutine) {}
  TracedTask(TracedTask&& other) noexcept : coroutine_(std::exchange(other.coroutine_, {})) {}
  TracedTask& operator=(TracedTask&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~TracedTask() {
    if (coroutine_) coroutine_.destroy();
  }

  auto operator co_await() noexcept {
    struct Awaiter {
      std::coroutine_handle<promise_type> coroutine;
      bool await_ready() const noexcept { return coroutine.done(); }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> continuation) const noexcept {
        coroutine.promise().adopt_context();
        coroutine.promise().continue_with(continuation);
        return coroutine;
      }
      T await_resume() const { return coroutine.promise().take(); }
    };
    return Awaiter{coroutine_};
  }

  /// Runs the task from ordinary code, on this thread until it first suspends, under what is
  /// current here; `done(result)` (`done()` for void) is called where it ends. An exception that
  /// leaves the task or `done` ends the program: catch what is expected inside.
  template <typename Done>
  void start(Done done) && {
    run(std::move(*this), std::move(done));
  }

 private:
  template <typename Done>
  static detail::DetachedCoroutine run(TracedTask task, Done done) {
    if constexpr (std::is_void_v<T>) {
      co_await task;
      done();
    } else {
      done(co_await task);
    }
  }

  std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <typename T>
TracedTask<T> TaskPromise<T>::get_return_object() noexcept {
  return TracedTask<T>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}
inline TracedTask<void> TaskPromise<void>::get_return_object() noexcept {
  return TracedTask<void>(std::coroutine_handle<TaskPromise>::from_promise(*this));
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle

#endif  // BINNACLE_HAS_COROUTINES
