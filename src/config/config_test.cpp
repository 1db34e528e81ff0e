#include "config/document.h"
#include "config/server_config.h"
#include "config/units.h"

#include <gtest/gtest.h>

namespace binnacle::config {
namespace {

TEST(Units, DurationsReadAndPrint) {
  EXPECT_EQ(parse_duration_ns("1h30m"), 5'400'000'000'000);
  EXPECT_EQ(parse_duration_ns("1.5s"), 1'500'000'000);
  EXPECT_EQ(parse_duration_ns("250us"), 250'000);
  EXPECT_EQ(parse_duration_ns("0"), 0);
  EXPECT_EQ(format_duration(7LL * 86'400 * 1'000'000'000), "1w");
  EXPECT_EQ(format_duration(1'500'000'000), "1500ms");
  for (const char* bad : {"", "5", "s", "-1s", "1x", "1e400s", "1s "}) {
    EXPECT_FALSE(parse_duration_ns(bad)) << bad;
  }
}

TEST(Units, SizesReadAndPrint) {
  EXPECT_EQ(parse_bytes("64KiB"), 65'536U);
  EXPECT_EQ(parse_bytes("10MB"), 10'000'000U);
  EXPECT_EQ(parse_bytes("1.5GiB"), 1'610'612'736U);
  EXPECT_EQ(parse_bytes("17"), 17U);
  EXPECT_EQ(format_bytes(65'536), "64KiB");
  for (const char* bad : {"", "x", "-5", "5 MB", "5M", "1e30"})
    EXPECT_FALSE(parse_bytes(bad)) << bad;
}

TEST(ServerConfig, LaterLayersWin) {
  Sources sources;
  sources.file_name = "binnacle.yml";
  sources.file_text = "ports:\n  ui: 3001\n  zipkin: 9999\ntraces:\n  retention: 2d\n";
  sources.environment = {{"BINNACLE_PORTS_UI", "3002"}, {"HOME", "/root"}};
  sources.flags = {{"traces.retention", "1h"}};
  const auto loaded = load(sources);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->config.ui.number, 3002);
  EXPECT_TRUE(loaded->config.ui.explicitly_set);
  EXPECT_EQ(loaded->config.zipkin.number, 9999);
  EXPECT_EQ(loaded->config.otlp_grpc.number, 4317);
  EXPECT_FALSE(loaded->config.otlp_grpc.explicitly_set);
  EXPECT_EQ(loaded->config.trace_retention_ns, 3'600'000'000'000);
}

TEST(ServerConfig, EveryErrorIsNamedWithItsPlaceAndRemedy) {
  Sources sources;
  sources.file_name = "binnacle.yml";
  sources.file_text = "ports:\n  otlp_gprc: 4317\n  ui: 70000\n";
  sources.environment = {{"BINNACLE_TRACES_RETENTIO", "1d"}};
  const auto loaded = load(sources);
  ASSERT_FALSE(loaded);
  const std::string& text = loaded.error().message;
  EXPECT_NE(text.find("binnacle.yml:2:3: unknown setting \"ports.otlp_gprc\"; did you mean "
                      "\"ports.otlp_grpc\"?"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("binnacle.yml:3:3: ports.ui: \"70000\" is no whole number from 0 to 65535"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("did you mean \"BINNACLE_TRACES_RETENTION\"?"), std::string::npos) << text;
}

TEST(ServerConfig, BrokenYamlIsNamedByLine) {
  Sources sources;
  sources.file_name = "binnacle.yml";
  sources.file_text = "ports:\n  ui: [1, {a: 2}]\n";
  const auto loaded = load(sources);
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message.find("binnacle.yml:2:"), std::string::npos);
  sources.file_text = "ports:\n  ui: 1\n  ui: 2\n";
  const auto twice = load(sources);
  ASSERT_FALSE(twice);
  EXPECT_NE(twice.error().message.find("3:3: \"ports.ui\" stands twice"), std::string::npos)
      << twice.error().message;
}

TEST(ServerConfig, PrintedConfigurationLoadsToTheSame) {
  Sources sources;
  sources.flags = {{"listen.allowed_hosts", "apm.example, other"}, {"limits.request", "1MiB"}};
  const auto first = load(sources);
  ASSERT_TRUE(first);
  Sources again;
  again.file_name = "printed.yml";
  again.file_text = to_yaml(*first);
  const auto second = load(again);
  ASSERT_TRUE(second) << second.error().message << again.file_text;
  EXPECT_EQ(second->config.allowed_hosts, (std::vector<std::string>{"apm.example", "other"}));
  EXPECT_EQ(second->config.request_limit_bytes, 1'048'576U);
  EXPECT_EQ(second->config.trace_retention_ns, first->config.trace_retention_ns);
}

}  // namespace
}  // namespace binnacle::config
