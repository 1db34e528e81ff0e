#include "sdk/grpc_server_for_test.h"
#include "sdk/recording_for_test.h"
#include "sdk/tick_clock.h"

#include <binnacle/config.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

// OTLP/gRPC without a gRPC library, against servers that answer well, badly or not at all. That it
// is gRPC at all is shown in tests/e2e against a real server.

namespace binnacle::sdk {
namespace {

using Manner = GrpcReply::Manner;

Config config_for(const GrpcServerForTest& server) {
  Config config = Recording::quiet_config();
  config.exporters = {ExporterConfig().with_endpoint(server.url()).with_protocol(Protocol::kGrpc)};
  config.exporters[0].timeout_ms = 5'000;
  config.exporters[0].takes_metrics = false;  // the SDK tells about itself, too
  return config;
}

SdkStats operator-(const SdkStats& a, const SdkStats& b) {
  SdkStats difference;
  difference.spans_exported = a.spans_exported - b.spans_exported;
  difference.dropped_export_failed = a.dropped_export_failed - b.dropped_export_failed;
  difference.dropped_rejected = a.dropped_rejected - b.dropped_rejected;
  difference.dropped_at_shutdown = a.dropped_at_shutdown - b.dropped_at_shutdown;
  return difference;
}

/// The message of a call, or "" if its prefix is wrong.
std::string unframe(const std::string& call, bool is_compressed) {
  if (call.size() < 5 || call[0] != (is_compressed ? '\1' : '\0')) return "";
  std::size_t size = 0;
  for (int i = 1; i < 5; ++i) {
    size = size << 8 | static_cast<unsigned char>(call[static_cast<std::size_t>(i)]);
  }
  return size == call.size() - 5 ? call.substr(5) : "";
}

TEST(GrpcExportTest, SendsLengthPrefixedMessages) {
  GrpcServerForTest server;
  const SdkStats before = sdk_stats();
  ASSERT_TRUE(init_observability(config_for(server)));
  start_span("one").set_attribute("k", "v");
  EXPECT_TRUE(force_flush(5000));
  start_span("two").end();
  EXPECT_TRUE(shutdown(5000));
  const std::vector<std::string> calls = server.calls();
  ASSERT_EQ(calls.size(), 2U);
  bool is_good = true;
  const std::vector<ReadSpan> spans = read_request(unframe(calls[0], false), is_good);
  EXPECT_TRUE(is_good);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].attribute("k"), "s:v");
  EXPECT_EQ((sdk_stats() - before).spans_exported, 2U);
}

TEST(GrpcExportTest, ALargeCompressedMessageArrivesWhole) {
  GrpcServerForTest server;
  Config config = config_for(server);
  config.exporters[0].with_compression(Compression::kGzip);
  config.max_export_batch_spans = 5'000;
  ASSERT_TRUE(init_observability(config));
  for (int i = 0; i < 3'000; ++i) start_span("s").set_attribute("number", i);
  EXPECT_TRUE(shutdown(5000));
  bool is_good = true;
  std::size_t spans = 0;
  for (const std::string& call : server.calls()) {
    const std::string message = unframe(call, true);
    std::string plain(std::size_t{4} << 20U, '\0');
    z_stream stream{};
    inflateInit2(&stream, 15 + 16);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
    stream.avail_in = static_cast<uInt>(message.size());
    stream.next_out = reinterpret_cast<Bytef*>(plain.data());
    stream.avail_out = static_cast<uInt>(plain.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    plain.resize(plain.size() - stream.avail_out);
    inflateEnd(&stream);
    spans += read_request(plain, is_good).size();
  }
  EXPECT_TRUE(is_good);
  EXPECT_EQ(spans, 3'000U);
}

TEST(GrpcExportTest, RetriesWhatMayWorkLater) {
  const std::string retry_info =  // Status{details: Any{RetryInfo{retry_delay: 1 ms}}}
      "GjIKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SBgoEEMCEPQ";
  for (const GrpcReply& trouble :
       {GrpcReply{.status = "14", .message = "going%20down"}, GrpcReply{.status = "4"},
        GrpcReply{.status = "14", .manner = Manner::kTrailersOnly},
        GrpcReply{.status = "8", .details = retry_info},
        GrpcReply{.content_type = "text/html", .http_status = "503"},
        GrpcReply{.manner = Manner::kNoTrailers}, GrpcReply{.manner = Manner::kReset},
        GrpcReply{.manner = Manner::kResetStream}, GrpcReply{.manner = Manner::kGoAway},
        GrpcReply{.manner = Manner::kCloseMidAnswer}, GrpcReply{.manner = Manner::kHttp1}}) {
    GrpcServerForTest server([&](int n) { return n == 0 ? trouble : GrpcReply{}; });
    const SdkStats before = sdk_stats();
    ASSERT_TRUE(init_observability(config_for(server)));
    start_span("patient").end();
    EXPECT_TRUE(force_flush(8000)) << trouble.status << static_cast<int>(trouble.manner);
    EXPECT_GE(server.calls().size(), 2U);
    EXPECT_EQ((sdk_stats() - before).spans_exported, 1U);
    shutdown(1000);
  }
}

TEST(GrpcExportTest, DropsWhatWillNeverWork) {
  for (const GrpcReply& trouble :
       {GrpcReply{.status = "3"}, GrpcReply{.status = "7"}, GrpcReply{.status = "8"},
        GrpcReply{.status = "12", .manner = Manner::kTrailersOnly}, GrpcReply{.status = "16"},
        GrpcReply{.content_type = "text/html"},
        GrpcReply{.content_type = "text/plain", .http_status = "404"}}) {
    GrpcServerForTest server([&](int) { return trouble; });
    const SdkStats before = sdk_stats();
    ASSERT_TRUE(init_observability(config_for(server)));
    start_span("hopeless").end();
    EXPECT_FALSE(force_flush(5000)) << trouble.status;
    EXPECT_EQ(server.calls().size(), 1U);
    EXPECT_EQ((sdk_stats() - before).dropped_export_failed, 1U);
    shutdown(1000);
  }
}

TEST(GrpcExportTest, CountsPartialSuccess) {
  const std::string body("\x0a\x0b\x08\x02\x12\x07too old", 13);
  GrpcServerForTest server([&](int) { return GrpcReply{.body = body}; });
  const SdkStats before = sdk_stats();
  ASSERT_TRUE(init_observability(config_for(server)));
  for (int i = 0; i < 5; ++i) start_span("s").end();
  EXPECT_FALSE(force_flush(5000));
  EXPECT_EQ((sdk_stats() - before).spans_exported, 3U);
  EXPECT_EQ((sdk_stats() - before).dropped_rejected, 2U);
  shutdown(1000);
}

TEST(GrpcExportTest, HangsAndEndlessAnswersCostTheDeadlineOnly) {
  for (const Manner manner : {Manner::kHang, Manner::kEndlessBody}) {
    GrpcServerForTest server([&](int) { return GrpcReply{.manner = manner}; });
    ASSERT_TRUE(init_observability(config_for(server)));
    start_span("stuck").end();
    force_flush(100);
    const std::int64_t before_ns = monotonic_ns();
    EXPECT_FALSE(shutdown(300));
    EXPECT_LT(monotonic_ns() - before_ns, 2'000'000'000);
    EXPECT_TRUE(await_end_of_run());
  }
}

}  // namespace
}  // namespace binnacle::sdk
