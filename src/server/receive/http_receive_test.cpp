#include "codec/gzip_compress.h"
#include "io/net/http_server.h"
#include "io/net/raw_client_for_test.h"
#include "io/net/rpc_status.h"
#include "server/receive/datadog_receiver.h"
#include "server/receive/jaeger_receiver.h"
#include "server/receive/otlp_receiver.h"
#include "server/receive/receive_fixture_for_test.h"
#include "server/receive/zipkin_receiver.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace binnacle {
namespace {

constexpr const char* kProtobuf = "application/x-protobuf";
constexpr const char* kJson = "application/json";
constexpr const char* kFour = "GET /käse/{id};SELECT 世界;publish;;";

std::string zstd(std::string_view in) {
  std::string out(ZSTD_compressBound(in.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), in.data(), in.size(), 3));
  return out;
}

std::string gzip(std::string_view in) { return codec::gzip_compress(in).value(); }

class HttpReceiveTest : public ReceiveTest {
 protected:
  void SetUp() override { start(); }
  void start() {
    server_.reset();
    ingest_ = std::make_unique<SpanIngest>(store_, ingest_config_, clock_);
    otlp_ = std::make_unique<OtlpHttpReceiver>(*ingest_, limits_);
    jaeger_ = std::make_unique<JaegerThriftReceiver>(*ingest_, limits_);
    zipkin_ = std::make_unique<ZipkinReceiver>(*ingest_, limits_);
    datadog_ = std::make_unique<DatadogReceiver>(*ingest_, limits_);
    auto router = std::make_shared<HttpRouter>();
    otlp_->add_routes(*router);
    jaeger_->add_routes(*router);
    zipkin_->add_routes(*router);
    datadog_->add_routes(*router);
    server_ = std::make_unique<HttpServer>(HttpServerConfig{.io_threads = 2, .worker_threads = 1},
                                           clock_);
    const auto port = server_->listen({.name = "otlp_http", .cors = CorsConfig{}}, router);
    ASSERT_TRUE(port) << port.error().message;
    port_ = *port;
    server_->start();
  }

  /// Sends as OpenTelemetry JS does: always chunked.
  RawAnswer post(const std::string& path, const std::string& type, std::string_view body,
                 const std::string& encoding = "") {
    RawClient client(port_);
    send(client, path, type, body, encoding);
    return client.read_answer();
  }
  static void send(RawClient& client, const std::string& path, const std::string& type,
                   std::string_view body, const std::string& encoding = "") {
    std::string request = "POST " + path + " HTTP/1.1\r\n";
    if (!type.empty()) request += "Content-Type: " + type + "\r\n";
    if (!encoding.empty()) request += "Content-Encoding: " + encoding + "\r\n";
    request +=
        "Host: 127.0.0.1:4318\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n";
    char size[32];
    // Two chunks, cut at an odd place.
    const std::size_t cut = body.size() / 3;
    for (const std::string_view piece : {body.substr(0, cut), body.substr(cut)}) {
      if (piece.empty()) continue;
      std::snprintf(size, sizeof(size), "%zx\r\n", piece.size());
      request.append(size).append(piece).append("\r\n");
    }
    client.send(request + "0\r\n\r\n");
  }

