#include "sdk/fields.h"
#include "sdk/scope_start.h"
#include "sdk/span_name.h"

#include <binnacle/http_scope.h>
#include <binnacle/instruments.h>

#include <algorithm>
#include <array>

namespace binnacle {
inline namespace v1 {

namespace {

// RFC 9110 and RFC 5789: the methods that the HTTP conventions know. Others are all one method, so
// that a caller cannot make labels up.
constexpr std::array<std::string_view, 9> kMethods = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"};
constexpr std::string_view kOther = "_OTHER";

std::string_view known_method(std::string_view method) noexcept {
  const auto* found = std::find(kMethods.begin(), kMethods.end(), method);
  return found == kMethods.end() ? kOther : *found;
}

/// What a span is called: the conventions put "HTTP" where the method is none that is known.
std::string_view method_name(std::string_view method) noexcept {
  return known_method(method) == kOther ? std::string_view("HTTP") : method;
}

template <typename Scope>
void set_method(Scope& scope, std::string_view known, std::string_view given) noexcept {
  scope.set_attribute("http.request.method", known);
  if (known == kOther) {
    // What somebody sent; a method, not a place to put a text.
    scope.set_attribute("http.request.method_original", sdk::cut_text(given, 32));
  }
}

constexpr sdk::ContentKey kPath{"url.path", "content.path.length", "content.path.hash"};

/// http.client.request.duration, as the HTTP conventions define it.
const Histogram& client_duration() noexcept {
  static const Histogram histogram = create_histogram(
      "http.client.request.duration", InstrumentOptions()
                                          .with_unit("s")
                                          .with_description("Duration of HTTP client requests.")
                                          .with_bounds({0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25,
                                                        0.5, 0.75, 1, 2.5, 5, 7.5, 10}));
  return histogram;
}

}  // namespace

HttpClientScope::HttpClientScope(std::string_view method, std::string_view url) noexcept
    : ScopeCalls(method_name(method), sdk::scope_options(SpanKind::kClient)),
      method_(known_method(method)) {
  set_request(method, url);
}

HttpClientScope::HttpClientScope() noexcept
    : ScopeCalls("HTTP", sdk::scope_options(SpanKind::kClient)), method_(kOther) {}

void HttpClientScope::set_request(std::string_view method, std::string_view url) noexcept {
  const sdk::UrlParts parts = sdk::split_url(url);
  host_.assign(parts.host);
  port_ = parts.port;
  set_method(*this, method_, method);
  sdk::set_url(ref(), url, parts);
}

HttpClientScope& HttpClientScope::request(std::string_view method, std::string_view url) noexcept {
  method_ = known_method(method);
  span().update_name(sdk::SpanName(method_name(method), template_.view()).view());
  set_request(method, url);
  return *this;
}

HttpClientScope& HttpClientScope::url_template(std::string_view path) noexcept {
  template_.assign(path);
  span().update_name(
      sdk::SpanName(method_ == kOther ? std::string_view("HTTP") : method_, path).view());
  return set_attribute("url.template", path);
}

HttpClientScope& HttpClientScope::request_bytes(std::int64_t bytes) noexcept {
  return set_attribute("http.request.body.size", bytes);
}

HttpClientScope& HttpClientScope::response_bytes(std::int64_t bytes) noexcept {
  return set_attribute("http.response.body.size", bytes);
}

HttpClientScope& HttpClientScope::resend_count(std::int64_t count) noexcept {
  return set_attribute("http.request.resend_count", count);
}

HttpClientScope& HttpClientScope::status_code(int code) noexcept {
  status_ = static_cast<std::int16_t>(std::clamp(code, 0, 999));
  set_attribute("http.response.status_code", code);
  return code < 400 ? *this : fail(sdk::StatusText(code).view());
}

void HttpClientScope::end() noexcept {
  if (!begin_end()) return;
  if (is_timed()) {
    // Status and error type are there if there was an answer, or an error.
    KeyValue labels[] = {{"http.request.method", method_},
                         {"server.address", host_.or_else("unknown")},
                         {"server.port", port_},
                         {"http.response.status_code", status_},
                         {"error.type", error_type()}};
    if (status_ == 0) labels[3] = labels[4];
    const std::size_t count = std::size_t{3} + (status_ != 0 ? 1U : 0U) + (has_failed() ? 1U : 0U);
    client_duration().record(elapsed_s(), labels, count);
  }
  finish_end();
}

HttpServerScope::HttpServerScope(std::string_view method, std::string_view route,
                                 const Context* caller) noexcept
    : ScopeCalls(sdk::SpanName(method_name(method), route).view(),
                 sdk::scope_options(SpanKind::kServer, caller)),
      method_(known_method(method)) {
  route_.assign(route);
  set_method(*this, method_, method);
  if (!route.empty()) set_attribute("http.route", route);
}

HttpServerScope& HttpServerScope::path(std::string_view path) noexcept {
  sdk::set_content(ref(), kPath, path.substr(0, path.find_first_of("?#;")));
  return *this;
}

HttpServerScope& HttpServerScope::scheme(std::string_view scheme) noexcept {
  return set_attribute("url.scheme", scheme);
}

HttpServerScope& HttpServerScope::server(std::string_view address, int port) noexcept {
  set_attribute("server.address", address);
  return port > 0 ? set_attribute("server.port", port) : *this;
}

HttpServerScope& HttpServerScope::request_bytes(std::int64_t bytes) noexcept {
  return set_attribute("http.request.body.size", bytes);
}

HttpServerScope& HttpServerScope::response_bytes(std::int64_t bytes) noexcept {
  return set_attribute("http.response.body.size", bytes);
}

HttpServerScope& HttpServerScope::status_code(int code) noexcept {
  status_ = static_cast<std::int16_t>(std::clamp(code, 0, 999));
  set_attribute("http.response.status_code", code);
  return code < 500 ? *this : fail(sdk::StatusText(code).view());
}

void HttpServerScope::end() noexcept {
  if (!begin_end()) return;
  if (is_timed()) {
    // Left by an exception, a request is answered with 500 by whatever catches it.
    const int status = status_ == 0 && has_failed() ? 500 : status_;
    instruments().record_http_request(method_, route_.or_else("unmatched"), status, elapsed_ms());
  }
  finish_end();
}

}  // namespace v1
}  // namespace binnacle
