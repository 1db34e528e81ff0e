#include "io/net/http_server.h"

#include "codec/decompress.h"
#include "io/net/raw_client_for_test.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace binnacle {
namespace {

/// A running server with one listener.
class HttpServerTest : public ::testing::Test {
 protected:
  void add(HttpMethod method, std::string_view pattern, HttpHandler handler,
           HttpRouteOptions options = {}) {
    router_->add(method, pattern, std::move(handler), std::move(options));
  }
  /// Answers with the body it got.
  void add_echo(std::string_view pattern = "/echo") {
    add(HttpMethod::kPost, pattern, [](HttpRequest&& request, HttpResponder responder) {
      responder.send(HttpResponse::text(200, std::move(request.body)));
    });
  }
  void start(HttpListenerConfig listener = {}) {
    listener.name = "test";
    server_.emplace(config_, clock_);
    const Result<std::uint16_t> port = server_->listen(std::move(listener), router_);
    ASSERT_TRUE(port) << port.error().message;
    port_ = *port;
    server_->start();
  }
  RawAnswer ask(std::string_view request, bool head = false) const {
    RawClient client(port_);
    client.send(request);
    return client.read_answer(head);
  }

  HttpServerConfig config_{.io_threads = 2, .worker_threads = 2};
  SystemClock clock_;
  std::shared_ptr<HttpRouter> router_ = std::make_shared<HttpRouter>();
  std::optional<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(HttpServerTest, HandlerSeesMethodPathQueryHeadersBodyAndPeer) {
  std::promise<HttpRequest> seen;
  add(HttpMethod::kPost, "/api/services/{service}/operations",
      [&](HttpRequest&& request, HttpResponder responder) {
        seen.set_value(std::move(request));
        responder.send(HttpResponse::json(201, "{}"));
      });
  start();
  const RawAnswer answer =
      ask("POST /api/services/a%2Fb/operations?tag=x&tag=y+z&empty HTTP/1.1\r\n"
          "host: LOCALHOST:1\r\nX-Tenant: t1\r\nContent-Length: 4\r\n\r\nbody");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "{}");
  EXPECT_EQ(answer.headers.get("content-type"), "application/json");
  EXPECT_TRUE(answer.headers.has("Date"));
  const HttpRequest request = seen.get_future().get();
  EXPECT_EQ(request.method, HttpMethod::kPost);
  EXPECT_EQ(request.path_parameter("service"), "a/b");
  EXPECT_EQ(request.query.all("tag"), (std::vector<std::string_view>{"x", "y z"}));
  EXPECT_EQ(request.query.get("empty"), "");
  EXPECT_EQ(request.headers.get("x-TENANT"), "t1");
  EXPECT_EQ(request.body, "body");
  EXPECT_EQ(request.peer.address, "127.0.0.1");
  EXPECT_NE(request.peer.port, 0);
  EXPECT_EQ(request.listener, "test");
}

TEST_F(HttpServerTest, ConnectionIsKeptUntilOneSideSaysClose) {
  add_echo();
  start();
  RawClient client(port_);
  for (const char* body : {"a", "b", "c"}) {
    client.send(std::string("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n") +
                body);
    EXPECT_EQ(client.read_answer().body, body);
  }
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
      "Content-Length: 1\r\n\r\nd");
  const RawAnswer last = client.read_answer();
  EXPECT_EQ(last.body, "d");
  EXPECT_EQ(last.headers.get("Connection"), "close");
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(HttpServerTest, Http10ClosesUnlessKeepAliveIsAsked) {
  add_echo();
  start();
  RawClient once(port_);
  once.send("POST /echo HTTP/1.0\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(once.read_answer().body, "x");
  EXPECT_TRUE(once.closed_by_peer());
  RawClient kept(port_);
  for (int i = 0; i < 2; ++i) {
    kept.send("POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx");
    EXPECT_EQ(kept.read_answer().headers.get("Connection"), "keep-alive");
  }
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  // Answers come from several threads and would overtake each other if they could.
  add(HttpMethod::kPost, "/echo",
      [](HttpRequest&& request, HttpResponder responder) {
        responder.send(HttpResponse::text(200, std::move(request.body)));
      },
      {.run = HttpRun::kWorker});
  start();
  RawClient client(port_);
  std::string requests;
  for (int i = 0; i < 200; ++i) {
    const std::string body = std::to_string(i);
    requests +=
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
  }
  client.send(requests);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(client.read_answer().body, std::to_string(i));
}

TEST_F(HttpServerTest, ChunkedBodyIsJoinedHoweverItArrives) {
  add_echo();
  start();
  const std::string request =
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nhello\r\n1;ext=\"v\"\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
  EXPECT_EQ(ask(request).body, "hello 0123456789");
  RawClient client(port_);
  for (const char c : request) client.send({&c, 1});
  EXPECT_EQ(client.read_answer().body, "hello 0123456789");
  // An empty body: its last chunk is its first, which Beast's parser must not see in pieces.
  for (const char c : std::string_view("POST /echo HTTP/1.1\r\nHost: localhost\r\n"
                                       "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")) {
    client.send({&c, 1});
  }
  const RawAnswer empty = client.read_answer();
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.body, "");
}

TEST_F(HttpServerTest, ExpectedContinueIsSentBeforeTheBody) {
  add_echo();
  start();
  RawClient client(port_);
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("abc");
  EXPECT_EQ(client.read_answer().body, "abc");
  // Refused without asking for the body.
  client.send(
      "POST /nowhere HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 404);
}

TEST_F(HttpServerTest, HeadHasTheLengthButNoBody) {
  add(HttpMethod::kGet, "/page", [](HttpRequest&&, HttpResponder responder) {
    responder.send(HttpResponse::text(200, "12345"));
  });
  start();
  RawClient client(port_);
  client.send(
      "HEAD /page HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const RawAnswer head = client.read_answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.get("Content-Length"), "5");
  EXPECT_EQ(client.read_answer().body, "12345");
}

TEST_F(HttpServerTest, UnknownPathsAndMethodsSayWhatThereIs) {
  add_echo("/v1/traces");
  start();
  EXPECT_EQ(ask("GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 404);
  const RawAnswer answer = ask("GET /v1/traces HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.headers.get("Allow"), "POST");
}

TEST_F(HttpServerTest, AnswerMayComeLaterFromAnotherThread) {
  std::promise<HttpResponder> parked;
  add(HttpMethod::kGet, "/slow",
      [&](HttpRequest&&, HttpResponder responder) { parked.set_value(std::move(responder)); });
  start();
  RawClient client(port_);
  client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::thread([future = parked.get_future()]() mutable {
    future.get().send(HttpResponse::text(200, "late"));
  }).join();
  EXPECT_EQ(client.read_answer().body, "late");
}

TEST_F(HttpServerTest, LostResponderAnswers500) {
  add(HttpMethod::kGet, "/lost", [](HttpRequest&&, HttpResponder) {});
  start();
  EXPECT_EQ(ask("GET /lost HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 500);
}

TEST_F(HttpServerTest, CancelFiresWhenTheClientLeaves) {
  std::promise<std::pair<CancelToken, HttpResponder>> parked;
  add(HttpMethod::kGet, "/slow", [&](HttpRequest&& request, HttpResponder responder) {
    parked.set_value({request.cancel, std::move(responder)});
  });
  start();
  RawClient client(port_);
  client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  auto [cancel, responder] = parked.get_future().get();
  EXPECT_FALSE(cancel.cancelled());
  client.close();
  while (server_->probe().clients_gone.value() == 0) std::this_thread::yield();
  while (!cancel.cancelled()) std::this_thread::yield();
  responder.send(HttpResponse::text(200, "to nobody"));
}

TEST_F(HttpServerTest, HalfClosedClientStillGetsItsAnswer) {
  add_echo();
  start();
  RawClient client(port_);
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok");
  client.shutdown_send();
  EXPECT_EQ(client.read_answer().body, "ok");
}

TEST_F(HttpServerTest, LongTextIsGzippedForThoseWhoAcceptIt) {
  const std::string text(5000, 'x');
  add(HttpMethod::kGet, "/text", [&](HttpRequest&&, HttpResponder responder) {
    responder.send(HttpResponse::json(200, text));
  });
  start();
  const RawAnswer packed =
      ask("GET /text HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br, gzip\r\n\r\n");
  EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
  EXPECT_LT(packed.body.size(), 500U);
  EXPECT_EQ(codec::decompress(codec::Compression::kGzip, packed.body), text);
  const RawAnswer plain =
      ask("GET /text HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip;q=0\r\n\r\n");
  EXPECT_EQ(plain.body, text);
  EXPECT_EQ(plain.headers.get("Vary"), "Accept-Encoding");
}

TEST_F(HttpServerTest, SourceIsStreamedInChunks) {
  add(HttpMethod::kGet, "/stream", [](HttpRequest&&, HttpResponder responder) {
    HttpResponse response;
    response.body = HttpBodySource([i = 0](std::string& chunk) mutable -> Result<bool> {
      if (i == 50) return false;
      chunk.assign(10'000, static_cast<char>('a' + i++ % 26));
      return true;
    });
    responder.send(std::move(response));
  });
  start();
  RawClient client(port_);
  for (int round = 0; round < 2; ++round) {
    client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const RawAnswer answer = client.read_answer();
    EXPECT_TRUE(answer.complete);
    ASSERT_EQ(answer.body.size(), 500'000U);
    EXPECT_EQ(answer.body[10'001], 'b');
  }
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_answer().body.size(), 500'000U);
}

TEST_F(HttpServerTest, SourceOfTextIsGzippedPieceByPiece) {
  // The second piece is made only once the client has read the first: each must go out whole.
  std::atomic<bool> first_read{false};
  add(HttpMethod::kGet, "/stream", [&](HttpRequest&&, HttpResponder responder) {
    HttpResponse response = HttpResponse::json(200, {});
    response.body = HttpBodySource([&, i = 0](std::string& chunk) mutable -> Result<bool> {
      if (i == 1) first_read.wait(false);
      chunk.assign(100'000, static_cast<char>('a' + i));
      return ++i < 3;
    });
    responder.send(std::move(response));
  });
  start();
  const std::string text =
      std::string(100'000, 'a') + std::string(100'000, 'b') + std::string(100'000, 'c');
  RawClient client(port_);
  client.send("GET /stream HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n");
  EXPECT_TRUE(client.wait_for("\r\n\r\n", 100));
  first_read = true;
  first_read.notify_all();
  const RawAnswer packed = client.read_answer();
  EXPECT_TRUE(packed.complete);
  EXPECT_EQ(packed.headers.get("Content-Encoding"), "gzip");
  EXPECT_EQ(packed.headers.get("Vary"), "Accept-Encoding");
  EXPECT_LT(packed.body.size(), 2'000U);
  EXPECT_EQ(codec::decompress(codec::Compression::kGzip, packed.body), text);
  EXPECT_EQ(ask("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n").body, text);
}

TEST_F(HttpServerTest, FailingSourceBreaksTheConnectionInsteadOfEndingShort) {
  add(HttpMethod::kGet, "/stream", [](HttpRequest&&, HttpResponder responder) {
    HttpResponse response;
    response.body = HttpBodySource([i = 0](std::string& chunk) mutable -> Result<bool> {
      if (i++ == 1) return fail(ErrorCode::kDataLoss, "block checksum");
      chunk = "first";
      return true;
    });
    responder.send(std::move(response));
  });
  start();
  const RawAnswer answer = ask("GET /stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.body, "first");
  EXPECT_FALSE(answer.complete);
}

TEST_F(HttpServerTest, HeaderValuesCannotSplitTheAnswer) {
  add(HttpMethod::kGet, "/echo/{text}", [](HttpRequest&& request, HttpResponder responder) {
    responder.send(HttpResponse::text(200, "ok").header("X-Echo", request.path_parameter("text")));
  });
  start();
  const RawAnswer answer = ask("GET /echo/a%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(answer.headers.get("X-Echo"), "aX-Evil: 1");
  EXPECT_FALSE(answer.headers.has("X-Evil"));
}

TEST_F(HttpServerTest, LoopbackListenerAnswersOnlyToItsOwnNames) {
  add_echo();
  start({.allowed_hosts = {"binnacle.test"}});
  const auto status_for = [&](const std::string& host) {
    return ask("POST /echo HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\n\r\n").status;
  };
  for (const char* good : {"localhost", "LocalHost:4318", "127.0.0.1:80", "[::1]:4318", "127.1.2.3",
                           "binnacle.test:1", "BINNACLE.test"}) {
    EXPECT_EQ(status_for(good), 200) << good;
  }
  for (const char* bad : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a b",
                          "192.168.0.1", "[::2]"}) {
    EXPECT_EQ(status_for(bad), 403) << bad;
  }
}

TEST_F(HttpServerTest, ForeignOriginsCannotChangeState) {
  add_echo();
  add(HttpMethod::kGet, "/read",
      [](HttpRequest&&, HttpResponder responder) { responder.send(HttpResponse::text(200, "r")); });
  start();
  const auto post = [&](const std::string& origin) {
    return ask("POST /echo HTTP/1.1\r\nHost: localhost:1\r\nOrigin: " + origin +
               "\r\nContent-Length: 0\r\n\r\n");
  };
  EXPECT_EQ(post("http://localhost:1").status, 200);
  EXPECT_EQ(post("http://evil.example").status, 403);
  EXPECT_EQ(post("null").status, 403);
  const RawAnswer read =
      ask("GET /read HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://evil.example\r\n\r\n");
  EXPECT_EQ(read.status, 200);
  EXPECT_FALSE(read.headers.has("Access-Control-Allow-Origin"));
}

TEST_F(HttpServerTest, CorsAllowsConfiguredAndLoopbackOrigins) {
  add_echo();
  start({.cors = CorsConfig{.allowed_origins = {"https://app.example"}}});
  const auto preflight = [&](const std::string& origin) {
    return ask("OPTIONS /echo HTTP/1.1\r\nHost: localhost:1\r\nOrigin: " + origin +
               "\r\nAccess-Control-Request-Method: POST\r\n"
               "Access-Control-Request-Headers: content-type,x-tenant\r\n\r\n");
  };
  for (const char* origin : {"https://app.example", "http://localhost:5173", "http://[::1]:3000"}) {
    const RawAnswer answer = preflight(origin);
    EXPECT_EQ(answer.status, 204) << origin;
    EXPECT_EQ(answer.headers.get("Access-Control-Allow-Origin"), origin);
    EXPECT_EQ(answer.headers.get("Access-Control-Allow-Methods"), "POST");
    EXPECT_EQ(answer.headers.get("Access-Control-Allow-Headers"), "content-type,x-tenant");
  }
  EXPECT_EQ(preflight("https://evil.example").status, 403);
  const RawAnswer post =
      ask("POST /echo HTTP/1.1\r\nHost: localhost:1\r\nOrigin: https://app.example\r\n"
          "Content-Length: 0\r\n\r\n");
  EXPECT_EQ(post.status, 200);
  EXPECT_EQ(post.headers.get("Access-Control-Allow-Origin"), "https://app.example");
}

TEST_F(HttpServerTest, GateRefusesBeforeTheBodyAndNamesTheTenant) {
  std::promise<std::string> tenant;
  add(HttpMethod::kPost, "/in", [&](HttpRequest&& request, HttpResponder responder) {
    tenant.set_value(request.tenant.value);
    responder.send(HttpResponse::empty(204));
  });
  start({.gate = [](HttpRequest& request) -> std::optional<HttpResponse> {
    if (request.headers.get("Authorization") != "Bearer good") {
      return HttpResponse::text(401, "no").header("WWW-Authenticate", "Bearer");
    }
    request.tenant.value = "t9";
    return std::nullopt;
  }});
  EXPECT_EQ(ask("POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999\r\n\r\n").status,
            401);
  EXPECT_EQ(ask("POST /in HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer good\r\n"
                "Content-Length: 0\r\n\r\n")
                .status,
            204);
  EXPECT_EQ(tenant.get_future().get(), "t9");
}

TEST_F(HttpServerTest, TakenPortIsAnErrorThatNamesPortAndSetting) {
  start();
  HttpServer second({.io_threads = 1}, clock_);
  const auto port =
      second.listen({.name = "otlp_http", .port = port_, .setting = "ports.otlp_http"}, router_);
  ASSERT_FALSE(port);
  EXPECT_EQ(port.error().code, ErrorCode::kAlreadyExists);
  EXPECT_NE(port.error().message.find(std::to_string(port_)), std::string::npos);
  EXPECT_NE(port.error().message.find("ports.otlp_http"), std::string::npos);
  EXPECT_EQ(second.listen({.name = "x", .address = "nowhere"}, router_).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(HttpServerTest, StopLetsRunningRequestsFinishAndClosesIdleOnes) {
  std::promise<HttpResponder> parked;
  add(HttpMethod::kGet, "/slow",
      [&](HttpRequest&&, HttpResponder responder) { parked.set_value(std::move(responder)); });
  start();
  RawClient idle(port_);
  RawClient running(port_);
  running.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  HttpResponder responder = parked.get_future().get();
  std::thread stopper([&] { server_->stop(); });
  EXPECT_TRUE(idle.closed_by_peer());  // so stop() is under way
  responder.send(HttpResponse::text(200, "finished"));
  const RawAnswer answer = running.read_answer();
  EXPECT_EQ(answer.body, "finished");
  EXPECT_EQ(answer.headers.get("Connection"), "close");
  running.close();
  stopper.join();
  EXPECT_FALSE(RawClient(port_).connected());
}

TEST_F(HttpServerTest, StopEndsWithRequestsThatNeverFinish) {
  config_.drain_timeout_ns = 1 * kNanosPerMilli;
  std::promise<HttpResponder> parked;
  add(HttpMethod::kGet, "/slow",
      [&](HttpRequest&&, HttpResponder responder) { parked.set_value(std::move(responder)); });
  start();
  RawClient client(port_);
  client.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  HttpResponder responder = parked.get_future().get();
  server_->stop();
  EXPECT_TRUE(client.closed_by_peer());
  responder.send(HttpResponse::text(200, "after the end"));  // does nothing
}

}  // namespace
}  // namespace binnacle
