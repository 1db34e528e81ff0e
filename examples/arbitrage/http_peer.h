#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The client side between the demo's processes and to a chat endpoint: libcurl with keep-alive, a
// client span around every call, and the trace context in its headers. One peer per thread.

namespace arbitrage {

struct Answer {
  int status = 0;  ///< 0: no answer, `error` says why
  std::string body;
  std::string error;
  bool ok() const { return status >= 200 && status < 300; }
};

struct Call {
  std::string method = "GET";
  std::string url;
  std::string body;
  std::vector<std::string> headers;  ///< "name: value"
  /// Set: the body's pieces go here as they arrive instead of into Answer::body. False aborts.
  std::function<bool(std::string_view)> on_data;
};

class HttpPeer {
 public:
  HttpPeer();
  ~HttpPeer();
  HttpPeer(const HttpPeer&) = delete;
  HttpPeer& operator=(const HttpPeer&) = delete;

  /// Traced call between our services.
  Answer send(const Call& call);
  Answer get(const std::string& url) { return send(Call{"GET", url, {}, {}, {}}); }
  Answer post_json(const std::string& url, std::string body) {
    return send(Call{"POST", url, std::move(body), {"content-type: application/json"}, {}});
  }
  /// Without a span of its own: the caller has one that says more (an LLM call).
  Answer send_untraced(const Call& call);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arbitrage
