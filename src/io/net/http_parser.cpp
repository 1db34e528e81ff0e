#include "io/net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace binnacle {
namespace {

namespace http = boost::beast::http;

/// What a body's string takes before its bytes arrive: a declared length is a claim until then.
constexpr std::uint64_t kMaxEarlyReserveBytes = 256 * 1024;
/// Steps in which a body's budget grows, so that small pieces do not each touch a shared counter.
constexpr std::uint64_t kBudgetStepBytes = 64 * 1024;

std::optional<HttpMethod> method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return HttpMethod::kGet;
    case http::verb::head:
      return HttpMethod::kHead;
    case http::verb::post:
      return HttpMethod::kPost;
    case http::verb::put:
      return HttpMethod::kPut;
    case http::verb::patch:
      return HttpMethod::kPatch;
    case http::verb::delete_:
      return HttpMethod::kDelete;
    case http::verb::options:
      return HttpMethod::kOptions;
    default:
      return std::nullopt;
  }
}

/// "0\r\n\r\n".
constexpr std::size_t kLastChunkBytes = 5;

}  // namespace

HttpRequestParser::HttpRequestParser(std::uint32_t header_limit_bytes, MemoryBudget* budget)
    : header_limit_bytes_(header_limit_bytes), budget_(budget) {
  header_limit(header_limit_bytes);
  body_limit(boost::none);  // ours, in append_body: it is known only after routing
}

void HttpRequestParser::refuse(ParseRefusal why, std::string text) {
  if (refusal_ != ParseRefusal::kNone) return;
  refusal_ = why;
  refusal_text_ = std::move(text);
}

std::size_t HttpRequestParser::parse(std::string_view bytes) {
  std::size_t used = 0;
  const bool header_was_done = header_done_;
  while (used < bytes.size() && !is_done() && header_was_done == header_done_) {
    // Beast asserts that the last chunk is offered with 5 bytes, which "0\r\n\r" as the first chunk
    // has not. Every chunked body has as many to come until its very end.
    if (header_was_done && chunked() && bytes.size() - used < kLastChunkBytes) return used;
    error_code ec;
    const std::size_t step = put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), ec);
    used += step;
    if (refusal_ != ParseRefusal::kNone) return used;
    if (ec == http::error::need_more || (!ec && step == 0)) return used;
    if (ec == http::error::header_limit) {
      refuse(
          ParseRefusal::kHeaderTooLarge,
          fmt::format("the request line and header fields exceed {} bytes", header_limit_bytes_));
      return used;
    }
    if (ec) {
      refuse(ParseRefusal::kMalformed, fmt::format("malformed http request: {}", ec.message()));
      return used;
    }
  }
  return used;
}

void HttpRequestParser::on_request_impl(http::verb method, string_view method_str,
                                        string_view target, int version, error_code& /*ec*/) {
  const std::optional<HttpMethod> known = method_of(method);
  method_known = known.has_value();
  method_text.assign(method_str.data(), method_str.size());
  request.method = known.value_or(HttpMethod::kGet);
  request.target.assign(target.data(), target.size());
  http11 = version >= 11;
}

void HttpRequestParser::on_field_impl(http::field name, string_view name_string, string_view value,
                                      error_code& ec) {
  if (header_done_) return;  // trailers after a chunked body: nothing of ours reads them
  if (request.headers.fields().size() == kMaxHeaderFields) {
    refuse(ParseRefusal::kHeaderTooLarge,
           fmt::format("more than {} header fields", kMaxHeaderFields));
    ec = http::error::header_limit;
    return;
  }
  if (name == http::field::host) ++host_fields;
  if (name == http::field::transfer_encoding) has_transfer_encoding = true;
  request.headers.add({name_string.data(), name_string.size()}, {value.data(), value.size()});
}

void HttpRequestParser::on_body_init_impl(const boost::optional<std::uint64_t>& content_length,
                                          error_code& /*ec*/) {
  if (content_length) request.body.reserve(std::min(*content_length, kMaxEarlyReserveBytes));
}

void HttpRequestParser::on_chunk_header_impl(std::uint64_t size, string_view /*extensions*/,
                                             error_code& ec) {
  if (size > body_limit_bytes_ || request.body.size() > body_limit_bytes_ - size) {
    refuse(ParseRefusal::kBodyTooLarge,
           fmt::format("the body exceeds {} bytes", body_limit_bytes_));
    ec = http::error::body_limit;
  }
}

std::size_t HttpRequestParser::on_body_impl(string_view body, error_code& ec) {
  return append_body(body, ec);
}

std::size_t HttpRequestParser::on_chunk_body_impl(std::uint64_t /*remain*/, string_view body,
                                                  error_code& ec) {
  return append_body(body, ec);
}

std::size_t HttpRequestParser::append_body(string_view piece, error_code& ec) {
  const std::uint64_t size = request.body.size() + piece.size();
  if (size > body_limit_bytes_) {
    refuse(ParseRefusal::kBodyTooLarge,
           fmt::format("the body exceeds {} bytes", body_limit_bytes_));
    ec = http::error::body_limit;
    return 0;
  }
  if (size > body_reservation.bytes()) {
    // The string doubles as it grows, so the reservation does too.
    const std::uint64_t wanted = std::max(kBudgetStepBytes, size + size / 2);
    Status grown{};
    if (body_reservation.bytes() == 0) {
      Result<MemoryReservation> taken = MemoryReservation::take(budget_, wanted);
      if (taken) {
        body_reservation = *std::move(taken);
      } else {
        grown = std::unexpected(taken.error());
      }
    } else {
      grown = body_reservation.grow(wanted - body_reservation.bytes());
    }
    if (!grown) {
      refuse(ParseRefusal::kOverBudget,
             fmt::format("too many request bodies in memory: {}", grown.error().message));
      ec = http::error::body_limit;
      return 0;
    }
  }
  request.body.append(piece.data(), piece.size());
  return piece.size();
}

}  // namespace binnacle
