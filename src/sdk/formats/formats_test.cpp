#include "sdk/formats/datadog_encoder.h"
#include "sdk/formats/decoded_for_test.h"
#include "sdk/formats/finished_span_for_test.h"
#include "sdk/formats/jaeger_thrift_encoder.h"
#include "sdk/formats/otlp_json_encoder.h"
#include "sdk/formats/zipkin_json_encoder.h"
#include "sdk/otlp_encoder.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

// What our encoders write, read by the server's decoders, which follow the formats' specifications
// and know nothing of these encoders.

namespace binnacle::sdk {
namespace {

constexpr std::uint64_t kSeeds = 150;
constexpr std::size_t kSpansPerBatch = 5;

using Spans = std::vector<SpanForTest>;

std::unique_ptr<SpanEncoder> make_encoder(Format format, const std::string& resource) {
  switch (format) {
    case Format::kOtlpProtobuf:
      return std::make_unique<OtlpEncoder>(resource);
    case Format::kOtlpJson:
      return std::make_unique<OtlpJsonEncoder>(resource);
    case Format::kJaeger:
      return std::make_unique<JaegerThriftEncoder>(resource);
    case Format::kZipkin:
      return std::make_unique<ZipkinJsonEncoder>(resource);
    case Format::kDatadog:
      return std::make_unique<DatadogEncoder>(resource);
  }
  return nullptr;
}

std::string encoded(Format format, const Spans& spans,
                    const std::string& resource = resource_for_test()) {
  const std::unique_ptr<SpanEncoder> encoder = make_encoder(format, resource);
  for (const SpanForTest& span : spans) encoder->add(span.finished());
  EXPECT_EQ(encoder->span_count(), spans.size());
  const EncodedBatch batch = encoder->finish();
  EXPECT_EQ(batch.items, spans.size());
  EXPECT_EQ(encoder->span_count(), 0U);
  return std::string(batch.body());
}

Decoded through(Format format, const Spans& spans,
                const std::string& resource = resource_for_test()) {
  return Decoded::from(format, encoded(format, spans, resource));
}

Spans random_spans(std::uint64_t seed) {
  RandomSpans maker(seed);
  Spans spans;
  for (std::size_t i = 0; i < kSpansPerBatch; ++i) spans.push_back(maker.next());
  return spans;
}

/// Through a format, spans mean what they mean through OTLP's protobuf form, which says everything.
void expect_as_otlp(Format format, const Fidelity& fidelity) {
  // What Zipkin has no place for would be seen as the span's own: leave it out.
  const std::string resource =
      resource_for_test({{"service.name", "golden"}, {"service.version", "1"}});
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Spans spans = random_spans(seed);
    ASSERT_EQ(through(format, spans, resource).texts(fidelity),
              through(Format::kOtlpProtobuf, spans, resource).texts(fidelity))
        << "seed " << seed;
  }
}

/// To accept a change after reading it: BINNACLE_UPDATE_GOLDEN=1.
std::string golden_body(Format format, const std::string& file) {
  const auto path = std::filesystem::path(BINNACLE_SOURCE_DIR) / "tests/golden/sdk_formats" / file;
  std::string body = encoded(format, {golden_span(), SpanForTest("")});
  if (std::getenv("BINNACLE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << body;
  }
  std::ifstream in(path, std::ios::binary);
  EXPECT_EQ(body, std::string(std::istreambuf_iterator<char>(in), {})) << path;
  return body;
}

TEST(OtlpJsonEncoderTest, SaysWhatProtobufSays) {
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const Spans spans = random_spans(seed);
    const std::string body = encoded(Format::kOtlpJson, spans);
    EXPECT_EQ(body.find('\n'), std::string::npos);  // a request is a line of a file
    ASSERT_EQ(Decoded::from(Format::kOtlpJson, body).text(),
              through(Format::kOtlpProtobuf, spans).text())
        << "seed " << seed;
  }
}

TEST(OtlpJsonEncoderTest, WritesEverything) {
  const std::string body = golden_body(Format::kOtlpJson, "otlp.json");
  EXPECT_EQ(Decoded::from(Format::kOtlpJson, body).text(),
            through(Format::kOtlpProtobuf, {golden_span(), SpanForTest("")}).text());
}

TEST(JaegerThriftEncoderTest, SaysWhatOtlpSaysInMicroseconds) {
  expect_as_otlp(Format::kJaeger, {.time_unit_ns = 1000});
}

TEST(JaegerThriftEncoderTest, WritesEverything) {
  const Decoded spans =
      Decoded::from(Format::kJaeger, golden_body(Format::kJaeger, "jaeger.thrift"));
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans.service(0), "golden");
  EXPECT_EQ(spans.resource_attribute(0, "host.name"), "deck");
  EXPECT_EQ(spans.resource_attribute(0, "process.pid"), "4321");
  EXPECT_EQ(spans.scope(0), "binnacle");
  EXPECT_EQ(spans.kind(0), 3);
  EXPECT_EQ(spans.status(0), 2);
  EXPECT_EQ(spans.status_message(0), "ran aground");
  EXPECT_EQ(spans.trace_state(0), "vendor=x");
  EXPECT_EQ(spans.attribute(0, "texts"), R"(["a","b\""])");
  EXPECT_EQ(spans.attribute(0, "otel.dropped_attributes_count"), "4");
  EXPECT_EQ(spans.attribute(0, "otel.dropped_events_count"), "5");
  EXPECT_EQ(spans.attribute(0, "otel.dropped_links_count"), "6");
  EXPECT_EQ(spans.attribute(0, "error"), "(absent)");
  EXPECT_EQ(spans.links(0), std::vector<std::string>{"8888888888888888"});
  EXPECT_EQ(spans.kind(1), 0);  // internal spans have no tag
}

