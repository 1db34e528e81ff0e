#include "codec/json_document.h"
#include "io/net/http_client.h"

#include <binnacle/apm.h>
#include <binnacle/config.h>
#include <binnacle/instruments.h>
#include <gtest/gtest.h>
#include <spawn.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

// Debian's Prometheus scrapes the page of a process that uses the SDK, and promtool looks at it.
// `./test --all` unpacks the package into build/prometheus.

namespace binnacle {
namespace {

namespace fs = std::filesystem;

const char kPrometheus[] = "build/prometheus/usr/bin/prometheus";
const char kPromtool[] = "build/prometheus/usr/bin/promtool";

std::uint16_t free_port() {
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(probe, reinterpret_cast<sockaddr*>(&address), size), 0);
  getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size);
  close(probe);
  return ntohs(address.sin_port);
}

/// Starts a program; its input and output are files.
pid_t start(const std::vector<std::string>& arguments, const std::string& input,
            const std::string& output) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, 0, input.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&files, 1, 2);
  pid_t process = 0;
  const int failed = posix_spawn(&process, argv[0], &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? process : 0;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class PrometheusScrape : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kPrometheus)) GTEST_SKIP() << kPrometheus << " is not there";
    char name[] = "/tmp/binnacle_prometheus_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
    app_port_ = free_port();
    Config config;
    config.service_name = "scraped";
    config.exporters.clear();
    config.exporters.push_back(
        ExporterConfig().with_kind(ExporterKind::kFile));  // so that spans are sampled
    config.exporters[0].path = (folder_ / "spans.jsonl").string();
    config.prometheus.is_enabled = true;
    config.prometheus.port = app_port_;
    ASSERT_TRUE(init_observability(config));
  }
  void TearDown() override {
    if (prometheus_ != 0) {
      kill(prometheus_, SIGTERM);
      waitpid(prometheus_, nullptr, 0);
    }
    shutdown(1000);
    if (!folder_.empty()) fs::remove_all(folder_);
  }

  void start_prometheus() {
    std::ofstream(folder_ / "prometheus.yml")
        << "scrape_configs:\n  - job_name: app\n    scrape_interval: 500ms\n"
           "    static_configs: [{targets: ['127.0.0.1:"
        << app_port_ << "']}]\n";
    const std::uint16_t port = free_port();
    prometheus_ = start(
        {kPrometheus, "--config.file=" + (folder_ / "prometheus.yml").string(),
         "--storage.tsdb.path=" + (folder_ / "data").string(), "--enable-feature=exemplar-storage",
         "--web.listen-address=127.0.0.1:" + std::to_string(port)},
        "/dev/null", (folder_ / "prometheus.log").string());
    ASSERT_NE(prometheus_, 0);
    api_ = std::make_unique<HttpClient>("http://127.0.0.1:" + std::to_string(port),
                                        HttpClientConfig{});
  }

  /// Asks until the answer contains `wanted`, for 30 s; the last answer.
  std::string ask(const std::string& target, const std::string& wanted) {
    std::string last;
    for (int i = 0; i < 300 && last.find(wanted) == std::string::npos; ++i) {
      if (i > 0) poll(nullptr, 0, 100);  // a foreign process: there is no event to wait for
      const auto answer = api_->send({.target = target});
      last = answer ? answer->body : answer.error().message;
    }
    return last;
  }

  fs::path folder_;
  std::uint16_t app_port_ = 0;
  pid_t prometheus_ = 0;
  std::unique_ptr<HttpClient> api_;
};

TEST_F(PrometheusScrape, FindsTheInstrumentsUnderTheirNames) {
  instruments().record_llm_call("m-1", "openai", "ok", 120.0);
  instruments().record_bid("market.example", "won");
  start_prometheus();
  const std::string calls = ask(
      "/api/v1/query?query=llm_call_duration_milliseconds_bucket%7Ble%3D~%22250(%5B.%5D0)%3F%22%7D",
      "\"m-1\"");
  EXPECT_NE(calls.find("\"provider\":\"openai\""), std::string::npos) << calls;
  EXPECT_NE(calls.find("\"job\":\"app\""), std::string::npos) << calls;
  const std::string bids = ask("/api/v1/query?query=bid_placement_total", "market.example");
  EXPECT_NE(bids.find("\"1\""), std::string::npos) << bids;
  const std::string info = ask("/api/v1/query?query=target_info", "telemetry_sdk_name");
  EXPECT_NE(info.find("\"telemetry_sdk_name\":\"binnacle\""), std::string::npos) << info;
  const std::string health = ask("/api/v1/targets", "\"health\":\"up\"");
  EXPECT_NE(health.find("\"lastError\":\"\""), std::string::npos) << health;
  const std::string kinds = ask("/api/v1/metadata?metric=llm_call_duration_milliseconds", "type");
  EXPECT_NE(kinds.find("\"histogram\""), std::string::npos) << kinds;
}

TEST_F(PrometheusScrape, LeadsFromAMetricToItsTrace) {
  std::string trace_id(32, '\0');
  {
    const auto span = start_active_span("model call");
    span.context().trace_id.to_hex(trace_id.data());
    for (int i = 0; i < 1000; ++i) instruments().record_llm_call("m-2", "openai", "ok", 120.0);
  }
  start_prometheus();
  const std::string found = ask(
      "/api/v1/query_exemplars?query=llm_call_duration_milliseconds_bucket&start=0&end=9999999999",
      trace_id);
  EXPECT_NE(found.find("\"trace_id\":\"" + trace_id + "\""), std::string::npos) << found;
}

// Our durations are in milliseconds by contract; Prometheus' style would have them in seconds.
bool is_about_base_units(const std::string& line) {
  return line.find("use base unit") != std::string::npos;
}

TEST_F(PrometheusScrape, PromtoolComplainsOfNothingButMilliseconds) {
  instruments().record_task("scan", "ok", 10);
  instruments().record_http_request("GET", "/offers/{id}", 200, 3.5);
  HttpClient app("http://127.0.0.1:" + std::to_string(app_port_), HttpClientConfig{});
  const auto page = app.send({.target = "/metrics"});
  ASSERT_TRUE(page) << page.error().message;
  std::ofstream(folder_ / "page.txt") << page->body;
  const pid_t promtool = start({kPromtool, "check", "metrics"}, (folder_ / "page.txt").string(),
                               (folder_ / "promtool.log").string());
  ASSERT_NE(promtool, 0);
  int status = 0;
  ASSERT_EQ(waitpid(promtool, &status, 0), promtool);
  EXPECT_TRUE(WIFEXITED(status)) << status;
  std::istringstream report(text_of(folder_ / "promtool.log"));
  for (std::string line; std::getline(report, line);) {
    EXPECT_TRUE(is_about_base_units(line)) << line << "\n" << page->body;
  }
}

}  // namespace
}  // namespace binnacle
