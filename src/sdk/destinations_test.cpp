#include "sdk/exporter_factory.h"
#include "sdk/http_server_for_test.h"
#include "sdk/pipeline.h"
#include "sdk/recording_for_test.h"
#include "sdk/text.h"

#include <binnacle/config.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

// Several destinations at once: what one of them does is no other one's concern.

namespace binnacle::sdk {
namespace {

Config config_for(const std::vector<std::string>& urls) {
  Config config = Recording::quiet_config();
  config.exporters.clear();
  for (const std::string& url : urls) {
    config.exporters.push_back(ExporterConfig().with_endpoint(url));
  }
  return config;
}

std::size_t spans_at(HttpServerForTest& server) {
  std::size_t spans = 0;
  bool is_good = true;
  for (const Request& request : server.requests()) {
    spans += read_request(request.body, is_good).size();
  }
  EXPECT_TRUE(is_good);
  return spans;
}

/// The destination whose name ends in `url`'s host and port.
DestinationStats stats_of(const HttpServerForTest& server) {
  DestinationStats all[kMaxDestinations];
  const std::size_t count = destination_stats(all, kMaxDestinations);
  for (std::size_t i = 0; i < count; ++i) {
    if (std::string_view(all[i].name).ends_with(server.url())) return all[i];
  }
  ADD_FAILURE() << "no destination " << server.url();
  return {};
}

TEST(DestinationsTest, EveryOneGetsEverySpan) {
  HttpServerForTest first;
  HttpServerForTest second;
  ASSERT_TRUE(init_observability(config_for({first.url(), second.url()})));
  for (int i = 0; i < 1000; ++i) start_span("s").end();
  EXPECT_TRUE(force_flush(5000));
  EXPECT_EQ(spans_at(first), 1000U);
  EXPECT_EQ(spans_at(second), 1000U);
  EXPECT_EQ(stats_of(first).traces.exported, 1000U);
  EXPECT_EQ(stats_of(second).traces.exported, 1000U);
  EXPECT_TRUE(shutdown(5000));
}

TEST(DestinationsTest, ADeadAndAHangingOneDoNotHoldUpTheLivingOne) {
  HttpServerForTest hanging([](int) { return Answer{.manner = Answer::Manner::kHang}; });
  HttpServerForTest living;
  std::string dead_url;
  {
    const HttpServerForTest dead;
    dead_url = dead.url();
  }
  ASSERT_TRUE(init_observability(config_for({dead_url, hanging.url(), living.url()})));
  for (int round = 1; round <= 3; ++round) {
    start_span("s").end();
    EXPECT_FALSE(force_flush(50));  // some did not get it
    EXPECT_TRUE(living.wait_for_requests(static_cast<std::size_t>(round)));
  }
  EXPECT_FALSE(shutdown(200));
  EXPECT_TRUE(await_end_of_run());
  EXPECT_EQ(spans_at(living), 3U);
  EXPECT_EQ(stats_of(living).traces.exported, 3U);
  EXPECT_EQ(stats_of(living).traces.dropped_at_shutdown, 0U);
  EXPECT_EQ(stats_of(hanging).traces.exported, 0U);
  EXPECT_EQ(stats_of(hanging).traces.dropped_at_shutdown, 3U);
}

TEST(DestinationsTest, AFullQueueIsItsOwnersLossOnly) {
  HttpServerForTest hanging([](int) { return Answer{.manner = Answer::Manner::kHang}; });
  HttpServerForTest living;
  Config config = config_for({hanging.url(), living.url()});
  config.queue_limit_bytes = 64 << 10;
  ASSERT_TRUE(init_observability(config));
  for (int round = 0; round < 40; ++round) {
    const std::size_t before = living.requests().size();
    for (int i = 0; i < 50; ++i) start_span("s").set_attribute("k", "some value or other");
    force_flush(1);
    ASSERT_TRUE(living.wait_for_requests(before + 1));
  }
  shutdown(100);
  EXPECT_TRUE(await_end_of_run());
  EXPECT_EQ(spans_at(living), 2000U);
  EXPECT_EQ(stats_of(living).traces.dropped_queue_full, 0U);
  EXPECT_GT(stats_of(hanging).traces.dropped_queue_full, 0U);
}

TEST(DestinationsTest, WithoutOneForTracesNoSpanIsRecorded) {
  HttpServerForTest server;
  Config config = config_for({server.url()});
  config.exporters[0].takes_traces = false;
  ASSERT_TRUE(init_observability(config));
  {
    const ActiveSpan span("s");
    EXPECT_FALSE(span.is_recording());
    EXPECT_TRUE(span.context().is_valid());  // it travels on
  }
  EXPECT_TRUE(shutdown(5000));
  EXPECT_TRUE(server.requests().empty());
}

/// Sends a batch of its own whenever it is asked.
class CountingSource final : public SignalSource {
 public:
  Signal signal() const noexcept override { return Signal::kMetrics; }
  std::int64_t interval_ns() const noexcept override { return 1'000'000; }
  void collect(std::span<Destination* const> destinations) override {
    for (Destination* destination : destinations) {
      destination->enqueue(make_batch(Signal::kMetrics, "metrics", 3));
    }
  }
};

TEST(DestinationsTest, ASourceIsAskedAtItsIntervalAndItsBatchesGoToTheirUrl) {
  HttpServerForTest server;
  // Not the process's, which has its own harvester; and like that one never destroyed.
  static Runtime* const memory = Runtime::create();
  ASSERT_NE(memory, nullptr);
  Harvester harvester(*memory);
  std::unique_ptr<HttpClient> client = HttpClient::create();
  std::vector<DestinationSetup> setups = make_destinations(config_for({server.url()}), *client, "");
  auto pipeline = std::make_shared<Pipeline>(*memory, harvester, PipelineOptions{},
                                             std::move(client), std::move(setups));
  pipeline->add_source(std::make_unique<CountingSource>());
  ASSERT_TRUE(pipeline->start());
  EXPECT_TRUE(server.wait_for_requests(3));
  EXPECT_TRUE(pipeline->stop(monotonic_ns() + 5'000'000'000));
  EXPECT_EQ(server.requests()[0].head.find("POST /v1/metrics HTTP/1.1\r\n"), 0U);
  EXPECT_EQ(server.requests()[0].body, "metrics");
  DestinationStats stats;
  ASSERT_EQ(memory->destinations().read(&stats, 1), 1U);
  EXPECT_GE(stats.metrics.exported, 9U);
}

TEST(DestinationsTest, ReleasesCredentialsFromNames) {
  EXPECT_EQ(without_credentials("http://u:p@host:1/x"), "http://host:1/x");
  EXPECT_EQ(without_credentials("http://host:1/x@y"), "http://host:1/x@y");
  EXPECT_EQ(without_credentials("u:p@host"), "host");
  EXPECT_EQ(without_credentials(""), "");
}

TEST(DestinationTableTest, CountsOutliveTheirDestinations) {
  DestinationTable table;
  for (int run = 0; run < 50; ++run) {
    table.begin_run();
    for (std::size_t i = 0; i < kMaxDestinations; ++i) {
      DestinationCounters* counters = table.claim(std::to_string(run) + "/" + std::to_string(i));
      ASSERT_NE(counters, nullptr);
      counters->of(Signal::kTraces).exported += 1;
    }
    EXPECT_EQ(table.claim("one too many"), nullptr);
  }
  SdkStats stats;
  table.add_to(stats);
  EXPECT_EQ(stats.spans_exported, 50U * kMaxDestinations);
  table.begin_run();
  EXPECT_EQ(table.claim("49/3")->of(Signal::kTraces).exported.load(), 1U);  // the same name goes on
}

}  // namespace
}  // namespace binnacle::sdk
