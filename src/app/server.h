#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "config/server_config.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

// The whole backend in one object: store, ingest, receivers, queries, UI, own metrics. Made by
// `serve`; the only place where the parts meet and an engine is named. create() opens the store and
// binds every port; start() begins to serve; stop() drains. From one thread.

namespace binnacle::app {

/// One protocol that is served, or why it is not.
struct ServedPort {
  std::string name;     ///< "otlp_grpc", as in the setting ports.otlp_grpc
  std::string address;  ///< "127.0.0.1:4317"
  std::uint16_t port = 0;
};

class Server {
 public:
  /// Opens everything. `clock` must outlive the server. A port that was asked for by name and is
  /// taken is an error; a default one is left out and named in warnings().
  [[nodiscard]] static Result<std::unique_ptr<Server>> create(const config::ServerConfig& config,
                                                              const Clock& clock);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops.
  ~Server();

  void start();
  /// Refuses new work, finishes what runs, closes the store. Idempotent.
  void stop();

  [[nodiscard]] const std::vector<ServedPort>& ports() const noexcept;
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace binnacle::app
