#include "io/net/http_response_writer.h"

#include "codec/gzip_compress.h"
#include "io/net/http_negotiation.h"

#include <fmt/format.h>

#include <ctime>
#include <utility>
#include <variant>

namespace binnacle {
namespace {

/// Fields that describe the framing or the connection: the server's business.
bool is_reserved(std::string_view name) {
  for (const std::string_view reserved :
       {"Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Date"}) {
    if (equal_ignoring_case(name, reserved)) return true;
  }
  return false;
}

/// A handler may echo what a client sent: line ends must not split the answer in two.
void append_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  for (const char c : value) {
    if (c != '\r' && c != '\n' && c != '\0') head.push_back(c);
  }
  head.append("\r\n");
}

bool has_no_body(int status) noexcept { return status < 200 || status == 204 || status == 304; }

void take_body(HttpResponse& response, PreparedResponse& prepared) {
  if (auto* owned = std::get_if<std::string>(&response.body)) {
    prepared.owned = std::move(*owned);
  } else if (auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body)) {
    prepared.shared = std::move(*shared);
  } else if (auto* fixed = std::get_if<std::string_view>(&response.body)) {
    prepared.fixed = *fixed;
  } else {
    prepared.source = std::move(std::get<HttpBodySource>(response.body));
  }
}

/// What `source` gives, as one gzip member; each piece goes out as it comes.
HttpBodySource gzip_source(codec::GzipStream&& stream, HttpBodySource&& source) {
  return [stream = std::move(stream), source = std::move(source),
          piece = std::string()](std::string& chunk) mutable -> Result<bool> {
    piece.clear();
    Result<bool> more = source(piece);
    if (!more) return more;
    if (Status added = stream.add(piece, chunk); !added) return std::unexpected(added.error());
    if (*more) return true;
    if (Status ended = stream.finish(chunk); !ended) return std::unexpected(ended.error());
    return false;
  };
}

void compress_source(HttpResponse& response, PreparedResponse& prepared) {
  Result<codec::GzipStream> stream = codec::GzipStream::begin();
  if (!stream) return;  // no memory for it: plain is as good an answer
  response.headers.add("Content-Encoding", "gzip");
  prepared.source = gzip_source(*std::move(stream), std::move(prepared.source));
}

void compress(HttpResponse& response, const HttpExchange& exchange, PreparedResponse& prepared) {
  const std::string_view body = prepared.body();
  // Who streams does so because it is long.
  const bool is_long = prepared.source || body.size() >= exchange.gzip_threshold_bytes;
  if (!is_long || exchange.gzip_threshold_bytes == 0 || response.headers.has("Content-Encoding") ||
      !compressible(response.headers.get("Content-Type"))) {
    return;
  }
  // Caches must know even when this client got it plain.
  response.headers.add("Vary", "Accept-Encoding");
  if (!exchange.accepts_gzip) return;
  if (prepared.source) return compress_source(response, prepared);
  std::string packed;
  if (!codec::gzip_append(body, packed) || packed.size() >= body.size()) return;
  response.headers.add("Content-Encoding", "gzip");
  prepared.owned = std::move(packed);
  prepared.shared.reset();
  prepared.fixed = {};
}

}  // namespace

std::string_view PreparedResponse::body() const noexcept {
  if (shared) return *shared;
  return fixed.empty() ? std::string_view(owned) : fixed;
}

std::string http_date(std::int64_t unix_ns) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto seconds = static_cast<std::time_t>(unix_ns / kNanosPerSecond);
  std::tm t{};
  gmtime_r(&seconds, &t);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[t.tm_wday], t.tm_mday,
                     kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

PreparedResponse prepare_response(HttpResponse&& response, const HttpExchange& exchange,
                                  const Clock& clock) {
  PreparedResponse prepared;
  prepared.status = response.status;
  take_body(response, prepared);
  compress(response, exchange, prepared);
  if (!exchange.allow_origin.empty() && !response.headers.has("Access-Control-Allow-Origin")) {
    add_cors_headers(exchange.allow_origin, response.headers);
  }
  std::string& head = prepared.head;
  head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  for (const HttpHeaders::Field& field : response.headers.fields()) {
    if (!is_reserved(field.name)) append_field(head, field.name, field.value);
  }
  append_field(head, "Date", http_date(clock.unix_now_ns()));
  if (prepared.source) {
    prepared.chunked = exchange.http11;
    if (prepared.chunked) append_field(head, "Transfer-Encoding", "chunked");
  } else if (!has_no_body(response.status)) {
    append_field(head, "Content-Length", std::to_string(prepared.body().size()));
  }
  if (exchange.head || has_no_body(response.status)) {
    prepared.owned.clear();
    prepared.shared.reset();
    prepared.fixed = {};
    prepared.source = nullptr;
  }
  return prepared;
}

void finish_head(PreparedResponse& response, bool keep_alive, bool http11) {
  if (!keep_alive) {
    response.head.append("Connection: close\r\n");
  } else if (!http11) {
    response.head.append("Connection: keep-alive\r\n");
  }
  response.head.append("\r\n");
}

}  // namespace binnacle
