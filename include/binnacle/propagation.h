#pragma once

#include <binnacle/carrier.h>
#include <binnacle/context.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

// Carrying the context in headers: W3C Trace Context level 2, W3C Baggage, B3, Jaeger, Datadog,
// and formats of your own. Which ones is configured (Config::propagators, OTEL_PROPAGATORS); by
// default the two of W3C. Carriers are in carrier.h; adaptors for HTTP libraries are in
// <binnacle/integrations/>. Callable from any thread.
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

/// A format of headers, named as in OTEL_PROPAGATORS.
enum class PropagatorKind : std::uint8_t {
  kTraceContext,  ///< tracecontext: traceparent, tracestate
  kBaggage,       ///< baggage: baggage
  kB3,            ///< b3: the single header b3 is written, both forms are read
  kB3Multi,       ///< b3multi: x-b3-traceid and its like are written, both forms are read
  kJaeger,        ///< jaeger: uber-trace-id, uberctx-<key>; jaeger-baggage is read
  kDatadog,       ///< datadog: x-datadog-trace-id and its like
  kCustom,        ///< the next of Config::custom_propagators
};

/// A format of your own: derive, and name it in Config::custom_propagators or give it a name for
/// OTEL_PROPAGATORS with register_propagator() (both in config.h). Called from any thread, so keep
/// no state. What it throws is caught, and counts as having done nothing.
class TextMapPropagator {
 public:
  TextMapPropagator() = default;
  TextMapPropagator(const TextMapPropagator&) = delete;
  TextMapPropagator& operator=(const TextMapPropagator&) = delete;
  virtual ~TextMapPropagator();

  /// Writes what is to be known of `context`, which need not be valid.
  virtual void inject(const Context& context, const HeaderWriter& headers) const = 0;
  /// `context` with what the headers say; `context` itself if they say nothing that is well-formed
  /// or it holds already what this format would add. See extract_trace_context().
  virtual Context extract(const Context& context, const HeaderReader& headers) const = 0;
};

/// Length of a traceparent header value.
inline constexpr std::size_t kTraceparentLength = 55;

/// Writes "00-<trace id>-<span id>-<flags>" (kTraceparentLength characters, no terminating zero).
/// False, writing nothing, if the context is not valid.
bool format_traceparent(const SpanContext& context, char* out) noexcept;

/// The context that these header values describe, whatever is configured. Malformed input as W3C
/// says: a bad traceparent gives an invalid context (a new trace will start), a bad tracestate
/// alone is dropped; bad or oversized baggage is dropped. Empty means absent. Allocates only for
/// tracestate and baggage.
Context extract_trace_context(std::string_view traceparent, std::string_view tracestate = {},
                              std::string_view baggage = {}) noexcept;

namespace detail {

struct Propagators;  // what to write and read, in order: sdk/propagators.h

/// What the SDK was started with.
const Propagators& configured_propagators() noexcept;
/// Only this format; of kCustom nothing.
const Propagators& only_propagator(PropagatorKind kind) noexcept;
/// Writes the headers of all formats.
void inject_context(const Propagators& propagators, const Context& context,
                    const HeaderWriter& headers);

/// Picks the headers that are wanted out of all those of a request, in their order and whatever
/// their case.
class HeaderCollector {
 public:
  explicit HeaderCollector(const Propagators& propagators = configured_propagators()) noexcept;

  void offer(std::string_view name, std::string_view value) noexcept {
    // Most headers of a request are told apart by their length alone.
    const std::size_t length = name.size() < kLengths ? name.size() : 0;
    if ((wanted_lengths_ >> length & 1U) != 0) take(name, value);
  }
  /// Asks a callable for each name that is wanted.
  template <typename Get>
  void ask(const Get& get) {
    for (std::uint32_t left = wanted_; left != 0; left &= left - 1) {
      const std::string_view name = lowest_name(left);
      const std::string_view value(get(name));
      if (!value.empty()) take(name, value);
    }
  }
  /// What the headers say; `headers` are the same again, for formats that look for more.
  Context context(const HeaderReader& headers) const noexcept;

