#include "sdk/grpc_server_for_test.h"
#include "sdk/http_server_for_test.h"
#include "sdk/recording_for_test.h"
#include "sdk/tick_clock.h"

#include <binnacle/config.h>
#include <binnacle/metrics.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

// Collectors that are up, and worse than down: slow, endless, in another language, or leading
// elsewhere. With export_test.cpp and grpc_export_test.cpp, which have the plain failures.

namespace binnacle::sdk {
namespace {

using Manner = Answer::Manner;

Config config_for(const std::string& url, Protocol protocol = Protocol::kHttpProtobuf) {
  Config config = Recording::quiet_config();
  config.exporters = {ExporterConfig().with_endpoint(url).with_protocol(protocol)};
  config.exporters[0].timeout_ms = 300;
  return config;
}

/// One span to a collector that misbehaves once: whether it arrives, and at which cost.
struct Attempt {
  bool is_delivered = false;
  std::uint64_t exported = 0;
  std::uint64_t failed = 0;
};

Attempt send_one(Config config) {
  config.exporters[0].takes_metrics = false;  // other tests' instruments live on
  const SdkStats before = sdk_stats();
  Attempt attempt;
  if (!init_observability(config)) return attempt;
  start_span("one").end();
  attempt.is_delivered = force_flush(8000);
  shutdown(1000);
  attempt.exported = sdk_stats().spans_exported - before.spans_exported;
  attempt.failed = sdk_stats().dropped_export_failed - before.dropped_export_failed;
  return attempt;
}

TEST(HostileCollectorTest, ARequestThatIsAnsweredTooSlowlyIsMadeAgain) {
  for (const Manner manner : {Manner::kDrip, Manner::kEndlessHead, Manner::kHang}) {
    HttpServerForTest server([&](int n) { return Answer{.manner = n == 0 ? manner : Manner{}}; });
    const Attempt attempt = send_one(config_for(server.base_url()));
    EXPECT_TRUE(attempt.is_delivered) << static_cast<int>(manner);
    EXPECT_EQ(attempt.exported, 1U);
    EXPECT_EQ(server.requests().size(), 2U);
  }
}

TEST(HostileCollectorTest, ACallThatIsAnsweredTooSlowlyIsMadeAgain) {
  for (const GrpcReply::Manner manner : {GrpcReply::Manner::kDrip, GrpcReply::Manner::kHang}) {
    GrpcServerForTest server(
        [&](int n) { return GrpcReply{.manner = n == 0 ? manner : GrpcReply::Manner{}}; });
    const Attempt attempt = send_one(config_for(server.url(), Protocol::kGrpc));
    EXPECT_TRUE(attempt.is_delivered) << static_cast<int>(manner);
    EXPECT_EQ(attempt.exported, 1U);
    EXPECT_EQ(server.calls().size(), 2U);
  }
}

TEST(HostileCollectorTest, WhatIsNoHttpIsRefusedAtOnce) {
  HttpServerForTest server([](int) { return Answer{.manner = Manner::kNotHttp}; });
  const std::int64_t before_ns = monotonic_ns();
  const Attempt attempt = send_one(config_for(server.base_url()));
  EXPECT_FALSE(attempt.is_delivered);
  EXPECT_EQ(attempt.failed, 1U);
  EXPECT_LT(monotonic_ns() - before_ns, 7'000'000'000);  // not by the flush's deadline
}

TEST(HostileCollectorTest, BrokenHttp2IsTriedAgain) {
  for (const GrpcReply::Manner manner :
       {GrpcReply::Manner::kNotHttp2, GrpcReply::Manner::kBadFrame}) {
    GrpcServerForTest server(
        [&](int n) { return GrpcReply{.manner = n == 0 ? manner : GrpcReply::Manner{}}; });
    const Attempt attempt = send_one(config_for(server.url(), Protocol::kGrpc));
    EXPECT_TRUE(attempt.is_delivered) << static_cast<int>(manner);
    EXPECT_EQ(attempt.exported, 1U);
  }
}

// Headers may hold keys; they go where they were meant to go and nowhere else.
TEST(HostileCollectorTest, RedirectsAreNotFollowed) {
  HttpServerForTest elsewhere;
  for (const int status : {301, 302, 307, 308}) {
    HttpServerForTest server([&](int) {
      return Answer{.status = status, .headers = "Location: " + elsewhere.url() + "\r\n"};
    });
    Config config = config_for(server.base_url());
    config.exporters[0].with_header("x-api-key", "secret");
    EXPECT_FALSE(send_one(config).is_delivered) << status;
  }
  EXPECT_EQ(elsewhere.connections(), 0);
}

std::size_t count_to(HttpServerForTest& server, const std::string& path) {
  std::size_t count = 0;
  for (const Request& request : server.requests()) {
    if (request.head.starts_with("POST " + path + " ")) ++count;
  }
  return count;
}

void record_all_signals(int i) {
  start_span("s").end();
  create_counter("hostile.counter").add(1);
  emit_log(Severity::kInfo, i);
}

/// The counts of the one destination of this name.
DestinationStats stats_of(const std::string& part_of_name) {
  DestinationStats all[kMaxDestinations];
  const std::size_t count = destination_stats(all, kMaxDestinations);
  for (std::size_t i = 0; i < count && i < kMaxDestinations; ++i) {
    if (std::string(all[i].name).find(part_of_name) != std::string::npos) return all[i];
  }
  return {};
}

TEST(HostileCollectorTest, EverySignalIsPatient) {
  HttpServerForTest server([](int n) { return Answer{.status = n < 3 ? 503 : 200}; });
  ASSERT_TRUE(init_observability(config_for(server.base_url())));
  record_all_signals(1);
  EXPECT_TRUE(force_flush(20'000));
  const DestinationStats stats = stats_of(server.base_url());
  EXPECT_EQ(stats.traces.exported, 1U);
  EXPECT_GE(stats.metrics.exported, 1U);  // other tests' instruments live on
  EXPECT_EQ(stats.logs.exported, 1U);
  EXPECT_EQ(stats.retries, 3U);
  shutdown(1000);
}

TEST(HostileCollectorTest, NoSignalHoldsUpTheEnd) {
  HttpServerForTest server([](int) { return Answer{.manner = Manner::kHang}; });
  Config config = config_for(server.base_url());
  config.exporters[0].timeout_ms = 60'000;
  ASSERT_TRUE(init_observability(config));
  record_all_signals(1);
  const std::int64_t before_ns = monotonic_ns();
  EXPECT_FALSE(shutdown(300));
  EXPECT_LT(monotonic_ns() - before_ns, 2'000'000'000);
  EXPECT_TRUE(await_end_of_run());
  const DestinationStats stats = stats_of(server.base_url());
  for (const SignalStats* signal : {&stats.traces, &stats.metrics, &stats.logs}) {
    EXPECT_GE(signal->encoded, 1U);
    EXPECT_EQ(signal->dropped_at_shutdown, signal->encoded);
    EXPECT_EQ(signal->inflight, 0U);
  }
}

TEST(HostileCollectorTest, ADripOfAnswersHoldsUpNobodyWhoRecords) {
  HttpServerForTest server([](int) { return Answer{.manner = Manner::kDrip}; });
  Config config = config_for(server.base_url());
  config.queue_limit_bytes = 64 << 10;
  const SdkStats before = sdk_stats();
  ASSERT_TRUE(init_observability(config));
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 200; ++i) record_all_signals(i);
    force_flush(1);
  }
  // Swept up all the same: what is full is the queue, never the memory that spans are recorded in.
  EXPECT_EQ(sdk_stats().dropped_no_memory, before.dropped_no_memory);
  EXPECT_GT(count_to(server, "/v1/traces") + count_to(server, "/v1/logs"), 0U);
  EXPECT_FALSE(shutdown(300));
  EXPECT_TRUE(await_end_of_run());
  EXPECT_LE(sdk_stats().memory_bytes, 16U << 20U);
}

}  // namespace
}  // namespace binnacle::sdk
