#pragma once

#include "base/cancel_token.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "io/net/http.h"
#include "io/net/net_probe.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Unary gRPC methods on raw message bytes: no generated code, messages are decoded by wire/. Over
// grpc++'s callback generic service. Created by `app`: add_unary() for each method, listen() for
// each port, start(), stop() before anything that handlers use is destroyed. Setup from one thread;
// handlers are called on gRPC's threads, concurrently.
//
// gRPC's health protocol (grpc.health.v1.Health/Check) is always served.
//
//   server.add_unary("/pkg.Service/Method", [](GrpcRequest&& call, GrpcResponder r) {
//     r.finish(answer_bytes(call.message()));
//   });

namespace binnacle {

struct GrpcServerConfig {
  /// One message after decompression; gRPC's own default. RESOURCE_EXHAUSTED above.
  std::uint32_t message_limit_bytes = 16 * 1024 * 1024;
  /// Calls being handled, over all connections; RESOURCE_EXHAUSTED with RetryInfo above.
  std::uint32_t calls_limit = 1024;
  /// Message bytes of all calls being handled.
  std::uint64_t messages_limit_bytes = 256ULL * 1024 * 1024;
  /// HTTP/2 streams per connection.
  std::uint32_t streams_per_connection_limit = 256;
  /// gRPC's own buffers (resource quota).
  std::uint64_t transport_memory_limit_bytes = 256ULL * 1024 * 1024;
  std::int64_t drain_timeout_ns = 5 * kNanosPerSecond;
};

/// One received call. Move-only by use.
class GrpcRequest {
 public:
  std::string method;  ///< "/pkg.Service/Method"
  /// Initial metadata of the client, names in lower case.
  HttpHeaders metadata;
  std::string peer;  ///< as gRPC prints it, "ipv4:127.0.0.1:5000"
  TenantId tenant;
  CancelToken cancel;
  std::int64_t deadline_steady_ns = 0;  ///< on the injected Clock; 0: none
  std::int64_t received_steady_ns = 0;

  /// The decompressed message, valid while this object lives.
  [[nodiscard]] std::string_view message() const noexcept { return message_; }

  /// `owner` keeps the bytes of `message` alive.
  void set_message(std::string_view message, std::shared_ptr<const void> owner) {
    message_ = message;
    owner_ = std::move(owner);
  }

 private:
  std::string_view message_;
  std::shared_ptr<const void> owner_;
};

/// Takes the one result of one call; like HttpResponder. An Error becomes the status of the same
/// number; retryable ones carry google.rpc.RetryInfo in grpc-status-details-bin, as OTLP asks.
class GrpcResponder {
 public:
  using Sink = std::move_only_function<void(Result<std::string>&&)>;

  GrpcResponder() = default;
  explicit GrpcResponder(Sink sink) : sink_(std::move(sink)) {}
  GrpcResponder(GrpcResponder&& other) noexcept : sink_(std::exchange(other.sink_, nullptr)) {}
  GrpcResponder& operator=(GrpcResponder&& other) noexcept;
  /// Unused: finishes with kInternal.
  ~GrpcResponder();

  /// Exactly once, from any thread: the encoded response message or what went wrong.
  void finish(Result<std::string>&& outcome);

 private:
  Sink sink_;
};

using GrpcHandler = std::function<void(GrpcRequest&&, GrpcResponder)>;

struct GrpcListenerConfig {
  std::string name{};
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string setting{};
};

class GrpcServer {
 public:
  GrpcServer(const GrpcServerConfig& config, const Clock& clock);
  GrpcServer(const GrpcServer&) = delete;
  GrpcServer& operator=(const GrpcServer&) = delete;
  ~GrpcServer();

  /// Methods of all listeners; before start().
  void add_unary(std::string_view method, GrpcHandler handler);

  /// Remembers a port to serve, bound by start() (gRPC binds all at once).
  void listen(GrpcListenerConfig listener);

  /// Binds and serves. The ports pair with the listen() calls. A taken port is kAlreadyExists,
  /// naming port and setting.
  [[nodiscard]] Result<std::vector<std::uint16_t>> start();

  /// Refuses new calls, lets running ones finish for at most drain_timeout_ns, cancels the rest and
  /// waits until their responders are used or destroyed. After it returns no handler runs.
  /// Idempotent.
  void stop();

  [[nodiscard]] const GrpcProbe& probe() const noexcept;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace binnacle
