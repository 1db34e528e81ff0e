#include "sdk/prometheus_endpoint.h"

#include "sdk/loopback_listener_for_test.h"
#include "sdk/recording_for_test.h"

#include <binnacle/config.h>
#include <binnacle/instruments.h>
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace binnacle::sdk {
namespace {

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(bytes, size * count);
  return size * count;
}

/// The page at an address, empty if nobody answers.
std::string page_at(const std::string& address) {
  std::string page;
  CURL* curl = curl_easy_init();
  curl_easy_setopt(curl, CURLOPT_URL, ("http://" + address + "/metrics").c_str());
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &page);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
  curl_easy_perform(curl);
  curl_easy_cleanup(curl);
  return page;
}

class PrometheusEndpointTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/binnacle_endpoint_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    shutdown(1000);
    std::filesystem::remove_all(folder_);
  }
  Config config(std::uint16_t port) const {
    Config out;
    out.service_name = "scraped service";
    out.exporters.clear();
    out.prometheus.is_enabled = true;
    out.prometheus.port = port;
    out.prometheus.target_directory = (folder_ / "sd" / "targets").string();
    return out;
  }
  /// The address that the file for file_sd names; empty if there is none.
  std::string registered() const {
    const auto file = folder_ / "sd" / "targets" / (std::to_string(getpid()) + ".json");
    std::ifstream stream(file);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const std::size_t at = text.find("127.0.0.1:");
    return at == std::string::npos ? "" : text.substr(at, text.find('"', at) - at);
  }

  std::filesystem::path folder_;
};

TEST_F(PrometheusEndpointTest, ShowsWhatIsRecordedUntilShutdown) {
  std::uint16_t port = 0;
  {
    const LoopbackListener probe;
    port = probe.port();
  }
  ASSERT_TRUE(init_observability(config(port)));
  const std::string address = "127.0.0.1:" + std::to_string(port);
  instruments().record_task("scan", "ok", 30);
  EXPECT_NE(page_at(address).find("task_completion_total{status=\"ok\",task_type=\"scan\"} 1\n"),
            std::string::npos)
      << page_at(address);
  EXPECT_NE(page_at(address).find("telemetry_sdk_name=\"binnacle\""), std::string::npos);
  EXPECT_EQ(registered(), "");  // it is where one would look
  shutdown(1000);
  EXPECT_EQ(page_at(address), "");
}

TEST_F(PrometheusEndpointTest, RegistersAnotherPortIfItsOwnIsTaken) {
  const LoopbackListener other;
  ASSERT_TRUE(init_observability(config(other.port())));
  const std::string address = registered();
  ASSERT_NE(address, "");
  instruments().record_bid("market.example", "won");
  EXPECT_NE(page_at(address).find("bid_placement_total{marketplace=\"market.example\""),
            std::string::npos);
  shutdown(1000);
  EXPECT_EQ(registered(), "");
}

TEST_F(PrometheusEndpointTest, AHostThatCannotBeBoundStopsNothingElse) {
  Config wrong = config(0);
  wrong.prometheus.host = "no such host";
  EXPECT_TRUE(init_observability(wrong));
  instruments().record_bid("market.example", "won");
}

}  // namespace
}  // namespace binnacle::sdk
