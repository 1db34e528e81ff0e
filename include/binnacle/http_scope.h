#pragma once

#include <binnacle/scope.h>

#include <cstdint>
#include <string_view>

// HTTP requests, sent and served, under OpenTelemetry's HTTP conventions. See scope.h for what all
// scopes share.
//
//   auto call = binnacle::trace_http_client("POST", url);
//   binnacle::add_trace_context_to_headers(headers);          // the call is what is current
//   call.status_code(send(headers));
//
//   auto request = binnacle::trace_http_server("POST", "/offers/{id}",
//                                              binnacle::extract_trace_context(headers));
//   request.status_code(201);
//
// Spans "POST" and "POST /offers/{id}". Instruments: http.request.duration and http.request.total
// (method, route, status_code) of served requests; http.client.request.duration of sent ones. Of a
// URL only scheme, host and port are recorded; if content is captured (content.h), the path too;
// user name, password, query and fragment never.

namespace binnacle {
inline namespace v1 {

/// A request we send. From 400 on, and where no answer came (fail()), it has failed.
class [[nodiscard]] HttpClientScope : public detail::ScopeCalls<HttpClientScope> {
 public:
  HttpClientScope(std::string_view method, std::string_view url) noexcept;
  /// For a request whose method and URL are known only once it has been made; request() says them.
  HttpClientScope() noexcept;
  ~HttpClientScope() { end(); }

  /// Method and URL, where the constructor was not told; renames the span.
  HttpClientScope& request(std::string_view method, std::string_view url) noexcept;
  /// The path with placeholders ("/offers/{id}"): url.template; renames the span.
  HttpClientScope& url_template(std::string_view path) noexcept;
  HttpClientScope& request_bytes(std::int64_t bytes) noexcept;
  HttpClientScope& response_bytes(std::int64_t bytes) noexcept;
  /// Which repetition this is; the first attempt is none.
  HttpClientScope& resend_count(std::int64_t count) noexcept;
  HttpClientScope& status_code(int code) noexcept;

  /// Records the instrument and ends the span; the destructor does it otherwise.
  void end() noexcept;

 private:
  void set_request(std::string_view method, std::string_view url) noexcept;

  std::string_view method_;  ///< one of the known ones, or "_OTHER"
  std::uint16_t port_ = 0;
  std::int16_t status_ = 0;
  detail::ShortText<127> host_;
  detail::ShortText<127> template_;
};

/// For a request whose method and URL HttpClientScope::request() says later.
inline HttpClientScope trace_http_client() noexcept { return HttpClientScope(); }
inline HttpClientScope trace_http_client(std::string_view method, std::string_view url) noexcept {
  return HttpClientScope(method, url);
}

/// A request we serve. From 500 on it has failed.
class [[nodiscard]] HttpServerScope : public detail::ScopeCalls<HttpServerScope> {
 public:
  /// `route` is the matched pattern, not the path: it names the span and is a label. Empty if there
  /// was none. A `caller` that is not valid starts a new trace.
  HttpServerScope(std::string_view method, std::string_view route,
                  const Context* caller = nullptr) noexcept;
  ~HttpServerScope() { end(); }

  /// The path as it was asked for, without query. Content.
  HttpServerScope& path(std::string_view path) noexcept;
  HttpServerScope& scheme(std::string_view scheme) noexcept;
  /// `port` 0: not known.
  HttpServerScope& server(std::string_view address, int port) noexcept;
  HttpServerScope& request_bytes(std::int64_t bytes) noexcept;
  HttpServerScope& response_bytes(std::int64_t bytes) noexcept;
  HttpServerScope& status_code(int code) noexcept;

  /// Records the instruments and ends the span; the destructor does it otherwise.
  void end() noexcept;

 private:
  std::string_view method_;
  std::int16_t status_ = 0;
  detail::ShortText<127> route_;
};

inline HttpServerScope trace_http_server(std::string_view method, std::string_view route) noexcept {
  return HttpServerScope(method, route);
}
inline HttpServerScope trace_http_server(std::string_view method, std::string_view route,
                                         const Context& caller) noexcept {
  return HttpServerScope(method, route, &caller);
}

}  // namespace v1
}  // namespace binnacle