  ReceiveLimits limits_;
  std::unique_ptr<SpanIngest> ingest_;
  std::unique_ptr<OtlpHttpReceiver> otlp_;
  std::unique_ptr<JaegerThriftReceiver> jaeger_;
  std::unique_ptr<ZipkinReceiver> zipkin_;
  std::unique_ptr<DatadogReceiver> datadog_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(HttpReceiveTest, RecordedOtlpBodiesAreStoredInEveryEncoding) {
  const std::string json = golden("otlp.json");
  const std::string protobuf = golden("otlp.pb");
  struct Case {
    const char* what;
    const char* type;
    const char* encoding;
    std::string body;
  };
  const Case cases[] = {
      {"json", kJson, "", json},
      {"json with charset", "Application/JSON; charset=utf-8", "identity", json},
      {"recorded json gzip", kJson, "gzip", golden("otlp.json.gz")},
      {"json zstd", kJson, "zstd", zstd(json)},
      {"protobuf", kProtobuf, "", protobuf},
      {"recorded protobuf gzip", kProtobuf, "gzip", golden("otlp.pb.gz")},
      {"protobuf zstd", kProtobuf, "ZSTD", zstd(protobuf)},
      {"two gzip members", kProtobuf, "gzip",
       gzip(protobuf.substr(0, 100)) + gzip(protobuf.substr(100))},
  };
  std::size_t stored = 0;
  for (const Case& c : cases) {
    const RawAnswer answer = post("/v1/traces", c.type, c.body, c.encoding);
    EXPECT_EQ(answer.status, 200) << c.what << ": " << answer.body;
    // Full success is the empty response, in the request's content type.
    const bool is_json = std::string_view(c.type) != kProtobuf;
    EXPECT_EQ(answer.body, is_json ? "{}" : "") << c.what;
    EXPECT_EQ(answer.headers.get("Content-Type"), is_json ? kJson : kProtobuf) << c.what;
    EXPECT_EQ(stored_spans(), stored += 4) << c.what;
  }
  EXPECT_EQ(stored_names(kRecordedTrace), kFour);
}

TEST_F(HttpReceiveTest, RecordedJaegerAndZipkinBodiesAreStored) {
  const std::string thrift = golden("jaeger.thrift");
  EXPECT_EQ(post("/api/traces", "application/x-thrift", thrift).status, 202);
  const std::size_t jaeger_spans = stored_spans();
  EXPECT_EQ(jaeger_spans, 4U);
  EXPECT_EQ(post("/api/traces?format=jaeger.thrift", "application/vnd.apache.thrift.binary", thrift)
                .status,
            202);
  EXPECT_EQ(post("/api/v2/spans", kJson, golden("zipkin_otel.json")).status, 202);
  EXPECT_EQ(post("/api/v2/spans", kJson, gzip(golden("zipkin_js.json")), "gzip").status, 202);
  EXPECT_EQ(stored_spans(), 14U);
  EXPECT_EQ(stored_names({0xEC421CE45294C1A7, 0x5EA6EEDF26A63B45}), "get /käse;sql;");
}

TEST_F(HttpReceiveTest, DatadogsTracersAreAnsweredAsByTheirAgent) {
  const std::string recorded = golden("dd_trace.msgpack");
  RawClient put(port_);
  put.send("PUT /v0.4/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/msgpack\r\n" +
           std::string("X-Datadog-Trace-Count: 1\r\nContent-Length: ") +
           std::to_string(recorded.size()) + "\r\n\r\n" + recorded);
  const RawAnswer rates = put.read_answer();
  EXPECT_EQ(rates.status, 200);
  EXPECT_EQ(rates.body, R"({"rate_by_service":{"service:,env:":1}})");
  EXPECT_TRUE(rates.headers.get("Content-Type").starts_with("application/json"));
  EXPECT_EQ(stored_names({0x6B0498F200000000, 0x15D512876B839866}), "web.request;pg.query;");
  const RawAnswer ok = post("/v0.3/traces", "application/msgpack", recorded);
  EXPECT_EQ(ok.status, 200);
  EXPECT_EQ(ok.body, "OK\n");
  const std::string json = R"([[{"trace_id":1,"span_id":2,"name":"json"}]])";
  EXPECT_EQ(post("/v0.4/traces", kJson, json).status, 200);
  EXPECT_EQ(post("/v0.3/traces", "", json).status, 200);
  EXPECT_EQ(stored_names({0, 1}), "json;");
  EXPECT_EQ(post("/v0.5/traces", "application/msgpack", "\x92\x91\xA0\x90").status, 200);
  EXPECT_EQ(post("/v0.4/traces", "application/msgpack", gzip(recorded), "gzip").status, 200);
}

TEST_F(HttpReceiveTest, WhatDatadogsTracersSendBesidesTraces) {
  RawClient client(port_);
  client.send("GET /info HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  const RawAnswer info = client.read_answer();
  EXPECT_EQ(info.status, 200);
  EXPECT_NE(info.body.find(R"("/v0.4/traces")"), std::string::npos);
  EXPECT_EQ(info.body.find("stats\""), std::string::npos);
  EXPECT_EQ(post("/telemetry/proxy/api/v2/apmtelemetry", kJson, "{}").status, 202);
  EXPECT_EQ(post("/v0.6/stats", "application/msgpack", "\x80").status, 404);
  EXPECT_EQ(post("/v0.7/config", kJson, "{}").status, 404);
  EXPECT_EQ(post("/v0.4/traces", "application/msgpack", "\x91").status, 400);
  EXPECT_EQ(post("/v0.4/traces", "text/plain", "[]").status, 415);
  EXPECT_EQ(post("/v0.5/traces", kJson, "[]").status, 415);
  EXPECT_EQ(stored_spans(), 0U);
}

TEST_F(HttpReceiveTest, EmptyRequestsAreFine) {
  EXPECT_EQ(post("/v1/traces", kProtobuf, "").status, 200);
  EXPECT_EQ(post("/v1/traces", kJson, "{}").status, 200);
  EXPECT_EQ(post("/api/v2/spans", kJson, "[]").status, 202);
  EXPECT_EQ(stored_spans(), 0U);
}

TEST_F(HttpReceiveTest, SpansWithBadIdsAreAPartialSuccess) {
  const std::string body =
      R"({"resourceSpans":[{"scopeSpans":[{"spans":[)"
      R"({"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"good"},)"
      R"({"traceId":"00000000000000000000000000000000","spanId":"eee19b7ec3c1b175","name":"bad"}]}]}]})";
  const RawAnswer answer = post("/v1/traces", kJson, body);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("rejectedSpans":"1")"), std::string::npos) << answer.body;
  EXPECT_NE(answer.body.find("errorMessage"), std::string::npos);
  EXPECT_EQ(stored_spans(), 1U);
}

