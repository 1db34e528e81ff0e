// Jaeger's API through the real server and sockets: what router-level tests cannot see, namely
// bodies in pieces, escaped paths and the HTTP around the JSON.

#include "codec/json_document.h"
#include "io/net/http_client.h"
#include "io/net/http_server.h"
#include "query/trace/span_builder.h"
#include "server/api/jaeger_api.h"
#include "store/memory/memory_span_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace binnacle::interop {
namespace {

constexpr std::uint64_t kSpansOfLargeTrace = 6'000;

class JaegerOverHttp : public ::testing::Test {
 protected:
  void SetUp() override {
    std::vector<testing::TestSpan> spans = {
        {.trace = 1, .span = 1, .service = "a/b c", .name = "small"}};
    for (std::uint64_t i = 1; i <= kSpansOfLargeTrace; ++i) {
      spans.push_back({.trace = 2,
                       .span = i,
                       .parent = i == 1 ? 0U : 1U,
                       .service = "large",
                       .start_ns = 1'000 + i,
                       .tags = {{"key", "a value that makes the answer several pieces long"}}});
    }
    store_->append({}, testing::make_batch(spans),
                   [](Result<AppendResult> r) { ASSERT_TRUE(r.has_value()); });
    auto router = std::make_shared<HttpRouter>();
    api_.add_routes(*router);
    const auto port =
        server_.listen({.name = "jaeger_query", .setting = "ports.jaeger_query"}, router);
    ASSERT_TRUE(port) << port.error().message;
    server_.start();
    client_ =
        std::make_unique<HttpClient>(fmt::format("http://127.0.0.1:{}", *port), HttpClientConfig{});
  }
  void TearDown() override { server_.stop(); }

  HttpClientResponse get(std::string target) {
    auto answer = client_->send({.target = std::move(target)});
    EXPECT_TRUE(answer) << answer.error().message;
    return answer ? std::move(*answer) : HttpClientResponse{};
  }

  SystemClock clock_;
  std::unique_ptr<SpanStore> store_ = make_memory_span_store(clock_);
  TraceQuery query_{*store_, clock_, {}, nullptr};
  JaegerApi api_{query_, clock_};
  HttpServer server_{{.io_threads = 1, .worker_threads = 2}, clock_};
  std::unique_ptr<HttpClient> client_;
};

TEST_F(JaegerOverHttp, LargeTraceArrivesWhole) {
  for (const char* target : {"/api/traces/2", "/api/traces/2?prettyPrint=true"}) {
    const HttpClientResponse answer = get(target);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.headers.get("Content-Type"), "application/json");
    EXPECT_GT(answer.body.size(), 1'000'000U);
    const auto json = codec::JsonDocument::parse(answer.body);
    ASSERT_TRUE(json) << json.error().message;
    ASSERT_EQ(json->root().find("data").size(), 1U);
    for (const codec::JsonValue trace : json->root().find("data").elements()) {
      EXPECT_EQ(trace.find("spans").size(), kSpansOfLargeTrace);
    }
  }
}

TEST_F(JaegerOverHttp, EscapedServiceNamesAreOneSegment) {
  EXPECT_EQ(get("/api/services/a%2Fb%20c/operations").body,
            R"({"data":["small"],"total":1,"limit":0,"offset":0,"errors":null})");
}

TEST_F(JaegerOverHttp, RefusalsAreJson) {
  const HttpClientResponse answer = get("/api/traces/77");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(get("/api/traces?limit=none").status, 400);
}

}  // namespace
}  // namespace binnacle::interop
