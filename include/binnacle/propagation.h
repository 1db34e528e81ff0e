#pragma once

#include <binnacle/context.h>

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

// Carrying the context in headers: W3C Trace Context level 2 (traceparent, tracestate) and W3C
// Baggage. Works with any carrier of names and values; adaptors for HTTP libraries are in
// <binnacle/integrations/>. Stateless, callable from any thread.
//
//   std::map<std::string, std::string> headers;
//   binnacle::add_trace_context_to_headers(headers);             // client, inside a span
//
//   binnacle::Context caller = binnacle::extract_trace_context(request_headers);   // server
//   auto span = binnacle::start_active_span(
//       "GET /offers",
//       binnacle::SpanOptions().with_parent(caller).with_kind(binnacle::SpanKind::kServer));

namespace binnacle {
inline namespace v1 {

/// Length of a traceparent header value.
inline constexpr std::size_t kTraceparentLength = 55;

/// Writes "00-<trace id>-<span id>-<flags>" (kTraceparentLength characters, no terminating zero).
/// False, writing nothing, if the context is not valid.
bool format_traceparent(const SpanContext& context, char* out) noexcept;

/// The context that these header values describe. Malformed input as W3C says: a bad traceparent
/// gives an invalid context (a new trace will start), a bad tracestate alone is dropped; bad or
/// oversized baggage is dropped. Empty means absent. Allocates only for tracestate and baggage.
Context extract_trace_context(std::string_view traceparent, std::string_view tracestate = {},
                              std::string_view baggage = {}) noexcept;

namespace detail {

/// Picks our headers out of all the headers of a request, in their order and whatever their case.
class HeaderCollector {
 public:
  void offer(std::string_view name, std::string_view value) noexcept;
  Context context() const noexcept;

 private:
  // A tracestate may be spread over several header lines (Trace Context 3.3.1.1); four are more
  // than any proxy makes. A second traceparent makes the request ambiguous and so invalid.
  static constexpr std::size_t kMaxLines = 4;
  std::string_view traceparent_;
  std::size_t traceparent_count_ = 0;
  std::string_view tracestate_[kMaxLines];
  std::size_t tracestate_count_ = 0;
  std::string_view baggage_[kMaxLines];
  std::size_t baggage_count_ = 0;
};

/// The header values of `context`, ready to be set.
class HeaderValues {
 public:
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): written before it is read
  explicit HeaderValues(const Context& context) noexcept
      : tracestate_(context.trace_state()), baggage_(context.baggage_header()) {
    has_traceparent_ = format_traceparent(context.span_context(), traceparent_);
  }
  template <typename Set>
  void apply(Set&& set) const {
    if (has_traceparent_) {
      set(std::string_view("traceparent"), std::string_view(traceparent_, kTraceparentLength));
      if (!tracestate_.empty()) set(std::string_view("tracestate"), tracestate_);
    }
    if (!baggage_.empty()) set(std::string_view("baggage"), baggage_);
  }

 private:
  char traceparent_[kTraceparentLength];
  bool has_traceparent_ = false;
  std::string_view tracestate_;
  std::string_view baggage_;
};

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

}  // namespace detail

/// Adds the headers of `context` to `headers`, which is
///  - a map of strings (std::map, std::unordered_map; multimaps gain an entry): replaced by name,
///  - a sequence of name-value pairs with emplace_back (std::vector<std::pair<...>>): appended, or
///  - a callable (std::string_view name, std::string_view value).
/// Adds nothing if there is no valid context.
template <typename Headers>
void add_trace_context_to_headers(Headers&& headers, const Context& context = current_context()) {
  using Carrier = std::remove_cv_t<std::remove_reference_t<Headers>>;
  const detail::HeaderValues values(context);
  if constexpr (detail::kIsSetter<Carrier>) {
    values.apply(headers);
  } else if constexpr (detail::IsMap<Carrier>::value) {
    using Key = typename Carrier::key_type;
    using Value = typename Carrier::mapped_type;
    values.apply([&headers](std::string_view name, std::string_view value) {
      const Key key(name);
      headers.erase(key);
      headers.emplace(key, Value(value));
    });
  } else {
    values.apply([&headers](std::string_view name, std::string_view value) {
      headers.emplace_back(name, value);
    });
  }
}

/// The context in `headers`, which is a map or sequence of name-value pairs (names in any case), or
/// a callable `std::string_view(std::string_view lowercase_name)` that gives "" for what is absent.
template <typename Headers>
auto extract_trace_context(const Headers& headers)
    -> std::enable_if_t<!std::is_convertible_v<const Headers&, std::string_view>, Context> {
  if constexpr (detail::kIsGetter<Headers>) {
    return extract_trace_context(std::string_view(headers(std::string_view("traceparent"))),
                                 std::string_view(headers(std::string_view("tracestate"))),
                                 std::string_view(headers(std::string_view("baggage"))));
  } else {
    detail::HeaderCollector collector;
    for (const auto& header : headers) {
      collector.offer(std::string_view(header.first), std::string_view(header.second));
    }
    return collector.context();
  }
}

}  // namespace v1
}  // namespace binnacle
