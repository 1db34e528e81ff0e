#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

// A small HTTP server for the demo's processes: a fixed number of threads, each serving one
// connection at a time, with a server span around every request that continues the caller's trace.
// Built on Boost.Beast; blocking, because the demo is read by people who learn the SDK.
//
//   HttpService service;
//   service.on("POST", "/query", [&](const Request& r) { return Response::json(200,
//   answer(r.body)); }); service.listen(0); service.run();   // until stop()

namespace arbitrage {

struct Request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query;  ///< plain values; the demo's contain nothing to escape
  std::map<std::string, std::string> headers;  ///< lower-case names
  std::string body;
};

/// Sends one piece of a streamed body; false when the client is gone.
using SendChunk = std::function<bool(std::string_view)>;

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::function<void(const SendChunk&)> stream;  ///< instead of `body`

  static Response json(int status, std::string body) {
    return Response{status, "application/json", std::move(body), {}};
  }
  static Response html(std::string body) {
    return Response{200, "text/html; charset=utf-8", std::move(body), {}};
  }
};

using Handler = std::function<Response(const Request&)>;

class HttpService {
 public:
  /// `traced` is false for a process that plays somebody else's service.
  explicit HttpService(bool traced = true);
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  /// Exact paths. Before run().
  void on(const std::string& method, const std::string& path, Handler handler);
  /// Binds 127.0.0.1; 0 takes any free port. Returns the port, 0 on failure (said on stderr).
  std::uint16_t listen(std::uint16_t port);
  /// Serves until stop(); returns when the threads are done.
  void run();
  /// From any thread or another thread's signal wait.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace arbitrage
