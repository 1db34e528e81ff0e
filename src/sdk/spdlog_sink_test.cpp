#include "sdk/log_recording_for_test.h"

#include <binnacle/apm.h>
#include <binnacle/integrations/spdlog.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <string>
#include <vector>

// The spdlog sink: messages as log records of the active span.

namespace binnacle::sdk {
namespace {

::spdlog::logger make_logger() {
  ::spdlog::logger logger("bids", make_spdlog_sink());
  logger.set_level(::spdlog::level::trace);
  return logger;
}

TEST(SpdlogSinkTest, MessagesArriveWithLevelLoggerTimeAndSpan) {
  LogRecording recording;
  ::spdlog::logger logger = make_logger();
  const auto before = static_cast<std::uint64_t>(read_clock_ns(CLOCK_REALTIME));
  const ActiveSpan span("place bid");
  logger.warn("offer {} is {}", 17, "stale");
  const ReadLog log = recording.log();
  EXPECT_EQ(log.body, "s:offer 17 is stale");
  EXPECT_EQ(log.severity, 13U);
  EXPECT_EQ(log.severity_text, "warning");
  EXPECT_EQ(log.logger, "bids");
  EXPECT_EQ(log.span_id, bytes_of(span.context().span_id));
  EXPECT_GE(log.time, before);
  EXPECT_NE(log.attribute("thread.id"), "none");
  EXPECT_EQ(log.attribute("code.file.path"), "none");
}

TEST(SpdlogSinkTest, MacrosTellThePlaceInTheSource) {
  LogRecording recording;
  ::spdlog::logger logger = make_logger();
  SPDLOG_LOGGER_CALL((&logger), ::spdlog::level::err, "failed");
  const int line = __LINE__ - 1;
  const ReadLog log = recording.log();
  EXPECT_EQ(log.severity, 17U);
  EXPECT_NE(log.attribute("code.file.path").find("spdlog_sink_test.cpp"), std::string::npos);
  EXPECT_EQ(log.attribute("code.line.number"), "i:" + std::to_string(line));
  EXPECT_EQ(log.attribute("code.function.name"), "s:TestBody");
}

TEST(SpdlogSinkTest, EveryLevelHasASeverity) {
  LogRecording recording;
  ::spdlog::logger logger = make_logger();
  logger.trace("1");
  logger.debug("5");
  logger.info("9");
  logger.warn("13");
  logger.error("17");
  logger.critical("21");
  const std::vector<ReadLog> logs = recording.logs();
  ASSERT_EQ(logs.size(), 6U);
  for (const ReadLog& log : logs) EXPECT_EQ("s:" + std::to_string(log.severity), log.body);
}

}  // namespace
}  // namespace binnacle::sdk
