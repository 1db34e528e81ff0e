#pragma once

#include "base/memory_budget.h"
#include "io/net/http.h"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <string>
#include <string_view>

// Beast's HTTP/1.1 request grammar filling an HttpRequest directly. Internal to io/net (includes
// Beast). One parser per request; thread-confined.

namespace binnacle {

/// More header fields are answered 431; real requests stay below 50.
constexpr std::size_t kMaxHeaderFields = 256;

/// Why a request was refused while it was parsed.
enum class ParseRefusal : std::uint8_t {
  kNone,
  kMalformed,       ///< 400
  kHeaderTooLarge,  ///< 431
  kBodyTooLarge,    ///< 413
  kOverBudget,      ///< 503: all bodies together
};

class HttpRequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  HttpRequestParser(std::uint32_t header_limit_bytes, MemoryBudget* budget);

  /// Parses as much of `bytes` as possible, stopping after the header and at the end. Returns the
  /// bytes used; the rest must be offered again, with more behind it. Check refusal() after.
  std::size_t parse(std::string_view bytes);

  [[nodiscard]] ParseRefusal refusal() const noexcept { return refusal_; }
  /// Says what was wrong; lowercase.
  [[nodiscard]] const std::string& refusal_text() const noexcept { return refusal_text_; }

  void set_body_limit(std::uint64_t limit_bytes) noexcept { body_limit_bytes_ = limit_bytes; }

  HttpRequest request;
  MemoryReservation body_reservation;
  /// False for methods that HttpMethod does not have; `method_text` then says which.
  bool method_known = false;
  std::string method_text;
  /// HTTP/1.0 or 1.1.
  bool http11 = true;
  unsigned host_fields = 0;
  bool has_transfer_encoding = false;

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;

  void on_request_impl(boost::beast::http::verb method, string_view method_str, string_view target,
                       int version, error_code& ec) override;
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_field_impl(boost::beast::http::field name, string_view name_string, string_view value,
                     error_code& ec) override;
  void on_header_impl(error_code&) override { header_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& content_length,
                         error_code& ec) override;
  std::size_t on_body_impl(string_view body, error_code& ec) override;
  void on_chunk_header_impl(std::uint64_t size, string_view extensions, error_code& ec) override;
  std::size_t on_chunk_body_impl(std::uint64_t remain, string_view body, error_code& ec) override;
  void on_finish_impl(error_code&) override {}

  std::size_t append_body(string_view piece, error_code& ec);
  void refuse(ParseRefusal why, std::string text);

  std::uint32_t header_limit_bytes_;
  MemoryBudget* budget_;
  std::uint64_t body_limit_bytes_ = 0;
  bool header_done_ = false;
  ParseRefusal refusal_ = ParseRefusal::kNone;
  std::string refusal_text_;
};

}  // namespace binnacle
