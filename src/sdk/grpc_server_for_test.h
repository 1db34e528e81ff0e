#pragma once

#include "sdk/loopback_listener_for_test.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// Test support: a gRPC server (h2c) on a loopback port that misbehaves on demand: just enough of
// HTTP/2 (RFC 9113) to take a call and to answer it with any frames. Raw sockets, a thread per
// connection. It does not decode request headers.
//
//   GrpcServerForTest server([](int n) { return n == 0 ? GrpcReply{.status = "14"} : GrpcReply{};
//   });

namespace binnacle::sdk {

struct GrpcReply {
  enum class Manner : std::uint8_t {
    kAnswer,        ///< headers, a message, trailers
    kTrailersOnly,  ///< all in one block of headers
    kNoTrailers,    ///< ends without a status
    kHang,
    kReset,        ///< of the connection
    kResetStream,  ///< RST_STREAM
    kGoAway,
    kCloseMidAnswer,
    kHttp1,
    kEndlessBody,
    kDrip,      ///< headers, then a frame of one byte now and then
    kNotHttp2,  ///< speaks another protocol
    kBadFrame,  ///< a frame that is longer than allowed
  };
  std::string status = "0";
  std::string message = {};
  std::string details = {};  ///< grpc-status-details-bin
  std::string body = {};     ///< a message; its prefix is added
  std::string content_type = "application/grpc";
  std::string http_status = "200";
  Manner manner = Manner::kAnswer;
};

class GrpcServerForTest {
 public:
  explicit GrpcServerForTest(std::function<GrpcReply(int n)> reply =
                                 [](int) { return GrpcReply{}; })
      : reply_(std::move(reply)) {
    thread_ = std::thread([this] { serve(); });
  }
  GrpcServerForTest(const GrpcServerForTest&) = delete;
  GrpcServerForTest& operator=(const GrpcServerForTest&) = delete;
  ~GrpcServerForTest() {
    is_over_ = true;
    thread_.join();
  }

  std::string url() const { return listener_.url(); }
  /// What came in DATA frames, a string per call.
  std::vector<std::string> calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  enum Type : std::uint8_t { kData, kHeaders, kPriority, kRst, kSettings, kPush, kPing, kGoAway };
  enum Flag : std::uint8_t { kEndStream = 1, kAck = 1, kEndHeaders = 4 };
  struct Frame {
    std::uint8_t type = 0;
    std::uint8_t flags = 0;
    std::uint32_t stream = 0;
    std::string payload;
  };

