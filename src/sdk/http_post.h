#pragma once

#include "sdk/http_client.h"

#include <binnacle/config.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A POST request that is made again and again: keep-alive, TLS, a deadline, no signals, no
// redirects, answers read up to a limit. What HTTP and gRPC exporters have in common.
// Thread-confined (the export thread).

namespace binnacle::sdk {

struct HttpPostOptions {
  std::vector<std::pair<std::string, std::string>> headers;
  TlsConfig tls;
  std::int64_t timeout_ms = 10'000;
  /// HTTP/2, without asking for it on http:// (prior knowledge). Else what the server offers.
  bool needs_http2 = false;
};

/// How a request ended, and what came back. Borrowed: until the next request.
struct HttpAnswer {
  CURLcode code = CURLE_OK;
  long status = 0;  ///< 0: no answer
  std::int64_t retry_after_s = 0;
  std::string_view body;  ///< up to kAnswerLimitBytes
  bool is_cut = false;    ///< by that limit
  std::string_view error;
};

class HttpPost {
 public:
  /// More of an answer than this is not read: OTLP's answers are a few bytes, an error page is cut.
  static constexpr std::size_t kAnswerLimitBytes = std::size_t{64} << 10U;

  HttpPost(HttpClient& client, HttpPostOptions options);
  HttpPost(const HttpPost&) = delete;
  HttpPost& operator=(const HttpPost&) = delete;

  /// False if libcurl lacks memory or cannot do what the options ask for.
  bool set_up();
  /// `body` stays in place until the answer or cancel(). `extra_header` ("name: value") goes with
  /// this request only.
  void start(const std::string& url, std::string_view body, std::string extra_header = {});
  /// The answer once there is one.
  std::optional<HttpAnswer> poll();
  void cancel() noexcept { transfer_.cancel(); }

  /// A header or trailer of the answer, by its name in lower case; empty if absent. The last one
  /// counts.
  std::string_view header(std::string_view name) const noexcept;

 private:
  struct FreeList {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  bool set_headers();
  bool set_options();
  bool set_tls();
  static std::size_t on_answer(char* bytes, std::size_t, std::size_t size, void* self) noexcept;
  static std::size_t on_header(char* bytes, std::size_t, std::size_t size, void* self) noexcept;

  HttpPostOptions options_;
  std::unique_ptr<curl_slist, FreeList> header_list_;
  std::string extra_header_;
  curl_slist extra_entry_ = {};  // that header, followed by the list
  std::string answer_;
  std::string answer_headers_;  // "name: value\n", names in lower case
  bool is_cut_ = false;
  char error_[CURL_ERROR_SIZE] = {};
  HttpTransfer transfer_;  // last: gone before what it points to
};

/// Why a request got no answer, and whether it may get one later.
struct Failure {
  bool is_hopeless = false;
  std::string message;
};
Failure describe_failure(const HttpAnswer& answer, std::string_view url);

}  // namespace binnacle::sdk
