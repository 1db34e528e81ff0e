#pragma once

#include "io/net/byte_stream.h"
#include "io/net/http_negotiation.h"
#include "io/net/http_parser.h"
#include "io/net/http_response_writer.h"
#include "io/net/http_server.h"
#include "io/net/io_thread.h"
#include "io/net/worker_pool.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// One HTTP/1.1 connection as a state machine over a ByteStream. Internal to io/net. Made by
// HttpServer when it accepts; thread-confined to its IoThread. One request is parsed, handled and
// answered before the next is looked at; while a handler works, one read stays pending so that the
// client's leaving is noticed.
//
//   handshake -> idle -> header -> body -> handling -> writing -> idle ... -> lingering -> closed

namespace binnacle {

/// What all connections of a server share. Internally synchronised parts only.
struct HttpServerCore {
  HttpServerCore(const HttpServerConfig& server_config, const Clock& server_clock)
      : config(server_config),
        clock(server_clock),
        bodies("http_request_bodies", server_config.bodies_limit_bytes),
        workers(server_config.worker_queue_limit) {}

  HttpServerConfig config;
  const Clock& clock;
  HttpProbe probe;
  MemoryBudget bodies;
  WorkerPool workers;
  std::atomic<bool> draining{false};
  std::mutex mutex;
  std::condition_variable connection_closed;
  std::size_t open_connections = 0;  // guarded by mutex
};

/// A bound listener; immutable once listening.
struct HttpListenerState {
  HttpListenerConfig config;
  std::shared_ptr<const HttpRouter> router;
  std::shared_ptr<TlsContext> tls;
  bool loopback = true;
};

class HttpConnection final : public ByteStreamUser,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(HttpServerCore& core, std::shared_ptr<const HttpListenerState> listener,
                 std::shared_ptr<IoThread> thread, boost::asio::ip::tcp::socket socket);
  ~HttpConnection() override;

  /// On the connection's thread, as everything below.
  void start();
  /// No further request: closes now if idle, else after the answer under way.
  void drain();
  /// Closes whatever is going on.
  void close();

 private:
  enum class State : std::uint8_t {
    kHandshake,
    kIdle,
    kHeader,
    kBody,
    kHandling,
    kWriting,
    kLingering,
    kClosed,
  };

  void on_handshake(boost::system::error_code error) override;
  void on_read(boost::system::error_code error, std::size_t bytes) override;
  void on_written(boost::system::error_code error, std::size_t bytes) override;

  void read_more();
  void on_read_closed();
  void parse_buffered();
  bool begin_request();
  void on_header();
  [[nodiscard]] std::optional<HttpResponse> check_request(HttpRequest& request);
  [[nodiscard]] std::optional<HttpResponse> check_origin(HttpRequest& request);
  [[nodiscard]] std::optional<HttpResponse> find_route(HttpRequest& request);
  [[nodiscard]] std::optional<HttpResponse> check_body_headers(HttpRequest& request);
  void expect_body();
  void dispatch();
  [[nodiscard]] HttpResponder make_responder();
  void refuse_while_parsing();
  void refuse(HttpResponse&& response);
  [[nodiscard]] HttpResponse render_refusal(int status, const Error& error);
  /// Of the request that is read or handled: from its first byte until its answer is written.
  [[nodiscard]] HttpRequestParser& parser();

  void respond(PreparedResponse&& response);
  void write_pieces();
  void on_answer_written();
  void pull_source();
  void on_source_chunk(Result<bool> more, std::string&& chunk, HttpBodySource&& source);
  void finish_exchange();
  void linger();

  void set_deadline(std::int64_t from_now_ns);
  void clear_deadline() { deadline_steady_ns_ = 0; }
  void arm_timer(std::int64_t in_ns);
  void on_timer();
  void on_deadline();

  HttpServerCore& core_;
  std::shared_ptr<const HttpListenerState> listener_;
  std::shared_ptr<IoThread> thread_;
  std::unique_ptr<ByteStream> stream_;
  PeerAddress peer_;
  State state_ = State::kHandshake;

  // Received bytes not yet parsed: input_[input_begin_, input_end_).
  std::vector<char> input_;
  std::size_t input_begin_ = 0;
  std::size_t input_end_ = 0;
  bool reading_ = false;
  bool read_closed_ = false;
  std::uint64_t lingered_bytes_ = 0;

  std::optional<HttpRequestParser> parser_;
  const HttpRoute* route_ = nullptr;
  OriginVerdict origin_ = OriginVerdict::kSame;
  std::optional<CancelSource> cancel_;
  HttpExchange exchange_;
  bool keep_alive_ = true;
  bool writing_interim_ = false;  // "100 Continue" is under way

  PreparedResponse response_;
  std::string chunk_;       // the source's piece being written
  std::string chunk_size_;  // its size line
  bool source_done_ = false;
  std::array<boost::asio::const_buffer, 3> pieces_;
  std::size_t piece_count_ = 0;

  boost::asio::steady_timer timer_;
  bool timer_armed_ = false;
  std::int64_t timer_steady_ns_ = 0;     // when the armed timer fires
  std::int64_t deadline_steady_ns_ = 0;  // 0: none
};

}  // namespace binnacle
