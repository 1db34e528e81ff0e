#include "http_service.h"

#include <binnacle/apm.h>
#include <binnacle/http_scope.h>
#include <binnacle/integrations/beast.h>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace arbitrage {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;

// Enough for the demo's two concurrent tasks, whose scans call back into the same process.
constexpr int kThreads = 12;
constexpr std::uint64_t kBodyLimitBytes = 1024 * 1024;
constexpr auto kIdleTimeout = std::chrono::seconds(30);

std::map<std::string, std::string> split_query(std::string_view text) {
  std::map<std::string, std::string> out;
  while (!text.empty()) {
    const auto amp = text.find('&');
    const std::string_view pair = text.substr(0, amp);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos) {
      out[std::string(pair.substr(0, equals))] = std::string(pair.substr(equals + 1));
    }
    if (amp == std::string_view::npos) break;
    text.remove_prefix(amp + 1);
  }
  return out;
}

Request to_request(const http::request<http::string_body>& message) {
  Request out;
  out.method = std::string(message.method_string());
  const std::string target(message.target());
  const auto question = target.find('?');
  out.path = target.substr(0, question);
  if (question != std::string::npos)
    out.query = split_query(std::string_view(target).substr(question + 1));
  for (const auto& field : message) {
    std::string name(field.name_string());
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    out.headers[name] = std::string(field.value());
  }
  out.body = message.body();
  return out;
}

}  // namespace

struct HttpService::Impl {
  explicit Impl(bool is_traced) : traced(is_traced), acceptor(io) {}

  const bool traced;
  asio::io_context io;
  Tcp::acceptor acceptor;
  std::map<std::pair<std::string, std::string>, Handler> handlers;
  std::atomic<bool> stopping{false};

  Response answer(const Request& request) {
    const auto it = handlers.find({request.method, request.path});
    if (it == handlers.end()) return Response::json(404, R"({"error":"no such route"})");
    try {
      return it->second(request);
    } catch (const std::exception& error) {
      binnacle::current_span().record_exception(error).set_error(error.what());
      return Response::json(500, R"({"error":"internal"})");
    }
  }

  void write(beast::tcp_stream& stream, const http::request<http::string_body>& request,
             Response&& response) {
    beast::error_code error;
    if (response.stream) {
      http::response<http::empty_body> head{static_cast<http::status>(response.status), 11};
      head.set(http::field::content_type, response.content_type);
      head.chunked(true);
      http::response_serializer<http::empty_body> serializer{head};
      http::write_header(stream, serializer, error);
      response.stream([&](std::string_view piece) {
        if (!error)
          asio::write(stream, http::make_chunk(asio::buffer(piece.data(), piece.size())), error);
        return !error;
      });
      if (!error) asio::write(stream, http::make_chunk_last(), error);
      return;
    }
    http::response<http::string_body> message{static_cast<http::status>(response.status),
                                              request.version(), std::move(response.body)};
    message.set(http::field::content_type, response.content_type);
    message.keep_alive(request.keep_alive());
    message.prepare_payload();
    http::write(stream, message, error);
  }

  void handle(beast::tcp_stream& stream, const http::request<http::string_body>& message) {
    const Request request = to_request(message);
    if (!traced) {
      write(stream, message, answer(request));
      return;
    }
    const binnacle::Context caller = binnacle::beast::extract_trace_context(message);
    // Only what was registered is a route: a made-up path must not become a label.
    const bool is_route = handlers.contains({request.method, request.path});
    auto scope = binnacle::trace_http_server(
        request.method, is_route ? std::string_view(request.path) : std::string_view(), caller);
    scope.scheme("http").server("127.0.0.1", acceptor.local_endpoint().port());
    scope.path(request.path).request_bytes(static_cast<std::int64_t>(request.body.size()));
    Response response = answer(request);
    scope.status_code(response.status);
    // The work is done: a reader that is slow to be scheduled is not this service's time.
    if (!response.stream) scope.end();
    write(stream, message, std::move(response));
  }

  void serve(Tcp::socket&& socket) {
    beast::tcp_stream stream(std::move(socket));
    beast::flat_buffer buffer;
    beast::error_code error;
    // A blocking read ignores tcp_stream's timer; the socket's own timeout bounds an idle client.
    const timeval timeout{std::chrono::seconds(kIdleTimeout).count(), 0};
    ::setsockopt(stream.socket().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &timeout,
                 sizeof timeout);
    while (!stopping) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(kBodyLimitBytes);
      http::read(stream, buffer, parser, error);
      if (error) break;
      handle(stream, parser.get());
      if (!parser.get().keep_alive()) break;
    }
    stream.socket().shutdown(Tcp::socket::shutdown_both, error);
  }

  void accept_loop() {
    while (!stopping) {
      beast::error_code error;
      Tcp::socket socket(io);
      acceptor.accept(socket, error);
      if (error || stopping) continue;
      socket.set_option(Tcp::no_delay(true), error);
      serve(std::move(socket));
    }
  }
};

HttpService::HttpService(bool traced) : impl_(std::make_unique<Impl>(traced)) {}
HttpService::~HttpService() = default;

void HttpService::on(const std::string& method, const std::string& path, Handler handler) {
  impl_->handlers[{method, path}] = std::move(handler);
}

std::uint16_t HttpService::listen(std::uint16_t port) {
  beast::error_code error;
  const Tcp::endpoint endpoint(asio::ip::address_v4::loopback(), port);
  impl_->acceptor.open(endpoint.protocol(), error);
  impl_->acceptor.set_option(asio::socket_base::reuse_address(true), error);
  impl_->acceptor.bind(endpoint, error);
  if (!error) impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    std::fprintf(stderr, "cannot listen on 127.0.0.1:%u: %s\n", port, error.message().c_str());
    return 0;
  }
  return impl_->acceptor.local_endpoint().port();
}

void HttpService::run() {
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) threads.emplace_back([this] { impl_->accept_loop(); });
  for (std::thread& thread : threads) thread.join();
}

void HttpService::stop() {
  impl_->stopping = true;
  beast::error_code ignored;
  ::shutdown(impl_->acceptor.native_handle(), SHUT_RDWR);  // wakes the blocking accepts
  impl_->acceptor.close(ignored);
}

}  // namespace arbitrage
