#pragma once

#include "io/net/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

// A blocking client over a bare socket for tests: sends exactly the bytes it is given, well-formed
// or not, and reads answers with an independent small parser. Thread-confined. Every wait ends
// after kPatienceMs.
//
//   RawClient client(port);
//   client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
//   RawAnswer answer = client.read_answer();

namespace binnacle {

struct RawAnswer {
  int status = 0;  ///< 0: the connection ended or stayed silent
  HttpHeaders headers;
  std::string body;
  bool complete = false;  ///< false: the connection ended inside the body
};

class RawClient {
 public:
  static constexpr int kPatienceMs = 10'000;

  explicit RawClient(std::uint16_t port, int receive_buffer_bytes = 0)
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer_bytes > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  [[nodiscard]] bool connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void shutdown_send() const { ::shutdown(fd_, SHUT_WR); }

  /// False when the peer no longer takes bytes.
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      pollfd p{fd_, POLLOUT, 0};
      if (::poll(&p, 1, kPatienceMs) <= 0) return false;
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  /// The next answer; informational ones (100) count as answers. `head`: it has no body.
  RawAnswer read_answer(bool head = false) {
    RawAnswer answer;
    std::string line;
    if (!read_line(line) || !line.starts_with("HTTP/1.1 ")) return answer;
    answer.status = static_cast<int>(std::strtol(line.c_str() + 9, nullptr, 10));
    while (read_line(line) && !line.empty()) {
      const std::size_t colon = line.find(": ");
      if (colon != std::string::npos)
        answer.headers.add(line.substr(0, colon), line.substr(colon + 2));
    }
    if (head || answer.status == 204 || answer.status == 304 || answer.status < 200) {
      answer.complete = true;
    } else if (equal_ignoring_case(answer.headers.get("Transfer-Encoding"), "chunked")) {
      answer.complete = read_chunks(answer.body);
    } else if (answer.headers.has("Content-Length")) {
      const auto size =
          std::strtoull(std::string(answer.headers.get("Content-Length")).c_str(), nullptr, 10);
      answer.complete = read_exactly(size, answer.body);
    } else {
      answer.body = read_to_end();
      answer.complete = true;
    }
    return answer;
  }

  /// Reads on, and consumes nothing, until `text` and so many bytes after it have arrived.
  [[nodiscard]] bool wait_for(std::string_view text, std::size_t more_bytes) {
    for (;;) {
      const std::size_t at = buffer_.find(text);
      if (at != std::string::npos && buffer_.size() >= at + text.size() + more_bytes) return true;
      if (!fill()) return false;
    }
  }

  /// Everything until the peer closes.
  std::string read_to_end() {
    while (fill()) {
    }
    return std::exchange(buffer_, {});
  }

  /// True if the peer closed (or reset) without sending anything more.
  [[nodiscard]] bool closed_by_peer() { return buffer_.empty() && !fill() && !timed_out_; }

 private:
  bool fill() {
    pollfd p{fd_, POLLIN, 0};
    timed_out_ = ::poll(&p, 1, kPatienceMs) <= 0;
    if (timed_out_) return false;
    char bytes[16384];
    const ssize_t n = ::recv(fd_, bytes, sizeof(bytes), 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  bool read_line(std::string& line) {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!fill()) return false;
    }
    line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return true;
  }
  bool read_exactly(std::size_t size, std::string& out) {
    while (buffer_.size() < size) {
      if (!fill()) {
        out += std::exchange(buffer_, {});
        return false;
      }
    }
    out.append(buffer_, 0, size);
    buffer_.erase(0, size);
    return true;
  }
  bool read_chunks(std::string& out) {
    std::string line;
    for (;;) {
      if (!read_line(line)) return false;
      const auto size = std::strtoull(line.c_str(), nullptr, 16);
      if (!read_exactly(size, out) || !read_line(line)) return false;
      if (size == 0) return true;
    }
  }

  int fd_;
  bool connected_ = false;
  bool timed_out_ = false;
  std::string buffer_;
};

}  // namespace binnacle
