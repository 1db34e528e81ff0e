#pragma once

#include <type_traits>
#include <utility>

// std::invoke without <functional>, which costs more to compile than the rest of the SDK's headers
// together. Internal: used by traced.h, handover.h and coroutine.h.

namespace binnacle {
inline namespace v1 {
namespace detail {

template <typename T, typename = void>
struct IsPointerLike : std::false_type {};
template <typename T>
struct IsPointerLike<T, std::void_t<decltype(*std::declval<T>())>> : std::true_type {};

/// What a pointer to member is applied to: an object, something that points at one, or a
/// std::reference_wrapper of one.
template <typename Class, typename Object>
constexpr decltype(auto) member_target(Object&& object) {
  if constexpr (std::is_base_of_v<Class, std::remove_cv_t<std::remove_reference_t<Object>>>) {
    return static_cast<Object&&>(object);
  } else if constexpr (IsPointerLike<Object>::value) {
    return *static_cast<Object&&>(object);
  } else {
    return object.get();
  }
}

// GCC 12 looks for the virtual table of a small object that has none, where it inlines the call of
// a member pointer that it does not know to be no virtual function's.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Warray-bounds"
#endif
template <typename Member, typename Class, typename Object, typename... Args>
constexpr decltype(auto) invoke_member(Member Class::* member, Object&& object, Args&&... args) {
  if constexpr (std::is_function_v<Member>) {
    return (member_target<Class>(std::forward<Object>(object)).*
            member)(std::forward<Args>(args)...);
  } else {
    static_assert(sizeof...(Args) == 0, "a data member takes no arguments");
    return (member_target<Class>(std::forward<Object>(object)).*member);
  }
}
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

template <typename F, typename... Args>
constexpr std::invoke_result_t<F, Args...> invoke(F&& f, Args&&... args) noexcept(
    std::is_nothrow_invocable_v<F, Args...>) {
  if constexpr (std::is_member_pointer_v<std::decay_t<F>>) {
    return invoke_member(f, std::forward<Args>(args)...);
  } else {
    return std::forward<F>(f)(std::forward<Args>(args)...);
  }
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
