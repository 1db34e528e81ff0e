#pragma once

#include <binnacle/apm.h>
#include <boost/beast/http/message.hpp>

#include <cstdlib>
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

/// The URL of a request as far as it may matter: without the query, and without a path that could
/// be taken for a part of the authority.
inline std::string url_of(std::string_view scheme, std::string_view host, unsigned short port,
                          std::string_view target) {
  std::string url(scheme);
  if (!url.empty()) url += "://";
  const bool is_address6 = host.find(':') != std::string_view::npos && host.front() != '[';
  url.append(is_address6 ? "[" : "").append(host).append(is_address6 ? "]:" : ":");
  url += std::to_string(port);
  const std::string_view path = target.substr(0, target.find_first_of("?#"));
  const bool is_path = !path.empty() && path.front() == '/';  // not "*", nor a proxy's whole URL
  if (is_path && path.find('@') == std::string_view::npos) url += path;
  return url;
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

/// A request that is being sent, under an HttpClientScope (http_scope.h): its span, its attributes
/// and its instrument, http.client.request.duration. The span is a child of the current one, never
/// itself the current one, and ends with this object. Neither copied nor moved; not thread-safe,
/// but it may be ended on another thread.
class ClientRequest {
 public:
  /// Sets the headers of `request`, which is written afterwards. `scheme`: "http", "https", or
  /// empty if it is not to be recorded.
  template <typename Fields>
  ClientRequest(boost::beast::http::header<true, Fields>& request, std::string_view host,
                unsigned short port, std::string_view scheme = {})
      : scope_(detail::view(request.method_string()),
               detail::url_of(scheme, host, port, detail::view(request.target()))) {
    scope_.detach();  // asynchronous operations go on with other work on this thread
    add_trace_context(request, scope_.capture());
  }
  ClientRequest(const ClientRequest&) = delete;
  ClientRequest& operator=(const ClientRequest&) = delete;

  /// What came back. 4xx and 5xx are errors of the span.
  template <typename Fields>
  void set_response(const boost::beast::http::header<false, Fields>& response) {
    scope_.status_code(static_cast<int>(response.result_int()));
  }
  /// Nothing came back.
  void set_failure(const boost::system::error_code& error) {
    scope_.fail(error.category().name() + (":" + std::to_string(error.value())), error.message());
  }

  /// For what the message does not say: url_template(), attributes of one's own.
  HttpClientScope& scope() noexcept { return scope_; }
  const Span& span() const noexcept { return scope_.span(); }

 private:
  HttpClientScope scope_;
};

/// A request that is being served, under an HttpServerScope that descends from the caller's span:
/// its span, its attributes and its instruments, http.request.duration and http.request.total. The
/// span is the thread's current one and ends with this object. Neither copied nor moved; for the
/// thread that made it.
class ServerRequest {
 public:
  /// `route`: the pattern that the target matched ("/bids/{id}"), if there is one; it becomes part
  /// of the span's name and a label, which a target with its ids must not. The target's path is
  /// content (content.h), its query is never recorded.
  template <typename Fields>
  explicit ServerRequest(const boost::beast::http::header<true, Fields>& request,
                         std::string_view route = {}, std::string_view scheme = "http")
      : ServerRequest(request, route, scheme, beast::extract_trace_context(request)) {}
  ServerRequest(const ServerRequest&) = delete;
  ServerRequest& operator=(const ServerRequest&) = delete;

  /// What is sent back. Of the server's errors only 5xx are its own.
  template <typename Fields>
  void set_response(const boost::beast::http::header<false, Fields>& response) {
    scope_.status_code(static_cast<int>(response.result_int()));
  }

  HttpServerScope& scope() noexcept { return scope_; }
  const Span& span() const noexcept { return scope_.span(); }

 private:
  template <typename Fields>
  ServerRequest(const boost::beast::http::header<true, Fields>& request, std::string_view route,
                std::string_view scheme, const Context& caller)
      : scope_(detail::view(request.method_string()), route, &caller) {
    if (!scope_.is_recording()) return;
    scope_.path(detail::view(request.target())).scheme(scheme);
    scope_.set_attribute("network.protocol.version", request.version() == 10 ? "1.0" : "1.1");
    set_host(detail::view(request[boost::beast::http::field::host]));
    const std::string_view agent = detail::view(request[boost::beast::http::field::user_agent]);
    if (!agent.empty()) scope_.set_attribute("user_agent.original", agent);
  }

  void set_host(std::string_view host) {
    if (host.empty()) return;
    // "name:port", "[address]:port", or without a port.
    const std::size_t colon = host.rfind(':');
    const bool has_port = colon != std::string_view::npos && host.find(']', colon) == host.npos;
    long port = 0;
    if (has_port) port = std::strtol(std::string(host.substr(colon + 1)).c_str(), nullptr, 10);
    scope_.server(host.substr(0, has_port ? colon : host.size()),
                  port > 0 && port < 65536 ? static_cast<int>(port) : 0);
  }

  HttpServerScope scope_;
};

}  // namespace beast
}  // namespace v1
}  // namespace binnacle
