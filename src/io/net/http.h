#pragma once

#include "base/cancel_token.h"
#include "base/error.h"
#include "base/ids.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// The vocabulary of HTTP inside the server: requests, responses and the one-shot responder that
// joins them. No transport types: handlers, the router and their tests need neither sockets nor
// Boost. Requests are made by HttpServer (or by a test); plain values unless said otherwise.
//
//   router.add(HttpMethod::kGet, "/api/traces/{id}", [&](HttpRequest&& request, HttpResponder r) {
//     r.send(HttpResponse::json(200, render(request.path_parameter("id"))));
//   });

namespace binnacle {

enum class HttpMethod : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };

/// "GET" and so on.
[[nodiscard]] std::string_view to_string(HttpMethod method) noexcept;

/// The standard reason phrase, "Unknown" for numbers without one.
[[nodiscard]] std::string_view reason_phrase(int status) noexcept;

/// Equal without regard to ASCII case, as header names and many header values compare.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Header fields in order of appearance; names compare without case (RFC 9110, 5.1).
class HttpHeaders {
 public:
  struct Field {
    std::string name;
    std::string value;
  };

  void add(std::string_view name, std::string_view value);
  /// Replaces every field of that name by one.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  /// The first field's value, "" when there is none. O(fields).
  [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
  [[nodiscard]] bool has(std::string_view name) const noexcept;
  [[nodiscard]] const std::vector<Field>& fields() const noexcept { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// Decoded name=value pairs of a query string or a form body, in order; names may repeat.
class QueryParameters {
 public:
  using Entry = std::pair<std::string, std::string>;

  /// The first value; nullopt when the name does not occur. Valid while the object lives.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
  /// Every value of the name, in order.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const noexcept { return get(name).has_value(); }
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  void add(std::string name, std::string value);

 private:
  std::vector<Entry> entries_;
};

/// Most name=value pairs accepted in one query string or form; Grafana's widest federation calls
/// have a few hundred match[] parameters.
constexpr std::size_t kMaxQueryParameters = 4096;

/// "a=1&b=%20&a=2" (application/x-www-form-urlencoded: + is a space). Empty pieces are skipped, a
/// name without = has an empty value. kInvalidArgument with the offset for a broken escape, and for
/// more than kMaxQueryParameters pairs.
[[nodiscard]] Result<QueryParameters> parse_query(std::string_view text);

/// Undoes %XX escapes; + stays + (paths). kInvalidArgument with the offset of a broken escape.
[[nodiscard]] Result<std::string> decode_percent(std::string_view text);
/// Escapes everything but RFC 3986 unreserved characters.
[[nodiscard]] std::string encode_percent(std::string_view text);

/// "text/html; charset=utf-8" without parameters and surrounding blanks, in lower case.
[[nodiscard]] std::string media_type(std::string_view content_type);

/// Where a request came from.
struct PeerAddress {
  std::string address;  ///< numeric, "127.0.0.1" or "::1"
  std::uint16_t port = 0;
};

/// One received request. Move-only by use (bodies are large). The body is complete and within the
/// listener's limit; it is still content-encoded (gzip and so on are the receiver's to undo under
/// its own limit).
struct HttpRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string target;  ///< as received: "/api/traces?service=a%20b"
  std::string path;    ///< the target before '?', still escaped
  QueryParameters query;
  HttpHeaders headers;
  std::string body;
  PeerAddress peer;
  std::string listener;  ///< HttpListenerConfig::name
  bool secure = false;   ///< came over TLS
  TenantId tenant;       ///< "default" unless the listener's gate says otherwise
  /// Fires when the client closes its side while the answer is still awaited. Readers stop work;
  /// writers carry on (an acknowledged append is never undone).
  CancelToken cancel;
  std::int64_t received_steady_ns = 0;  ///< when the request was complete
  QueryParameters path_parameters;      ///< the router's {names}, unescaped

  /// Value of {name} in the route's pattern; "" if the pattern has no such name.
  [[nodiscard]] std::string_view path_parameter(std::string_view name) const noexcept;
};

/// Produces a body piece by piece: fills `chunk` (cleared before the call) and returns true, or
/// false at the end. Called on the server's worker threads, one call at a time, the next only when
/// the piece before has been taken by the client's socket: that is the back-pressure. An error
/// breaks the connection, so that the client sees a truncated answer instead of a short one.
using HttpBodySource = std::move_only_function<Result<bool>(std::string& chunk)>;

/// One answer. Content-Length, Transfer-Encoding, Date, Connection and Server are the server's
/// business; a response that carries them anyway loses them. Bodies of JSON, text, JavaScript, CSS
/// and SVG above the listener's threshold, and all sources of these types, are compressed when the
/// client accepts gzip.
struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  /// Owned text; shared immutable text (caches); static text (embedded files, must live for ever);
  /// or a source, sent chunked.
  std::variant<std::string, std::shared_ptr<const std::string>, std::string_view, HttpBodySource>
      body;

  /// `text/plain; charset=utf-8`.
  static HttpResponse text(int status, std::string body);
  /// `application/json`.
  static HttpResponse json(int status, std::string body);
  static HttpResponse with_type(int status, std::string_view content_type, std::string body);
  /// 204 and such.
  static HttpResponse empty(int status);

  HttpResponse& header(std::string_view name, std::string_view value) &;
  HttpResponse&& header(std::string_view name, std::string_view value) &&;
};

/// Which HTTP status says `code` best: 400, 401, 403, 404, 409, 429, 499 -> 500-class and so on.
[[nodiscard]] int http_status_of(ErrorCode code) noexcept;

/// Whole seconds for Retry-After, at least 1 (RFC 9110, 10.2.3).
[[nodiscard]] std::string retry_after_seconds(std::int64_t retry_after_ns);

/// Takes the one response of one request. Move-only; send() may be called from any thread, also
/// after the connection or the server is gone (then it does nothing). Destroyed unused, it answers
/// 500: no request ever hangs on a lost responder.
class HttpResponder {
 public:
  using Sink = std::move_only_function<void(HttpResponse&&)>;

  HttpResponder() = default;
  explicit HttpResponder(Sink sink) : sink_(std::move(sink)) {}
  HttpResponder(HttpResponder&& other) noexcept : sink_(std::exchange(other.sink_, nullptr)) {}
  HttpResponder& operator=(HttpResponder&& other) noexcept;
  ~HttpResponder();

  /// Exactly once; a second call is a bug and checked.
  void send(HttpResponse&& response);

 private:
  Sink sink_;
};

/// Answers one request, now or later. Called concurrently from several threads. Never throws.
using HttpHandler = std::function<void(HttpRequest&&, HttpResponder)>;

}  // namespace binnacle
