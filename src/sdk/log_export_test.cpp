#include "sdk/http_server_for_test.h"
#include "sdk/log_recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

// Log records on their way out: to the receivers that take them, and past those that do not.

namespace binnacle::sdk {
namespace {

Config config_for(const HttpServerForTest& server) {
  Config config = Recording::quiet_config();
  config.exporters = {ExporterConfig().with_endpoint(server.url())};
  config.exporters[0].takes_metrics = false;  // other tests of this process have left some
  return config;
}

std::vector<ReadLog> logs_at(HttpServerForTest& server) {
  std::vector<ReadLog> logs;
  bool is_good = true;
  for (const Request& request : server.requests()) {
    if (!request.head.starts_with("POST /v1/logs ")) continue;
    for (ReadLog& log : read_logs_request(request.body, is_good)) logs.push_back(std::move(log));
  }
  EXPECT_TRUE(is_good);
  return logs;
}

SignalStats log_stats_of(const HttpServerForTest& server) {
  DestinationStats all[kMaxDestinations];
  const std::size_t count = destination_stats(all, kMaxDestinations);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::string_view(all[i].name).ends_with(server.url())) return all[i].logs;
  }
  ADD_FAILURE() << "no destination " << server.url();
  return {};
}

TEST(LogExportTest, RecordsArePostedBesideTheSpansTheyBelongTo) {
  HttpServerForTest server;
  ASSERT_TRUE(init_observability(config_for(server)));
  std::string span_id;
  {
    const ActiveSpan span("work");
    span_id = bytes_of(span.context().span_id);
    emit_log(Severity::kWarn, "inside", {{"k", 1}});
  }
  EXPECT_TRUE(force_flush(5000));
  const std::vector<ReadLog> logs = logs_at(server);
  ASSERT_EQ(logs.size(), 1U);
  EXPECT_EQ(logs[0].body, "s:inside");
  EXPECT_EQ(logs[0].span_id, span_id);
  EXPECT_EQ(log_stats_of(server).exported, 1U);
  EXPECT_TRUE(shutdown(5000));
}

TEST(LogExportTest, TheFirstRecordAfterAPauseDoesNotWaitForTheSpans) {
  HttpServerForTest server;
  ASSERT_TRUE(init_observability(config_for(server)));  // sweeps once an hour
  EXPECT_TRUE(force_flush(5000));
  emit_log(Severity::kInfo, "at once");
  EXPECT_TRUE(server.wait_for_requests(1));
  EXPECT_TRUE(shutdown(5000));
}

TEST(LogExportTest, RecordsOfTheLastMomentAreSentAtShutdown) {
  HttpServerForTest server;
  ASSERT_TRUE(init_observability(config_for(server)));
  for (int i = 0; i < 2'000; ++i) emit_log(Severity::kInfo, i);
  EXPECT_TRUE(shutdown(5000));
  EXPECT_EQ(logs_at(server).size(), 2'000U);
}

TEST(LogExportTest, ABatchHoldsNoMoreThanItsLimit) {
  HttpServerForTest server;
  Config config = config_for(server);
  config.logs.max_export_batch_records = 100;
  ASSERT_TRUE(init_observability(config));
  for (int i = 0; i < 250; ++i) emit_log(Severity::kInfo, i);
  EXPECT_TRUE(shutdown(5000));
  EXPECT_EQ(logs_at(server).size(), 250U);
  EXPECT_GE(server.requests().size(), 3U);
}

TEST(LogExportTest, AReceiverThatDoesNotKnowLogsIsAskedOnce) {
  HttpServerForTest server([](int) { return Answer{.status = 404}; });
  Config config = config_for(server);
  config.exporters[0].takes_traces = false;
  const std::uint64_t before = sdk_stats().export_requests;
  testing::internal::CaptureStderr();
  ASSERT_TRUE(init_observability(config));
  for (int i = 0; i < 3; ++i) {
    emit_log(Severity::kInfo, i);
    EXPECT_TRUE(force_flush(5000));  // nothing is lost that anybody takes
  }
  EXPECT_EQ(sdk_stats().export_requests - before, 1U);
  EXPECT_EQ(log_stats_of(server).dropped_unsupported, 3U);
  EXPECT_EQ(log_stats_of(server).dropped_export_failed, 0U);
  EXPECT_EQ(log_stats_of(server).inflight, 0U);
  shutdown(5000);
  const std::string warning = testing::internal::GetCapturedStderr();
  EXPECT_NE(warning.find("no log records"), std::string::npos) << warning;
  EXPECT_NE(warning.find("OTEL_LOGS_EXPORTER=none"), std::string::npos) << warning;
  EXPECT_EQ(warning.find("no log records"), warning.rfind("no log records")) << warning;
}

TEST(LogExportTest, NothingIsRecordedWhereNoDestinationTakesLogs) {
  HttpServerForTest server;
  Config config = config_for(server);
  config.exporters[0].takes_logs = false;
  ASSERT_TRUE(init_observability(config));
  EXPECT_FALSE(is_log_enabled());
  emit_log(Severity::kInfo, "not wanted");
  EXPECT_TRUE(shutdown(5000));
  EXPECT_TRUE(server.requests().empty());
}

TEST(LogExportTest, RecordsDoNotGoToTheExactUrlOfTraces) {
  HttpServerForTest server;
  Config config = config_for(server);
  config.exporters[0].is_exact_url = true;
  ASSERT_TRUE(init_observability(config));
  EXPECT_FALSE(is_log_enabled());
  EXPECT_TRUE(shutdown(5000));
}

}  // namespace
}  // namespace binnacle::sdk
