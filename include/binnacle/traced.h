#pragma once

#include <binnacle/invoke.h>
#include <binnacle/span.h>

#include <cstddef>
#include <exception>
#include <string_view>
#include <type_traits>
#include <utility>

// Spans around what is already there: callables, member functions, whole functions.
//
//   auto parse = binnacle::traced("parse page", parse_page);         // same arguments and result
//   auto offers = parse(html);
//
//   auto bid = binnacle::traced("place bid", &Market::bid, binnacle::SpanKind::kClient);
//   bid(market, 4200);
//
//   Offers Scanner::scan(int page) {
//     BINNACLE_TRACE_FUNCTION();                                     // a span "Scanner::scan"
//     ...
//
// A call that is left by an exception is marked: status error, error.type, and an `exception`
// event. traced() and run_in_span() see the exception and record its type and message. A span that
// is only unwound past (the macro, ActiveSpan in a block) cannot: C++ shows destructors no
// exception, so error.type is "_OTHER" there. Coroutines: their call returns at the first
// suspension; use with_span() (coroutine.h).

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS)
#define BINNACLE_HAS_EXCEPTIONS 1
#else
#define BINNACLE_HAS_EXCEPTIONS 0
#endif

namespace binnacle {
inline namespace v1 {
namespace detail {

/// Marks the span as failed by `error`: status, error.type (the demangled class), exception event.
void record_failure(const SpanRef& span, const std::exception& error) noexcept;
/// The same by whatever is being handled in the current catch block.
void record_current_failure(const SpanRef& span) noexcept;
/// The same by an exception that nobody has caught yet.
void record_unwinding(const SpanRef& span) noexcept;

/// Calls f(args...) and records on `span` the exception that leaves it, if one does.
template <typename F, typename... Args>
std::invoke_result_t<F, Args...> invoke_recording(
    const SpanRef& span, F&& f, Args&&... args) noexcept(std::is_nothrow_invocable_v<F, Args...>) {
#if BINNACLE_HAS_EXCEPTIONS
  if constexpr (!std::is_nothrow_invocable_v<F, Args...>) {
    try {
      return detail::invoke(std::forward<F>(f), std::forward<Args>(args)...);
    } catch (const std::exception& error) {
      record_failure(span, error);
      throw;  // tidy: allow(throw) the host's own exception goes on
    } catch (...) {
      record_current_failure(span);
      throw;  // tidy: allow(throw) the host's own exception goes on
    }
  } else  // NOLINT(readability/braces)
#endif
  {
    static_cast<void>(span);
    return detail::invoke(std::forward<F>(f), std::forward<Args>(args)...);
  }
}

/// Text that a span name may be borrowed from: not a temporary that owns its characters.
template <typename Name>
inline constexpr bool kIsBorrowable =
    std::is_lvalue_reference_v<Name> || std::is_pointer_v<std::remove_reference_t<Name>> ||
    std::is_same_v<std::decay_t<Name>, std::string_view>;

template <typename F>
class Traced {
 public:
  template <typename Given>
  Traced(std::string_view name, SpanKind kind, Given&& f)
      : name_(name), kind_(kind), f_(std::forward<Given>(f)) {}

  template <typename... Args>
  std::invoke_result_t<F&, Args...> operator()(Args&&... args) & noexcept(
      std::is_nothrow_invocable_v<F&, Args...>) {
    const ActiveSpan span(name_, SpanOptions().with_kind(kind_));
    return invoke_recording(*span, f_, std::forward<Args>(args)...);
  }
  template <typename... Args>
  std::invoke_result_t<const F&, Args...> operator()(Args&&... args) const& noexcept(
      std::is_nothrow_invocable_v<const F&, Args...>) {
    const ActiveSpan span(name_, SpanOptions().with_kind(kind_));
    return invoke_recording(*span, f_, std::forward<Args>(args)...);
  }
  template <typename... Args>
  std::invoke_result_t<F, Args...> operator()(Args&&... args) && noexcept(
      std::is_nothrow_invocable_v<F, Args...>) {
    const ActiveSpan span(name_, SpanOptions().with_kind(kind_));
    return invoke_recording(*span, std::move(f_), std::forward<Args>(args)...);
  }

 private:
  std::string_view name_;
  SpanKind kind_;
  F f_;
};

}  // namespace detail

/// `f` as a callable of the same arguments, result and noexcept, each call of which is an active
/// span. Takes every callable: functions, lambdas, move-only objects, pointers to members. `name`
/// is borrowed: a literal, or a string that outlives the result. Allocates nothing.
template <typename Name, typename F>
detail::Traced<std::decay_t<F>> traced(Name&& name, F&& f, SpanKind kind = SpanKind::kInternal) {
  static_assert(detail::kIsBorrowable<Name>, "the name would dangle: keep the string alive");
  return {std::string_view(name), kind, std::forward<F>(f)};
}

/// Runs f() in an active span and returns what it returns. If `f` takes an argument it is given
/// the span: run_in_span("parse", [&](const binnacle::ActiveSpan& span) { ... }).
template <typename F>
decltype(auto) run_in_span(std::string_view name, F&& f, const SpanOptions& options = {}) {
  const ActiveSpan span(name, options);
  if constexpr (std::is_invocable_v<F, const ActiveSpan&>) {
    return detail::invoke_recording(*span, std::forward<F>(f), span);
  } else {
    return detail::invoke_recording(*span, std::forward<F>(f));
  }
}

namespace detail {

/// What stands before the parameter list that ends last.
constexpr std::string_view before_parameters(std::string_view pretty) noexcept {
  int depth = 0;
  for (std::size_t end = pretty.size(); end > 0; --end) {
    const char c = pretty[end - 1];
    if (c == ')') ++depth;
    if (c == '(' && --depth == 0) return pretty.substr(0, end - 1);
  }
  return pretty;
}

/// "Scanner::scan" out of "Offers shop::Scanner::scan(int) const [with ...]", as GCC and clang
/// write __PRETTY_FUNCTION__: the function's name with the class or namespace that it belongs to. A
/// lambda has the name of the function around it.
constexpr std::string_view qualified_name(std::string_view pretty) noexcept {
  if (!pretty.empty() && pretty.back() == ']') pretty = pretty.substr(0, pretty.find(" ["));
  for (const std::string_view lambda :
       {std::string_view("::<lambda"), std::string_view("::(anonymous class)::"),
        std::string_view("::(lambda")}) {
    pretty = pretty.substr(0, pretty.find(lambda));
  }
  pretty = before_parameters(pretty);
  // Backwards to the blank after the return type, past at most one "::".
  std::size_t begin = pretty.size();
  int nesting = 0;
  int colons = 0;
  for (; begin > 0; --begin) {
    const char c = pretty[begin - 1];
    if (c == '>' || c == ')') ++nesting;
    if (c == '<' || c == '(') --nesting;
    if (nesting != 0) continue;
    if (c == ' ' || c == '*' || c == '&') break;
    if (c == ':' && ++colons == 4) return pretty.substr(begin + 1);
  }
  return pretty.substr(begin);
}

/// The span of BINNACLE_TRACE_FUNCTION().
class FunctionSpan {
 public:
  FunctionSpan(std::string_view name, std::string_view function, int line) noexcept
      : exceptions_(std::uncaught_exceptions()), span_(name) {
    span_->set_attributes({{"code.function.name", function}, {"code.line.number", line}});
  }
  FunctionSpan(const FunctionSpan&) = delete;
  FunctionSpan& operator=(const FunctionSpan&) = delete;
  ~FunctionSpan() {
    if (std::uncaught_exceptions() > exceptions_) record_unwinding(*span_);
  }

 private:
  int exceptions_;
  ActiveSpan span_;
};

/// Makes BINNACLE_TRACE_FUNCTION's argument optional without compiler extensions.
struct FunctionName {
  std::string_view function;
  constexpr std::string_view operator()() const noexcept { return function; }
  constexpr std::string_view operator()(std::string_view name) const noexcept { return name; }
};

}  // namespace detail

#define BINNACLE_CONCATENATE_AGAIN(a, b) a##b
#define BINNACLE_CONCATENATE(a, b) BINNACLE_CONCATENATE_AGAIN(a, b)
/// An active span from here to the end of the block: named after the function, or as its argument
/// says. With code.function.name and code.line.number.
#define BINNACLE_TRACE_FUNCTION(...)                                                     \
  static constexpr ::std::string_view BINNACLE_CONCATENATE(binnacle_name_, __LINE__) =   \
      ::binnacle::detail::qualified_name(__PRETTY_FUNCTION__);                           \
  const ::binnacle::detail::FunctionSpan BINNACLE_CONCATENATE(binnacle_span_, __LINE__)( \
      ::binnacle::detail::FunctionName{BINNACLE_CONCATENATE(binnacle_name_, __LINE__)}(  \
          __VA_ARGS__),                                                                  \
      BINNACLE_CONCATENATE(binnacle_name_, __LINE__), __LINE__)

}  // namespace v1
}  // namespace binnacle
