#include "sdk/http_client.h"

#include <binnacle/stats.h>

#include <algorithm>
#include <utility>

namespace binnacle::sdk {

std::unique_ptr<HttpClient> HttpClient::create() {
  auto client = std::make_unique<HttpClient>();
  client->multi_.reset(curl_multi_init());
  if (client->multi_ == nullptr) return nullptr;
  return client;
}

void HttpClient::drive() noexcept {
  int running = 0;
  curl_multi_perform(multi_.get(), &running);
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    char* owner = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
    reinterpret_cast<HttpTransfer*>(owner)->result_ = message->data.result;
  }
}

void HttpClient::wait(int wake_fd, std::span<const int> blocked_fds, int timeout_ms) noexcept {
  curl_waitfd events[1 + kMaxDestinations] = {};
  events[0] = {.fd = wake_fd, .events = CURL_WAIT_POLLIN, .revents = 0};
  unsigned count = 1;
  for (const int fd : blocked_fds.first(std::min(blocked_fds.size(), kMaxDestinations))) {
    events[count++] = {.fd = fd, .events = CURL_WAIT_POLLOUT, .revents = 0};
  }
  curl_multi_poll(multi_.get(), events, count, timeout_ms, nullptr);
}

HttpTransfer::HttpTransfer(HttpClient& client) : client_(client), easy_(curl_easy_init()) {
  if (easy_ != nullptr) curl_easy_setopt(easy_.get(), CURLOPT_PRIVATE, static_cast<void*>(this));
}

bool HttpTransfer::start() noexcept {
  result_.reset();
  is_active_ = curl_multi_add_handle(client_.multi_.get(), easy_.get()) == CURLM_OK;
  return is_active_;
}

std::optional<CURLcode> HttpTransfer::take_result() noexcept {
  if (!result_) return std::nullopt;
  cancel();
  return std::exchange(result_, std::nullopt);
}

void HttpTransfer::cancel() noexcept {
  if (!is_active_) return;
  curl_multi_remove_handle(client_.multi_.get(), easy_.get());
  is_active_ = false;
}

}  // namespace binnacle::sdk
