#include "sdk/http_exporter.h"

#include "sdk/gzip.h"
#include "sdk/text.h"

#include <utility>

namespace binnacle::sdk {

namespace {

class HttpExporter final : public BatchExporter {
 public:
  HttpExporter(HttpClient& client, HttpExporterOptions options)
      : options_(std::move(options)), post_(client, std::move(options_.post)) {}

  bool set_up() { return (!options_.uses_gzip || gzip_.set_up()) && post_.set_up(); }

  void start(const EncodedBatch& batch) override {
    std::string_view body = batch.body();
    if (options_.uses_gzip) {
      compressed_.clear();
      gzip_.append(compressed_, body);
      body = compressed_;
    }
    sent_bytes_ = body.size();
    url_ = &options_.urls[index_of(batch.signal)];
    const bool is_counted = !options_.trace_count_header.empty() && batch.traces > 0;
    post_.start(*url_, body,
                is_counted ? options_.trace_count_header + ": " + std::to_string(batch.traces)
                           : std::string());
  }

  std::optional<ExportResult> poll() override {
    const std::optional<HttpAnswer> answer = post_.poll();
    if (!answer) return std::nullopt;
    ExportResult result;
    if (answer->code == CURLE_OK) {
      result =
          judge_answer(answer->status, answer->retry_after_s, answer->body, options_.answer_format);
      if (!result.message.empty()) {
        result.message = without_credentials(*url_) + ": " + result.message;
      }
    } else {
      Failure failure = describe_failure(*answer, *url_);
      result.outcome = failure.is_hopeless ? ExportOutcome::kRefused : ExportOutcome::kRetry;
      result.message = std::move(failure.message);
    }
    result.sent_bytes = sent_bytes_;
    return result;
  }

  void cancel() noexcept override { post_.cancel(); }
  std::string address() const override { return without_credentials(*url_); }

 private:
  HttpExporterOptions options_;
  GzipWriter gzip_;
  std::string compressed_;
  const std::string* url_ = nullptr;  // of the request under way
  std::uint64_t sent_bytes_ = 0;
  HttpPost post_;
};

}  // namespace

bool is_loopback_url(std::string_view url) noexcept {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const auto begins = [&](std::string_view host) {
    return url.substr(0, host.size()) == host &&
           (url.size() == host.size() || url[host.size()] == ':' || url[host.size()] == '/');
  };
  return begins("localhost") || begins("127.0.0.1") || begins("[::1]");
}

std::unique_ptr<BatchExporter> make_http_exporter(HttpClient& client, HttpExporterOptions options) {
  options.post.headers.insert(options.post.headers.begin(), {{"Content-Type", options.content_type},
                                                             {"Accept", options.content_type}});
  if (options.uses_gzip) options.post.headers.emplace_back("Content-Encoding", "gzip");
  auto exporter = std::make_unique<HttpExporter>(client, std::move(options));
  if (!exporter->set_up()) return nullptr;
  return exporter;
}

}  // namespace binnacle::sdk
