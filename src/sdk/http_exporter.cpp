#include "sdk/http_exporter.h"

#include <binnacle/apm.h>
#include <curl/curl.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

namespace binnacle::sdk {

namespace {

// More of an answer than this is not read: OTLP's answers are a few bytes, an error page is cut.
constexpr std::size_t kAnswerLimitBytes = std::size_t{64} << 10U;

/// Reads the protobuf fields of an answer; tolerant, because a collector may say anything.
class AnswerReader {
 public:
  explicit AnswerReader(std::string_view bytes) noexcept : bytes_(bytes) {}

  /// Next field; false at the end or at the first byte that makes no sense.
  bool next(std::uint32_t& field, std::uint64_t& number, std::string_view& text) noexcept {
    std::uint64_t tag = 0;
    if (bytes_.empty() || !varint(tag)) return false;
    field = static_cast<std::uint32_t>(tag >> 3U);
    number = 0;
    text = {};
    switch (tag & 7U) {
      case 0:
        return varint(number);
      case 1:
        return skip(8);
      case 2:
        if (!varint(number) || number > bytes_.size()) return false;
        text = bytes_.substr(0, static_cast<std::size_t>(number));
        return skip(static_cast<std::size_t>(number));
      case 5:
        return skip(4);
      default:
        return false;
    }
  }

