#pragma once

#include "sdk/scrape/scrape_request.h"

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Answers Prometheus: a small HTTP server with one path, on one thread of its own that only waits.
// Everything about it is bounded: connections, what a request may be long, how long a peer may
// take. Made by lifecycle.cpp for a run of the SDK. start() and stop() belong to one thread; the
// renderer is called on the server's.
//
//   std::string problem;
//   auto server = ScrapeServer::start(options, render, problem);
//   server->port();

namespace binnacle::sdk {

struct ScrapeServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8001;  ///< 0: any free one
  std::string path = "/metrics";
  /// True: if the port is taken, any free one is used instead.
  bool may_move = true;
  std::int64_t (*monotonic_ns)() noexcept = nullptr;          ///< for deadlines; required
  void (*warn)(std::string_view message) noexcept = nullptr;  ///< told why serving ended; required
};

class ScrapeServer {
 public:
  /// The page in the format asked for; empty: it cannot be made now (503).
  using Render = std::function<std::string(ScrapeFormat format)>;

  /// Prometheus needs one connection, and another one while it gives up the first.
  static constexpr std::size_t kMaxConnections = 16;
  /// Time for a request to arrive, and for its answer to leave.
  static constexpr std::int64_t kPeerTimeoutNs = 10'000'000'000;
  /// Time that a connection may wait for its next request; scrapes are a minute apart.
  static constexpr std::int64_t kIdleTimeoutNs = 150'000'000'000;

  /// Binds and serves; null, with the reason in `problem`, if that cannot be done.
  static std::unique_ptr<ScrapeServer> start(ScrapeServerOptions options, Render render,
                                             std::string& problem);
  ScrapeServer(const ScrapeServer&) = delete;
  ScrapeServer& operator=(const ScrapeServer&) = delete;
  /// Stops and waits for the thread, at most until the page that is being rendered is done.
  ~ScrapeServer();

  std::uint16_t port() const noexcept { return port_; }
  /// Whether another port than the wanted one had to be taken.
  bool has_moved() const noexcept { return options_.port != 0 && port_ != options_.port; }
  /// The address as host:port.
  std::string address() const;

  /// In a forked child, where the thread is not: closes the inherited sockets, so that the port is
  /// the parent's alone. The object must not be used or destroyed afterwards.
  void abandon_in_child() noexcept;

 private:
  struct Connection {
    int socket = -1;
    std::int64_t deadline_ns = 0;
    std::string received;
    std::string answer;
    std::size_t sent = 0;
    bool closes_after_answer = false;
  };

  ScrapeServer(ScrapeServerOptions options, Render render);
  bool listen_on(std::uint16_t port, std::string& problem);
  bool start_thread(std::string& problem);
  static void* thread_main(void* self);
  void run();
  void accept_peers(std::int64_t now_ns);
  /// False: the connection is over.
  bool advance(Connection& peer, short events, std::int64_t now_ns);
  bool receive(Connection& peer);
  /// Makes the answer to the first request received; false if none is complete yet.
  bool prepare_answer(Connection& peer);
  bool send_answer(Connection& peer, std::int64_t now_ns);
  void close_peers() noexcept;

  const ScrapeServerOptions options_;
  const Render render_;
  ScrapeRules rules_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int stop_event_ = -1;
  pthread_t thread_{};
  bool has_thread_ = false;
  std::vector<Connection> peers_;  // the thread's
};

}  // namespace binnacle::sdk
