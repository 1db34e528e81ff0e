#include "server/api/jaeger_api.h"

#include "codec/json_document.h"
#include "query/trace/span_builder.h"
#include "server/api/router_client_for_test.h"
#include "store/memory/memory_span_store.h"

#include <gtest/gtest.h>

namespace binnacle {
namespace {

using testing::make_batch;
using testing::RoutedAnswer;
using testing::TestSpan;

// 2023-11-14T22:13:20Z.
constexpr std::uint64_t kNow = 1'700'000'000'000'000'000;

class JaegerApiTest : public ::testing::Test {
 protected:
  void SetUp() override { api_.add_routes(router_); }

  void store(const std::vector<TestSpan>& spans) {
    store_->append({}, make_batch(spans),
                   [](Result<AppendResult> r) { EXPECT_TRUE(r.has_value()); });
  }
  RoutedAnswer ask(HttpMethod method, std::string target, std::string body = {}) {
    return testing::ask(router_, method, std::move(target), std::move(body));
  }
  RoutedAnswer get(std::string target) { return ask(HttpMethod::kGet, std::move(target)); }

  ManualClock clock_{static_cast<std::int64_t>(kNow)};
  std::unique_ptr<SpanStore> store_ = make_memory_span_store(clock_);
  TraceQuery query_{*store_, clock_, {}, nullptr};
  JaegerApi api_{query_, clock_};
  HttpRouter router_;
};

TEST_F(JaegerApiTest, EmptyStoreAnswersAsJaegerDoes) {
  constexpr std::string_view kNone = R"({"data":[],"total":0,"limit":0,"offset":0,"errors":null})";
  EXPECT_EQ(get("/api/services").body, kNone);
  EXPECT_EQ(get("/api/traces?service=a").body, kNone);
  EXPECT_EQ(get("/api/dependencies?endTs=1700000000000&lookback=86400000").body, kNone);
  EXPECT_EQ(get("/api/operations?service=a").body, kNone);
  EXPECT_EQ(get("/api/services/a/operations").body,
            R"({"data":null,"total":0,"limit":0,"offset":0,"errors":null})");
}

TEST_F(JaegerApiTest, ServicesAndOperations) {
  store({{.span = 1, .service = "b", .name = "get \"x\"", .kind = SpanKind::kServer},
         {.span = 2, .service = "a/b", .name = "call", .kind = SpanKind::kClient},
         {.span = 3, .service = "a/b", .name = "call", .kind = SpanKind::kUnspecified}});
  const RoutedAnswer services = get("/api/services");
  EXPECT_EQ(services.status, 200);
  EXPECT_EQ(services.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(services.body, R"({"data":["a/b","b"],"total":2,"limit":0,"offset":0,"errors":null})");
  EXPECT_EQ(get("/api/services/a%2Fb/operations").body,
            R"({"data":["call"],"total":1,"limit":0,"offset":0,"errors":null})");
  EXPECT_EQ(get("/api/operations?service=a%2Fb").body,
            R"({"data":[{"name":"call","spanKind":""},{"name":"call","spanKind":"client"}],)"
            R"("total":2,"limit":0,"offset":0,"errors":null})");
  EXPECT_EQ(get("/api/operations?service=b&spanKind=server").body,
            R"({"data":[{"name":"get \"x\"","spanKind":"server"}],"total":1,"limit":0,"offset":0,)"
            R"("errors":null})");
}

TEST_F(JaegerApiTest, PrettyPrintIndents) {
  EXPECT_EQ(get("/api/services?prettyPrint=true").body,
            "{\n    \"data\": [],\n    \"total\": 0,\n    \"limit\": 0,\n    \"offset\": 0,\n"
            "    \"errors\": null\n}");
  EXPECT_EQ(get("/api/services?prettyPrint=false").body,
            R"({"data":[],"total":0,"limit":0,"offset":0,"errors":null})");
}

TEST_F(JaegerApiTest, UnknownTraceIs404WithJaegersError) {
  const RoutedAnswer answer = get("/api/traces/123456");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body, R"({"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,)"
                         R"("msg":"trace not found"}]})");
}

