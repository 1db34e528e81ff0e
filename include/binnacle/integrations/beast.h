#pragma once

#include <binnacle/apm.h>
#include <boost/beast/http/message.hpp>

#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

// Traced requests with Boost.Beast, for clients and servers. Header-only.
//
//   binnacle::beast::ClientRequest traced(request, "example.com", 443);   // client, before writing
//   http::write(stream, request); http::read(stream, buffer, response);
//   traced.set_response(response);
//
//   binnacle::beast::ServerRequest traced(request, "/bids/{id}");         // server, once read
//   response = answer(request);                                          // spans in here descend
//   traced.set_response(response);
//
// Whoever only wants the headers uses add_trace_context() and extract_trace_context().

namespace binnacle {
inline namespace v1 {
namespace beast {

/// Sets the headers of the configured formats in a request or response header. A whole message is a
/// header too. Beast allocates the fields.
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

namespace detail {

inline std::string_view view(boost::beast::string_view text) noexcept {
  return {text.data(), text.size()};
}

template <typename Fields>
void visit_fields(const void* fields, HeaderReader::Visitor visitor, void* state) {
  for (const auto& field : *static_cast<const Fields*>(fields)) {
    visitor(state, view(field.name_string()), view(field.value()));
  }
}

/// A method that is not known stands as _OTHER, so that nobody can make up thousands of them.
template <typename Header>
void set_method(const Span& span, const Header& header) {
  if (header.method() == boost::beast::http::verb::unknown) {
    span.set_attribute("http.request.method", "_OTHER")
        .set_attribute("http.request.method_original", view(header.method_string()));
  } else {
    span.set_attribute("http.request.method", view(header.method_string()));
  }
}
template <typename Header>
std::string_view method_name(const Header& header) {
  return header.method() == boost::beast::http::verb::unknown ? "HTTP"
                                                              : view(header.method_string());
}

}  // namespace detail

/// The caller's context; invalid if the message carries none that is well-formed.
template <bool kIsRequest, typename Fields>
Context extract_trace_context(const boost::beast::http::header<kIsRequest, Fields>& header) {
  const Fields& fields = header;
  binnacle::detail::HeaderCollector collector;
  for (const auto& field : fields) {
    collector.offer(detail::view(field.name_string()), detail::view(field.value()));
  }
  return collector.context(HeaderReader(&fields, detail::visit_fields<Fields>));
}

/// A request that is being sent, under a client span: a child of the current one. The span ends
/// with this object. Neither copied nor moved; not thread-safe.
class ClientRequest {
 public:
  /// Sets the headers of `request`, which is written afterwards.
  template <typename Fields>
  ClientRequest(boost::beast::http::header<true, Fields>& request, std::string_view host,
                unsigned short port)
      : span_(start_span(detail::method_name(request),
                         SpanOptions()
                             .with_kind(SpanKind::kClient)
                             .with_attributes({{"server.address", host}, {"server.port", port}}))),
        exceptions_(std::uncaught_exceptions()) {
    detail::set_method(span_, request);
    add_trace_context(request, span_.capture());
  }
  ClientRequest(const ClientRequest&) = delete;
  ClientRequest& operator=(const ClientRequest&) = delete;
  ~ClientRequest() {
    if (std::uncaught_exceptions() > exceptions_) span_.set_error("left by an exception");
  }

  /// What came back. 4xx and 5xx are errors of the span.
  template <typename Fields>
  void set_response(const boost::beast::http::header<false, Fields>& response) {
    const unsigned status = response.result_int();
    span_.set_attribute("http.response.status_code", status);
    if (status >= 400) span_.set_attribute("error.type", std::to_string(status)).set_error();
  }
  /// Nothing came back.
  void set_failure(const boost::system::error_code& error) {
    span_
        .set_attribute("error.type",
                       error.category().name() + (":" + std::to_string(error.value())))
        .set_error(error.message());
  }

  const Span& span() const noexcept { return span_; }

 private:
  Span span_;
  int exceptions_;
};

/// A request that is being served, under a server span that descends from the caller's. The span is
/// the thread's current one and ends with this object. Neither copied nor moved; for the thread
/// that made it.
class ServerRequest {
 public:
  /// `route`: the pattern that the target matched ("/bids/{id}"), if there is one; it becomes part
  /// of the span's name, which a target with its ids must not.
  template <typename Fields>
  explicit ServerRequest(const boost::beast::http::header<true, Fields>& request,
                         std::string_view route = {}, std::string_view scheme = "http")
      : ServerRequest(request, route, scheme, beast::extract_trace_context(request)) {}
  ServerRequest(const ServerRequest&) = delete;
  ServerRequest& operator=(const ServerRequest&) = delete;
  ~ServerRequest() {
    if (std::uncaught_exceptions() > exceptions_) span_.set_error("left by an exception");
  }

  /// What is sent back. Of the server's errors only 5xx are its own.
  template <typename Fields>
  void set_response(const boost::beast::http::header<false, Fields>& response) {
    const unsigned status = response.result_int();
    span_.set_attribute("http.response.status_code", status);
    if (status < 500) return;
    span_.set_attribute("error.type", std::to_string(status)).set_error();
  }

  const Span& span() const noexcept { return *span_; }

 private:
  template <typename Fields>
  ServerRequest(const boost::beast::http::header<true, Fields>& request, std::string_view route,
                std::string_view scheme, const Context& caller)
      : span_(name(request, route), SpanOptions().with_parent(caller).with_kind(SpanKind::kServer)),
        exceptions_(std::uncaught_exceptions()) {
    if (!span_.is_recording()) return;
    detail::set_method(*span_, request);
    const std::string_view target = detail::view(request.target());
    span_.set_attribute("url.path", target.substr(0, target.find('?')))
        .set_attribute("url.scheme", scheme)
        .set_attribute("network.protocol.version", request.version() == 10 ? "1.0" : "1.1");
    if (!route.empty()) span_.set_attribute("http.route", route);
    set_host(detail::view(request[boost::beast::http::field::host]));
    const std::string_view agent = detail::view(request[boost::beast::http::field::user_agent]);
    if (!agent.empty()) span_.set_attribute("user_agent.original", agent);
  }

  template <typename Header>
  static std::string name(const Header& request, std::string_view route) {
    std::string name(detail::method_name(request));
    if (!route.empty()) name.append(" ").append(route);
    return name;
  }

  void set_host(std::string_view host) const {
    if (host.empty()) return;
    // "name:port", "[address]:port", or without a port.
    const std::size_t colon = host.rfind(':');
    const bool has_port = colon != std::string_view::npos && host.find(']', colon) == host.npos;
    span_.set_attribute("server.address", host.substr(0, has_port ? colon : host.size()));
    if (!has_port) return;
    const long port = std::strtol(std::string(host.substr(colon + 1)).c_str(), nullptr, 10);
    if (port > 0 && port < 65536) span_.set_attribute("server.port", port);
  }

  ActiveSpan span_;
  int exceptions_;
};

}  // namespace beast
}  // namespace v1
}  // namespace binnacle