TEST(JaegerThriftEncoderTest, ALinkToTheParentStays) {
  SpanForTest span("child");
  span.ids(1, 2, 3);
  SpanContext parent;
  std::memcpy(parent.trace_id.bytes, span.finished().trace_id, 16);
  std::memcpy(parent.span_id.bytes, span.finished().parent_span_id, 8);
  span.link(parent);
  const Decoded spans = through(Format::kJaeger, {span});
  EXPECT_NE(spans.parent(0), "0000000000000000");
  EXPECT_EQ(spans.links(0), std::vector<std::string>{spans.parent(0)});
}

TEST(JaegerThriftEncoderTest, ASenderWithoutANameIsUnknown) {
  EXPECT_EQ(through(Format::kJaeger, {SpanForTest("s")}, "").service(0), "unknown_service");
}

TEST(ZipkinJsonEncoderTest, SaysWhatOtlpSaysAsText) {
  expect_as_otlp(Format::kZipkin, {.has_links = false,
                                   .has_event_attributes = false,
                                   .has_trace_state = false,
                                   .has_value_types = false,
                                   .time_unit_ns = 1000,
                                   .least_duration = 1});
}

TEST(ZipkinJsonEncoderTest, WritesEverything) {
  const Decoded spans = Decoded::from(Format::kZipkin, golden_body(Format::kZipkin, "zipkin.json"));
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans.service(0), "golden");
  EXPECT_EQ(spans.resource_attribute(0, "service.version"), "1.2.3");
  EXPECT_EQ(spans.attribute(0, "process.pid"), "4321");
  EXPECT_EQ(spans.scope(0), "binnacle");
  EXPECT_EQ(spans.status(0), 2);
  EXPECT_EQ(spans.status_message(0), "ran aground");
  EXPECT_EQ(spans.attribute(0, "least"), "-9223372036854775808");
  EXPECT_EQ(spans.attribute(0, "texts"), R"(["a","b\""])");
  EXPECT_EQ(spans.attribute(0, "otel.dropped_links_count"), "6");
  ASSERT_EQ(spans.event_names(0).size(), 2U);
  EXPECT_EQ(spans.event_names(0)[0], R"("retry":{"attempt":2,"why":"slow"})");
  EXPECT_EQ(spans.start_unix_ns(0), 1'800'000'000'000'001'000U);
  EXPECT_EQ(spans.duration_ns(0), 500'000U);
}

TEST(ZipkinJsonEncoderTest, NamesTheOtherSideByTheBestThereIs) {
  const auto body = [](SpanForTest& span, SpanKind kind) {
    return encoded(Format::kZipkin, {span.kind(kind)});
  };
  const auto has = [](const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
  };
  SpanForTest both("s");
  both.attribute("db.name", "orders").attribute("server.address", "pg.local");
  EXPECT_TRUE(has(body(both, SpanKind::kClient), R"("remoteEndpoint":{"serviceName":"pg.local"})"));
  EXPECT_FALSE(has(body(both, SpanKind::kServer), "remoteEndpoint"));
  SpanForTest socket("s");
  socket.attribute("network.peer.port", 5432).attribute("network.peer.address", "::1");
  EXPECT_TRUE(
      has(body(socket, SpanKind::kProducer), R"("remoteEndpoint":{"ipv6":"::1","port":5432})"));
  SpanForTest old("s");
  old.attribute("net.sock.peer.addr", "10.1.2.3");
  EXPECT_TRUE(has(body(old, SpanKind::kClient), R"("remoteEndpoint":{"ipv4":"10.1.2.3"})"));
  SpanForTest pipe("s");
  pipe.attribute("network.peer.address", "/run/pg.sock");
  EXPECT_TRUE(
      has(body(pipe, SpanKind::kClient), R"("remoteEndpoint":{"serviceName":"/run/pg.sock"})"));
  SpanForTest nothing("s");
  EXPECT_FALSE(has(body(nothing, SpanKind::kClient), "remoteEndpoint"));
}

