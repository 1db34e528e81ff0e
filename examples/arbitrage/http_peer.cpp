#include "http_peer.h"

#include <binnacle/apm.h>
#include <binnacle/http_scope.h>
#include <binnacle/integrations/curl.h>
#include <curl/curl.h>

namespace arbitrage {
namespace {

constexpr long kTimeoutMs = 20'000;

struct Receiver {
  const Call* call;
  std::string* body;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto* receiver = static_cast<Receiver*>(user);
  const std::string_view piece(data, size * count);
  if (receiver->call->on_data) return receiver->call->on_data(piece) ? piece.size() : 0;
  receiver->body->append(piece);
  return piece.size();
}

std::string_view path_of(std::string_view url) {
  const auto scheme = url.find("://");
  const auto slash = url.find('/', scheme == std::string_view::npos ? 0 : scheme + 3);
  if (slash == std::string_view::npos) return "/";
  return url.substr(slash, url.find('?', slash) - slash);
}

}  // namespace

struct HttpPeer::Impl {
  CURL* handle = curl_easy_init();
  ~Impl() { curl_easy_cleanup(handle); }
};

HttpPeer::HttpPeer() : impl_(std::make_unique<Impl>()) {}
HttpPeer::~HttpPeer() = default;

Answer HttpPeer::send(const Call& call) {
  auto scope = binnacle::trace_http_client(call.method, call.url);
  scope.url_template(path_of(call.url));  // the demo's paths are routes: no ids in them
  scope.request_bytes(static_cast<std::int64_t>(call.body.size()));
  Answer answer = send_untraced(call);
  if (answer.status == 0) {
    scope.fail("transport", answer.error);
  } else {
    scope.status_code(answer.status);
    scope.response_bytes(static_cast<std::int64_t>(answer.body.size()));
  }
  return answer;
}

Answer HttpPeer::send_untraced(const Call& call) {
  Answer answer;
  CURL* handle = impl_->handle;
  if (handle == nullptr) {
    answer.error = "libcurl could not start";
    return answer;
  }
  curl_easy_reset(handle);
  Receiver receiver{&call, &answer.body};
  curl_slist* headers = nullptr;
  for (const std::string& header : call.headers)
    headers = curl_slist_append(headers, header.c_str());
  headers = binnacle::curl::add_trace_context(headers);
  curl_easy_setopt(handle, CURLOPT_URL, call.url.c_str());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_NOPROXY, "127.0.0.1,localhost");
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &receiver);
  if (call.method != "GET") {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, call.method.c_str());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, call.body.data());
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(call.body.size()));
  }
  const CURLcode code = curl_easy_perform(handle);
  curl_slist_free_all(headers);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && call.on_data)) {
    answer.status = static_cast<int>(status);
  } else {
    answer.error = curl_easy_strerror(code);
  }
  return answer;
}

}  // namespace arbitrage
