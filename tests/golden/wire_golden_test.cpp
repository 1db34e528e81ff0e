// Bodies as real senders wrote them (tests/golden/wire/<sender>/body.*), and the spans that they
// mean (spans.txt beside them). To accept a change after reading it: BINNACLE_UPDATE_GOLDEN=1.

#include "tests/golden/span_batch_text.h"
#include "wire/datadog/decode.h"
#include "wire/jaeger/decode.h"
#include "wire/jaeger/json_encode.h"
#include "wire/otlp/decode.h"
#include "wire/otlp/encode.h"
#include "wire/zipkin/json_decode.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

namespace binnacle::golden {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = fs::path(BINNACLE_SOURCE_DIR) / "tests/golden/wire";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct Sender {
  const char* folder;
  const char* body;
  std::function<Result<DecodedSpans>(const std::string&)> decode;
};

constexpr datadog::Sender kDdTrace{.language = "nodejs",
                                   .language_version = "v20.20.2",
                                   .interpreter = "v8",
                                   .tracer_version = "5.132.0"};

const Sender kSenders[] = {
    {"otel_js_otlp_protobuf", "body.pb", otlp::decode_protobuf},
    {"otel_js_otlp_json", "body.json", otlp::decode_json},
    {"openinference_otlp_protobuf", "body.pb", otlp::decode_protobuf},
    {"otel_js_jaeger_http", "body.thrift", jaeger::decode_thrift_binary},
    {"otel_js_jaeger_udp", "body.thrift", jaeger::decode_thrift_datagram},
    {"jaeger_client_udp", "body.thrift", jaeger::decode_thrift_datagram},
    {"otel_js_zipkin", "body.json", zipkin::decode_json},
    {"zipkin_js", "body.json", zipkin::decode_json},
    {"dd_trace_v04", "body.msgpack",
     [](const std::string& body) { return datadog::decode_msgpack(body, kDdTrace); }},
    {"dd_trace_native_events", "body.msgpack",
     [](const std::string& body) { return datadog::decode_msgpack(body, kDdTrace); }},
    {"dd_trace_v05", "body.msgpack",
     [](const std::string& body) { return datadog::decode_string_table(body, kDdTrace); }},
};

class WireGolden : public testing::TestWithParam<Sender> {
 protected:
  static DecodedSpans decoded() {
    auto spans = GetParam().decode(read(kFolder / GetParam().folder / GetParam().body));
    EXPECT_TRUE(spans) << spans.error().message;
    return spans ? std::move(*spans) : DecodedSpans{};
  }
};

TEST_P(WireGolden, MeansTheseSpans) {
  const DecodedSpans spans = decoded();
  ASSERT_TRUE(spans.batch.validate());
  EXPECT_EQ(spans.rejected, 0U) << spans.first_reason;
  const std::string text = span_batch_text(spans.batch);
  const fs::path expected = kFolder / GetParam().folder / "spans.txt";
  if (std::getenv("BINNACLE_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << text;
  EXPECT_EQ(text, read(expected));
}

// Sent on as OTLP, in either form, they mean the same.
TEST_P(WireGolden, MeansTheSameWhenSentOn) {
  const DecodedSpans spans = decoded();
  const auto protobuf = otlp::decode_protobuf(otlp::encode_protobuf(spans.batch));
  ASSERT_TRUE(protobuf) << protobuf.error().message;
  const auto json = otlp::decode_json(otlp::encode_json(spans.batch));
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(span_batch_text(protobuf->batch), span_batch_text(json->batch));
  EXPECT_EQ(protobuf->batch.size(), spans.batch.size());
}

// Shown as Jaeger JSON and imported again, they are as many and the model is stable.
TEST_P(WireGolden, SurvivesJaegersJson) {
  const DecodedSpans spans = decoded();
  const auto once = jaeger::decode_json(jaeger::encode_traces(spans.batch));
  ASSERT_TRUE(once) << once.error().message;
  EXPECT_EQ(once->batch.size(), spans.batch.size());
  const auto twice = jaeger::decode_json(jaeger::encode_traces(once->batch));
  ASSERT_TRUE(twice) << twice.error().message;
  EXPECT_EQ(span_batch_text(twice->batch), span_batch_text(once->batch));
}

INSTANTIATE_TEST_SUITE_P(Captured, WireGolden, testing::ValuesIn(kSenders),
                         [](const auto& sender) { return std::string(sender.param.folder); });

// The exporters of one SDK sent the same spans as protobuf and as JSON; JSON cannot say everything.
TEST(WireGoldenPair, ProtobufAndJsonOfOneSenderAgreeUpToJavaScriptsNumbers) {
  const auto protobuf = otlp::decode_protobuf(read(kFolder / "otel_js_otlp_protobuf/body.pb"));
  const auto json = otlp::decode_json(read(kFolder / "otel_js_otlp_json/body.json"));
  ASSERT_TRUE(protobuf && json);
  ASSERT_EQ(protobuf->batch.size(), json->batch.size());
  for (std::size_t i = 0; i < json->batch.size(); ++i) {
    const SpanRow a = protobuf->batch.row(i);
    const SpanRow b = json->batch.row(i);
    EXPECT_EQ(a.trace_id, b.trace_id);
    EXPECT_EQ(a.span_id, b.span_id);
    EXPECT_EQ(a.start_unix_ns, b.start_unix_ns);
    EXPECT_EQ(a.end_unix_ns, b.end_unix_ns);
    EXPECT_EQ(a.flags, b.flags);
    EXPECT_EQ(protobuf->batch.attributes_of(i).size(), json->batch.attributes_of(i).size());
    EXPECT_EQ(protobuf->batch.events_of(i).size(), json->batch.events_of(i).size());
    EXPECT_EQ(protobuf->batch.links_of(i).size(), json->batch.links_of(i).size());
  }
}

// Bad input: every truncation and every flipped bit is an error that says where, or a valid batch.
TEST_P(WireGolden, NoDamageGetsThrough) {
  const std::string body = read(kFolder / GetParam().folder / GetParam().body);
  const auto check = [&](const std::string& damaged, std::size_t at) {
    const auto spans = GetParam().decode(damaged);
    if (spans) {
      ASSERT_TRUE(spans->batch.validate()) << at;
    } else {
      ASSERT_EQ(spans.error().code, ErrorCode::kInvalidArgument) << at;
      ASSERT_NE(spans.error().message.find("at byte "), std::string::npos) << spans.error().message;
    }
  };
  for (std::size_t n = 0; n < body.size(); n += n < 2048 ? 1 : 3) check(body.substr(0, n), n);
  // Every bit of the first half kilobyte, then every 29th: all of them take half a minute under
  // sanitizers, and formats repeat themselves.
  for (std::size_t bit = 0; bit < body.size() * 8; bit += bit < 4096 ? 1 : 29) {
    std::string damaged = body;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    check(damaged, bit / 8);
  }
}

}  // namespace
}  // namespace binnacle::golden
