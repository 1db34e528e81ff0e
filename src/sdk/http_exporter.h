#pragma once

#include "sdk/batch_exporter.h"
#include "sdk/collector_answer.h"
#include "sdk/http_post.h"

#include <memory>
#include <string>
#include <string_view>

// Sends batches as the bodies of HTTP POST requests, with or without gzip. Thread-confined (the
// export thread).

namespace binnacle::sdk {

struct HttpExporterOptions {
  std::string urls[kSignalCount];  ///< by Signal
  std::string content_type = "application/x-protobuf";
  AnswerFormat answer_format = AnswerFormat::kOtlpProtobuf;
  bool uses_gzip = false;
  /// The header that says how many traces a body holds; empty: none is sent.
  std::string trace_count_header;
  HttpPostOptions post;
};

/// Whether a URL's host is this machine.
bool is_loopback_url(std::string_view url) noexcept;

/// Null if libcurl cannot be set up.
std::unique_ptr<BatchExporter> make_http_exporter(HttpClient& client, HttpExporterOptions options);

}  // namespace binnacle::sdk
