#include "base/long_run_for_test.h"
#include "base/random.h"
#include "io/net/http_client.h"
#include "tests/e2e/load.h"
#include "tests/e2e/server_process.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// What is acknowledged survives SIGKILL under load: the server is killed 25 times (150 in a long
// run) while senders post, and every trace that was answered 200 is asked for after the next start
// and at the end. Of a request whose answer the kill cut off, all spans are there or none.

namespace binnacle::e2e {
namespace {

const int kKills = rounds_of_test(25, 150);
constexpr int kSenders = 4;
constexpr std::uint64_t kAcknowledgedBeforeKill = 200;

/// Posts until told to stop or the server is gone; remembers what was acknowledged.
class Senders {
 public:
  explicit Senders(std::atomic<std::uint64_t>& next) : next_(next) {}

  void start(const std::string& origin) {
    for (int i = 0; i < kSenders; ++i) threads_.emplace_back([this, origin] { send_all(origin); });
  }
  /// Waits until so many requests of this round are acknowledged, or all senders have given up.
  void wait_for(std::uint64_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return round_ >= count || gave_up_ == kSenders; });
  }
  /// Joins; returns the acknowledged traces of this round.
  std::vector<std::uint64_t> finish() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    round_ = 0;
    gave_up_ = 0;
    return std::exchange(acknowledged_, {});
  }

 private:
  void send_all(const std::string& origin) {
    HttpClient client(origin, {.request_timeout_ns = 5 * kNanosPerSecond});
    for (;;) {
      const std::uint64_t number = next_++;
      const std::string body = request_of(number);
      HttpClientRequest request;
      request.method = HttpMethod::kPost;
      request.target = "/v1/traces";
      request.headers.add("content-type", "application/json");
      request.body = body;
      const auto answer = client.send(request);
      const std::lock_guard lock(mutex_);
      if (!answer || answer->status != 200) {
        ++gave_up_;
        changed_.notify_all();
        return;
      }
      acknowledged_.push_back(number);
      ++round_;
      changed_.notify_all();
    }
  }

  std::atomic<std::uint64_t>& next_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> acknowledged_;
  std::uint64_t round_ = 0;
  int gave_up_ = 0;
};

/// The requests that were on their way when the server was killed are there whole or not at all.
void expect_no_halves(const ServerProcess& server, std::uint64_t next) {
  std::vector<std::uint64_t> last;
  for (std::uint64_t number = next; number > 1 && last.size() < 2 * kSenders;) {
    last.push_back(--number);
  }
  for (const std::size_t spans : spans_of(server, last)) {
    EXPECT_TRUE(spans == 0 || spans == kSpansPerRequest) << spans << " spans";
  }
}

TEST(Kill, NothingAcknowledgedIsLost) {
  const TemporaryFolder folder;
  ServerProcess server(folder.path());
  Random random = Random::from_system();
  std::atomic<std::uint64_t> next{1};
  Senders senders(next);
  std::vector<std::uint64_t> acknowledged;
  std::vector<std::uint64_t> round;
  for (int kill = 0; kill < kKills; ++kill) {
    ASSERT_TRUE(server.start()) << "after kill " << kill;
    EXPECT_EQ(missing(server, round), std::vector<std::uint64_t>{}) << "after kill " << kill;
    expect_no_halves(server, next);
    senders.start(server.url("otlp_http"));
    senders.wait_for(1 + random.below(kAcknowledgedBeforeKill));
    server.kill();
    round = senders.finish();
    acknowledged.insert(acknowledged.end(), round.begin(), round.end());
  }
  ASSERT_TRUE(server.start());
  EXPECT_GE(acknowledged.size(), static_cast<std::size_t>(kKills));
  EXPECT_EQ(missing(server, acknowledged), std::vector<std::uint64_t>{});
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace binnacle::e2e