TEST(ZipkinJsonEncoderTest, EachTagStandsOnce) {
  SpanForTest span("s");
  span.attribute("host.name", "own").attribute("otel.scope.name", "theirs");
  span.attribute("error", true).attribute("otel.status_code", "OK");
  span.status(StatusCode::kError, "why");
  const std::string body = encoded(Format::kZipkin, {span});
  for (const std::string_view key :
       {R"("host.name":)", R"("otel.scope.name":)", R"("error":)", R"("otel.status_code":)"}) {
    const std::size_t first = body.find(key);
    EXPECT_NE(first, std::string::npos) << key;
    EXPECT_EQ(body.find(key, first + 1), std::string::npos) << key;
  }
  EXPECT_NE(body.find(R"("host.name":"own")"), std::string::npos);
  EXPECT_NE(body.find(R"("error":"why")"), std::string::npos);
}

TEST(ZipkinJsonEncoderTest, AnErrorThatIsFalseIsNone) {
  SpanForTest span("s");
  span.attribute("error", false);
  EXPECT_EQ(through(Format::kZipkin, {span}).status(0), 0);
  SpanForTest failed("s");
  failed.attribute("error", true);
  EXPECT_EQ(through(Format::kZipkin, {failed}).status(0), 2);
}

TEST(DatadogEncoderTest, SaysWhatOtlpSaysWithNumbersAsDoubles) {
  expect_as_otlp(Format::kDatadog, {.has_value_types = false, .has_integers = false});
}

TEST(DatadogEncoderTest, WritesEverything) {
  const Decoded spans =
      Decoded::from(Format::kDatadog, golden_body(Format::kDatadog, "datadog.msgpack"));
  ASSERT_EQ(spans.size(), 2U);
  const std::size_t i = spans.name(0).empty() ? 1 : 0;
  EXPECT_EQ(spans.name(i), "GET /ships/{id}");
  EXPECT_EQ(spans.service(i), "golden");
  EXPECT_EQ(spans.trace_id(i), "a0a1a2a3a4a5a6a7a8a9aaabacadae01");
  EXPECT_EQ(spans.resource_attribute(i, "deployment.environment.name"), "test");
  EXPECT_EQ(spans.resource_attribute(i, "service.version"), "1.2.3");
  EXPECT_EQ(spans.resource_attribute(i, "service.instance.id"), "4f5b");
  EXPECT_EQ(spans.resource_attribute(i, "host.name"), "deck");
  EXPECT_EQ(spans.resource_attribute(i, "process.pid"), "4321");
  EXPECT_EQ(spans.scope(i), "binnacle");
  EXPECT_EQ(spans.kind(i), 3);
  EXPECT_EQ(spans.status(i), 2);
  EXPECT_EQ(spans.status_message(i), "ran aground");
  EXPECT_EQ(spans.trace_state(i), "vendor=x");
  EXPECT_EQ(spans.attribute(i, "int"), "42");
  EXPECT_EQ(spans.attribute(i, "yes"), "true");
  EXPECT_EQ(spans.attribute(i, "http.response.status_code"), "200");
  EXPECT_EQ(spans.attribute(i, "texts"), R"(["a","b\""])");
  EXPECT_EQ(spans.event_names(i), (std::vector<std::string>{"retry", "exception"}));
  EXPECT_EQ(spans.links(i), std::vector<std::string>{"8888888888888888"});
}

TEST(DatadogEncoderTest, TracesStandTogether) {
  DatadogEncoder encoder(resource_for_test());
  for (std::uint8_t i = 1; i <= 6; ++i) {
    SpanForTest span("s" + std::to_string(i));
    encoder.add(span.ids(static_cast<std::uint8_t>(i % 3 + 1), i).finished());
  }
  const EncodedBatch batch = encoder.finish();
  EXPECT_EQ(batch.items, 6U);
  EXPECT_EQ(batch.traces, 3U);
  EXPECT_EQ(batch.body().substr(0, 2), "\x93\x92");  // three traces, the first of two spans
  const Decoded spans = Decoded::from(Format::kDatadog, std::string(batch.body()));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < spans.size(); ++i) names.push_back(spans.name(i));
  EXPECT_EQ(names, (std::vector<std::string>{"s3", "s6", "s1", "s4", "s2", "s5"}));
}

