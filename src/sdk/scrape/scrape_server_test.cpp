#include "sdk/scrape/scrape_server.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace binnacle::sdk {
namespace {

std::int64_t read_monotonic_ns() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC,
                &now);  // tidy: allow(clock) what the server is handed for its deadlines
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}
void ignore_warning(std::string_view /*message*/) noexcept {}

/// A socket connected to the server; reads give up after 10 s.
class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    is_connected_ = connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { close(socket_); }

  bool is_connected() const { return is_connected_; }
  void say(std::string_view text) const { send(socket_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// Reads until the text is there, or the end; what was read so far.
  std::string hear_until(std::string_view end) {
    while (heard_.find(end) == std::string::npos && hear()) {
    }
    return heard_;
  }
  std::string hear_all() {
    while (hear()) {
    }
    return heard_;
  }
  void forget() { heard_.clear(); }

 private:
  bool hear() {
    char bytes[65536];
    const ssize_t got = recv(socket_, bytes, sizeof bytes, 0);
    if (got > 0) heard_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }

  int socket_;
  bool is_connected_ = false;
  std::string heard_;
};

constexpr char kScrape[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr char kLastScrape[] =
    "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

class ScrapeServerTest : public testing::Test {
 protected:
  static ScrapeServerOptions options(std::uint16_t port = 0) {
    return {.port = port, .monotonic_ns = read_monotonic_ns, .warn = ignore_warning};
  }
  void start(std::uint16_t port = 0) {
    server_ = ScrapeServer::start(
        options(port),
        [this](ScrapeFormat format) {
          ++rendered_;
          return format == ScrapeFormat::kOpenMetrics ? "open" + page_ : page_;
        },
        problem_);
    ASSERT_NE(server_, nullptr) << problem_;
  }
  std::string scrape(std::string_view request = kLastScrape) const {
    Client client(server_->port());
    client.say(request);
    return client.hear_all();
  }

  std::string page_ = "a 1\n";
  std::atomic<int> rendered_{0};
  std::string problem_;
  std::unique_ptr<ScrapeServer> server_;
};

TEST_F(ScrapeServerTest, ServesThePage) {
  start();
  EXPECT_EQ(scrape(),
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"
            "content-length: 4\r\nvary: accept, accept-encoding\r\nconnection: close\r\n\r\na 1\n");
}

TEST_F(ScrapeServerTest, KeepsAConnectionForManyScrapesEvenIfTheyComeTogether) {
  start();
  Client client(server_->port());
  client.say(kScrape);
  client.hear_until("a 1\n");
  client.forget();
  client.say(std::string(kScrape) + kScrape + kLastScrape);
  const std::string heard = client.hear_all();
  EXPECT_EQ(rendered_, 4);
  EXPECT_TRUE(heard.ends_with("connection: close\r\n\r\na 1\n")) << heard;
}

TEST_F(ScrapeServerTest, ARequestMayComeInPieces) {
  start();
  Client client(server_->port());
  for (const char c : std::string(kLastScrape)) client.say({&c, 1});
  EXPECT_TRUE(client.hear_all().ends_with("a 1\n"));
}

TEST_F(ScrapeServerTest, HeadHasNoBody) {
  start();
  const std::string heard =
      scrape("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_NE(heard.find("content-length: 4\r\n"), std::string::npos);
  EXPECT_TRUE(heard.ends_with("\r\n\r\n")) << heard;
}

TEST_F(ScrapeServerTest, LargePagesAreCompressedForThoseWhoWantIt) {
  for (int i = 0; i < 20000; ++i) page_ += "series_" + std::to_string(i) + " 1\n";
  start();
  EXPECT_TRUE(scrape().ends_with(page_));
  const std::string heard = scrape(
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_NE(heard.find("content-encoding: gzip\r\n"), std::string::npos);
  const std::string body = heard.substr(heard.find("\r\n\r\n") + 4);
  EXPECT_LT(body.size(), page_.size() / 3);
  std::string plain(page_.size() + 1, '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_out = static_cast<uInt>(plain.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  plain.resize(stream.total_out);
  inflateEnd(&stream);
  EXPECT_EQ(plain, page_);
}

TEST_F(ScrapeServerTest, EndlessAndForeignRequestsAreRefused) {
  start();
  Client endless(server_->port());
  endless.say("GET /metrics HTTP/1.1\r\nX: " + std::string(20000, 'x'));
  EXPECT_TRUE(endless.hear_until("\r\n\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(scrape("\x16\x03\x01 not http\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(scrape("GET /metrics HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
                  .starts_with("HTTP/1.1 403 "));
  EXPECT_EQ(rendered_, 0);
}

TEST_F(ScrapeServerTest, APageThatCannotBeMadeIs503) {
  page_.clear();
  start();
  EXPECT_TRUE(scrape().starts_with("HTTP/1.1 503 "));
}

TEST_F(ScrapeServerTest, IdlePeersDoNotKeepOthersOut) {
  start();
  std::vector<std::unique_ptr<Client>> idle;
  for (std::size_t i = 0; i + 1 < ScrapeServer::kMaxConnections; ++i) {
    idle.push_back(std::make_unique<Client>(server_->port()));
    ASSERT_TRUE(idle.back()->is_connected());
  }
  EXPECT_TRUE(scrape().ends_with("a 1\n"));
  // One more than there is room for waits until another one leaves.
  idle.push_back(std::make_unique<Client>(server_->port()));
  Client last(server_->port());
  last.say(kLastScrape);
  idle.clear();
  EXPECT_TRUE(last.hear_all().ends_with("a 1\n"));
}

TEST_F(ScrapeServerTest, TakesAnotherPortIfItsOwnIsTaken) {
  start();
  const std::unique_ptr<ScrapeServer> first = std::move(server_);
  start(first->port());
  EXPECT_NE(server_->port(), first->port());
  EXPECT_TRUE(server_->has_moved());
  EXPECT_FALSE(first->has_moved());
  EXPECT_TRUE(scrape().ends_with("a 1\n"));
  ScrapeServerOptions fixed = options(first->port());
  fixed.may_move = false;
  EXPECT_EQ(ScrapeServer::start(fixed, [](ScrapeFormat) { return ""; }, problem_), nullptr);
  EXPECT_NE(problem_.find(std::to_string(first->port())), std::string::npos) << problem_;
}

TEST_F(ScrapeServerTest, SaysWhichHostCannotBeBound) {
  ScrapeServerOptions elsewhere = options();
  elsewhere.host = "no such host";
  EXPECT_EQ(ScrapeServer::start(elsewhere, [](ScrapeFormat) { return ""; }, problem_), nullptr);
  EXPECT_NE(problem_.find("no such host"), std::string::npos) << problem_;
}

TEST_F(ScrapeServerTest, StopsAtOnceWithPeersConnected) {
  start();
  Client client(server_->port());
  client.say(kScrape);
  client.hear_until("a 1\n");
  server_.reset();
  client.forget();
  EXPECT_EQ(client.hear_all(), "");
}

TEST_F(ScrapeServerTest, APeerThatLeavesInTheMiddleIsNoTrouble) {
  page_.assign(4U << 20U, 'x');
  start();
  for (int i = 0; i < 20; ++i) {
    Client client(server_->port());
    client.say(kScrape);
    client.hear_until("HTTP");
  }
  page_ = "a 1\n";
  EXPECT_TRUE(scrape().ends_with("a 1\n"));
}

TEST_F(ScrapeServerTest, AForkedChildFreesThePortForItsParentAlone) {
  start();
  const std::uint16_t port = server_->port();
  int done[2];
  int ready[2];
  ASSERT_EQ(pipe2(done, O_CLOEXEC), 0);
  ASSERT_EQ(pipe2(ready, O_CLOEXEC), 0);
  char c = 0;
  const pid_t child = fork();
  if (child == 0) {
    server_->abandon_in_child();
    close(done[1]);
    [[maybe_unused]] const ssize_t told = write(ready[1], &c, 1);
    [[maybe_unused]] const ssize_t got = read(done[0], &c, 1);
    _exit(0);
  }
  ASSERT_EQ(read(ready[0], &c, 1), 1);
  server_.reset();  // the child lives on, without the port
  start(port);
  EXPECT_EQ(server_->port(), port);
  close(done[1]);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  close(done[0]);
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace binnacle::sdk