 private:
  bool varint(std::uint64_t& value) noexcept {
    value = 0;
    for (unsigned shift = 0; shift < 64 && !bytes_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool skip(std::size_t size) noexcept {
    if (size > bytes_.size()) return false;
    bytes_.remove_prefix(size);
    return true;
  }

  std::string_view bytes_;
};

/// ExportTraceServiceResponse.partial_success (1): rejected_spans (1), error_message (2); the
/// responses for metrics and logs have the same numbers.
void read_partial_success(std::string_view body, ExportResult& result) {
  std::uint32_t field = 0;
  std::uint64_t number = 0;
  std::string_view text;
  AnswerReader answer(body);
  while (answer.next(field, number, text)) {
    if (field != 1 || text.empty()) continue;
    AnswerReader partial(text);
    while (partial.next(field, number, text)) {
      if (field == 1) result.rejected_items = number;
      if (field == 2) result.message = "collector rejected some: " + std::string(text);
    }
  }
}

/// The printable beginning of an answer, for a message.
std::string excerpt(std::string_view body) {
  constexpr std::size_t kExcerptBytes = 200;
  std::string text;
  for (const char c : body.substr(0, kExcerptBytes)) {
    text += c >= ' ' && c < 0x7F ? c : ' ';
  }
  return text;
}

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

class HttpExporter final : public BatchExporter {
 public:
  HttpExporter(HttpClient& client, HttpExporterOptions options)
      : options_(std::move(options)), transfer_(client) {}
  ~HttpExporter() override {
    if (has_deflater_) deflateEnd(&deflater_);
  }

  bool set_up() {
    if (transfer_.handle() == nullptr) return false;
    if (options_.uses_gzip) {
      // Level 1: of zlib's levels it takes least time per byte saved on span batches. Window bits
      // 15 + 16 ask for a gzip wrapper.
      has_deflater_ =
          deflateInit2(&deflater_, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK;
      if (!has_deflater_) options_.uses_gzip = false;
    }
    return set_headers() && set_options();
  }

  void start(const EncodedBatch& batch) override {
    std::string_view body = batch.body();
    if (options_.uses_gzip) body = compress(body);
    sent_bytes_ = body.size();
    answer_.clear();
    error_[0] = '\0';
    url_ = &options_.urls[index_of(batch.signal)];
    CURL* easy = transfer_.handle();
    curl_easy_setopt(easy, CURLOPT_URL, url_->c_str());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    transfer_.start();
  }

  std::optional<ExportResult> poll() override {
    if (!transfer_.is_active()) {
      return ExportResult{.outcome = ExportOutcome::kRetry,
                          .message = "cannot send to " + *url_ + ": libcurl refused the transfer"};
    }
    const std::optional<CURLcode> code = transfer_.take_result();
    if (!code) return std::nullopt;
    ExportResult result = judge(*code);
    result.sent_bytes = sent_bytes_;
    return result;
  }

  void cancel() noexcept override { transfer_.cancel(); }

 private:
  bool set_headers() {
    std::vector<std::string> lines = {"Content-Type: " + options_.content_type,
                                      "Accept: " + options_.content_type,
                                      "Expect:",  // no extra round trip before the body
                                      std::string("User-Agent: binnacle-sdk-cpp/") + kVersion};
    if (options_.uses_gzip) lines.emplace_back("Content-Encoding: gzip");
    for (const auto& [name, value] : options_.headers) lines.push_back(name + ": " + value);
    for (const std::string& line : lines) {
      curl_slist* grown = curl_slist_append(headers_.get(), line.c_str());
      if (grown == nullptr) return false;
      [[maybe_unused]] curl_slist* head = headers_.release();  // `grown` begins with it
      headers_.reset(grown);
    }
    return true;
  }

  bool set_options() {
    CURL* easy = transfer_.handle();
    const auto set = [easy](CURLoption option, auto value) {
      return curl_easy_setopt(easy, option, value) == CURLE_OK;
    };
    // Connecting over a dead route must not eat the whole deadline of a flush.
    constexpr std::int64_t kConnectTimeoutMs = 5'000;
    const bool done =
        set(CURLOPT_PROTOCOLS_STR, "http,https") && set(CURLOPT_NOSIGNAL, 1L) &&
        set(CURLOPT_POST, 1L) && set(CURLOPT_HTTPHEADER, headers_.get()) &&
        set(CURLOPT_FOLLOWLOCATION, 0L) &&
        set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout_ms)) &&
        set(CURLOPT_CONNECTTIMEOUT_MS,
            static_cast<long>(std::min(options_.timeout_ms, kConnectTimeoutMs))) &&
        set(CURLOPT_TCP_NODELAY, 1L) && set(CURLOPT_WRITEFUNCTION, &HttpExporter::on_answer) &&
        set(CURLOPT_WRITEDATA, static_cast<void*>(this)) && set(CURLOPT_ERRORBUFFER, error_);
#if LIBCURL_VERSION_NUM >= 0x075700
    // Without it, giving up a transfer would wait for a name server that does not answer.
    set(CURLOPT_QUICK_EXIT, 1L);
#endif
    return done;
  }

  static std::size_t on_answer(char* bytes, std::size_t, std::size_t size, void* self) noexcept {
    std::string& answer = static_cast<HttpExporter*>(self)->answer_;
    if (answer.size() + size > kAnswerLimitBytes) return 0;  // ends the transfer
    answer.append(bytes, size);
    return size;
  }

  ExportResult judge(CURLcode code) {
    long status = 0;
    curl_easy_getinfo(transfer_.handle(), CURLINFO_RESPONSE_CODE, &status);
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(transfer_.handle(), CURLINFO_RETRY_AFTER, &retry_after_s);
    const bool is_cut = code == CURLE_WRITE_ERROR && status != 0;  // by our own limit
    if (code == CURLE_OK || is_cut) {
      ExportResult result = judge_answer(status, retry_after_s, answer_);
      if (!result.message.empty()) result.message = *url_ + ": " + result.message;
      return result;
    }
    const bool is_hopeless = code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT;
    const char* reason = error_[0] != '\0' ? error_ : curl_easy_strerror(code);
    return {.outcome = is_hopeless ? ExportOutcome::kRefused : ExportOutcome::kRetry,
            .message = "cannot send to " + *url_ + ": " + reason};
  }

  std::string_view compress(std::string_view body) {
    deflateReset(&deflater_);
    compressed_.resize(deflateBound(&deflater_, static_cast<uLong>(body.size())));
    deflater_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    deflater_.avail_in = static_cast<uInt>(body.size());
    deflater_.next_out = reinterpret_cast<Bytef*>(compressed_.data());
    deflater_.avail_out = static_cast<uInt>(compressed_.size());
    deflate(&deflater_, Z_FINISH);  // cannot fall short: the output has deflateBound's room
    return {compressed_.data(), compressed_.size() - deflater_.avail_out};
  }

  HttpExporterOptions options_;
  std::unique_ptr<curl_slist, FreeList> headers_;
  const std::string* url_ = nullptr;  // of the request under way
  z_stream deflater_{};
  bool has_deflater_ = false;
  std::string compressed_;
  std::string answer_;
  std::uint64_t sent_bytes_ = 0;
  char error_[CURL_ERROR_SIZE] = {};
  HttpTransfer transfer_;  // last: gone before what it points to
};

}  // namespace

ExportResult judge_answer(long status, std::int64_t retry_after_s, std::string_view body) {
  ExportResult result;
  if (status >= 200 && status < 300) {
    read_partial_success(body, result);
    return result;
  }
  // OTLP specification, "Failures" under OTLP/HTTP: exactly these are retryable.
  const bool is_retryable = status == 429 || status == 502 || status == 503 || status == 504;
  result.outcome = is_retryable ? ExportOutcome::kRetry : ExportOutcome::kRefused;
  result.is_unsupported = status == 404 || status == 405 || status == 501;
  constexpr std::int64_t kLongestRetryAfterS = 3600;
  if (is_retryable && retry_after_s > 0) {
    result.retry_after_ms = std::min(retry_after_s, kLongestRetryAfterS) * 1000;
  }
  result.message = "collector answered " + std::to_string(status) + ": " + excerpt(body);
  return result;
}

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
  auto exporter = std::make_unique<HttpExporter>(client, std::move(options));
  if (!exporter->set_up()) return nullptr;
  return exporter;
}

}  // namespace binnacle::sdk
