#include "io/net/http_server.h"

#include "base/check.h"
#include "io/net/address.h"
#include "io/net/http_connection.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace binnacle {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = boost::asio::ip::tcp;

namespace {

/// Connections the kernel may hold that we have not accepted yet.
constexpr int kListenBacklog = 1024;
/// Pause after accept() fails for lack of descriptors or memory, instead of spinning.
constexpr std::chrono::milliseconds kAcceptPause{50};

constexpr std::string_view kTooManyConnections =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
    "Content-Type: text/plain\r\nContent-Length: 21\r\n\r\ntoo many connections\n";

std::size_t core_count() { return std::max<std::size_t>(std::thread::hardware_concurrency(), 1); }

Error listen_error(const HttpListenerConfig& config, const error_code& error) {
  const std::string place =
      fmt::format("{} {}:{}{}", config.name, config.address, config.port,
                  config.setting.empty() ? "" : fmt::format(" (setting {})", config.setting));
  if (error == asio::error::address_in_use) {
    return {ErrorCode::kAlreadyExists,
            fmt::format("{}: the port is taken by another process; stop it or choose another port",
                        place)};
  }
  return {ErrorCode::kInvalidArgument, fmt::format("{}: {}", place, error.message())};
}

}  // namespace

/// One bound port: hands each accepted connection to the next IoThread.
class HttpAcceptor : public std::enable_shared_from_this<HttpAcceptor> {
 public:
  HttpAcceptor(HttpServerCore& core, std::vector<std::shared_ptr<IoThread>>& threads,
               std::shared_ptr<const HttpListenerState> listener, IoThread& home)
      : core_(core),
        threads_(threads),
        listener_(std::move(listener)),
        acceptor_(home.context()),
        pause_(home.context()) {}

  Result<std::uint16_t> bind() {
    error_code error;
    const asio::ip::address address = asio::ip::make_address(listener_->config.address, error);
    if (error) return std::unexpected(listen_error(listener_->config, error));
    const tcp::endpoint endpoint(address, listener_->config.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(kListenBacklog, error);
    if (error) return std::unexpected(listen_error(listener_->config, error));
    return acceptor_.local_endpoint(error).port();
  }

  void accept() {
    const std::shared_ptr<IoThread> thread = threads_[next_++ % threads_.size()];
    acceptor_.async_accept(thread->context(), [self = shared_from_this(), thread](
                                                  error_code error, tcp::socket socket) {
      if (!self->acceptor_.is_open()) return;
      if (error) return self->pause();
      self->take(std::move(socket), thread);
      self->accept();
    });
  }

  void close() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  }

 private:
  void pause() {
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([self = shared_from_this()](error_code error) {
      if (!error && self->acceptor_.is_open()) self->accept();
    });
  }

  void take(tcp::socket socket, const std::shared_ptr<IoThread>& thread) {
    {
      const std::lock_guard lock(core_.mutex);
      if (core_.open_connections >= core_.config.connection_limit) {
        core_.probe.connections_refused.add();
        error_code ignored;
        socket.non_blocking(true, ignored);
        if (!listener_->tls) {
          socket.write_some(asio::buffer(kTooManyConnections.data(), kTooManyConnections.size()),
                            ignored);
        }
        return;
      }
      ++core_.open_connections;
    }
    core_.probe.connections_accepted.add();
    core_.probe.connections_open.add(1);
    // The socket already belongs to the thread's context; from here on only that thread touches it.
    thread->post([&core = core_, listener = listener_, thread,
                  socket = std::move(socket)]() mutable {
      auto connection =
          std::make_shared<HttpConnection>(core, std::move(listener), thread, std::move(socket));
      thread->connections.insert(connection);
      connection->start();
      if (core.draining.load()) connection->drain();
    });
  }

  HttpServerCore& core_;
  std::vector<std::shared_ptr<IoThread>>& threads_;
  std::shared_ptr<const HttpListenerState> listener_;
  tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::size_t next_ = 0;
};