/// What stands behind a key of a span's map, up to the next key.
bool has_field(const std::string& body, std::string_view key, std::string_view value) {
  const auto text = [](std::string_view s) {
    return std::string(1, static_cast<char>(0xA0U | s.size())).append(s);
  };
  return body.find(text(key) + text(value)) != std::string::npos;
}

TEST(DatadogEncoderTest, OperationAndTypeFollowFromTheAttributes) {
  struct Case {
    SpanKind kind;
    std::vector<std::pair<const char*, const char*>> attributes;
    const char* name;
    const char* type;
  };
  const Case cases[] = {
      {SpanKind::kServer, {{"http.request.method", "GET"}}, "http.server.request", "web"},
      {SpanKind::kClient, {{"http.request.method", "GET"}}, "http.client.request", "http"},
      {SpanKind::kClient, {{"db.system.name", "postgresql"}}, "postgresql.query", "db"},
      {SpanKind::kClient, {{"db.system", "redis"}}, "redis.query", "cache"},
      {SpanKind::kProducer,
       {{"messaging.system", "kafka"}, {"messaging.operation.type", "send"}},
       "kafka.send",
       "custom"},
      {SpanKind::kServer, {{"rpc.system", "grpc"}}, "grpc.server.request", "web"},
      {SpanKind::kClient, {}, "client.request", "http"},
      {SpanKind::kServer, {{"network.protocol.name", "amqp"}}, "amqp.server.request", "web"},
      {SpanKind::kConsumer, {}, "consumer", "custom"},
      {SpanKind::kInternal, {}, "internal", "custom"},
      {SpanKind::kInternal, {{"operation.name", "mine"}, {"span.type", "llm"}}, "mine", "llm"},
  };
  for (const Case& c : cases) {
    SpanForTest span("resource");
    span.kind(c.kind);
    for (const auto& [key, value] : c.attributes) span.attribute(key, value);
    const std::string body = encoded(Format::kDatadog, {span});
    EXPECT_TRUE(has_field(body, "name", c.name)) << c.name;
    EXPECT_TRUE(has_field(body, "type", c.type)) << c.name;
    EXPECT_TRUE(has_field(body, "resource", "resource")) << c.name;
  }
}

TEST(DatadogEncoderTest, AnErrorSaysWhatItsExceptionSays) {
  SpanForTest span("s");
  span.event("exception", 5, {{"exception.type", "E"}, {"exception.message", "m"}});
  span.status(StatusCode::kError, "d");
  const std::string body = encoded(Format::kDatadog, {span});
  EXPECT_TRUE(has_field(body, "error.type", "E"));
  EXPECT_TRUE(has_field(body, "error.message", "m"));
  SpanForTest plain("s");
  plain.status(StatusCode::kError, "d");
  EXPECT_TRUE(has_field(encoded(Format::kDatadog, {plain}), "error.message", "d"));
}

constexpr Format kFormats[] = {Format::kOtlpJson, Format::kJaeger, Format::kZipkin,
                               Format::kDatadog};

TEST(FormatsTest, BatchesFollowEachOther) {
  for (const Format format : kFormats) {
    const auto encoder = make_encoder(format, resource_for_test());
    const auto next = [&] {
      encoder->add(golden_span().finished());
      return std::string(encoder->finish().body());
    };
    const std::string first = next();
    EXPECT_EQ(encoder->byte_count(), 0U);
    EXPECT_EQ(next(), first);
  }
}

TEST(FormatsTest, LargeSpansAndEmptyOnesGoThrough) {
  SpanForTest large("large");
  large.attribute("text", std::string(std::size_t{3} << 20U, '\x01'));
  for (int i = 0; i < 2000; ++i) large.attribute("k" + std::to_string(i), i);
  for (const Format format : kFormats) {
    const Decoded spans = through(format, {large, SpanForTest("")});
    EXPECT_EQ(spans.size(), 2U);
    EXPECT_EQ(spans.attribute(0, "text").size(), std::size_t{3} << 20U);
    EXPECT_EQ(spans.attribute(0, "k1999"), "1999");
  }
}

TEST(FormatsTest, FieldsThatAreBrokenEndTheirSpanAndNothingElse) {
  const SpanForTest whole = golden_span();
  FinishedSpan span = whole.finished();
  const std::string_view fields = span.fields;
  for (const Format format : kFormats) {
    const auto encoder = make_encoder(format, resource_for_test());
    for (std::size_t size = 0; size < fields.size(); ++size) {
      const std::string cut(fields.substr(0, size));
      span.fields = cut;
      encoder->add(span);
    }
    EXPECT_EQ(Decoded::from(format, std::string(encoder->finish().body())).size(), fields.size());
  }
}

}  // namespace
}  // namespace binnacle::sdk
