#include "io/net/http_client.h"

#include "io/net/address.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <fmt/format.h>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace binnacle {
namespace {

namespace http = boost::beast::http;

/// Header of an answer; Prometheus and Jaeger send less than 1 KB.
constexpr std::uint32_t kResponseHeaderLimitBytes = 64 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;

/// Beast's grammar for answers, filling an HttpClientResponse.
class ResponseParser final : public http::basic_parser<false> {
 public:
  explicit ResponseParser(std::uint64_t limit_bytes) {
    header_limit(kResponseHeaderLimitBytes);
    body_limit(limit_bytes);
    eager(true);
  }
  HttpClientResponse response;

 private:
  using error_code = boost::beast::error_code;
  using string_view = boost::beast::string_view;
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override {
    response.status = code;
  }
  void on_field_impl(http::field, string_view name, string_view value, error_code&) override {
    response.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override {
    response.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    response.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

/// A socket with a deadline on every wait.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(); }

  [[nodiscard]] bool open() const noexcept { return fd_ >= 0; }
  void close() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

  Status connect(const HostPort& to, std::int64_t deadline_ns, const Clock& clock) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(to.port);
    if (const int error = ::getaddrinfo(to.host.c_str(), port.c_str(), &hints, &found);
        error != 0) {
      return fail(ErrorCode::kUnavailable, fmt::format("cannot resolve {}", ::gai_strerror(error)));
    }
    Status last = fail(ErrorCode::kUnavailable, "no address");
    for (const addrinfo* a = found; a != nullptr && !open(); a = a->ai_next) {
      last = try_address(*a, deadline_ns, clock);
      if (!last) close();
    }
    ::freeaddrinfo(found);
    return last;
  }

  Status send(std::string_view bytes, std::int64_t deadline_ns, const Clock& clock) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(n));
      } else if (errno == EAGAIN || errno == EINTR) {
        if (Status ready = wait(POLLOUT, deadline_ns, clock); !ready) return ready;
      } else {
        return fail(ErrorCode::kUnavailable, std::strerror(errno));
      }
    }
    return {};
  }

  /// 0 at the end of the stream.
  Result<std::size_t> receive(char* into, std::size_t size, std::int64_t deadline_ns,
                              const Clock& clock) {
    for (;;) {
      const ssize_t n = ::recv(fd_, into, size, 0);
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EAGAIN && errno != EINTR) {
        return fail(ErrorCode::kUnavailable, std::strerror(errno));
      }
      if (Status ready = wait(POLLIN, deadline_ns, clock); !ready) {
        return std::unexpected(ready.error());
      }
    }
  }

 private:
  Status try_address(const addrinfo& a, std::int64_t deadline_ns, const Clock& clock) {
    fd_ = ::socket(a.ai_family, a.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a.ai_protocol);
    if (fd_ < 0) return fail(ErrorCode::kUnavailable, std::strerror(errno));
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (::connect(fd_, a.ai_addr, a.ai_addrlen) == 0) return {};
    if (errno != EINPROGRESS) return fail(ErrorCode::kUnavailable, std::strerror(errno));
    if (Status ready = wait(POLLOUT, deadline_ns, clock); !ready) return ready;
    int error = 0;
    socklen_t size = sizeof(error);
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return fail(ErrorCode::kUnavailable, std::strerror(error));
    return {};
  }

  Status wait(short events, std::int64_t deadline_ns, const Clock& clock) const {
    const std::int64_t left_ns = deadline_ns - clock.steady_now_ns();
    pollfd p{fd_, events, 0};
    const auto left_ms = static_cast<int>(left_ns / kNanosPerMilli) + 1;
    if (left_ns > 0 && (::poll(&p, 1, left_ms) != 0)) return {};
    return fail(ErrorCode::kDeadlineExceeded, "timed out");
  }

  int fd_ = -1;
};

}  // namespace

class HttpClient::Impl {
 public:
  Impl(std::string origin, HttpClientConfig config)
      : origin_(std::move(origin)), config_(std::move(config)) {
    constexpr std::string_view kScheme = "http://";
    if (origin_.starts_with("https://")) {
      server_ = fail(ErrorCode::kUnimplemented, "https is not supported yet; use http://");
    } else if (!origin_.starts_with(kScheme)) {
      server_ = fail(ErrorCode::kInvalidArgument, "an origin is http://host:port");
    } else {
      std::string_view authority = std::string_view(origin_).substr(kScheme.size());
      authority = authority.substr(0, authority.find('/'));
      authority_ = authority;
      server_ = parse_host_port(authority);
      if (server_ && server_->port == 0) server_->port = 80;
    }
  }

