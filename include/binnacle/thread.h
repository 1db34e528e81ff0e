#pragma once

#include <binnacle/handover.h>
#include <binnacle/traced.h>

#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

// std::thread that works on in the trace of whoever starts it. Include it where threads are made;
// apm.h does without <thread>.
//
//   std::thread worker = binnacle::traced_thread("index pages", [&] { index(pages); });

namespace binnacle {
inline namespace v1 {

/// A thread that runs f(args...) under the context that is current here. Throws what std::thread's
/// constructor throws (no more threads), and nothing else.
template <typename F, typename... Args,
          std::enable_if_t<!std::is_convertible_v<F, std::string_view>, int> = 0>
std::thread traced_thread(F&& f, Args&&... args) {  // tidy: allow(thread) the host's own thread
  // tidy: allow(thread) the host's own thread
  return std::thread(bind_context(std::forward<F>(f)), std::forward<Args>(args)...);
}

/// The same in a span of its own, which covers f(args...). The name must outlive the thread: write
/// a literal.
template <typename Name, typename F, typename... Args,
          std::enable_if_t<std::is_convertible_v<Name, std::string_view>, int> = 0>
// tidy: allow(thread) the host's own thread
std::thread traced_thread(Name&& name, F&& f, Args&&... args) {
  return traced_thread(traced(std::forward<Name>(name), std::forward<F>(f)),
                       std::forward<Args>(args)...);
}

}  // namespace v1
}  // namespace binnacle
