#pragma once

#include <binnacle/apm.h>
#include <curl/curl.h>

#include <cstring>
#include <string>
#include <string_view>

// Traced requests with libcurl (7.72 or later). Header-only.
//
//   curl_easy_setopt(handle, CURLOPT_URL, "https://example.com/bids");
//   CURLcode code = binnacle::curl::perform(handle, headers);     // for curl_easy_perform()
//
// With the multi interface, or to add to the span:
//
//   binnacle::curl::Transfer transfer(handle, headers);
//   curl_multi_add_handle(multi, handle);
//   ...                                                    // until CURLMSG_DONE
//   transfer.finish(message->data.result);
//
// libcurl does not tell which headers a handle has: give the list to perform() or Transfer instead
// of setting CURLOPT_HTTPHEADER. Whoever only wants the headers uses add_trace_context().

namespace binnacle {
inline namespace v1 {
namespace curl {

/// Appends the headers of the configured formats to a list, which may be null, and returns the
/// list; free it after the transfer. If memory runs out it comes back with what fitted.
inline curl_slist* add_trace_context(curl_slist* headers,
                                     const Context& context = current_context()) {
  add_trace_context_to_headers(
      [&headers](std::string_view name, std::string_view value) {
        // The longest value is baggage: 8192 bytes (W3C Baggage).
        char line[8192 + 256];
        if (name.size() + value.size() + 3 > sizeof line) return;
        std::memcpy(line, name.data(), name.size());
        std::memcpy(line + name.size(), ": ", 2);
        std::memcpy(line + name.size() + 2, value.data(), value.size());
        line[name.size() + 2 + value.size()] = '\0';
        if (curl_slist* grown = curl_slist_append(headers, line)) headers = grown;
      },
      context);
  return headers;
}

namespace detail {

/// error.type of a transfer that got no answer: few different values, unlike the message.
inline std::string error_type(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "name_resolution_error";
    case CURLE_COULDNT_CONNECT:
      return "connection_error";
    case CURLE_OPERATION_TIMEDOUT:
      return "timeout";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
      return "tls_error";
    default:
      return "curl_" + std::to_string(static_cast<int>(code));
  }
}

}  // namespace detail

/// One transfer under an HttpClientScope (http_scope.h): its span, its attributes and its
/// instrument, http.client.request.duration. The span is a child of the current one, and never
/// itself the current one. From the constructor to finish() (or the destructor) the handle's
/// CURLOPT_HTTPHEADER belongs to this object; afterwards it is what `headers` was. Neither copied
/// nor moved; not thread-safe, but it may be finished on another thread.
class Transfer {
 public:
  /// `headers`: those of the request, or null; they stay the caller's and must outlive this object.
  explicit Transfer(CURL* handle, curl_slist* headers = nullptr)
      : handle_(handle), headers_(headers) {
    // libcurl goes on to other transfers before this one is done.
    scope_.detach();
    ours_ = add_trace_context(nullptr, scope_.capture());
    if (ours_ == nullptr) {
      curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
      return;
    }
    // One list for libcurl: ours, then the caller's, which is not copied.
    last_ = ours_;
    while (last_->next != nullptr) last_ = last_->next;
    last_->next = headers_;
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, ours_);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  /// A transfer that was not finished is an error.
  ~Transfer() {
    if (!is_finished_) finish(CURLE_ABORTED_BY_CALLBACK);
  }

  /// Records the outcome and ends the span. Returns `result`.
  CURLcode finish(CURLcode result) {
    if (is_finished_) return result;
    is_finished_ = true;
    curl_easy_setopt(handle_, CURLOPT_HTTPHEADER, headers_);
    if (last_ != nullptr) last_->next = nullptr;
    curl_slist_free_all(ours_);
    record(result);
    scope_.end();
    return result;
  }

  /// For what libcurl does not know: url_template(), resend_count(), attributes of one's own.
  HttpClientScope& scope() noexcept { return scope_; }
  const Span& span() const noexcept { return scope_.span(); }

 private:
  std::string_view text(CURLINFO info) const {
    const char* found = nullptr;
    curl_easy_getinfo(handle_, info, &found);
    return found == nullptr ? std::string_view() : std::string_view(found);
  }

  // Only now does the handle know what was asked of it; after redirects, the last request counts.
  void record(CURLcode result) {
    scope_.request(text(CURLINFO_EFFECTIVE_METHOD), text(CURLINFO_EFFECTIVE_URL));
    const std::string_view address = text(CURLINFO_PRIMARY_IP);
    if (!address.empty()) scope_.set_attribute("network.peer.address", address);
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    if (status != 0) scope_.status_code(static_cast<int>(status));
    if (result != CURLE_OK) scope_.fail(detail::error_type(result), curl_easy_strerror(result));
  }

  CURL* handle_;
  curl_slist* headers_;
  HttpClientScope scope_;
  curl_slist* ours_ = nullptr;
  curl_slist* last_ = nullptr;
  bool is_finished_ = false;
};

/// curl_easy_perform() under a client span, with `headers` (or none) and those of the trace.
inline CURLcode perform(CURL* handle, curl_slist* headers = nullptr) {
  Transfer transfer(handle, headers);
  return transfer.finish(curl_easy_perform(handle));
}

}  // namespace curl
}  // namespace v1
}  // namespace binnacle
