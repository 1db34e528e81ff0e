#pragma once

#include "base/clock.h"
#include "io/net/http.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

// Turns an HttpResponse into the bytes of a message. Runs on the thread that answered, so that
// compression stays off the I/O threads. Pure but for the clock; values are thread-confined.

namespace binnacle {

/// What of the request decides about the bytes of its answer.
struct HttpExchange {
  bool head = false;   ///< HEAD: no body goes out
  bool http11 = true;  ///< else no chunks: a source's end is the connection's end
  bool accepts_gzip = false;
  std::string allow_origin{};  ///< answer with CORS headers for it; "" without
  std::uint32_t gzip_threshold_bytes = 0;
};

/// A message ready to be written: `head` lacks the Connection field and the final empty line, which
/// finish_head() adds when it is known whether the connection goes on.
struct PreparedResponse {
  int status = 0;
  std::string head;
  std::string owned;                          ///< the body's bytes, or
  std::shared_ptr<const std::string> shared;  ///< theirs, or
  std::string_view fixed;                     ///< of static life
  HttpBodySource source;                      ///< instead of a body
  bool chunked = false;                       ///< for `source`

  [[nodiscard]] std::string_view body() const noexcept;
};

[[nodiscard]] PreparedResponse prepare_response(HttpResponse&& response,
                                                const HttpExchange& exchange, const Clock& clock);

/// Ends the head. `keep_alive` false: `Connection: close`.
void finish_head(PreparedResponse& response, bool keep_alive, bool http11);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7).
[[nodiscard]] std::string http_date(std::int64_t unix_ns);

}  // namespace binnacle
