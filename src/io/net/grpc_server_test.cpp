#include "io/net/grpc_server.h"

#include "io/net/grpc_client_for_test.h"
#include "io/net/rpc_status.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace binnacle {
namespace {

constexpr const char* kEcho = "/test.Service/Echo";

class GrpcServerTest : public ::testing::Test {
 protected:
  void add_echo() {
    add(kEcho, [](GrpcRequest&& call, GrpcResponder responder) {
      responder.finish(std::string(call.message()));
    });
  }
  void add(std::string method, GrpcHandler handler) {
    methods_.emplace_back(std::move(method), std::move(handler));
  }
  void start() {
    server_.emplace(config_, clock_);
    for (auto& [method, handler] : methods_) server_->add_unary(method, std::move(handler));
    server_->listen({.name = "test"});
    const auto ports = server_->start();
    ASSERT_TRUE(ports) << ports.error().message;
    port_ = ports->at(0);
    client_.emplace(port_);
  }

  SystemClock clock_;
  GrpcServerConfig config_;
  std::vector<std::pair<std::string, GrpcHandler>> methods_;
  std::optional<GrpcServer> server_;
  std::uint16_t port_ = 0;
  std::optional<GrpcTestClient> client_;
};

TEST_F(GrpcServerTest, AnswersWithBytesOfAnySize) {
  add_echo();
  start();
  for (const std::size_t size : {0UL, 1UL, 5'000UL, 3'000'000UL}) {
    const std::string message(size, 'm');
    const GrpcAnswer answer = client_->call(kEcho, message);
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_TRUE(answer.message == message) << message.size();
  }
  EXPECT_EQ(server_->probe().calls_ok.value(), 4U);
}

TEST_F(GrpcServerTest, CompressedMessagesAreInflated) {
  add_echo();
  start();
  const std::string message(200'000, 'z');
  for (const auto algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    const GrpcAnswer answer = client_->call(kEcho, message, algorithm);
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
    EXPECT_TRUE(answer.message == message) << message.size();
  }
}

TEST_F(GrpcServerTest, HandlerSeesMetadataDeadlineAndPeer) {
  std::promise<GrpcRequest> seen;
  add(kEcho, [&](GrpcRequest&& call, GrpcResponder responder) {
    seen.set_value(std::move(call));
    responder.finish(std::string());
  });
  start();
  ASSERT_TRUE(client_->call(kEcho, "x", GRPC_COMPRESS_NONE, 5000).status.ok());
  const GrpcRequest call = seen.get_future().get();
  EXPECT_EQ(call.method, kEcho);
  EXPECT_EQ(call.metadata.get("x-tenant"), "t1");
  EXPECT_NE(call.peer.find("127.0.0.1"), std::string::npos);
  const std::int64_t left_ns = call.deadline_steady_ns - call.received_steady_ns;
  EXPECT_GT(left_ns, 0);
  // gRPC sends timeouts in units of at least 1% and rounds up.
  EXPECT_LE(left_ns, 5 * kNanosPerSecond * 102 / 100);
}

TEST_F(GrpcServerTest, ErrorsKeepTheirCodeAndRetryableOnesCarryRetryInfo) {
  const Error overload{ErrorCode::kResourceExhausted, "queue full", 1500 * kNanosPerMilli};
  add("/test.Service/Overload",
      [&](GrpcRequest&&, GrpcResponder responder) { responder.finish(std::unexpected(overload)); });
  add("/test.Service/Bad", [](GrpcRequest&&, GrpcResponder responder) {
    responder.finish(fail(ErrorCode::kInvalidArgument, "span 3: trace_id has 15 bytes"));
  });
  start();
  const GrpcAnswer retry = client_->call("/test.Service/Overload", "");
  EXPECT_EQ(retry.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(retry.status.error_message(), "queue full");
  EXPECT_EQ(retry.status.error_details(), encode_rpc_status(overload));
  const GrpcAnswer bad = client_->call("/test.Service/Bad", "");
  EXPECT_EQ(bad.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(bad.status.error_message(), "span 3: trace_id has 15 bytes");
  EXPECT_EQ(bad.status.error_details(), "");
}

TEST_F(GrpcServerTest, UnknownMethodsNameTheServedOnes) {
  add_echo();
  start();
  const GrpcAnswer answer = client_->call("/test.Service/Other", "x");
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_NE(answer.status.error_message().find(kEcho), std::string::npos);
}

TEST_F(GrpcServerTest, OversizedMessagesAreRefusedCompressedOrNot) {
  config_.message_limit_bytes = 100'000;
  add_echo();
  start();
  const GrpcAnswer plain = client_->call(kEcho, std::string(100'001, 'x'));
  EXPECT_EQ(plain.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  // 50 MB of zeros are 50 KB on the wire.
  const GrpcAnswer bomb = client_->call(kEcho, std::string(50'000'000, '\0'), GRPC_COMPRESS_GZIP);
  EXPECT_EQ(bomb.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(server_->probe().received_bytes.value(), 0U);
  EXPECT_TRUE(client_->call(kEcho, std::string(100'000, 'x')).status.ok());
}

TEST_F(GrpcServerTest, CallsInFlightAreLimited) {
  config_.calls_limit = 1;
  std::promise<GrpcResponder> parked;
  add("/test.Service/Park",
      [&](GrpcRequest&&, GrpcResponder responder) { parked.set_value(std::move(responder)); });
  add_echo();
  start();
  auto first =
      std::async(std::launch::async, [&] { return client_->call("/test.Service/Park", ""); });
  GrpcResponder responder = parked.get_future().get();
  const GrpcAnswer refused = client_->call(kEcho, "");
  EXPECT_EQ(refused.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_NE(refused.status.error_details().find("RetryInfo"), std::string::npos);
  responder.finish(std::string("done"));
  EXPECT_EQ(first.get().message, "done");
  while (server_->probe().calls_in_flight.value() > 0) std::this_thread::yield();
  EXPECT_TRUE(client_->call(kEcho, "").status.ok());
}

TEST_F(GrpcServerTest, CancelFiresWhenTheCallerGivesUp) {
  std::promise<std::pair<CancelToken, GrpcResponder>> parked;
  add(kEcho, [&](GrpcRequest&& call, GrpcResponder responder) {
    parked.set_value({call.cancel, std::move(responder)});
  });
  start();
  grpc::ClientContext context;
  auto call = std::async(std::launch::async, [&] { return client_->call(context, kEcho, "x"); });
  auto [cancel, responder] = parked.get_future().get();
  EXPECT_FALSE(cancel.cancelled());
  context.TryCancel();
  EXPECT_EQ(call.get().status.error_code(), grpc::StatusCode::CANCELLED);
  while (!cancel.cancelled()) std::this_thread::yield();
}

TEST_F(GrpcServerTest, DroppedResponderIsAnInternalError) {
  add(kEcho, [](GrpcRequest&&, GrpcResponder) {});
  start();
  EXPECT_EQ(client_->call(kEcho, "").status.error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(GrpcServerTest, HealthCheckSaysServing) {
  start();
  EXPECT_EQ(client_->call("/grpc.health.v1.Health/Check", "").message, std::string("\x08\x01", 2));
}

TEST_F(GrpcServerTest, TakenPortIsAnErrorThatNamesPortAndSetting) {
  start();
  GrpcServer second({}, clock_);
  second.listen({.name = "otlp_grpc", .port = port_, .setting = "ports.otlp_grpc"});
  const auto ports = second.start();
  ASSERT_FALSE(ports);
  EXPECT_EQ(ports.error().code, ErrorCode::kAlreadyExists);
  EXPECT_NE(ports.error().message.find(std::to_string(port_)), std::string::npos);
  EXPECT_NE(ports.error().message.find("ports.otlp_grpc"), std::string::npos);
}

TEST_F(GrpcServerTest, StopWaitsForRunningCalls) {
  std::promise<GrpcResponder> parked;
  add(kEcho,
      [&](GrpcRequest&&, GrpcResponder responder) { parked.set_value(std::move(responder)); });
  start();
  auto call = std::async(std::launch::async, [&] { return client_->call(kEcho, ""); });
  GrpcResponder responder = parked.get_future().get();
  std::thread stopper([&] { server_->stop(); });
  responder.finish(std::string("finished"));
  EXPECT_EQ(call.get().message, "finished");
  stopper.join();
}

TEST(RpcStatus, IsGooglesMessage) {
  // protoc --decode google.rpc.Status: code: 8, message: "m", RetryInfo{retry_delay{1s 5ns}}.
  EXPECT_EQ(encode_rpc_status({ErrorCode::kResourceExhausted, "m", kNanosPerSecond + 5}),
            std::string("\x08\x08\x12\x01m\x1a\x32\x0a\x28"
                        "type.googleapis.com/google.rpc.RetryInfo"
                        "\x12\x06\x0a\x04\x08\x01\x10\x05"));
  EXPECT_EQ(encode_rpc_status({ErrorCode::kInvalidArgument, "m"}), "\x08\x03\x12\x01m");
}

}  // namespace
}  // namespace binnacle
