#include "io/net/http_client.h"

#include "io/net/http_server.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace binnacle {
namespace {

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() {
    router_->add(HttpMethod::kPost, "/echo", [](HttpRequest&& request, HttpResponder responder) {
      HttpResponse response = HttpResponse::text(201, std::move(request.body));
      response.header("X-Port", std::to_string(request.peer.port));
      responder.send(std::move(response));
    });
    router_->add(HttpMethod::kGet, "/stream", [](HttpRequest&&, HttpResponder responder) {
      HttpResponse response;
      response.body = HttpBodySource([i = 0](std::string& chunk) mutable -> Result<bool> {
        chunk.assign(100'000, 'x');
        return i++ < 5;
      });
      responder.send(std::move(response));
    });
    start(0);
  }
  void start(std::uint16_t port) {
    server_ = std::make_unique<HttpServer>(HttpServerConfig{.io_threads = 1, .worker_threads = 1},
                                           clock_);
    const auto bound = server_->listen({.name = "test", .port = port}, router_);
    ASSERT_TRUE(bound) << bound.error().message;
    port_ = *bound;
    server_->start();
  }
  [[nodiscard]] std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }

  SystemClock clock_;
  std::shared_ptr<HttpRouter> router_ = std::make_shared<HttpRouter>();
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(HttpClientTest, KeepsOneConnectionForManyRequests) {
  HttpClient client(origin(), {});
  std::string first_port;
  for (int i = 0; i < 3; ++i) {
    const std::string body(static_cast<std::size_t>(i) * 300'000, 'b');
    const auto answer = client.send({.method = HttpMethod::kPost, .target = "/echo", .body = body});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, body);
    if (i == 0) first_port = answer->headers.get("X-Port");
    EXPECT_EQ(answer->headers.get("X-Port"), first_port);
  }
}

TEST_F(HttpClientTest, ReadsChunkedAnswersHeadAndErrors) {
  HttpClient client(origin(), {});
  const auto stream = client.send({.target = "/stream"});
  ASSERT_TRUE(stream) << stream.error().message;
  EXPECT_EQ(stream->body.size(), 600'000U);
  EXPECT_EQ(client.send({.method = HttpMethod::kHead, .target = "/stream"})->body, "");
  EXPECT_EQ(client.send({.target = "/nowhere"})->status, 404);
}

TEST_F(HttpClientTest, ReplacesAConnectionThatTheServerClosed) {
  HttpClient client(origin(), {});
  ASSERT_TRUE(client.send({.method = HttpMethod::kPost, .target = "/echo", .body = "1"}));
  server_->stop();
  start(port_);
  const auto answer = client.send({.method = HttpMethod::kPost, .target = "/echo", .body = "2"});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "2");
}

TEST_F(HttpClientTest, FailuresNameTheOrigin) {
  server_->stop();
  HttpClient gone(origin(), {});
  const auto refused = gone.send({});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(refused.error().message.find(origin()), std::string::npos);
  EXPECT_EQ(HttpClient("https://localhost", {}).send({}).error().code, ErrorCode::kUnimplemented);
  EXPECT_EQ(HttpClient("localhost:80", {}).send({}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(HttpClientTest, LimitsTimeAndSize) {
  router_ = std::make_shared<HttpRouter>();
  HttpResponder parked;
  router_->add(HttpMethod::kGet, "/never",
               [&](HttpRequest&&, HttpResponder responder) { parked = std::move(responder); });
  router_->add(HttpMethod::kGet, "/big", [&](HttpRequest&&, HttpResponder responder) {
    responder.send(HttpResponse::text(200, std::string(1000, 'x')));
  });
  server_->stop();
  start(0);
  HttpClient client(origin(),
                    {.request_timeout_ns = 50 * kNanosPerMilli, .response_limit_bytes = 999});
  EXPECT_EQ(client.send({.target = "/never"}).error().code, ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(client.send({.target = "/big"}).error().code, ErrorCode::kResourceExhausted);
  parked = {};
  server_->stop();
}

}  // namespace
}  // namespace binnacle
