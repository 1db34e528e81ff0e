#pragma once

#include <binnacle/invoke.h>
#include <binnacle/span.h>

#include <type_traits>
#include <utility>

// Handing the current context to work that runs elsewhere: a callable for a thread pool, an
// executor, std::async or a callback. What bind_context() returns may run on any thread, any number
// of times; while it runs, the context (and the span) that was current when it was bound is current
// there too. Threads of your own: <binnacle/thread.h>. Coroutines: <binnacle/coroutine.h>.
//
//   pool.submit(binnacle::bind_context([this] { index(page); }));
//   auto answer = std::async(std::launch::async, binnacle::bind_context(ask), question);

namespace binnacle {
inline namespace v1 {
namespace detail {

/// What is current on a thread: the context, and the span if it is being recorded here.
struct ActiveContext {
  Context context;
  SlotHandle span;

  /// Of this thread, now.
  static ActiveContext capture() noexcept;
  Scope activate() const noexcept;
};

template <typename F>
class Bound {
 public:
  template <typename Given>
  Bound(ActiveContext active, Given&& f) : active_(std::move(active)), f_(std::forward<Given>(f)) {}

  template <typename... Args>
  std::invoke_result_t<F&, Args...> operator()(Args&&... args) & noexcept(
      std::is_nothrow_invocable_v<F&, Args...>) {
    const Scope scope = active_.activate();
    return detail::invoke(f_, std::forward<Args>(args)...);
  }
  template <typename... Args>
  std::invoke_result_t<const F&, Args...> operator()(Args&&... args) const& noexcept(
      std::is_nothrow_invocable_v<const F&, Args...>) {
    const Scope scope = active_.activate();
    return detail::invoke(f_, std::forward<Args>(args)...);
  }
  template <typename... Args>
  std::invoke_result_t<F, Args...> operator()(Args&&... args) && noexcept(
      std::is_nothrow_invocable_v<F, Args...>) {
    const Scope scope = active_.activate();
    return detail::invoke(std::move(f_), std::forward<Args>(args)...);
  }

 private:
  ActiveContext active_;
  F f_;
};

}  // namespace detail

/// `f` (any callable, member pointers and move-only ones included) as a callable of the same
/// arguments, result and noexcept that runs under what is current now. Copies or moves `f`;
/// allocates nothing itself.
template <typename F>
detail::Bound<std::decay_t<F>> bind_context(F&& f) {
  return {detail::ActiveContext::capture(), std::forward<F>(f)};
}

/// The same under a context of your choice, for example a caller's out of a message.
template <typename F>
detail::Bound<std::decay_t<F>> bind_context(const Context& context, F&& f) {
  return {detail::ActiveContext{context, {}}, std::forward<F>(f)};
}

}  // namespace v1
}  // namespace binnacle