TEST_F(HttpReceiveTest, BrokenBodiesAre400WithStatusInTheRequestsType) {
  const RawAnswer json = post("/v1/traces", kJson, R"({"resourceSpans": [{"scopeSpans": 7}]})");
  EXPECT_EQ(json.status, 400);
  EXPECT_EQ(json.headers.get("Content-Type"), kJson);
  EXPECT_EQ(json.body.substr(0, 10), R"({"code":3,)");
  EXPECT_NE(json.body.find("scopeSpans"), std::string::npos) << json.body;
  const std::string cut = golden("otlp.pb").substr(0, 1000);
  const RawAnswer protobuf = post("/v1/traces", kProtobuf, cut);
  EXPECT_EQ(protobuf.status, 400);
  EXPECT_EQ(protobuf.headers.get("Content-Type"), kProtobuf);
  EXPECT_EQ(protobuf.body.substr(0, 3), "\x08\x03\x12");
  EXPECT_NE(protobuf.body.find("byte"), std::string::npos) << protobuf.body;
  EXPECT_EQ(post("/v1/traces", kProtobuf, golden("otlp.pb"), "gzip").status, 400);
  const std::string torn = golden("otlp.pb.gz").substr(0, 600);
  EXPECT_EQ(post("/v1/traces", kProtobuf, torn, "gzip").status, 400);
  EXPECT_EQ(
      post("/api/traces", "application/x-thrift", golden("jaeger.thrift").substr(0, 99)).status,
      400);
  EXPECT_EQ(post("/api/v2/spans", kJson, "{}").status, 400);
  EXPECT_EQ(stored_spans(), 0U) << "nothing of a broken request is stored";
}

TEST_F(HttpReceiveTest, UnknownTypesAndEncodingsAreNamedTogetherWithTheKnown) {
  const std::string body = golden("otlp.json");
  for (const char* type :
       {"text/plain", "", "application/grpc", "application/x-www-form-urlencoded"}) {
    const RawAnswer answer = post("/v1/traces", type, body);
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_NE(answer.body.find("application/x-protobuf or application/json"), std::string::npos);
  }
  const RawAnswer encoding = post("/v1/traces", kJson, body, "br");
  EXPECT_EQ(encoding.status, 415);
  EXPECT_NE(encoding.body.find("'br'"), std::string::npos) << encoding.body;
  EXPECT_NE(encoding.body.find("identity, gzip, deflate or zstd"), std::string::npos);
  EXPECT_EQ(post("/v1/traces", kJson, body, "gzip, gzip").status, 415);
  EXPECT_EQ(post("/api/traces", "application/json", body).status, 400);
  EXPECT_EQ(post("/api/traces", "", body).status, 400);
  EXPECT_EQ(post("/api/v2/spans", "application/x-protobuf", body).status, 415);
  EXPECT_EQ(stored_spans(), 0U);
}

