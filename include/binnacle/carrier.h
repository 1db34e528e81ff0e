#pragma once

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

// What headers are written into and read out of, whatever type holds them: maps, sequences of
// name-value pairs, callables. The functions of propagation.h take any of these; a propagator of
// your own sees them through HeaderWriter and HeaderReader. Names are compared ignoring case, as
// HTTP does, and written in lowercase, as HTTP/2 demands. Views: they own nothing.
//
//   std::vector<std::pair<std::string, std::string>> headers;
//   binnacle::HeaderWriter(headers).set("x-tenant", "17");
//   std::string_view tenant = binnacle::HeaderReader(headers).get("x-tenant");

namespace binnacle {
inline namespace v1 {

namespace detail {

/// `lowercase` has no capitals; `name` may.
bool equals_ignoring_case(std::string_view name, std::string_view lowercase) noexcept;

template <typename T, typename = void>
struct IsMap : std::false_type {};
template <typename T>
struct IsMap<T, std::void_t<typename T::key_type, typename T::mapped_type>> : std::true_type {};

template <typename T, typename = void>
struct IsRange : std::false_type {};
template <typename T>
struct IsRange<T, std::void_t<decltype(std::declval<const T&>().begin())>> : std::true_type {};

template <typename T>
inline constexpr bool kIsSetter =
    std::is_invocable_v<T&, std::string_view, std::string_view> && !IsRange<T>::value;
template <typename T>
inline constexpr bool kIsGetter =
    std::is_invocable_r_v<std::string_view, const T&, std::string_view> && !IsRange<T>::value;

template <typename T>
inline constexpr bool kIsView = std::is_convertible_v<const T&, std::string_view>;

/// A value of a header, or several: map<string, vector<string>> and its like.
template <typename T>
T make_header_value(std::string_view value) {
  if constexpr (kIsView<T>) {
    static_assert(!std::is_same_v<T, std::string_view>, "headers must own their values");
    return T(value);
  } else {
    T values;
    values.emplace_back(value);
    return values;
  }
}

/// Sets a header in place of any that has this name.
template <typename Headers>
void set_header(Headers& headers, std::string_view name, std::string_view value) {
  if constexpr (kIsSetter<Headers>) {
    headers(name, value);
  } else if constexpr (IsMap<Headers>::value) {
    for (auto at = headers.begin(); at != headers.end();) {
      if (equals_ignoring_case(std::string_view(at->first), name)) {
        at = headers.erase(at);
      } else {
        ++at;
      }
    }
    headers.emplace(typename Headers::key_type(name),
                    make_header_value<typename Headers::mapped_type>(value));
  } else {
    using Value = std::decay_t<decltype(headers.begin()->second)>;
    bool is_set = false;
    for (auto at = headers.begin(); at != headers.end();) {
      if (!equals_ignoring_case(std::string_view(at->first), name)) {
        ++at;
      } else if (is_set) {
        at = headers.erase(at);
      } else {
        at->second = make_header_value<Value>(value);
        is_set = true;
        ++at;
      }
    }
    if (!is_set) headers.emplace_back(name, make_header_value<Value>(value));
  }
}

/// Calls visit(name, value) for every header of a map or sequence, in order.
template <typename Headers, typename Visit>
void visit_headers(const Headers& headers, Visit&& visit) {
  for (const auto& header : headers) {
    if constexpr (kIsView<std::decay_t<decltype(header.second)>>) {
      visit(std::string_view(header.first), std::string_view(header.second));
    } else {
      for (const auto& value : header.second) {
        visit(std::string_view(header.first), std::string_view(value));
      }
    }
  }
}

}  // namespace detail

/// Where a propagator writes headers. Valid as long as what it was made of.
class HeaderWriter {
 public:
  template <typename Headers,
            typename = std::enable_if_t<!std::is_same_v<std::decay_t<Headers>, HeaderWriter>>>
  explicit HeaderWriter(Headers& headers) noexcept
      : headers_(const_cast<void*>(static_cast<const void*>(&headers))),
        set_([](void* to, std::string_view name, std::string_view value) {
          detail::set_header(*static_cast<Headers*>(to), name, value);
        }) {}

  /// Sets a header in place of any that has this name. `name` is in lowercase.
  void set(std::string_view name, std::string_view value) const { set_(headers_, name, value); }

 private:
  void* headers_;
  void (*set_)(void*, std::string_view, std::string_view);
};

/// Where a propagator reads headers. Valid as long as what it was made of.
class HeaderReader {
 public:
  using Visitor = void (*)(void* state, std::string_view name, std::string_view value);
  using Visit = void (*)(const void* headers, Visitor visitor, void* state);

  /// Of a map, a sequence of pairs, or a callable `std::string_view(std::string_view name)`.
  template <typename Headers,
            typename = std::enable_if_t<!std::is_same_v<std::decay_t<Headers>, HeaderReader>>>
  explicit HeaderReader(const Headers& headers) noexcept : headers_(&headers) {
    if constexpr (detail::kIsGetter<Headers>) {
      using Result = std::invoke_result_t<const Headers&, std::string_view>;
      static_assert(std::is_reference_v<Result> || std::is_trivially_copyable_v<Result>,
                    "a getter has to return a view of memory that outlives the call");
      get_ = [](const void* from, std::string_view name) {
        return std::string_view((*static_cast<const Headers*>(from))(name));
      };
    } else {
      visit_ = [](const void* from, Visitor visitor, void* state) {
        detail::visit_headers(
            *static_cast<const Headers*>(from),
            [&](std::string_view name, std::string_view value) { visitor(state, name, value); });
      };
    }
  }
  /// Of anything that `visit` can list.
  HeaderReader(const void* headers, Visit visit) noexcept : headers_(headers), visit_(visit) {}

  /// The first value of a header; empty if absent. `name` is in lowercase.
  std::string_view get(std::string_view name) const;
  /// Calls visit(name, value) for every header, in order; names as they came. A callable cannot
  /// be listed: then there are none.
  template <typename F>
  void for_each(F&& visit) const {
    if (visit_ == nullptr) return;
    visit_(
        headers_,
        [](void* state, std::string_view name, std::string_view value) {
          (*static_cast<std::remove_reference_t<F>*>(state))(name, value);
        },
        &visit);
  }

 private:
  const void* headers_;
  std::string_view (*get_)(const void*, std::string_view) = nullptr;
  Visit visit_ = nullptr;
};

}  // namespace v1
}  // namespace binnacle
