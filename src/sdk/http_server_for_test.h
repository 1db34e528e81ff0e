#pragma once

#include "sdk/loopback_listener_for_test.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// Test support: a collector on a loopback port that misbehaves on demand. Raw sockets, a
// thread per connection.
//
//   HttpServerForTest server([](int n) { return n == 0 ? Answer{.status = 503} : Answer{}; });
//   config.exporters = {ExporterConfig().with_endpoint(server.url())};

namespace binnacle::sdk {

/// What to do with a request.
struct Answer {
  enum class Manner : std::uint8_t {
    kAnswer,
    kHang,
    kReset,
    kClose,
    kEndlessBody,
    kEndlessHead,  ///< header after header, without a pause
    kDrip,         ///< a byte now and then, without an end
    kNotHttp,      ///< speaks another protocol
  };
  int status = 200;
  std::string headers = {};  ///< whole lines, each ending in \r\n
  std::string body = {};
  Manner manner = Manner::kAnswer;
};

struct Request {
  std::string head;
  std::string body;
};

class HttpServerForTest {
 public:
  /// `answer` is asked for the n-th request, from 0.
  explicit HttpServerForTest(std::function<Answer(int n)> answer = [](int) { return Answer{}; })
      : answer_(std::move(answer)) {
    thread_ = std::thread([this] { serve(); });
  }
  HttpServerForTest(const HttpServerForTest&) = delete;
  HttpServerForTest& operator=(const HttpServerForTest&) = delete;
  ~HttpServerForTest() {
    is_over_ = true;
    thread_.join();
  }

  std::string base_url() const { return listener_.url(); }
  std::string url() const { return base_url() + "/v1/traces"; }
  int connections() const { return connections_.load(); }
  std::vector<Request> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  /// Waits until `count` requests have come; false after 10 s.
  bool wait_for_requests(std::size_t count) {
    for (int i = 0; i < 2000 && requests().size() < count; ++i) poll(nullptr, 0, 5);
    return requests().size() >= count;
  }

 private:
  bool wait_readable(int socket) const {
    while (!is_over_) {
      pollfd event{socket, POLLIN, 0};
      if (poll(&event, 1, 10) > 0) return true;
    }
    return false;
  }

  void serve() {
    while (wait_readable(listener_.socket_fd())) {
      const int client = accept4(listener_.socket_fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      ++connections_;
      connection_threads_.emplace_back([this, client] {
        while (serve_one(client)) {
        }
        close(client);
      });
    }
    for (std::thread& thread : connection_threads_) thread.join();
  }

  /// False once the connection is done with.
  bool serve_one(int client) {
    std::string bytes;
    std::size_t head_end = std::string::npos;
    std::size_t length = 0;
    while (head_end == std::string::npos || bytes.size() < head_end + length) {
      char buffer[16384];
      if (!wait_readable(client)) return false;
      const ssize_t got = recv(client, buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      bytes.append(buffer, static_cast<std::size_t>(got));
      if (head_end == std::string::npos && bytes.find("\r\n\r\n") != std::string::npos) {
        head_end = bytes.find("\r\n\r\n") + 4;
        const std::size_t at = bytes.find("Content-Length: ");
        if (at != std::string::npos) length = std::strtoul(bytes.c_str() + at + 16, nullptr, 10);
      }
    }
    int number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = static_cast<int>(requests_.size());
      requests_.push_back({bytes.substr(0, head_end), bytes.substr(head_end)});
    }
    return reply(client, answer_(number));
  }

  bool reply(int client, const Answer& answer) {
    switch (answer.manner) {
      case Answer::Manner::kHang:
        while (!is_over_ && !has_hung_up(client)) poll(nullptr, 0, 10);
        return false;
      case Answer::Manner::kReset: {
        const linger reset{1, 0};
        setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        return false;
      }
      case Answer::Manner::kClose:
        return false;
      case Answer::Manner::kEndlessBody: {
        send_all(client, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n");
        while (!is_over_ && send_all(client, std::string(4096, 'x'))) {
        }
        return false;
      }
      case Answer::Manner::kEndlessHead:
        send_all(client, "HTTP/1.1 200 OK\r\n");
        while (!is_over_ && send_all(client, "X-More: and more\r\n")) {
        }
        return false;
      case Answer::Manner::kDrip:
        send_all(client, "HTTP/1.1 200 OK\r\nX-Slow: ");
        while (!is_over_ && !has_hung_up(client) && send_all(client, "x")) poll(nullptr, 0, 10);
        return false;
      case Answer::Manner::kNotHttp:
        send_all(client, "SSH-2.0-OpenSSH_9.2\r\n");
        return false;
      case Answer::Manner::kAnswer:
        break;
    }
    return send_all(client, "HTTP/1.1 " + std::to_string(answer.status) + " X\r\n" +
                                answer.headers + "Content-Length: " +
                                std::to_string(answer.body.size()) + "\r\n\r\n" + answer.body);
  }

  static bool has_hung_up(int client) {
    char byte = 0;
    return recv(client, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }
  static bool send_all(int client, const std::string& bytes) {
    return send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

  std::function<Answer(int)> answer_;
  LoopbackListener listener_;
  std::atomic<bool> is_over_{false};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<Request> requests_;
  std::vector<std::thread> connection_threads_;  // serve() only
  std::thread thread_;
};

}  // namespace binnacle::sdk
