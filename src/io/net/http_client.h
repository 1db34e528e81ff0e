#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "io/net/http.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

// A small blocking HTTP/1.1 client for `binnacle import`, `healthcheck` and, later, scraping and
// notifications. One instance keeps one connection to one origin alive between calls. Thread-
// confined: one client per thread.
//
//   HttpClient client("http://127.0.0.1:4318", {});
//   auto answer = client.send({.method = HttpMethod::kPost, .target = "/v1/traces", .body =
//   bytes});

namespace binnacle {

struct HttpClientConfig {
  std::int64_t connect_timeout_ns = 5 * kNanosPerSecond;
  /// From the start of a call to its complete answer, connecting included.
  std::int64_t request_timeout_ns = 30 * kNanosPerSecond;
  /// Larger answers are kResourceExhausted.
  std::uint64_t response_limit_bytes = 64ULL * 1024 * 1024;
  std::string user_agent{"binnacle"};
};

struct HttpClientRequest {
  HttpMethod method = HttpMethod::kGet;
  std::string target = "/";  ///< escaped path and query
  HttpHeaders headers{};     ///< Host, Content-Length and User-Agent are added
  std::string_view body{};   ///< valid during the call
};

struct HttpClientResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
};

class HttpClient {
 public:
  /// `origin` is "http://host[:port]"; https is kUnimplemented at the first call.
  HttpClient(std::string origin, HttpClientConfig config);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  /// Sends and waits. Any HTTP status is a success of this call. A kept connection that the server
  /// closed meanwhile is replaced once without a word. kUnavailable: cannot connect or the
  /// connection broke, naming the origin; kDeadlineExceeded; kInvalidArgument for a bad origin.
  [[nodiscard]] Result<HttpClientResponse> send(const HttpClientRequest& request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace binnacle
