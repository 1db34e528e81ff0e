#include "sdk/grpc_exporter.h"

#include "sdk/collector_answer.h"
#include "sdk/gzip.h"
#include "sdk/text.h"

#include <algorithm>
#include <utility>

namespace binnacle::sdk {

namespace {

constexpr std::string_view kMethods[kSignalCount] = {
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export"};

// Flag and length in front of each message.
constexpr std::size_t kPrefixBytes = 5;

/// Scheme and authority of a URL.
std::string_view origin_of(std::string_view url) noexcept {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  return url.substr(0, url.find_first_of("/?#", host));
}

class GrpcExporter final : public BatchExporter {
 public:
  GrpcExporter(HttpClient& client, GrpcExporterOptions options)
      : uses_gzip_(options.uses_gzip), post_(client, std::move(options.post)) {
    for (const Signal signal : {Signal::kTraces, Signal::kMetrics, Signal::kLogs}) {
      std::string& url = urls_[index_of(signal)];
      url = origin_of(options.endpoint);
      url += kMethods[index_of(signal)];
    }
  }

  bool set_up() { return (!uses_gzip_ || gzip_.set_up()) && post_.set_up(); }

  void start(const EncodedBatch& batch) override {
    const std::string_view message = batch.body();
    frame_.assign(kPrefixBytes, '\0');
    if (uses_gzip_) {
      gzip_.append(frame_, message);
      frame_[0] = '\1';
    } else {
      frame_ += message;
    }
    const std::size_t size = frame_.size() - kPrefixBytes;
    for (std::size_t i = 1; i < kPrefixBytes; ++i) {
      frame_[i] = static_cast<char>(size >> (8 * (kPrefixBytes - 1 - i)) & 0xFFU);
    }
    url_ = &urls_[index_of(batch.signal)];
    post_.start(*url_, frame_);
  }

  std::optional<ExportResult> poll() override {
    const std::optional<HttpAnswer> answer = post_.poll();
    if (!answer) return std::nullopt;
    ExportResult result;
    if (answer->code == CURLE_OK) {
      result = judge_grpc_answer({.http_status = answer->status,
                                  .content_type = post_.header("content-type"),
                                  .status = post_.header("grpc-status"),
                                  .message = post_.header("grpc-message"),
                                  .details = post_.header("grpc-status-details-bin"),
                                  .body = answer->body});
      if (!result.message.empty()) {
        result.message = without_credentials(*url_) + ": " + result.message;
      }
    } else {
      Failure failure = describe_failure(*answer, *url_);
      result.outcome = failure.is_hopeless ? ExportOutcome::kRefused : ExportOutcome::kRetry;
      result.message = std::move(failure.message);
    }
    result.sent_bytes = frame_.size();
    return result;
  }

  void cancel() noexcept override { post_.cancel(); }
  std::string address() const override { return without_credentials(*url_); }

 private:
  std::string urls_[kSignalCount];
  bool uses_gzip_;
  GzipWriter gzip_;
  std::string frame_;
  const std::string* url_ = nullptr;  // of the call under way
  HttpPost post_;
};

}  // namespace

std::unique_ptr<BatchExporter> make_grpc_exporter(HttpClient& client, GrpcExporterOptions options) {
  const curl_version_info_data* version = curl_version_info(CURLVERSION_NOW);
  if ((version->features & CURL_VERSION_HTTP2) == 0) return nullptr;
  options.post.needs_http2 = true;
  // A timeout has at most eight digits.
  const std::int64_t timeout_ms = std::clamp<std::int64_t>(options.post.timeout_ms, 1, 99'999'999);
  options.post.headers.insert(options.post.headers.begin(),
                              {{"Content-Type", "application/grpc+proto"},
                               {"TE", "trailers"},
                               {"grpc-timeout", std::to_string(timeout_ms) + "m"}});
  if (options.uses_gzip) options.post.headers.emplace_back("grpc-encoding", "gzip");
  auto exporter = std::make_unique<GrpcExporter>(client, std::move(options));
  if (!exporter->set_up()) return nullptr;
  return exporter;
}

}  // namespace binnacle::sdk
