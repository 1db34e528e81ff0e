#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <span>

// libcurl's multi interface, shared by everything that the export thread sends over HTTP, so that
// one thread can wait for all of it at once. Made with a pipeline; outlives its transfers.
// Thread-confined (the export thread).
//
//   transfer.start();                       // after setting options on transfer.handle()
//   for (;;) {
//     client.drive();
//     if (auto code = transfer.take_result()) ...
//     client.wait(wake_fd, {}, 1000);
//   }

namespace binnacle::sdk {

class HttpClient {
 public:
  HttpClient() = default;  // for create()
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Null if libcurl cannot be set up.
  static std::unique_ptr<HttpClient> create();

  /// Moves all transfers on and notes which are done. Does not block.
  void drive() noexcept;
  /// Waits until a transfer may move, `wake_fd` is readable, one of `blocked_fds` (no more than
  /// kMaxDestinations) is writable, or the time is over.
  void wait(int wake_fd, std::span<const int> blocked_fds, int timeout_ms) noexcept;

 private:
  friend class HttpTransfer;
  struct FreeMulti {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };

  std::unique_ptr<CURLM, FreeMulti> multi_;
};

/// One exporter's libcurl handle: one request at a time, connections kept in between.
class HttpTransfer {
 public:
  explicit HttpTransfer(HttpClient& client);
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;
  ~HttpTransfer() { cancel(); }

  /// Null if memory lacked.
  CURL* handle() const noexcept { return easy_.get(); }
  /// False if libcurl refuses.
  bool start() noexcept;
  bool is_active() const noexcept { return is_active_; }
  /// How the transfer ended, once; nullopt while it runs.
  std::optional<CURLcode> take_result() noexcept;
  void cancel() noexcept;

 private:
  friend class HttpClient;
  struct FreeEasy {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };

  HttpClient& client_;
  std::unique_ptr<CURL, FreeEasy> easy_;
  std::optional<CURLcode> result_;
  bool is_active_ = false;
};

}  // namespace binnacle::sdk