class HttpServer::Impl {
 public:
  Impl(const HttpServerConfig& config, const Clock& clock) : core_(config, clock) {
    const std::size_t count =
        config.io_threads != 0 ? config.io_threads : std::min<std::size_t>(core_count(), 8);
    for (std::size_t i = 0; i < count; ++i) threads_.push_back(std::make_shared<IoThread>());
  }

  Result<std::uint16_t> listen(HttpListenerConfig config,
                               std::shared_ptr<const HttpRouter> router) {
    BINNACLE_CHECK(!started_, "listeners are added before start()");
    auto listener = std::make_shared<HttpListenerState>();
    listener->loopback = is_loopback(config.address);
    listener->router = std::move(router);
    if (config.tls) {
      Result<std::shared_ptr<TlsContext>> tls = load_tls_context(*config.tls);
      if (!tls) return std::unexpected(tls.error().in(config.name));
      listener->tls = *std::move(tls);
    }
    listener->config = std::move(config);
    auto acceptor = std::make_shared<HttpAcceptor>(core_, threads_, std::move(listener), home());
    Result<std::uint16_t> port = acceptor->bind();
    if (port) acceptors_.push_back(std::move(acceptor));
    return port;
  }

  void start() {
    BINNACLE_CHECK(!started_, "start() is called once");
    started_ = true;
    core_.workers.start(core_.config.worker_threads != 0 ? core_.config.worker_threads
                                                         : std::max<std::size_t>(core_count(), 2));
    for (const auto& acceptor : acceptors_) {
      home().post([acceptor] { acceptor->accept(); });
    }
    for (const auto& thread : threads_) thread->start();
  }

  void stop() {
    if (stopped_) return;
    stopped_ = true;
    core_.draining = true;
    if (started_) {
      for (const auto& acceptor : acceptors_) {
        home().post([acceptor] { acceptor->close(); });
      }
      on_every_connection([](HttpConnection& connection) { connection.drain(); });
      std::unique_lock lock(core_.mutex);
      core_.connection_closed.wait_for(lock,
                                       std::chrono::nanoseconds(core_.config.drain_timeout_ns),
                                       [this] { return core_.open_connections == 0; });
      lock.unlock();
      // Cancels what still runs on workers, so that their threads can be joined.
      on_every_connection([](HttpConnection& connection) { connection.close(); });
    }
    core_.workers.stop();
    for (const auto& thread : threads_) thread->stop();
    acceptors_.clear();
    for (const auto& thread : threads_) thread->release();
  }

  [[nodiscard]] const HttpProbe& probe() const noexcept { return core_.probe; }

 private:
  IoThread& home() { return *threads_.front(); }

  void on_every_connection(void (*act)(HttpConnection&)) {
    for (const auto& thread : threads_) {
      thread->post([thread = thread.get(), act] {
        // close() takes itself out of the set.
        const std::vector<std::shared_ptr<HttpConnection>> all(thread->connections.begin(),
                                                               thread->connections.end());
        for (const auto& connection : all) act(*connection);
      });
    }
  }

  HttpServerCore core_;
  std::vector<std::shared_ptr<IoThread>> threads_;
  std::vector<std::shared_ptr<HttpAcceptor>> acceptors_;
  bool started_ = false;
  bool stopped_ = false;
};

HttpServer::HttpServer(const HttpServerConfig& config, const Clock& clock)
    : impl_(std::make_unique<Impl>(config, clock)) {}

HttpServer::~HttpServer() { stop(); }

Result<std::uint16_t> HttpServer::listen(HttpListenerConfig listener,
                                         std::shared_ptr<const HttpRouter> router) {
  return impl_->listen(std::move(listener), std::move(router));
}

void HttpServer::start() { impl_->start(); }

void HttpServer::stop() { impl_->stop(); }

const HttpProbe& HttpServer::probe() const noexcept { return impl_->probe(); }

}  // namespace binnacle
