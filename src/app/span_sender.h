#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "io/net/http_client.h"
#include "model/span_batch.h"

#include <cstdint>
#include <string>

// Sends spans to an OTLP/HTTP server and waits for the answer: for import and generate. Retries
// what the server says can be retried (429, 502, 503, 504, a lost connection), as long as the OTLP
// specification's backoff allows. Thread-confined.

namespace binnacle::app {

struct SendCounts {
  std::uint64_t accepted = 0;
  std::uint64_t rejected = 0;  ///< by partial success
  std::string first_reason;    ///< of the rejections
};

class SpanSender {
 public:
  /// `origin` is "http://host:port" without a path.
  SpanSender(const std::string& origin, std::int64_t request_timeout_ns);

  /// One request with all of `batch`. On error nothing of the batch may be assumed stored; sending
  /// it again is harmless (spans are deduplicated by id).
  [[nodiscard]] Result<SendCounts> send(const SpanBatch& batch);

  [[nodiscard]] std::uint64_t sent_bytes() const noexcept { return sent_bytes_; }

 private:
  [[nodiscard]] Result<HttpClientResponse> send_with_retries(const HttpClientRequest& request);

  HttpClient client_;
  std::string origin_;
  std::uint64_t sent_bytes_ = 0;
};

}  // namespace binnacle::app
