#include "io/net/grpc_client_for_test.h"
#include "io/net/raw_client_for_test.h"
#include "io/net/rpc_status.h"
#include "server/receive/otlp_grpc_receiver.h"
#include "server/receive/receive_fixture_for_test.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

namespace binnacle {
namespace {

constexpr const char* kExport = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

class GrpcReceiveTest : public ReceiveTest {
 protected:
  void SetUp() override {
    receiver_.add_methods(server_);
    server_.listen({.name = "otlp_grpc"});
    const auto ports = server_.start();
    ASSERT_TRUE(ports) << ports.error().message;
    port_ = ports->at(0);
    client_ = std::make_unique<GrpcTestClient>(port_);
  }

  SpanIngest ingest_{store_, {}, clock_};
  OtlpGrpcReceiver receiver_{ingest_};
  GrpcServer server_{{.message_limit_bytes = 1'000'000}, clock_};
  std::uint16_t port_ = 0;
  std::unique_ptr<GrpcTestClient> client_;
};

TEST_F(GrpcReceiveTest, RecordedMessageIsStoredPlainAndGzipped) {
  const std::string message = golden("otlp.pb");
  for (const auto compression : {GRPC_COMPRESS_NONE, GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    const GrpcAnswer answer = client_->call(kExport, message, compression);
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_EQ(answer.message, "");
  }
  EXPECT_EQ(stored_spans(), 12U);
  EXPECT_EQ(stored_names(kRecordedTrace), "GET /käse/{id};SELECT 世界;publish;;");
}

TEST_F(GrpcReceiveTest, RecordedClientStreamIsStored) {
  RawClient client(port_);
  client.send(golden("otlp_grpc_h2c.raw"));
  // What comes back are HTTP/2 frames; the client's end ends the connection after the answer.
  while (stored_spans() < 4) std::this_thread::yield();
  client.shutdown_send();
  const std::string frames = client.read_to_end();
  EXPECT_EQ(stored_names(kRecordedTrace), "GET /käse/{id};SELECT 世界;publish;;");
  // The server's SETTINGS frame (type 4, stream 0) comes first.
  ASSERT_GT(frames.size(), 9U);
  EXPECT_EQ(frames[3], 4);
}

TEST_F(GrpcReceiveTest, BrokenMessagesAreInvalidArgumentAndStoreNothing) {
  const GrpcAnswer answer = client_->call(kExport, golden("otlp.pb").substr(0, 1000));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(answer.status.error_message().find("byte"), std::string::npos)
      << answer.status.error_message();
  EXPECT_EQ(stored_spans(), 0U);
}

TEST_F(GrpcReceiveTest, OverloadCarriesRetryInfo) {
  const Error full{ErrorCode::kUnavailable, "disk full", 7 * kNanosPerSecond};
  store_.refuse_with(full);
  const GrpcAnswer answer = client_->call(kExport, golden("otlp.pb"));
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(answer.status.error_details(), encode_rpc_status(full));
}

TEST_F(GrpcReceiveTest, OversizedMessagesAreNotRetryable) {
  const GrpcAnswer plain = client_->call(kExport, std::string(1'000'001, '\0'));
  EXPECT_EQ(plain.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(plain.status.error_details(), "");
  const GrpcAnswer bomb = client_->call(kExport, std::string(30'000'000, '\0'), GRPC_COMPRESS_GZIP);
  EXPECT_EQ(bomb.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(bomb.status.error_details(), "");
}

TEST_F(GrpcReceiveTest, DeadlineReachesTheStore) {
  ASSERT_TRUE(client_->call(kExport, golden("otlp.pb"), GRPC_COMPRESS_NONE, 3000).status.ok());
  const std::int64_t left_ns = store_.last_context().deadline_steady_ns - clock_.steady_now_ns();
  // gRPC sends timeouts in units of at least 1% and rounds up.
  EXPECT_LE(left_ns, 3 * kNanosPerSecond + 3 * kNanosPerSecond / 50);
  EXPECT_GT(left_ns, -kNanosPerSecond);
}

TEST_F(GrpcReceiveTest, PartialSuccessNamesTheFirstReason) {
  // resource_spans { scope_spans { spans { trace_id: 16 zero bytes, span_id: 8 bytes } } }.
  std::string span = "\x0a\x10" + std::string(16, '\0') + "\x12\x08" + std::string(8, 'x');
  const auto wrap = [](const std::string& inner, char tag) {
    return std::string{tag, static_cast<char>(inner.size())} + inner;
  };
  const GrpcAnswer answer = client_->call(kExport, wrap(wrap(wrap(span, '\x12'), '\x12'), '\x0a'));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  ASSERT_GT(answer.message.size(), 6U);
  EXPECT_EQ(answer.message[0], '\x0a');
  EXPECT_EQ(answer.message.substr(2, 3), "\x08\x01\x12");
  EXPECT_EQ(stored_spans(), 0U);
}

TEST_F(GrpcReceiveTest, MetricsAndLogsAreUnimplementedWithTheRemedy) {
  const GrpcAnswer metrics =
      client_->call("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "");
  EXPECT_EQ(metrics.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_NE(metrics.status.error_message().find("OTEL_METRICS_EXPORTER=none"), std::string::npos);
  const GrpcAnswer logs =
      client_->call("/opentelemetry.proto.collector.logs.v1.LogsService/Export", "");
  EXPECT_EQ(logs.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace binnacle
