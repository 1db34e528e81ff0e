#include "io/net/grpc_client_for_test.h"
#include "io/net/http_client.h"
#include "tests/e2e/load.h"
#include "tests/e2e/server_process.h"

#include <gtest/gtest.h>
#include <protozero/pbf_writer.hpp>

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

// The binary on a disk that fills up: a small tmpfs, seen only by a child process in name spaces of
// its own. It refuses as the protocols have it, keeps answering, recovers when there is room again,
// and has every acknowledged span, before and after a kill.

namespace binnacle::e2e {
namespace {

constexpr int kNotPermitted = 77;
constexpr std::uint64_t kNoiseWords = 1000;  // 160 KB a request
constexpr std::uint64_t kRequestsLimit = 4000;
constexpr auto kPatience = std::chrono::seconds(60);

/// Runs `scenario` in a child with a tmpfs of `megabytes` mounted at `directory`. 0 if all its
/// expectations held, kNotPermitted if it may not mount.
int run_on_tmpfs(const std::string& directory, int megabytes,
                 const std::function<void()>& scenario) {
  const std::string user = std::to_string(::getuid());
  const std::string group = std::to_string(::getgid());
  const pid_t child = ::fork();
  if (child == 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) ::_exit(kNotPermitted);
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    std::ofstream("/proc/self/gid_map") << "0 " << group << " 1";
    const std::string options = "size=" + std::to_string(megabytes) + "m";
    if (::mount("tmpfs", directory.c_str(), "tmpfs", 0, options.c_str()) != 0) {
      ::_exit(kNotPermitted);
    }
    scenario();
    ::_exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Result<HttpClientResponse> post(HttpClient& client, std::uint64_t number, std::uint64_t noise) {
  const std::string body = request_of(number, noise);
  HttpClientRequest request;
  request.method = HttpMethod::kPost;
  request.target = "/v1/traces";
  request.headers.add("content-type", "application/json");
  request.body = body;
  return client.send(request);
}

/// An ExportTraceServiceRequest with one span.
std::string one_span_protobuf() {
  std::string request;
  protozero::pbf_writer writer(request);
  protozero::pbf_writer resource_spans(writer, 1);
  protozero::pbf_writer scope_spans(resource_spans, 2);
  protozero::pbf_writer span(scope_spans, 2);
  span.add_bytes(1, std::string(16, '\x01'));
  span.add_bytes(2, std::string(8, '\x02'));
  span.add_string(5, "work");
  return request;
}

void expect_refusal_over_grpc(const ServerProcess& server) {
  const std::string url = server.url("otlp_grpc");
  GrpcTestClient client(
      static_cast<std::uint16_t>(std::strtoul(url.c_str() + url.rfind(':') + 1, nullptr, 10)));
  const GrpcAnswer answer = client.call(
      "/opentelemetry.proto.collector.trace.v1.TraceService/Export", one_span_protobuf());
  EXPECT_TRUE(answer.status.error_code() == grpc::StatusCode::UNAVAILABLE ||
              answer.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED)
      << answer.status.error_code() << ": " << answer.status.error_message();
  EXPECT_NE(answer.status.error_details().find("google.rpc.RetryInfo"), std::string::npos);
}

void expect_refusal(const HttpClientResponse& answer, std::string_view reason) {
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_GE(std::strtol(std::string(answer.headers.get("Retry-After")).c_str(), nullptr, 10), 1);
  EXPECT_NE(answer.body.find(reason), std::string::npos) << answer.body;
}

/// Posts until refused; the acknowledged numbers. The refusal goes to `refusal`.
std::vector<std::uint64_t> post_until_refused(HttpClient& client, HttpClientResponse& refusal) {
  std::vector<std::uint64_t> acknowledged;
  for (std::uint64_t number = 1; number < kRequestsLimit; ++number) {
    auto answer = post(client, number, kNoiseWords);
    if (!answer || answer->status != 200) {
      if (answer) refusal = *std::move(answer);
      break;
    }
    acknowledged.push_back(number);
  }
  return acknowledged;
}

/// A sender that retries is heard again once there is room.
bool post_until_accepted(HttpClient& client, std::uint64_t number) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < end) {
    const auto answer = post(client, number, kNoiseWords);
    if (answer && answer->status == 200) return true;
  }
  return false;
}

struct FullDiskCase {
  /// storage.disk_reserve. Above 16 MiB, by which the log grows, it is what stops appends; without,
  /// the system does.
  const char* reserve;
  const char* reason;  ///< in the refusal
};

/// `directory` is a tmpfs of 128 MB.
void fill_and_recover(const std::string& directory, const FullDiskCase& with) {
  // What another program takes of the disk, and gives back.
  const std::string ballast = directory + "/ballast";
  std::ofstream(ballast) << std::string(64 << 20, 'b');
  ServerProcess server(directory);
  const std::vector<std::string> settings = {"--storage.disk_reserve", with.reserve};
  ASSERT_TRUE(server.start(settings));
  HttpClient client(server.url("otlp_http"), {});
  HttpClientResponse refusal;
  std::vector<std::uint64_t> acknowledged = post_until_refused(client, refusal);
  ASSERT_GT(acknowledged.size(), 50U);
  expect_refusal(refusal, with.reason);
  expect_refusal_over_grpc(server);
  EXPECT_EQ(missing(server, acknowledged), std::vector<std::uint64_t>{}) << "while it is full";

  std::filesystem::remove(ballast);
  const std::uint64_t next = acknowledged.size() + 2;
  ASSERT_TRUE(post_until_accepted(client, next));
  acknowledged.push_back(next);
  EXPECT_EQ(missing(server, acknowledged), std::vector<std::uint64_t>{}) << "with room again";
  server.kill();
  ASSERT_TRUE(server.start(settings));
  EXPECT_EQ(missing(server, acknowledged), std::vector<std::uint64_t>{}) << "after a kill";
  EXPECT_EQ(server.stop(), 0);
}

void expect_recovery(const FullDiskCase& with) {
  const TemporaryFolder folder;
  const int outcome =
      run_on_tmpfs(folder.path(), 128, [&] { fill_and_recover(folder.path(), with); });
  if (outcome == kNotPermitted) GTEST_SKIP() << "user namespaces are not permitted here";
  EXPECT_EQ(outcome, 0) << "what failed is printed above";
}

TEST(FullDisk, RefusesAtTheReserveAndRecovers) {
  expect_recovery({.reserve = "24MiB", .reason = "disk reserve reached"});
}

TEST(FullDisk, RefusesWhenTheLogCannotGrowAndRecovers) {
  expect_recovery({.reserve = "0", .reason = "No space left on device"});
}

}  // namespace
}  // namespace binnacle::e2e
