#include "sdk/http_server_for_test.h"
#include "sdk/recording_for_test.h"
#include "sdk/tick_clock.h"

#include <binnacle/config.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <stdlib.h>
#include <time.h>

#include <filesystem>
#include <string>
#include <vector>

// The SDK against collectors that answer well, badly, late or not at all.

namespace binnacle::sdk {
namespace {

Config config_for(const HttpServerForTest& server) {
  Config config = Recording::quiet_config();
  config.exporters = {ExporterConfig().with_endpoint(server.url())};
  config.exporters[0].timeout_ms = 5'000;
  return config;
}

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  out.resize(result == Z_STREAM_END ? out.size() - stream.avail_out : 0);
  inflateEnd(&stream);
  return out;
}

/// What the SDK counted while a test ran.
struct Counted {
  SdkStats before = sdk_stats();
  std::uint64_t operator()(std::uint64_t SdkStats::* field) const {
    return sdk_stats().*field - before.*field;
  }
};

TEST(ExportTest, PostsGzippedProtobufWithTheConfiguredHeaders) {
  HttpServerForTest server;
  Config config = config_for(server);
  config.exporters[0].with_compression(Compression::kGzip).with_header("x-api-key", "k1");
  ASSERT_TRUE(init_observability(config));
  start_span("one").set_attribute("k", "v");
  EXPECT_TRUE(force_flush(5000));
  start_span("two").end();
  EXPECT_TRUE(shutdown(5000));
  const std::vector<Request> requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(server.connections(), 1);  // kept alive
  const std::string& head = requests[0].head;
  EXPECT_EQ(head.find("POST /v1/traces HTTP/1.1\r\n"), 0U) << head;
  EXPECT_NE(head.find("Content-Type: application/x-protobuf\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("Content-Encoding: gzip\r\n"), std::string::npos) << head;
  EXPECT_NE(head.find("x-api-key: k1\r\n"), std::string::npos) << head;
  bool is_good = true;
  const std::vector<ReadSpan> spans = read_request(gunzip(requests[0].body), is_good);
  EXPECT_TRUE(is_good);
  ASSERT_EQ(spans.size(), 1U);
  EXPECT_EQ(spans[0].attribute("k"), "s:v");
}

TEST(ExportTest, DoesNotCompressForThisMachineUnlessTold) {
  HttpServerForTest server;
  ASSERT_TRUE(init_observability(config_for(server)));
  start_span("one").end();
  EXPECT_TRUE(shutdown(5000));
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].head.find("Content-Encoding"), std::string::npos);
}

TEST(ExportTest, SplitsIntoBatches) {
  HttpServerForTest server;
  Config config = config_for(server);
  config.max_export_batch_spans = 100;
  ASSERT_TRUE(init_observability(config));
  for (int i = 0; i < 950; ++i) start_span("s").end();
  EXPECT_TRUE(shutdown(5000));
  std::size_t spans = 0;
  bool is_good = true;
  for (const Request& request : server.requests()) {
    const std::size_t count = read_request(request.body, is_good).size();
    EXPECT_LE(count, 100U);
    spans += count;
  }
  EXPECT_TRUE(is_good);
  EXPECT_EQ(spans, 950U);
}

TEST(ExportTest, RetriesWhatMayWorkLater) {
  for (const Answer& trouble :
       {Answer{.status = 503}, Answer{.status = 429}, Answer{.status = 502}, Answer{.status = 504},
        Answer{.manner = Answer::Manner::kReset}, Answer{.manner = Answer::Manner::kClose}}) {
    HttpServerForTest server([&](int n) { return n == 0 ? trouble : Answer{}; });
    const Counted counted;
    ASSERT_TRUE(init_observability(config_for(server)));
    start_span("patient").end();
    EXPECT_TRUE(force_flush(8000)) << trouble.status;
    EXPECT_EQ(server.requests().size(), 2U);
    EXPECT_EQ(counted(&SdkStats::spans_exported), 1U);
    EXPECT_GE(counted(&SdkStats::export_retries), 1U);
    shutdown(1000);
  }
}

TEST(ExportTest, DropsWhatWillNeverWork) {
  for (const int status : {400, 401, 404, 413, 500, 501}) {
    HttpServerForTest server(
        [&](int) { return Answer{.status = status, .body = "no\x01t today"}; });
    const Counted counted;
    ASSERT_TRUE(init_observability(config_for(server)));
    start_span("hopeless").end();
    EXPECT_FALSE(force_flush(5000));
    EXPECT_EQ(server.requests().size(), 1U);
    EXPECT_EQ(counted(&SdkStats::dropped_export_failed), 1U);
    shutdown(1000);
  }
}

TEST(ExportTest, WaitsAsLongAsTheCollectorAsks) {
  HttpServerForTest server([](int n) {
    return n == 0 ? Answer{.status = 429, .headers = "Retry-After: 1\r\n"} : Answer{};
  });
  ASSERT_TRUE(init_observability(config_for(server)));
  start_span("postponed").end();
  const std::int64_t before_ns = monotonic_ns();
  EXPECT_TRUE(force_flush(8000));
  EXPECT_GE(monotonic_ns() - before_ns, 1'000'000'000);
  shutdown(1000);
}

TEST(ExportTest, WaitsUntilTheDateThatTheCollectorNames) {
  HttpServerForTest server([](int n) {
    if (n != 0) return Answer{};
    const time_t then = time(nullptr) + 2;
    tm parts{};
    gmtime_r(&then, &parts);
    char date[64];
    strftime(date, sizeof date, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
    return Answer{.status = 503, .headers = date};
  });
  ASSERT_TRUE(init_observability(config_for(server)));
  start_span("postponed").end();
  const std::int64_t before_ns = monotonic_ns();
  EXPECT_TRUE(force_flush(8000));
  EXPECT_GE(monotonic_ns() - before_ns, 900'000'000);
  shutdown(1000);
}

TEST(ExportTest, CountsPartialSuccess) {
  // ExportTraceServiceResponse{partial_success{rejected_spans: 2, error_message: "too old"}}
  const std::string body = std::string("\x0a\x0b\x08\x02\x12\x07too old", 13);
  HttpServerForTest server([&](int) { return Answer{.body = body}; });
  const Counted counted;
  ASSERT_TRUE(init_observability(config_for(server)));
  for (int i = 0; i < 5; ++i) start_span("s").end();
  EXPECT_FALSE(force_flush(5000));
  EXPECT_EQ(counted(&SdkStats::spans_exported), 3U);
  EXPECT_EQ(counted(&SdkStats::dropped_rejected), 2U);
  shutdown(1000);
}

TEST(ExportTest, AnAnswerOfGarbageIsAnAnswer) {
  for (const std::string& garbage :
       {std::string("<html>hello</html>"), std::string(100, '\xff'), std::string("\x0a\x7f", 2),
        std::string("\x0a\x03\x08\xff\xff", 5)}) {
    HttpServerForTest server([&](int) { return Answer{.body = garbage}; });
    ASSERT_TRUE(init_observability(config_for(server)));
    start_span("s").end();
    EXPECT_TRUE(force_flush(5000));
    shutdown(1000);
  }
}

TEST(ExportTest, AnEndlessAnswerIsCut) {
  HttpServerForTest server([](int) { return Answer{.manner = Answer::Manner::kEndlessBody}; });
  ASSERT_TRUE(init_observability(config_for(server)));
  start_span("s").end();
  EXPECT_TRUE(force_flush(5000));
  shutdown(1000);
}

TEST(ExportTest, AHangingCollectorDelaysShutdownByTheDeadlineOnly) {
  HttpServerForTest server([](int) { return Answer{.manner = Answer::Manner::kHang}; });
  const Counted counted;
  ASSERT_TRUE(init_observability(config_for(server)));
  start_span("stuck").end();
  EXPECT_FALSE(force_flush(100));
  start_span("recorded all the same").end();
  const std::int64_t before_ns = monotonic_ns();
  EXPECT_FALSE(shutdown(300));
  EXPECT_LT(monotonic_ns() - before_ns, 2'000'000'000);
  EXPECT_TRUE(await_end_of_run());
  EXPECT_EQ(counted(&SdkStats::dropped_at_shutdown), 2U);
}

TEST(ExportTest, ADeadCollectorCostsBoundedMemoryAndNoTimeAtShutdown) {
  Config config = Recording::quiet_config();
  {
    const HttpServerForTest gone;
    config.exporters = {ExporterConfig().with_endpoint(gone.url())};
  }
  config.queue_limit_bytes = 64 << 10;
  const Counted counted;
  ASSERT_TRUE(init_observability(config));
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 500; ++i) start_span("unheard").set_attribute("k", "v");
    force_flush(1);
  }
  for (int i = 0; i < 2000 && counted(&SdkStats::dropped_queue_full) == 0; ++i) {
    poll(nullptr, 0, 5);
  }
  EXPECT_GT(counted(&SdkStats::dropped_queue_full), 0U);
  const std::int64_t before_ns = monotonic_ns();
  EXPECT_FALSE(shutdown(5000));
  EXPECT_LT(monotonic_ns() - before_ns, 2'000'000'000);
  EXPECT_TRUE(await_end_of_run());
  EXPECT_EQ(counted(&SdkStats::spans_exported), 0U);
}

TEST(ExportTest, ANameThatDoesNotResolveCostsNoTimeAtShutdown) {
  Config config = Recording::quiet_config();
  config.exporters = {ExporterConfig().with_endpoint("http://no-such-host.invalid:4318")};
  const Counted counted;
  ASSERT_TRUE(init_observability(config));
  start_span("unheard").end();
  EXPECT_FALSE(force_flush(200));
  const std::int64_t before_ns = monotonic_ns();
  EXPECT_FALSE(shutdown(500));
  EXPECT_LT(monotonic_ns() - before_ns, 2'000'000'000);
  EXPECT_TRUE(await_end_of_run());
  EXPECT_EQ(counted(&SdkStats::dropped_at_shutdown), 1U);
}

TEST(ExportTest, HeadersCannotSmuggleInOthers) {
  HttpServerForTest server;
  Config config = config_for(server);
  config.exporters[0].with_header("x-good", "1").with_header("x-bad", "1\r\nx-smuggled: 1");
  config.exporters[0].with_header("x-empty", "");
  ASSERT_TRUE(init_observability(config));
  start_span("s").end();
  EXPECT_TRUE(shutdown(5000));
  const std::string head = server.requests().at(0).head;
  EXPECT_NE(head.find("x-good: 1\r\n"), std::string::npos);
  EXPECT_NE(head.find("x-empty:"), std::string::npos);
  EXPECT_EQ(head.find("smuggled"), std::string::npos);
}

TEST(ExportTest, TheSpoolOutlivesADeadCollectorAndARestart) {
  std::string pattern = testing::TempDir() + "/export_XXXXXX";
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  HttpServerForTest server([](int n) { return Answer{.status = n < 2 ? 503 : 200}; });
  Config config = config_for(server);
  config.spool.directory = pattern;
  ASSERT_TRUE(init_observability(config));
  for (int i = 0; i < 10; ++i) start_span("kept").end();
  force_flush(100);
  EXPECT_TRUE(shutdown(1000));  // not lost
  ASSERT_TRUE(init_observability(config));
  EXPECT_TRUE(server.wait_for_requests(3));  // by itself
  EXPECT_TRUE(shutdown(1000));
  bool is_good = true;
  EXPECT_EQ(read_request(server.requests().back().body, is_good).size(), 10U);
  std::filesystem::remove_all(pattern);
}

TEST(ExportTest, AnAddressThatIsNoneIsRefusedNotRetried) {
  Config config = Recording::quiet_config();
  config.exporters = {ExporterConfig().with_endpoint("http://[not-an-address/v1/traces")};
  ASSERT_TRUE(init_observability(config));
  start_span("nowhere to go").end();
  EXPECT_FALSE(force_flush(3000));
  shutdown(1000);
}

}  // namespace
}  // namespace binnacle::sdk
