// How many spans per CPU-second the server takes in through OTLP/gRPC, with fsync on: the whole way
// from the socket to the durable answer. Spans have 11 attributes. The sender is a process of its
// own whose CPU is not counted; the server's is getrusage of this process, log, flushes and merges
// included.
//
//   ingest_rate [spans] [spans per request] [requests at once] [directory]

#include "base/clock.h"
#include "base/random.h"
#include "ingest/span_ingest.h"
#include "io/file/posix_file_system.h"
#include "io/net/grpc_client_for_test.h"
#include "server/receive/otlp_grpc_receiver.h"
#include "store/trace/trace_store.h"
#include "wire/otlp/encode.h"

#include <spawn.h>

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <future>
#include <string>
#include <string_view>
#include <vector>

extern char** environ;

namespace binnacle {
namespace {

struct Load {
  std::uint64_t spans = 1'000'000;
  std::uint64_t spans_per_request = 512;  // what SDKs' batch processors send
  std::uint64_t requests_at_once = 8;
  std::string directory{};
};

void add_attributes(SpanBatch& batch, Random& random) {
  constexpr std::string_view kMethods[] = {"GET", "POST", "PUT"};
  const auto text = [&](std::string_view key, std::string_view value) {
    batch.attributes.emplace_back(batch.strings.intern(key),
                                  Value::of_string(batch.strings.intern(value)));
  };
  const auto number = [&](std::string_view key, std::uint64_t value) {
    batch.attributes.emplace_back(batch.strings.intern(key),
                                  Value::of_int(static_cast<std::int64_t>(value)));
  };
  text("http.request.method", kMethods[random.below(3)]);
  text("url.path", "/api/v1/orders/" + std::to_string(random.below(200)));
  number("http.response.status_code", random.below(20) == 0 ? 500 : 200);
  text("user.id", "u" + std::to_string(random.below(20'000)));
  text("net.peer.name", "db-" + std::to_string(random.below(8)));
  number("net.peer.port", 5432);
  text("db.system", "postgresql");
  text("deployment.environment.name", "production");
  number("thread.id", random.below(64));
  text("code.function", "handle_request");
  text("rpc.service", "shop.Order");
}

std::string make_request(std::uint64_t spans, std::uint64_t time_unix_ns, Random& random) {
  constexpr std::string_view kNames[] = {"GET /cart", "POST /order", "SELECT items",
                                         "charge",    "rag.query",   "llm.chat"};
  SpanBatch batch;
  batch.shared_attributes.emplace_back(batch.strings.intern("service.name"),
                                       Value::of_string(batch.strings.intern("checkout")));
  const std::uint32_t resource = batch.add_resource(0);
  const std::uint32_t scope = batch.add_scope(
      static_cast<std::uint32_t>(batch.shared_attributes.size()), batch.strings.intern("lib"), {});
  TraceId trace;
  SpanId parent;
  for (std::uint64_t i = 0; i < spans; ++i) {
    if (i % 10 == 0) {
      trace = {random.next(), random.next() | 1};
      parent = {};
    }
    add_attributes(batch, random);
    SpanRow row;
    row.trace_id = trace;
    row.span_id = {random.next() | 1};
    row.parent_span_id = parent;
    row.start_unix_ns = time_unix_ns + i * 1000 + random.below(1'000'000);
    row.end_unix_ns = row.start_unix_ns + random.below(50'000'000);
    row.name = batch.strings.intern(kNames[random.below(6)]);
    row.kind = static_cast<SpanKind>(1 + random.below(5));
    row.resource = resource;
    row.scope = scope;
    batch.append(row);
    parent = row.span_id;
  }
  return otlp::encode_protobuf(batch);
}

/// One of the sender's lanes: a call at a time until its share is sent. False if one failed.
bool send_lane(std::uint16_t port, std::uint64_t requests, const Load& load, std::uint64_t seed) {
  GrpcTestClient client(port);
  const SystemClock clock;
  Random random(seed);
  for (std::uint64_t i = 0; i < requests; ++i) {
    const std::string request = make_request(
        load.spans_per_request, static_cast<std::uint64_t>(clock.unix_now_ns()), random);
    const GrpcAnswer answer =
        client.call("/opentelemetry.proto.collector.trace.v1.TraceService/Export", request,
                    GRPC_COMPRESS_NONE, 60'000);
    if (!answer.status.ok()) {
      std::fprintf(stderr, "sender: %s\n", answer.status.error_message().c_str());
      return false;
    }
  }
  return true;
}

int run_sender(std::uint16_t port, const Load& load) {
  const std::uint64_t requests = load.spans / load.spans_per_request / load.requests_at_once;
  std::vector<std::future<bool>> lanes;
  for (std::uint64_t lane = 0; lane < load.requests_at_once; ++lane) {
    lanes.push_back(std::async(std::launch::async, send_lane, port, requests, load, lane + 1));
  }
  bool good = true;
  for (std::future<bool>& lane : lanes) good = lane.get() && good;
  return good ? 0 : 1;
}

/// Starts this program again as the sender and waits for it.
bool send_from_another_process(const char* self, std::uint16_t port, const Load& load) {
  std::vector<std::string> words{self,
                                 "--send",
                                 std::to_string(port),
                                 std::to_string(load.spans),
                                 std::to_string(load.spans_per_request),
                                 std::to_string(load.requests_at_once)};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, arguments.data(), environ) != 0) {
    return false;
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

double seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

struct Usage {
  double user = 0;
  double system = 0;
  double wall = 0;
};

Usage usage_now(const Clock& clock) {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {seconds(usage.ru_utime), seconds(usage.ru_stime),
          static_cast<double>(clock.steady_now_ns()) / 1e9};
}

void report(const Usage& before, const Usage& after, const SpanStoreStats& stats,
            std::uint64_t accepted) {
  const double user = after.user - before.user;
  const double system = after.system - before.system;
  const double wall = after.wall - before.wall;
  const auto spans = static_cast<double>(accepted);
  std::printf("spans accepted               %12.0f\n", spans);
  std::printf("server cpu user + system     %8.2f + %.2f s\n", user, system);
  std::printf("spans per server cpu-second  %12.0f\n", spans / (user + system));
  std::printf("wall time                    %12.2f s\n", wall);
  std::printf("spans per second             %12.0f\n", spans / wall);
  std::printf("bytes on disk per span       %12.1f (before merging; log included)\n",
              static_cast<double>(stats.disk_bytes) / spans);
}

int run_server(const char* self, const Load& load) {
  const SystemClock clock;
  PosixFileSystem files;
  TraceStoreOptions options;
  options.directory = load.directory + "/spans";
  auto store = open_trace_store(files, clock, options);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 1;
  }
  SpanIngest ingest(**store, {}, clock);
  OtlpGrpcReceiver receiver(ingest);
  GrpcServer server({}, clock);
  receiver.add_methods(server);
  server.listen({.name = "otlp_grpc"});
  const auto ports = server.start();
  if (!ports) {
    std::fprintf(stderr, "%s\n", ports.error().message.c_str());
    return 1;
  }
  const Usage before = usage_now(clock);
  const bool sent = send_from_another_process(self, ports->at(0), load);
  const Usage after = usage_now(clock);
  report(before, after, (*store)->stats(),
         ingest.probe()
             .sources[static_cast<std::size_t>(SpanSource::kOtlpGrpc)]
             .spans_accepted.value());
  server.stop();
  return sent ? 0 : 1;
}

std::uint64_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

int run(int argc, char** argv) {
  Load load;
  const int first = argc > 2 && std::string_view(argv[1]) == "--send" ? 3 : 1;
  if (argc > first) load.spans = number(argv[first]);
  if (argc > first + 1) load.spans_per_request = number(argv[first + 1]);
  if (argc > first + 2) load.requests_at_once = number(argv[first + 2]);
  if (first == 3) return run_sender(static_cast<std::uint16_t>(number(argv[2])), load);
  std::string temporary = "/tmp/ingest_rate_XXXXXX";
  if (argc > 4) temporary = std::string(argv[4]) + "/ingest_rate_XXXXXX";
  if (::mkdtemp(temporary.data()) == nullptr) return 1;
  load.directory = temporary;
  const int result = run_server(argv[0], load);
  std::error_code ignored;
  std::filesystem::remove_all(temporary, ignored);
  return result;
}

}  // namespace
}  // namespace binnacle

int main(int argc, char** argv) { return binnacle::run(argc, argv); }
