#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "io/net/http.h"
#include "io/net/http_router.h"
#include "io/net/net_probe.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// HTTP/1.1 (RFC 9112) and optionally TLS on any number of listeners, over a fixed set of I/O
// threads and a fixed set of worker threads. Created by `app`: listen() for each port, start(),
// and stop() before anything that handlers use is destroyed. listen() and start() from one thread;
// the rest is internally locked.
//
//   HttpServer server({}, clock);
//   auto port = server.listen({.name = "otlp_http", .port = 4318, .setting =
//   "receivers.otlp.http"},
//                             router);
//   server.start();
//   ...
//   server.stop();
//
// A connection belongs to one I/O thread for life. Requests on it are served one after another;
// bytes of later, pipelined requests wait in a bounded buffer and then in the kernel. Nothing a
// client does or leaves undone holds memory beyond the limits below or a thread at all.

namespace binnacle {

/// Server-wide limits. Every refusal is counted in NetProbe.
struct HttpServerConfig {
  /// 0: one per core, at most 8. I/O threads also run inline handlers (decoding of spans).
  std::uint32_t io_threads = 0;
  /// Threads for HttpRun::kWorker handlers and body sources. 0: one per core, at least 2.
  std::uint32_t worker_threads = 0;
  /// Requests that wait for a worker; more are answered 503. Sixteen dashboards of 32 panels.
  std::uint32_t worker_queue_limit = 512;
  /// Open connections; more are answered 503 and closed.
  std::uint32_t connection_limit = 4096;
  /// Request line and header fields together: 431 above. nginx and Go refuse from 8 KB and 1 MB;
  /// Grafana and SSO proxies send cookies of 8 to 16 KB.
  std::uint32_t header_limit_bytes = 64 * 1024;
  /// Body of one request: 413 above. Go's OTLP receivers take 20 MB, gRPC 4 MB.
  std::uint64_t body_limit_bytes = 20ULL * 1024 * 1024;
  /// Bodies of all requests received or being handled: 503 with Retry-After above.
  std::uint64_t bodies_limit_bytes = 256ULL * 1024 * 1024;
  /// From the first byte of a request to the end of its header: 408. Also from accept to the first
  /// byte.
  std::int64_t header_timeout_ns = 10 * kNanosPerSecond;
  /// From the end of the header to the end of the body: 408.
  std::int64_t body_timeout_ns = 60 * kNanosPerSecond;
  /// Between two requests: closed without an answer. Above the 60 s of common proxies' upstream
  /// pools, so that they close first.
  std::int64_t idle_timeout_ns = 75 * kNanosPerSecond;
  /// The client must take some bytes of the answer within this time.
  std::int64_t write_timeout_ns = 30 * kNanosPerSecond;
  /// How long stop() lets running requests finish.
  std::int64_t drain_timeout_ns = 5 * kNanosPerSecond;
  /// Compressible bodies from this size on are gzipped when accepted: below, a packet is a packet.
  std::uint32_t gzip_threshold_bytes = 1024;
};

/// PEM files. Loaded by listen(); TLS 1.2 and up.
struct TlsConfig {
  std::string certificate_path{};  ///< the chain, leaf first
  std::string key_path{};
};

/// Browser senders and pages of other origins (Fetch standard, CORS). Origins are compared exactly;
/// "*" allows any.
struct CorsConfig {
  std::vector<std::string> allowed_origins{};
  /// Pages served from loopback ("http://localhost:5173", "http://127.0.0.1:3000") are allowed.
  bool allow_loopback_origins = true;
};

/// Looks at every request before its handler: authentication, tenants. May set request.tenant. A
/// response refuses the request. Called before the body is read (request.body is empty), on I/O
/// threads: must not block.
using HttpGate = std::function<std::optional<HttpResponse>(HttpRequest&)>;

struct HttpListenerConfig {
  std::string name{};                 ///< in logs, counters and HttpRequest::listener
  std::string address = "127.0.0.1";  ///< numeric
  std::uint16_t port = 0;             ///< 0: any free one, reported by listen()
  std::string setting{};              ///< configuration key named in errors, "api.jaeger.port"
  std::optional<TlsConfig> tls{};
  /// Answer preflights and add Access-Control headers. nullopt: other origins get no CORS headers
  /// and their state-changing requests (not GET, HEAD, OPTIONS) are refused with 403.
  std::optional<CorsConfig> cors{};
  /// Names besides localhost, 127.0.0.1 and [::1] that Host may carry on a loopback listener (DNS
  /// rebinding: any other name is answered 403). Not checked on other listeners.
  std::vector<std::string> allowed_hosts{};
  HttpGate gate{};
};

class HttpServer {
 public:
  HttpServer(const HttpServerConfig& config, const Clock& clock);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Stops.
  ~HttpServer();

  /// Binds and listens; connections are accepted from start() on. Returns the port. A taken port is
  /// kAlreadyExists, naming port and setting; a bad address, certificate or key kInvalidArgument.
  [[nodiscard]] Result<std::uint16_t> listen(HttpListenerConfig listener,
                                             std::shared_ptr<const HttpRouter> router);

  /// Starts the threads. Once.
  void start();

  /// Closes listeners and idle connections, lets running requests finish (answers carry
  /// `Connection: close`) for at most drain_timeout_ns, cancels the rest and joins the threads.
  /// Idempotent. After it returns no handler runs and none will.
  void stop();

  [[nodiscard]] const HttpProbe& probe() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace binnacle
