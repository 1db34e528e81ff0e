#include "sdk/remote_poller.h"

#include "sdk/warning.h"

#include <curl/curl.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace binnacle::sdk {

namespace {

/// 2,000 operations of 100 bytes each.
constexpr std::size_t kAnswerLimitBytes = 512U << 10U;
constexpr long kTimeoutMs = 5'000;
constexpr std::int64_t kShortestIntervalMs = 100;

std::string url_for(CURL* easy, const Config& config) {
  std::string url = config.remote_sampler.endpoint;
  url += url.find('?') == std::string::npos ? "?service=" : "&service=";
  char* escaped = curl_easy_escape(easy, config.service_name.data(),
                                   static_cast<int>(config.service_name.size()));
  if (escaped != nullptr) url += escaped;
  curl_free(escaped);
  return url;
}

class RemotePoller final : public ExportJob {
 public:
  RemotePoller(HttpClient& client, RemoteStrategyCell& cell, Runtime& runtime, const Config& config)
      : transfer_(client),
        cell_(cell),
        runtime_(runtime),
        interval_ns_(std::max(config.remote_sampler.polling_interval_ms, kShortestIntervalMs) *
                     1'000'000) {
    CURL* easy = transfer_.handle();
    if (easy == nullptr) return;
    url_ = url_for(easy, config);
    curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, kTimeoutMs);
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#endif
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &RemotePoller::on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  }

  void drive(std::int64_t now_ns) override {
    if (const auto code = transfer_.take_result()) finish(*code);
    if (transfer_.is_active()) return;
    if (now_ns >= next_ns_ && transfer_.handle() != nullptr) {
      next_ns_ = now_ns + interval_ns_;
      answer_.clear();
      if (!transfer_.start()) fail("libcurl cannot start a request");
    }
  }

  std::int64_t next_event_ns() const noexcept override {
    return transfer_.is_active() || transfer_.handle() == nullptr ? INT64_MAX : next_ns_;
  }

 private:
  static std::size_t on_bytes(char* bytes, std::size_t size, std::size_t count, void* self) {
    auto& poller = *static_cast<RemotePoller*>(self);
    const std::size_t total = size * count;
    if (poller.answer_.size() + total > kAnswerLimitBytes) return 0;  // libcurl gives up
    try {
      poller.answer_.append(bytes, total);
    } catch (const std::exception&) {
      return 0;
    }
    return total;
  }

  void finish(CURLcode code) {
    long status = 0;
    curl_easy_getinfo(transfer_.handle(), CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK) return fail(curl_easy_strerror(code));
    if (status != 200) return fail("status " + std::to_string(status));
    is_warned_ = false;
    if (answer_ == cell_.source()) return;
    std::string error;
    if (auto strategy = RemoteStrategy::parse(answer_, error)) {
      cell_.replace(std::move(strategy), runtime_);
    } else {
      fail(error);
    }
  }

  void fail(std::string_view why) {
    runtime_.counters().sampling_polls_failed.fetch_add(1, std::memory_order_relaxed);
    if (is_warned_) return;
    is_warned_ = true;
    warn("no sampling strategy from " + url_ + ": " + std::string(why) + "; the last one holds");
  }

  HttpTransfer transfer_;
  RemoteStrategyCell& cell_;
  Runtime& runtime_;
  const std::int64_t interval_ns_;
  std::string url_;
  std::string answer_;
  std::int64_t next_ns_ = 0;
  bool is_warned_ = false;
};

}  // namespace

std::unique_ptr<ExportJob> make_remote_poller(HttpClient& client, RemoteStrategyCell& cell,
                                              Runtime& runtime, const Config& config) {
  return std::make_unique<RemotePoller>(client, cell, runtime, config);
}

}  // namespace binnacle::sdk
