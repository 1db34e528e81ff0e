#include "sdk/http_post.h"

#include "sdk/text.h"

#include <binnacle/apm.h>

#include <algorithm>

namespace binnacle::sdk {

namespace {

// All headers and trailers of an answer; what is beyond is ignored.
constexpr std::size_t kHeadersLimitBytes = std::size_t{16} << 10U;

/// libcurl before 8.0 fails when it sends a second request over a connection that began with HTTP/2
/// by prior knowledge (curl pull request 10643).
bool has_broken_reuse() noexcept {
  constexpr unsigned kFixedIn = 0x080000;
  return curl_version_info(CURLVERSION_NOW)->version_num < kFixedIn;
}

}  // namespace

HttpPost::HttpPost(HttpClient& client, HttpPostOptions options)
    : options_(std::move(options)), transfer_(client) {}

bool HttpPost::set_up() {
  return transfer_.handle() != nullptr && set_headers() && set_options() && set_tls();
}

bool HttpPost::set_headers() {
  std::vector<std::string> lines = {"Expect:",  // no extra round trip before the body
                                    std::string("User-Agent: binnacle-sdk-cpp/") + kVersion};
  for (const auto& [name, value] : options_.headers) {
    // A line break would let a value smuggle in headers of its own.
    if (name.find_first_of("\r\n:") != name.npos || value.find_first_of("\r\n") != value.npos) {
      continue;
    }
    lines.push_back(value.empty() ? name + ";" : name + ": " + value);
  }
  for (const std::string& line : lines) {
    curl_slist* grown = curl_slist_append(header_list_.get(), line.c_str());
    if (grown == nullptr) return false;
    [[maybe_unused]] curl_slist* head = header_list_.release();  // `grown` begins with it
    header_list_.reset(grown);
  }
  return true;
}

bool HttpPost::set_options() {
  CURL* easy = transfer_.handle();
  const auto set = [easy](CURLoption option, auto value) {
    return curl_easy_setopt(easy, option, value) == CURLE_OK;
  };
  // Connecting over a dead route must not eat the whole deadline of a flush.
  constexpr std::int64_t kConnectTimeoutMs = 5'000;
  const bool done =
      set(CURLOPT_PROTOCOLS_STR, "http,https") && set(CURLOPT_NOSIGNAL, 1L) &&
      set(CURLOPT_POST, 1L) && set(CURLOPT_FOLLOWLOCATION, 0L) &&
      set(CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout_ms)) &&
      set(CURLOPT_CONNECTTIMEOUT_MS,
          static_cast<long>(std::min(options_.timeout_ms, kConnectTimeoutMs))) &&
      set(CURLOPT_TCP_NODELAY, 1L) && set(CURLOPT_WRITEFUNCTION, &HttpPost::on_answer) &&
      set(CURLOPT_WRITEDATA, static_cast<void*>(this)) &&
      set(CURLOPT_HEADERFUNCTION, &HttpPost::on_header) &&
      set(CURLOPT_HEADERDATA, static_cast<void*>(this)) && set(CURLOPT_ERRORBUFFER, error_);
#if LIBCURL_VERSION_NUM >= 0x075700
  // Without it, giving up a transfer would wait for a name server that does not answer.
  set(CURLOPT_QUICK_EXIT, 1L);
#endif
  return done;
}

bool HttpPost::set_tls() {
  CURL* easy = transfer_.handle();
  const auto set_file = [easy](CURLoption option, const std::string& path) {
    return path.empty() || curl_easy_setopt(easy, option, path.c_str()) == CURLE_OK;
  };
  return set_file(CURLOPT_CAINFO, options_.tls.ca_file) &&
         set_file(CURLOPT_SSLCERT, options_.tls.certificate_file) &&
         set_file(CURLOPT_SSLKEY, options_.tls.key_file);
}

void HttpPost::start(const std::string& url, std::string_view body, std::string extra_header) {
  answer_.clear();
  answer_headers_.clear();
  is_cut_ = false;
  error_[0] = '\0';
  CURL* easy = transfer_.handle();
  if (options_.needs_http2) {
    const bool is_tls = lowercase(url.substr(0, 6)) == "https:";
    curl_easy_setopt(
        easy, CURLOPT_HTTP_VERSION,
        static_cast<long>(is_tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE));
    const long is_single_use = !is_tls && has_broken_reuse() ? 1 : 0;
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, is_single_use);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, is_single_use);
  }
  extra_header_ = std::move(extra_header);
  extra_entry_ = {.data = extra_header_.data(), .next = header_list_.get()};
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER,
                   extra_header_.empty() ? header_list_.get() : &extra_entry_);
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  transfer_.start();
}

std::optional<HttpAnswer> HttpPost::poll() {
  HttpAnswer answer;
  if (!transfer_.is_active()) {
    answer.code = CURLE_FAILED_INIT;
    answer.error = "libcurl refused the transfer";
    return answer;
  }
  const std::optional<CURLcode> code = transfer_.take_result();
  if (!code) return std::nullopt;
  curl_easy_getinfo(transfer_.handle(), CURLINFO_RESPONSE_CODE, &answer.status);
  curl_off_t retry_after_s = 0;  // from seconds or an HTTP date
  curl_easy_getinfo(transfer_.handle(), CURLINFO_RETRY_AFTER, &retry_after_s);
  answer.retry_after_s = retry_after_s;
  answer.is_cut = is_cut_;
  answer.code = is_cut_ && *code == CURLE_WRITE_ERROR ? CURLE_OK : *code;  // our own doing
  answer.body = answer_;
  answer.error = error_[0] != '\0' ? error_ : curl_easy_strerror(*code);
  return answer;
}

std::size_t HttpPost::on_answer(char* bytes, std::size_t, std::size_t size, void* self) noexcept {
  auto* post = static_cast<HttpPost*>(self);
  const std::size_t room = kAnswerLimitBytes - post->answer_.size();
  post->answer_.append(bytes, std::min(size, room));
  if (size <= room) return size;
  post->is_cut_ = true;
  return 0;  // ends the transfer
}

std::size_t HttpPost::on_header(char* bytes, std::size_t, std::size_t size, void* self) noexcept {
  std::string& headers = static_cast<HttpPost*>(self)->answer_headers_;
  const std::string_view line(bytes, size);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || headers.size() + size > kHeadersLimitBytes) return size;
  const std::size_t first = std::min(line.find_first_not_of(" \t", colon + 1), size);
  const std::size_t last = line.find_last_not_of(" \t\r\n");
  headers += lowercase(line.substr(0, colon));
  headers += ':';
  if (last >= first) headers.append(line.substr(first, last + 1 - first));
  headers += '\n';
  return size;
}

std::string_view HttpPost::header(std::string_view name) const noexcept {
  std::string_view found;
  std::string_view rest = answer_headers_;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      found = line.substr(name.size() + 1);
    }
  }
  return found;
}

Failure describe_failure(const HttpAnswer& answer, std::string_view url) {
  // Problems of this machine or its configuration that time does not heal.
  const bool is_hopeless =
      answer.code == CURLE_UNSUPPORTED_PROTOCOL || answer.code == CURLE_URL_MALFORMAT;
  return {is_hopeless,
          "cannot send to " + without_credentials(url) + ": " + std::string(answer.error)};
}

}  // namespace binnacle::sdk