TEST_F(HttpReceiveTest, OversizedBodiesAndBombsAre413) {
  limits_ = {.body_bytes = 40'000, .decompressed_bytes = 100'000};
  start();
  const RawAnswer large = post("/v1/traces", kJson, std::string(40'001, ' '));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.headers.get("Content-Type"), kJson);
  const std::string zeros(50'000'000, '\0');
  for (const auto& [encoding, bomb] :
       {std::pair("gzip", gzip(std::string_view(zeros).substr(0, 5'000'000))),
        std::pair("zstd", zstd(zeros))}) {
    ASSERT_LT(bomb.size(), 40'000U);
    const RawAnswer answer = post("/v1/traces", kProtobuf, bomb, encoding);
    EXPECT_EQ(answer.status, 413) << encoding << answer.body;
    EXPECT_FALSE(answer.headers.has("Retry-After"));
  }
  RawClient silent(port_);
  silent.send(
      "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n");
  EXPECT_EQ(silent.read_answer().status, 411);
}

TEST_F(HttpReceiveTest, DeeplyNestedJsonIsRefused) {
  std::string body = R"({"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":)";
  for (int i = 0; i < 5000; ++i) body += R"({"arrayValue":{"values":[)";
  EXPECT_EQ(post("/v1/traces", kJson, body).status, 400);
}

TEST_F(HttpReceiveTest, OverloadIsRetryableAndSaysWhen) {
  const std::string json = golden("otlp.json");
  store_.refuse_with({ErrorCode::kResourceExhausted, "queue full", 2'100 * kNanosPerMilli});
  const RawAnswer busy = post("/v1/traces", kJson, json);
  EXPECT_EQ(busy.status, 429);
  EXPECT_EQ(busy.headers.get("Retry-After"), "3");
  EXPECT_NE(busy.body.find("queue full"), std::string::npos);
  store_.refuse_with({ErrorCode::kUnavailable, "disk full", 30 * kNanosPerSecond});
  const RawAnswer full = post("/v1/traces", kProtobuf, golden("otlp.pb"));
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.headers.get("Retry-After"), "30");
  EXPECT_EQ(full.body,
            encode_rpc_status({ErrorCode::kUnavailable, "disk full", 30 * kNanosPerSecond}));
  store_.refuse_with({ErrorCode::kUnavailable, "disk full", 0});
  EXPECT_EQ(post("/api/traces", "application/x-thrift", golden("jaeger.thrift")).status, 503);
  store_.refuse_with({ErrorCode::kInternal, "fsync failed", 0});
  EXPECT_EQ(post("/v1/traces", kJson, json).status, 500);
  store_.refuse_with({ErrorCode::kDeadlineExceeded, "too late", 0});
  EXPECT_EQ(post("/v1/traces", kJson, json).status, 504);
  EXPECT_EQ(stored_spans(), 0U);
}

TEST_F(HttpReceiveTest, TooMuchInFlightIs429) {
  ingest_config_.in_flight_limit_bytes = 6'000;
  start();
  EXPECT_EQ(post("/v1/traces", kJson, std::string(7'000, ' ')).status, 429);
}

TEST_F(HttpReceiveTest, AnswersOnlyWhenTheSpansAreDurable) {
  store_.hold();
  RawClient client(port_);
  send(client, "/v1/traces", kJson, golden("otlp.json"));
  while (store_.held() == 0) std::this_thread::yield();
  // The store has not said so yet: the request is open and has had no answer.
  EXPECT_EQ(server_->probe().requests_in_flight.value(), 1);
  EXPECT_EQ(server_->probe().responses_2xx.value(), 0U);
  store_.release();
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(HttpReceiveTest, SenderThatLeavesDoesNotUndoItsSpans) {
  store_.hold();
  {
    RawClient client(port_);
    send(client, "/v1/traces", kJson, golden("otlp.json"));
    while (store_.held() == 0) std::this_thread::yield();
  }
  while (server_->probe().clients_gone.value() == 0) std::this_thread::yield();
  store_.release();
  EXPECT_EQ(stored_spans(), 4U);
}

TEST_F(HttpReceiveTest, MetricsAndLogsAreRefusedWithTheRemedy) {
  const RawAnswer metrics = post("/v1/metrics", kJson, golden("otlp_metrics.json"));
  EXPECT_EQ(metrics.status, 501);
  EXPECT_NE(metrics.body.find("metrics are not stored yet by this version; send traces only or set "
                              "OTEL_METRICS_EXPORTER=none"),
            std::string::npos)
      << metrics.body;
  const RawAnswer logs = post("/v1/logs", kProtobuf, "");
  EXPECT_EQ(logs.status, 501);
  EXPECT_NE(logs.body.find("OTEL_LOGS_EXPORTER=none"), std::string::npos);
  EXPECT_EQ(logs.headers.get("Content-Type"), kProtobuf);
}

TEST_F(HttpReceiveTest, BrowsersOnLoopbackMaySend) {
  RawClient client(port_);
  client.send(
      "OPTIONS /v1/traces HTTP/1.1\r\nHost: localhost:4318\r\n"
      "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\n"
      "Access-Control-Request-Headers: content-type\r\n\r\n");
  const RawAnswer preflight = client.read_answer();
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.get("Access-Control-Allow-Origin"), "http://localhost:3000");
  client.send(
      "POST /v1/traces HTTP/1.1\r\nHost: localhost:4318\r\nContent-Type: application/json\r\n"
      "Origin: http://evil.example\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(client.read_answer().status, 403);
}

}  // namespace
}  // namespace binnacle
