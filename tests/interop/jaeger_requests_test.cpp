// Every request that jaeger-ui and Grafana's Jaeger data source make
// (docs/reference/jaeger_api.md), from jaeger_requests.json, against a store with the spans of
// jaeger_spans.json.

#include "codec/json_document.h"
#include "server/api/jaeger_api.h"
#include "server/api/router_client_for_test.h"
#include "store/memory/memory_span_store.h"
#include "tests/interop/json_shape.h"
#include "wire/otlp/decode.h"

#include <gtest/gtest.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace binnacle::interop {
namespace {

// A second after the newest span of jaeger_spans.json.
constexpr std::int64_t kNow = 1'700'000'001'000'000'000;

std::string read(const std::string& name) {
  std::ifstream in(std::string(BINNACLE_SOURCE_DIR "/tests/interop/") + name, std::ios::binary);
  EXPECT_TRUE(in) << name;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class JaegerRequests : public ::testing::Test {
 protected:
  void SetUp() override {
    api_.add_routes(router_);
    auto spans = otlp::decode_json(read("jaeger_spans.json"));
    ASSERT_TRUE(spans) << spans.error().message;
    ASSERT_EQ(spans->rejected, 0U);
    store_->append({}, std::move(spans->batch), [](Result<AppendResult> r) {
      ASSERT_TRUE(r.has_value());
      EXPECT_EQ(r->spans, 4U);
    });
  }

  // "GET /api/x?y": method and target.
  testing::RoutedAnswer send(std::string_view request, std::string_view body) {
    const std::size_t blank = request.find(' ');
    const auto method = request.substr(0, blank) == "POST" ? HttpMethod::kPost : HttpMethod::kGet;
    return testing::ask(router_, method, std::string(request.substr(blank + 1)), std::string(body));
  }

  void check(codec::JsonValue expected) {
    const auto request = expected.find("request").string();
    SCOPED_TRACE(std::string(expected.find("who").string()) + ": " + std::string(request));
    const auto answer = send(request, expected.find("body").string());
    EXPECT_EQ(std::to_string(answer.status), expected.find("status").number_text()) << answer.body;
    EXPECT_EQ(answer.headers.get("Content-Type"), "application/json");
    const auto json = codec::JsonDocument::parse(answer.body);
    ASSERT_TRUE(json) << answer.body;
    EXPECT_EQ(misfit(json->root(), expected.find("shape")), "") << answer.body;
    if (expected.find("exact").is_string()) {
      EXPECT_EQ(answer.body, expected.find("exact").string());
    }
    for (const codec::JsonValue text : expected.find("contains").elements()) {
      EXPECT_NE(answer.body.find(text.string()), std::string::npos)
          << "no " << text.string() << " in " << answer.body;
    }
    for (const codec::JsonMember& count : expected.find("counts").members()) {
      EXPECT_EQ(std::to_string(json->root().find(count.name).size()), count.value.number_text())
          << "elements of " << count.name << " in " << answer.body;
    }
  }

  ManualClock clock_{kNow};
  std::unique_ptr<SpanStore> store_ = make_memory_span_store(clock_);
  TraceQuery query_{*store_, clock_, {}, nullptr};
  JaegerApi api_{query_, clock_};
  HttpRouter router_;
};

TEST_F(JaegerRequests, EveryRecordedRequestIsAnsweredAsItsSenderExpects) {
  const auto requests = codec::JsonDocument::parse(read("jaeger_requests.json"));
  ASSERT_TRUE(requests) << requests.error().message;
  EXPECT_GE(requests->root().size(), 39U);
  for (const codec::JsonValue expected : requests->root().elements()) check(expected);
}

TEST(JsonShape, NamesTheFirstMisfit) {
  const auto shape = codec::JsonDocument::parse(
      R"({"a":["string"],"b":"number|null","c?":"boolean","d":{"e":"any"}})");
  const auto check = [&](std::string text) {
    const auto value = codec::JsonDocument::parse(std::move(text));
    return misfit(value->root(), shape->root());
  };
  EXPECT_EQ(check(R"({"a":["x"],"b":null,"d":{"e":[]},"more":1})"), "");
  EXPECT_EQ(check(R"({"a":["x",1],"b":null,"d":{"e":1}})"), "$.a[1] is a number, not string");
  EXPECT_EQ(check(R"({"a":[],"b":"","d":{"e":1}})"), "$.b is a string, not number|null");
  EXPECT_EQ(check(R"({"a":[],"b":1,"c":1,"d":{"e":1}})"), "$.c is a number, not boolean");
  EXPECT_EQ(check(R"({"a":[],"b":1,"d":{}})"), "$.d.e is missing");
  EXPECT_EQ(check("[]"), "$ is no object");
}

}  // namespace
}  // namespace binnacle::interop