  Result<HttpClientResponse> send(const HttpClientRequest& request) {
    if (!server_) return std::unexpected(server_.error().in(origin_));
    const std::int64_t deadline_ns = clock_.steady_now_ns() + config_.request_timeout_ns;
    const bool reused = connection_.open();
    bool received = false;
    Result<HttpClientResponse> answer = attempt(request, deadline_ns, received);
    // The server may have closed the kept connection just before it saw this request. Nothing of
    // an answer came, so the request is sent once more.
    if (!answer && reused && !received && answer.error().code == ErrorCode::kUnavailable) {
      answer = attempt(request, deadline_ns, received);
    }
    if (!answer) return std::unexpected(answer.error().in(origin_));
    return answer;
  }

 private:
  Result<HttpClientResponse> attempt(const HttpClientRequest& request, std::int64_t deadline_ns,
                                     bool& received) {
    Result<HttpClientResponse> answer = exchange(request, deadline_ns, received);
    if (!answer) connection_.close();
    return answer;
  }

  Result<HttpClientResponse> exchange(const HttpClientRequest& request, std::int64_t deadline_ns,
                                      bool& received) {
    if (!connection_.open()) {
      const std::int64_t connect_by =
          std::min(deadline_ns, clock_.steady_now_ns() + config_.connect_timeout_ns);
      if (Status ok = connection_.connect(*server_, connect_by, clock_); !ok) {
        return std::unexpected(ok.error().in("cannot connect"));
      }
    }
    if (Status ok = connection_.send(head_of(request), deadline_ns, clock_); !ok) {
      return std::unexpected(ok.error());
    }
    // An early refusal (413) comes with a closed connection: what was answered counts.
    const Status sent = connection_.send(request.body, deadline_ns, clock_);
    Result<HttpClientResponse> answer = receive(request.method, deadline_ns, received);
    if (!answer && !sent) return std::unexpected(sent.error());
    return answer;
  }

  std::string head_of(const HttpClientRequest& request) const {
    std::string head =
        fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\n", to_string(request.method),
                    request.target, authority_, config_.user_agent);
    for (const HttpHeaders::Field& field : request.headers.fields()) {
      head += fmt::format("{}: {}\r\n", field.name, field.value);
    }
    const bool may_have_body =
        request.method != HttpMethod::kGet && request.method != HttpMethod::kHead;
    if (may_have_body || !request.body.empty()) {
      head += fmt::format("Content-Length: {}\r\n", request.body.size());
    }
    return head + "\r\n";
  }

  Result<HttpClientResponse> receive(HttpMethod method, std::int64_t deadline_ns, bool& received) {
    std::unique_ptr<ResponseParser> parser = make_parser(method);
    std::string input;
    for (;;) {
      const std::size_t kept = input.size();
      input.resize(kept + kReadBytes);
      Result<std::size_t> got =
          connection_.receive(input.data() + kept, kReadBytes, deadline_ns, clock_);
      if (!got) return std::unexpected(got.error());
      input.resize(kept + *got);
      received = received || *got > 0;
      boost::beast::error_code error;
      if (*got == 0) {
        if (parser->got_some()) parser->put_eof(error);
        if (!parser->got_some() || error) {
          return fail(ErrorCode::kUnavailable, "the connection ended before the whole answer");
        }
      } else if (Status ok = parse(input, method, parser, error); !ok) {
        return std::unexpected(ok.error());
      }
      if (parser->is_done()) {
        if (*got == 0 || !parser->keep_alive()) connection_.close();
        return std::move(parser->response);
      }
    }
  }

  [[nodiscard]] std::unique_ptr<ResponseParser> make_parser(HttpMethod method) const {
    auto parser = std::make_unique<ResponseParser>(config_.response_limit_bytes);
    parser->skip(method == HttpMethod::kHead);
    return parser;
  }

  /// Feeds `input` and removes what was used. Informational answers (100) are passed over.
  Status parse(std::string& input, HttpMethod method, std::unique_ptr<ResponseParser>& parser,
               boost::beast::error_code& error) const {
    for (;;) {
      // Beast asserts that a last chunk is offered with its 5 bytes (see http_parser.cpp).
      if (parser->is_header_done() && parser->chunked() && input.size() < 5) return {};
      const std::size_t used = parser->put(boost::asio::buffer(input.data(), input.size()), error);
      input.erase(0, used);
      if (error == http::error::body_limit) {
        return fail(ErrorCode::kResourceExhausted,
                    fmt::format("the answer exceeds {} bytes", config_.response_limit_bytes));
      }
      if (error && error != http::error::need_more) {
        return fail(ErrorCode::kUnavailable, "malformed answer: " + error.message());
      }
      if (!parser->is_done() || parser->response.status >= 200) return {};
      parser = make_parser(method);
      if (input.empty()) return {};
    }
  }

  std::string origin_;
  std::string authority_;
  HttpClientConfig config_;
  Result<HostPort> server_;
  SystemClock clock_;
  Connection connection_;
};

HttpClient::HttpClient(std::string origin, HttpClientConfig config)
    : impl_(std::make_unique<Impl>(std::move(origin), std::move(config))) {}

HttpClient::~HttpClient() = default;

Result<HttpClientResponse> HttpClient::send(const HttpClientRequest& request) {
  return impl_->send(request);
}

}  // namespace binnacle
