#pragma once

#include <binnacle/apm.h>
#include <boost/beast/http/message.hpp>

#include <string_view>

// Trace context in Boost.Beast messages, for clients and servers. Header-only; stateless.
//
//   boost::beast::http::request<boost::beast::http::string_body> request{...};
//   binnacle::beast::add_trace_context(request);                        // client, before writing
//
//   binnacle::Context caller = binnacle::beast::extract_trace_context(request);  // server
//   auto span = binnacle::start_active_span(
//       "POST /bids",
//       binnacle::SpanOptions().with_parent(caller).with_kind(binnacle::SpanKind::kServer));

namespace binnacle {
inline namespace v1 {
namespace beast {

/// Sets traceparent (and tracestate, baggage if there are any) of a request or response header.
/// A whole message is a header too. Beast allocates the fields.
template <bool kIsRequest, typename Fields>
void add_trace_context(boost::beast::http::header<kIsRequest, Fields>& header,
                       const Context& context = current_context()) {
  add_trace_context_to_headers(
      [&header](std::string_view name, std::string_view value) {
        header.set(boost::beast::string_view(name.data(), name.size()),
                   boost::beast::string_view(value.data(), value.size()));
      },
      context);
}

/// The caller's context; invalid if the message carries none that is well-formed.
template <bool kIsRequest, typename Fields>
Context extract_trace_context(const boost::beast::http::header<kIsRequest, Fields>& header) {
  detail::HeaderCollector collector;
  for (const auto& field : header) {
    const auto name = field.name_string();
    const auto value = field.value();
    collector.offer(std::string_view(name.data(), name.size()),
                    std::string_view(value.data(), value.size()));
  }
  return collector.context();
}

}  // namespace beast
}  // namespace v1
}  // namespace binnacle