TEST_F(JaegerApiTest, TraceById) {
  store({{.trace = 0x1234, .span = 1, .service = "a", .start_ns = kNow - 5'000},
         {.trace = 0x1234, .span = 2, .parent = 9, .service = "b", .start_ns = kNow - 4'000}});
  const RoutedAnswer answer = get("/api/traces/1234?raw=true&start=1&end=2");
  ASSERT_EQ(answer.status, 200);
  const auto json = codec::JsonDocument::parse(answer.body);
  ASSERT_TRUE(json) << answer.body;
  const auto data = json->root().find("data");
  ASSERT_EQ(data.size(), 1U);
  for (const auto trace : data.elements()) {
    EXPECT_EQ(trace.find("traceID").string(), "0000000000001234");
    EXPECT_EQ(trace.find("spans").size(), 2U);
    EXPECT_EQ(trace.find("processes").size(), 2U);
    EXPECT_EQ(trace.find("warnings").size(), 1U);
  }
  EXPECT_TRUE(json->root().find("errors").is_null());
}

TEST_F(JaegerApiTest, SearchByIdsReportsTheMissing) {
  store({{.trace = 1, .span = 1}});
  const RoutedAnswer answer = get("/api/traces?traceID=1&traceID=2");
  EXPECT_EQ(answer.status, 200);
  const auto json = codec::JsonDocument::parse(answer.body);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->root().find("data").size(), 1U);
  EXPECT_NE(
      answer.body.find(R"("errors":[{"msg":"trace not found","traceID":"0000000000000002"}])"),
      std::string::npos)
      << answer.body;
}

TEST_F(JaegerApiTest, SearchAppliesEveryFilter) {
  const std::uint64_t hour = 3'600'000'000'000;
  store({{.trace = 1,
          .span = 1,
          .service = "a",
          .name = "x",
          .start_ns = kNow - hour,
          .duration_ns = 5'000'000,
          .status = StatusCode::kError,
          .tags = {{"k", "v"}}},
         {.trace = 2,
          .span = 2,
          .service = "a",
          .name = "y",
          .start_ns = kNow - 2 * hour,
          .duration_ns = 1'000'000},
         {.trace = 3, .span = 3, .service = "b", .name = "x", .start_ns = kNow - 49 * hour}});
  const auto ids = [&](const std::string& parameters) {
    const RoutedAnswer answer = get("/api/traces?" + parameters);
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto json = codec::JsonDocument::parse(answer.body);
    std::string out;
    for (const auto trace : json->root().find("data").elements()) {
      out += trace.find("traceID").string().back();
    }
    return out;
  };
  EXPECT_EQ(ids("service=a"), "12");
  EXPECT_EQ(ids("service=a&limit=1"), "1");
  EXPECT_EQ(ids("service=a&operation=y"), "2");
  EXPECT_EQ(ids("service=a&minDuration=2ms"), "1");
  EXPECT_EQ(ids("service=a&maxDuration=1ms"), "2");
  EXPECT_EQ(ids("service=a&tags=%7B%22error%22%3A%22true%22%7D"), "1");
  EXPECT_EQ(ids("service=a&tag=error:false"), "2");
  EXPECT_EQ(ids("tag=k:v"), "1");
  EXPECT_EQ(ids("service=b"), "");
  EXPECT_EQ(ids("service=b&start=1"), "3");
  EXPECT_EQ(ids("service=c"), "");
}

TEST_F(JaegerApiTest, DependenciesFilterByService) {
  store({{.trace = 1, .span = 1, .service = "a", .start_ns = kNow - 5'000},
         {.trace = 1, .span = 2, .parent = 1, .service = "b", .start_ns = kNow - 4'000},
         {.trace = 1, .span = 3, .parent = 2, .service = "c", .start_ns = kNow - 3'000}});
  EXPECT_EQ(get("/api/dependencies?lookback=604800000").body,
            R"({"data":[{"parent":"a","child":"b","callCount":1},)"
            R"({"parent":"b","child":"c","callCount":1}],"total":0,"limit":0,"offset":0,)"
            R"("errors":null})");
  EXPECT_EQ(get("/api/dependencies?service=a").body,
            R"({"data":[{"parent":"a","child":"b","callCount":1}],"total":0,"limit":0,"offset":0,)"
            R"("errors":null})");
  EXPECT_EQ(get("/api/dependencies?endTs=1&lookback=99").body,
            R"({"data":[],"total":0,"limit":0,"offset":0,"errors":null})");
}

TEST_F(JaegerApiTest, BadParametersAre400WithOneError) {
  for (const char* target :
       {"/api/traces?limit=x", "/api/traces?start=x", "/api/traces/chumbawumba!",
        "/api/traces/1?raw=x", "/api/traces/1?start=x", "/api/operations",
        "/api/operations?service=a&spanKind=x", "/api/dependencies?endTs=x",
        "/api/dependencies?lookback=-1"}) {
    const RoutedAnswer answer = get(target);
    EXPECT_EQ(answer.status, 400) << target;
    const auto json = codec::JsonDocument::parse(answer.body);
    ASSERT_TRUE(json) << target;
    ASSERT_EQ(json->root().find("errors").size(), 1U) << target;
    for (const auto error : json->root().find("errors").elements()) {
      EXPECT_EQ(error.find("code").number_text(), "400") << target;
      EXPECT_FALSE(error.find("msg").string().empty()) << target;
    }
  }
}

TEST_F(JaegerApiTest, WhatIsNotThereSaysSo) {
  EXPECT_EQ(get("/api/metrics/latencies?service=a&quantile=0.95").status, 501);
  EXPECT_EQ(ask(HttpMethod::kPost, "/api/archive/1").status, 501);
}

TEST_F(JaegerApiTest, TransformShowsOtlpWithoutStoringIt) {
  const RoutedAnswer answer =
      ask(HttpMethod::kPost, "/api/transform", R"({"resourceSpans":[{"resource":
      {"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeSpans":[{"spans":[
      {"traceId":"00000000000000000000000000000001","spanId":"0000000000000002","name":"op",
       "startTimeUnixNano":"1000","endTimeUnixNano":"2000"}]}]}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(answer.body.find(R"("operationName":"op")"), std::string::npos);
  EXPECT_EQ(get("/api/services").body,
            R"({"data":[],"total":0,"limit":0,"offset":0,"errors":null})");
  const RoutedAnswer bad = ask(HttpMethod::kPost, "/api/transform", "{");
  EXPECT_EQ(bad.status, 400);
  EXPECT_NE(bad.body.find("cannot unmarshal OTLP"), std::string::npos);
}

TEST_F(JaegerApiTest, LargeAnswersLeaveInPieces) {
  std::vector<TestSpan> spans;
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    spans.push_back({.trace = 1 + i % 3, .span = 1 + i, .start_ns = kNow - 1'000'000 + i});
  }
  store(spans);
  const RoutedAnswer answer = get("/api/traces?service=frontend");
  ASSERT_EQ(answer.status, 200);
  const auto json = codec::JsonDocument::parse(answer.body);
  ASSERT_TRUE(json) << json.error().message;
  std::size_t total = 0;
  for (const auto trace : json->root().find("data").elements()) {
    total += trace.find("spans").size();
  }
  EXPECT_EQ(total, 3'000U);
}

TEST_F(JaegerApiTest, V3TracesAreOtlp) {
  store({{.trace = 1, .span = 1, .service = "a", .start_ns = 1'485'449'191'000'000'000},
         {.trace = 2, .span = 2, .service = "a", .start_ns = 1'485'449'192'000'000'000}});
  const RoutedAnswer one =
      get("/api/v3/traces/1?start_time=2017-01-26T17:46:31+01:00&raw_traces=true");
  ASSERT_EQ(one.status, 200) << one.body;
  auto json = codec::JsonDocument::parse(one.body);
  ASSERT_TRUE(json);
  EXPECT_EQ(json->root().find("result").find("resourceSpans").size(), 1U);
  EXPECT_NE(one.body.find(R"("traceId":"00000000000000000000000000000001")"), std::string::npos);

  const RoutedAnswer both =
      get("/api/v3/traces?query.service_name=a&query.start_time_min=2017-01-26T00:00:00Z"
          "&query.start_time_max=2017-01-27T00:00:00Z");
  ASSERT_EQ(both.status, 200) << both.body;
  json = codec::JsonDocument::parse(both.body);
  ASSERT_TRUE(json) << both.body;
  EXPECT_EQ(json->root().find("result").find("resourceSpans").size(), 2U);
}

TEST_F(JaegerApiTest, V3WithoutTracesIs404) {
  const RoutedAnswer none = get("/api/v3/traces/1");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.body, R"({"error":{"httpCode":404,"message":"No traces found"}})");
  EXPECT_EQ(get("/api/v3/traces/x%20y").status, 400);
  EXPECT_EQ(get("/api/v3/traces/1?start_time=noon").status, 400);
}

TEST_F(JaegerApiTest, V3ListsAndSummaries) {
  store({{.trace = 1,
          .span = 1,
          .service = "a",
          .name = "root",
          .start_ns = 1'485'449'191'000'000'000,
          .duration_ns = 1'000,
          .kind = SpanKind::kServer},
         {.trace = 1,
          .span = 2,
          .parent = 1,
          .service = "a",
          .name = "child",
          .start_ns = 1'485'449'191'000'000'100,
          .duration_ns = 100,
          .kind = SpanKind::kUnspecified,
          .status = StatusCode::kError}});
  EXPECT_EQ(get("/api/v3/services").body, R"({"services":["a"]})");
  EXPECT_EQ(get("/api/v3/operations?service=a").body,
            R"({"operations":[{"name":"child","spanKind":"internal"},)"
            R"({"name":"root","spanKind":"server"}]})");
  const RoutedAnswer summaries =
      get("/api/v3/trace-summaries?query.serviceName=a&query.startTimeMin=2017-01-26T00:00:00Z"
          "&query.startTimeMax=2017-01-27T00:00:00Z");
  EXPECT_EQ(summaries.body,
            R"({"summaries":[{"traceId":"00000000000000000000000000000001","rootServiceName":"a",)"
            R"("rootOperationName":"root","minStartTimeUnixNano":"1485449191000000000",)"
            R"("maxEndTimeUnixNano":"1485449191000001000","spanCount":2,"errorSpanCount":1,)"
            R"("services":[{"name":"a","spanCount":2,"errorSpanCount":1}]}]})");
  const RoutedAnswer bad = get("/api/v3/trace-summaries?query.serviceName=a");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.body,
            R"({"error":{"httpCode":400,"message":"query.startTimeMin and query.startTimeMax are )"
            R"(required"}})");
}

}  // namespace
}  // namespace binnacle