  bool wait_readable(int socket) const {
    while (!is_over_) {
      pollfd event{socket, POLLIN, 0};
      if (poll(&event, 1, 10) > 0) return true;
    }
    return false;
  }
  bool read_exactly(int client, std::string& out, std::size_t size) const {
    out.resize(size);
    for (std::size_t done = 0; done < size;) {
      if (!wait_readable(client)) return false;
      const ssize_t got = recv(client, out.data() + done, size - done, 0);
      if (got <= 0) return false;
      done += static_cast<std::size_t>(got);
    }
    return true;
  }
  bool read_frame(int client, Frame& frame) const {
    std::string head;
    if (!read_exactly(client, head, 9)) return false;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
    frame.type = byte(3);
    frame.flags = byte(4);
    frame.stream =
        static_cast<std::uint32_t>((byte(5) & 0x7F) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8));
    return read_exactly(client, frame.payload,
                        static_cast<std::size_t>(byte(0) << 16 | byte(1) << 8 | byte(2)));
  }
  static std::string number(std::uint32_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
    return bytes;
  }
  static bool send_all(int client, const std::string& bytes) {
    return send(client, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  static bool send_frame(int client, std::uint8_t type, std::uint8_t flags, std::uint32_t stream,
                         const std::string& payload) {
    std::string frame = number(static_cast<std::uint32_t>(payload.size())).substr(1);
    frame += static_cast<char>(type);
    frame += static_cast<char>(flags);
    return send_all(client, frame + number(stream) + payload);
  }
  /// HPACK (RFC 7541): a literal field without indexing, with a new name.
  static void put_field(std::string& block, std::string_view name, std::string_view value) {
    if (value.empty()) return;
    const auto put_text = [&](std::string_view text) {
      if (text.size() < 127) {
        block += static_cast<char>(text.size());
      } else {
        block += '\x7F';
        std::size_t rest = text.size() - 127;
        for (; rest >= 128; rest >>= 7) block += static_cast<char>(rest % 128 + 128);
        block += static_cast<char>(rest);
      }
      block += text;
    };
    block += '\0';
    put_text(name);
    put_text(value);
  }

  void serve() {
    while (wait_readable(listener_.socket_fd())) {
      const int client = accept4(listener_.socket_fd(), nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      connection_threads_.emplace_back([this, client] {
        serve_connection(client);
        close(client);
      });
    }
    for (std::thread& thread : connection_threads_) thread.join();
  }

  void serve_connection(int client) {
    std::string preface;
    if (!read_exactly(client, preface, 24)) return;
    send_frame(client, kSettings, 0, 0, "");
    std::string data;
    Frame frame;
    while (read_frame(client, frame)) {
      if (frame.type == kSettings && (frame.flags & kAck) == 0) {
        send_frame(client, kSettings, kAck, 0, "");
      } else if (frame.type == kPing && (frame.flags & kAck) == 0) {
        send_frame(client, kPing, kAck, 0, frame.payload);
      } else if (frame.type == kData) {
        data += frame.payload;
        constexpr std::uint8_t kWindowUpdate = 8;
        const std::string more = number(static_cast<std::uint32_t>(frame.payload.size()));
        if (!frame.payload.empty()) {
          send_frame(client, kWindowUpdate, 0, 0, more);
          send_frame(client, kWindowUpdate, 0, frame.stream, more);
        }
        if ((frame.flags & kEndStream) == 0) continue;
        int n = 0;
        {
          const std::lock_guard lock(mutex_);
          n = static_cast<int>(calls_.size());
          calls_.push_back(std::exchange(data, {}));
        }
        if (!answer(client, frame.stream, reply_(n))) return;
      }
    }
  }

  bool answer(int client, std::uint32_t stream, const GrpcReply& reply) {
    std::string headers;
    put_field(headers, ":status", reply.http_status);
    put_field(headers, "content-type", reply.content_type);
    std::string trailers;
    put_field(trailers, "grpc-status", reply.status);
    put_field(trailers, "grpc-message", reply.message);
    put_field(trailers, "grpc-status-details-bin", reply.details);
    switch (reply.manner) {
      case GrpcReply::Manner::kAnswer:
        send_frame(client, kHeaders, kEndHeaders, stream, headers);
        send_frame(client, kData, 0, stream,
                   '\0' + number(static_cast<std::uint32_t>(reply.body.size())) + reply.body);
        return send_frame(client, kHeaders, kEndHeaders | kEndStream, stream, trailers);
      case GrpcReply::Manner::kTrailersOnly:
        return send_frame(client, kHeaders, kEndHeaders | kEndStream, stream, headers + trailers);
      case GrpcReply::Manner::kNoTrailers:
        send_frame(client, kHeaders, kEndHeaders, stream, headers);
        return send_frame(client, kData, kEndStream, stream, "");
      case GrpcReply::Manner::kHang:
        while (!is_over_ && !has_hung_up(client)) poll(nullptr, 0, 10);
        return false;
      case GrpcReply::Manner::kReset: {
        const linger reset{1, 0};
        setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        return false;
      }
      case GrpcReply::Manner::kResetStream:
        return send_frame(client, kRst, 0, stream, number(2));  // INTERNAL_ERROR
      case GrpcReply::Manner::kGoAway:
        send_frame(client, kGoAway, 0, 0, number(0) + number(11));  // ENHANCE_YOUR_CALM
        return false;
      case GrpcReply::Manner::kCloseMidAnswer:
        send_frame(client, kHeaders, kEndHeaders, stream, headers);
        return false;
      case GrpcReply::Manner::kHttp1:
        send_all(client, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        return false;
      case GrpcReply::Manner::kDrip:
        send_frame(client, kHeaders, kEndHeaders, stream, headers);
        while (!is_over_ && !has_hung_up(client) && send_frame(client, kData, 0, stream, "x")) {
          poll(nullptr, 0, 10);
        }
        return false;
      case GrpcReply::Manner::kNotHttp2:
        send_all(client, "SSH-2.0-OpenSSH_9.2\r\n");
        return false;
      case GrpcReply::Manner::kBadFrame:
        send_all(client, std::string(9, '\xFF') + std::string(64, 'x'));
        return false;
      case GrpcReply::Manner::kEndlessBody: {
        send_frame(client, kHeaders, kEndHeaders, stream, headers);
        while (!is_over_ && send_frame(client, kData, 0, stream, std::string(1024, 'x'))) {
        }
        return false;
      }
    }
    return false;
  }

  static bool has_hung_up(int client) {
    char bytes[4096];  // frames that still come are read and forgotten
    const ssize_t got = recv(client, bytes, sizeof bytes, MSG_DONTWAIT);
    return got == 0;
  }

  std::function<GrpcReply(int)> reply_;
  LoopbackListener listener_;
  std::atomic<bool> is_over_{false};
  std::mutex mutex_;
  std::vector<std::string> calls_;
  std::vector<std::thread> connection_threads_;  // serve() only
  std::thread thread_;
};

}  // namespace binnacle::sdk
