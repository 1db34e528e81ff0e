#pragma once

#include "sdk/batch_exporter.h"
#include "sdk/http_client.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Sends batches as HTTP POST: keep-alive, optional gzip, a deadline per request, no signals, no
// redirects, answers read up to a limit. Understands OTLP/HTTP's answers (partial success; 429,
// 502, 503 and 504 are worth a retry, other failures are not). Thread-confined (the export thread).

namespace binnacle::sdk {

struct HttpExporterOptions {
  std::string urls[kSignalCount];  ///< by Signal; empty where nothing of the kind is sent
  std::string content_type = "application/x-protobuf";
  std::vector<std::pair<std::string, std::string>> headers;
  bool uses_gzip = false;
  std::int64_t timeout_ms = 10'000;
};

/// What an HTTP answer means for the batch. `retry_after_s` as the Retry-After header said, 0 if
/// absent; `body` may be anything.
ExportResult judge_answer(long status, std::int64_t retry_after_s, std::string_view body);

/// Whether a URL's host is this machine.
bool is_loopback_url(std::string_view url) noexcept;

/// Null if libcurl cannot be set up.
std::unique_ptr<BatchExporter> make_http_exporter(HttpClient& client, HttpExporterOptions options);

}  // namespace binnacle::sdk