 private:
  friend struct CollectedHeaders;
  static constexpr std::size_t kLengths = 32;
  static constexpr std::size_t kNames = 15;
  // tracestate and baggage may be spread over several header lines (Trace Context 3.3.1.1); four
  // are more than any proxy makes. Anything else given twice is ambiguous and so invalid.
  static constexpr std::size_t kMaxLines = 4;
  struct Piece {  // no constructor: most are never used
    const char* data;
    std::size_t size;
  };

  void take(std::string_view name, std::string_view value) noexcept;
  static std::string_view lowest_name(std::uint32_t names) noexcept;

  const Propagators* propagators_;
  std::uint32_t wanted_lengths_;
  std::uint32_t wanted_;  // a bit per name
  std::uint32_t seen_ = 0;
  std::uint32_t repeated_ = 0;
  std::uint32_t more_lines_[2] = {};  // of tracestate and baggage
  Piece values_[kNames];
  Piece lines_[2][kMaxLines - 1];
};

template <typename Headers>
Context extract_context(const Propagators& propagators, const Headers& headers) {
  if constexpr (std::is_function_v<Headers>) {
    return extract_context(
        propagators, [&headers](std::string_view name) -> decltype(auto) { return headers(name); });
  } else {
    HeaderCollector collector(propagators);
    if constexpr (kIsGetter<Headers>) {
      collector.ask(headers);
    } else {
      visit_headers(headers, [&collector](std::string_view name, std::string_view value) {
        collector.offer(name, value);
      });
    }
    return collector.context(HeaderReader(headers));
  }
}

template <typename Headers>
void inject_into(const Propagators& propagators, const Context& context, Headers& headers) {
  if constexpr (std::is_function_v<Headers>) {
    const auto set = [&headers](std::string_view name, std::string_view value) {
      headers(name, value);
    };
    inject_context(propagators, context, HeaderWriter(set));
  } else {
    inject_context(propagators, context, HeaderWriter(headers));
  }
}

template <typename Headers>
using IfCarrier = std::enable_if_t<!std::is_convertible_v<const Headers&, std::string_view>>;

}  // namespace detail

/// Adds the headers of `context` in every configured format to `headers`, which is
///  - a map of strings, or of lists of strings (std::map, std::unordered_map, multimaps),
///  - a sequence of name-value pairs with emplace_back and erase (std::vector<std::pair<...>>), or
///  - a callable (std::string_view name, std::string_view value).
/// What a map or sequence held under these names is replaced. Adds nothing of the trace if there is
/// no valid context, nothing of baggage if there is none.
template <typename Headers>
void add_trace_context_to_headers(Headers&& headers, const Context& context = current_context()) {
  detail::inject_into(detail::configured_propagators(), context, headers);
}

/// The context in `headers`, which is a map or sequence of name-value pairs (names in any case), or
/// a callable `std::string_view(std::string_view lowercase_name)` that gives "" for what is absent;
/// the last cannot be searched for uberctx-<key>.
///
/// Formats run in their configured order, each on the context that those before it made, as
/// OpenTelemetry's composite propagator does it. None replaces an identity that is there: the first
/// well-formed one wins. (Some of OpenTelemetry's SDKs let the last one win: there, the order has
/// to be turned around.) Baggage of several formats is put together; of two entries with the same
/// key the first wins. What is malformed is as if it were absent.
template <typename Headers, typename = detail::IfCarrier<Headers>>
Context extract_trace_context(const Headers& headers) {
  return detail::extract_context(detail::configured_propagators(), headers);
}

/// The same with this format alone, whatever is configured.
template <typename Headers>
void inject(PropagatorKind kind, Headers&& headers, const Context& context = current_context()) {
  detail::inject_into(detail::only_propagator(kind), context, headers);
}
template <typename Headers, typename = detail::IfCarrier<Headers>>
Context extract(PropagatorKind kind, const Headers& headers) {
  return detail::extract_context(detail::only_propagator(kind), headers);
}

}  // namespace v1
}  // namespace binnacle
