#include "io/net/http_server.h"
#include "io/net/raw_client_for_test.h"

#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

// What the HTTP server does with input that is wrong, too large, too slow or too much.

namespace binnacle {
namespace {

class HttpLimitsTest : public ::testing::Test {
 protected:
  HttpLimitsTest() {
    router_->add(HttpMethod::kPost, "/echo", [](HttpRequest&& request, HttpResponder responder) {
      responder.send(HttpResponse::text(200, std::move(request.body)));
    });
    router_->add(HttpMethod::kPost, "/needs",
                 [](HttpRequest&& request, HttpResponder responder) {
                   responder.send(HttpResponse::text(200, std::to_string(request.body.size())));
                 },
                 {.body_limit_bytes = 1000,
                  .needs_body = true,
                  .render_refusal = [](const HttpRequest&, int, const Error& error) {
                    return HttpResponse::json(0, "\"" + error.message + "\"");
                  }});
  }
  void start() {
    server_.emplace(config_, clock_);
    const Result<std::uint16_t> port = server_->listen({.name = "test"}, router_);
    ASSERT_TRUE(port) << port.error().message;
    port_ = *port;
    server_->start();
  }
  void expect_alive() const {
    RawClient client(port_);
    client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(client.read_answer().body, "ok");
  }

  HttpServerConfig config_{.io_threads = 2, .worker_threads = 1};
  SystemClock clock_;
  std::shared_ptr<HttpRouter> router_ = std::make_shared<HttpRouter>();
  std::optional<HttpServer> server_;
  std::uint16_t port_ = 0;
};

struct Malformed {
  const char* what;
  std::string bytes;
  int status;
};

std::vector<Malformed> malformed_requests() {
  const std::string post = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  return {
      {"no request line", "hello\r\n\r\n", 400},
      {"binary", std::string("\x00\x01\x02\x03\r\n\r\n", 8), 400},
      {"tls on a plain port", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), 400},
      {"no version", "GET /echo\r\n\r\n", 400},
      {"version 2", "GET /echo HTTP/2.0\r\n\r\n", 400},
      {"bare newline", "GET /echo HTTP/1.1\nHost: localhost\n\n", 400},
      {"unknown method", "BREW /echo HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
      {"connect", "CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 501},
      {"relative target", "GET echo HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"no host", "POST /echo HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400},
      {"two hosts", post + "Host: localhost\r\n\r\n", 400},
      {"space in field name", post + "Bad Name: 1\r\n\r\n", 400},
      {"no colon", post + "NoColon\r\n\r\n", 400},
      {"control in value", post + "X: a\x01z\r\n\r\n", 400},
      {"negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"length is text", post + "Content-Length: ten\r\n\r\n", 400},
      {"length overflows", post + "Content-Length: 99999999999999999999999\r\n\r\n", 400},
      {"two lengths", post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
      {"length and chunks",
       post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunks and length",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"gzip transfer", post + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"chunk size is text", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n", 400},
      {"chunk longer than said", post + "Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n",
       400},
      {"chunk size overflows",
       post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nab\r\n0\r\n\r\n", 400},
      {"huge chunk", post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffff\r\nab", 413},
      {"bad chunk extension", post + "Transfer-Encoding: chunked\r\n\r\n1;=\r\na\r\n0\r\n\r\n",
       400},
      {"endless chunk extension",
       post + "Transfer-Encoding: chunked\r\n\r\n1;a=" + std::string(200'000, 'x'), 400},
      {"endless trailer",
       post + "Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + std::string(200'000, 'x'), 400},
      {"long target", "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n", 431},
      {"long field", post + "X: " + std::string(100'000, 'a') + "\r\n\r\n", 431},
      {"broken escape in query", "POST /echo?a=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"broken escape at the end", "POST /echo?a=%2 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"unknown expectation", post + "Expect: miracles\r\nContent-Length: 1\r\n\r\n", 417},
  };
}

TEST_F(HttpLimitsTest, MalformedRequestsAreRefusedAndTheServerLives) {
  start();
  for (const Malformed& request : malformed_requests()) {
    RawClient client(port_);
    client.send(request.bytes);
    EXPECT_EQ(client.read_answer().status, request.status) << request.what;
  }
  expect_alive();
}

TEST_F(HttpLimitsTest, MalformedRequestEndsTheConnection) {
  start();
  RawClient client(port_);
  // What follows must not be taken for a request: that is how requests are smuggled.
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 400);
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(HttpLimitsTest, TooManyFieldsAre431) {
  start();
  std::string request = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 300; ++i) request += "X-" + std::to_string(i) + ": 1\r\n";
  RawClient client(port_);
  client.send(request + "\r\n");
  EXPECT_EQ(client.read_answer().status, 431);
}

TEST_F(HttpLimitsTest, MissingAndOversizedBodiesAreRefusedInTheRoutesOwnForm) {
  start();
  const std::string head = "POST /needs HTTP/1.1\r\nHost: localhost\r\n";
  RawClient none(port_);
  none.send(head + "\r\n");
  const RawAnswer missing = none.read_answer();
  EXPECT_EQ(missing.status, 411);
  EXPECT_EQ(missing.headers.get("Content-Type"), "application/json");
  RawClient declared(port_);
  declared.send(head + "Content-Length: 1001\r\n\r\n");
  const RawAnswer refused = declared.read_answer();
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(refused.body.find("the limit is 1000"), std::string::npos) << refused.body;
  RawClient chunked(port_);
  chunked.send(head + "Transfer-Encoding: chunked\r\n\r\n");
  for (int i = 0; i < 3; ++i) chunked.send("190\r\n" + std::string(400, 'x') + "\r\n");
  EXPECT_EQ(chunked.read_answer().status, 413);
  RawClient exact(port_);
  exact.send(head + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(exact.read_answer().body, "1000");
}

TEST_F(HttpLimitsTest, ClientThatSendsEverythingFirstStillReadsTheRefusal) {
  start();
  RawClient client(port_);
  client.send("POST /needs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n");
  client.send(std::string(8'000'000, 'x'));
  EXPECT_EQ(client.read_answer().status, 413);
}

TEST_F(HttpLimitsTest, BodiesOfAllRequestsShareOneBudget) {
  config_.bodies_limit_bytes = 256 * 1024;
  std::promise<HttpResponder> parked;
  router_->add(HttpMethod::kPost, "/park", [&](HttpRequest&&, HttpResponder responder) {
    parked.set_value(std::move(responder));
  });
  start();
  const std::string body(120'000, 'x');
  const std::string length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  RawClient first(port_);
  first.send("POST /park HTTP/1.1\r\nHost: localhost\r\n" + length + body);
  HttpResponder responder = parked.get_future().get();
  RawClient second(port_);
  second.send("POST /needs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(second.read_answer().status, 200);
  RawClient third(port_);
  third.send("POST /echo HTTP/1.1\r\nHost: localhost\r\n" + length + body);
  const RawAnswer refused = third.read_answer();
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.headers.has("Retry-After"));
  responder.send(HttpResponse::text(200, "x"));
  EXPECT_EQ(first.read_answer().status, 200);
  RawClient fourth(port_);
  fourth.send("POST /echo HTTP/1.1\r\nHost: localhost\r\n" + length + body);
  EXPECT_EQ(fourth.read_answer().status, 200);
}

TEST_F(HttpLimitsTest, SlowHeadersAndBodiesTimeOut) {
  // Long enough that a loaded machine gets from connect to the first byte in time.
  config_.header_timeout_ns = 400 * kNanosPerMilli;
  config_.body_timeout_ns = 400 * kNanosPerMilli;
  config_.idle_timeout_ns = 400 * kNanosPerMilli;
  start();
  RawClient silent(port_);
  EXPECT_TRUE(silent.closed_by_peer());
  RawClient slow_header(port_);
  slow_header.send("POST /echo HTTP/1.1\r\nHo");
  EXPECT_EQ(slow_header.read_answer().status, 408);
  RawClient slow_body(port_);
  slow_body.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n123");
  EXPECT_EQ(slow_body.read_answer().status, 408);
  EXPECT_TRUE(slow_body.closed_by_peer());
  RawClient idle(port_);
  idle.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(idle.read_answer().body, "ok");
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_EQ(server_->probe().timeouts.value(), 2U);
}

TEST_F(HttpLimitsTest, DrippingBytesDoNotExtendTheHeaderTimeout) {
  config_.header_timeout_ns = 100 * kNanosPerMilli;
  start();
  RawClient client(port_);
  const std::int64_t begin = clock_.steady_now_ns();
  while (server_->probe().timeouts.value() == 0 && client.send("G")) {
    ASSERT_LT(clock_.steady_now_ns() - begin, 5 * kNanosPerSecond);
  }
}

/// Adds GET /big, answered with `size` shared bytes.
std::shared_ptr<const std::string> add_big(HttpRouter& router, std::size_t size) {
  auto big = std::make_shared<const std::string>(size, 'x');
  router.add(HttpMethod::kGet, "/big", [big](HttpRequest&&, HttpResponder responder) {
    HttpResponse response;
    response.body = big;
    responder.send(std::move(response));
  });
  return big;
}

TEST_F(HttpLimitsTest, ClientThatDoesNotReadIsDropped) {
  config_.write_timeout_ns = 50 * kNanosPerMilli;
  add_big(*router_, 32 * 1024 * 1024);
  start();
  RawClient client(port_, 4096);
  client.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  while (server_->probe().timeouts.value() == 0) std::this_thread::yield();
  EXPECT_FALSE(client.read_answer().complete);
}

TEST_F(HttpLimitsTest, LargeAnswersArriveWhole) {
  const auto big = add_big(*router_, 32 * 1024 * 1024);
  start();
  RawClient client(port_, 4096);
  client.send("GET /big HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(client.read_answer().body == *big);
}

TEST_F(HttpLimitsTest, ConnectionsOverTheLimitAreToldSo) {
  config_.connection_limit = 2;
  start();
  RawClient first(port_);
  RawClient second(port_);
  for (RawClient* client : {&first, &second}) {
    client->send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(client->read_answer().body, "ok");
  }
  RawClient third(port_);
  EXPECT_EQ(third.read_answer().status, 503);
  EXPECT_EQ(server_->probe().connections_refused.value(), 1U);
}

TEST_F(HttpLimitsTest, FullWorkerQueueRefusesAndRecovers) {
  config_.worker_queue_limit = 1;
  std::latch entered(1);
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::once_flag first_call;
  router_->add(HttpMethod::kPost, "/work",
               [&](HttpRequest&& request, HttpResponder responder) {
                 std::call_once(first_call, [&] { entered.count_down(); });
                 released.wait();
                 responder.send(HttpResponse::text(200, std::move(request.body)));
               },
               {.run = HttpRun::kWorker});
  start();
  const auto request = [](char c) {
    return std::string("POST /work HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n") + c;
  };
  RawClient running(port_);
  running.send(request('1'));
  entered.wait();
  // One of these two waits in the queue; the other is refused.
  RawClient a(port_);
  RawClient b(port_);
  a.send(request('2'));
  b.send(request('2'));
  while (server_->probe().worker_queue_full.value() == 0) std::this_thread::yield();
  release.set_value();
  EXPECT_EQ(running.read_answer().body, "1");
  const RawAnswer x = a.read_answer();
  const RawAnswer y = b.read_answer();
  EXPECT_EQ(std::min(x.status, y.status), 200);
  EXPECT_EQ(std::max(x.status, y.status), 503);
  EXPECT_TRUE((x.status == 503 ? x : y).headers.has("Retry-After"));
  a.send(request('3'));
  EXPECT_EQ(a.read_answer().body, "3");
}

TEST_F(HttpLimitsTest, ClientsThatLeaveMidwayHoldNothing) {
  start();
  for (const char* piece :
       {"", "P", "POST /echo HTTP/1.1\r\n",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Length: 100\r\n\r\nabc",
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"}) {
    RawClient client(port_);
    client.send(piece);
    client.close();
  }
  expect_alive();
  while (server_->probe().connections_open.value() > 0) std::this_thread::yield();
  EXPECT_EQ(server_->probe().requests_in_flight.value(), 0);
}

}  // namespace
}  // namespace binnacle
