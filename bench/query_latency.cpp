// How long do a trace by id, a search and the lists take over a store of a million spans?
//
//   build/release/bench/query_latency [--spans 1000000] [--repeat 200] [--directory /tmp/x]
//
// Fills the disk engine with made-up traces of 10 spans and 11 attributes a span over 24 hours and
// one trace of 50,000 spans, flushes and merges, then asks through Jaeger's API as jaeger-ui does
// and prints the distribution of the times to the last byte of the answer (in process, no sockets).
// Times of day are random, so that nearly every question reads other blocks.

#include "base/clock.h"
#include "base/random.h"
#include "io/file/posix_file_system.h"
#include "model/semconv.h"
#include "server/api/jaeger_api.h"
#include "store/trace/trace_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace binnacle;

constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;
constexpr std::uint64_t kDayNs = 24ULL * 3'600 * 1'000'000'000;
constexpr std::size_t kSpansPerTrace = 10;
constexpr std::size_t kLargeTraceSpans = 50'000;
constexpr std::size_t kServices = 20;
constexpr std::size_t kOperations = 15;
constexpr TraceId kLargeTrace{0xB16, 0xB16};

struct Settings {
  std::size_t spans = 1'000'000;
  std::size_t repeat = 200;
  std::string directory;
};

// Makes batches of about 5,000 spans, as a collector sends them.
class Filler {
 public:
  explicit Filler(Random random) : random_(random) {}

  void add_trace(TraceId id, std::uint64_t start, std::size_t spans, SpanBatch& batch) {
    const SpanId root{random_.next() | 1};
    for (std::size_t i = 0; i < spans; ++i) {
      add_attributes(batch);
      const std::uint64_t begin = start + i * 1'000;
      const std::uint64_t length = 1'000'000 + random_.below(400'000'000);
      const std::size_t service = random_.below(kServices);
      batch.append(
          {.trace_id = id,
           .span_id = i == 0 ? root : SpanId{random_.next() | 1},
           .parent_span_id = i == 0 ? SpanId{} : root,
           .start_unix_ns = begin,
           .end_unix_ns = begin + length,
           .name = batch.strings.intern(fmt::format("operation-{}", random_.below(kOperations))),
           .kind = i % 2 == 0 ? SpanKind::kServer : SpanKind::kClient,
           .status = random_.below(100) == 0 ? StatusCode::kError : StatusCode::kUnset,
           .resource = resource(service, batch),
           .scope = scope(batch)});
    }
  }

 private:
  void put(SpanBatch& batch, std::string_view key, Value value) {
    batch.attributes.emplace_back(batch.strings.intern(key), value);
  }
  void put(SpanBatch& batch, std::string_view key, std::string_view text) {
    put(batch, key, Value::of_string(batch.strings.intern(text)));
  }
  void add_attributes(SpanBatch& batch) {
    put(batch, "http.request.method", random_.below(3) == 0 ? "POST" : "GET");
    put(batch, "http.response.status_code", Value::of_int(random_.below(50) == 0 ? 500 : 200));
    put(batch, "url.path", fmt::format("/api/items/{}", random_.below(2'000)));
    put(batch, "server.address", fmt::format("host-{}", random_.below(50)));
    put(batch, "server.port", Value::of_int(8'080));
    put(batch, "user.id", fmt::format("{:016x}", random_.next()));
    put(batch, "user.tier", random_.below(10) == 0 ? "gold" : "free");
    put(batch, "cache.hit", Value::of_bool(random_.below(2) == 0));
    put(batch, "gen_ai.usage.input_tokens",
        Value::of_int(static_cast<std::int64_t>(random_.below(8'000))));
    put(batch, "network.protocol.version", "1.1");
    put(batch, "thread.id", Value::of_int(static_cast<std::int64_t>(random_.below(64))));
  }
  static std::uint32_t resource(std::size_t service, SpanBatch& batch) {
    while (batch.resources.size() <= service) {
      const auto begin = static_cast<std::uint32_t>(batch.shared_attributes.size());
      batch.shared_attributes.emplace_back(batch.strings.intern(semconv::kServiceName),
                                           Value::of_string(batch.strings.intern(
                                               fmt::format("service-{}", batch.resources.size()))));
      batch.add_resource(begin);
    }
    return static_cast<std::uint32_t>(service);
  }
  static std::uint32_t scope(SpanBatch& batch) {
    if (batch.scopes.empty()) {
      batch.add_scope(static_cast<std::uint32_t>(batch.shared_attributes.size()),
                      batch.strings.intern("http"), batch.strings.intern("1.0"));
    }
    return 0;
  }

  Random random_;
};

void append(SpanStore& store, SpanBatch&& batch) {
  std::promise<Result<AppendResult>> done;
  store.append({}, std::move(batch), [&](Result<AppendResult> r) { done.set_value(std::move(r)); });
  const auto result = done.get_future().get();
  if (!result) {
    fmt::print(stderr, "append: {}\n", result.error().message);
    std::exit(1);
  }
}

std::vector<TraceId> fill(SpanStore& store, std::size_t spans) {
  Random random(42);
  Filler filler{Random(43)};
  std::vector<TraceId> ids;
  SpanBatch batch;
  for (std::size_t n = 0; n < spans; n += kSpansPerTrace) {
    ids.push_back({random.next(), random.next() | 1});
    filler.add_trace(ids.back(), kStart + random.below(kDayNs), kSpansPerTrace, batch);
    if (batch.size() >= 5'000) append(store, std::exchange(batch, SpanBatch()));
  }
  // Before the day, so that only its own question finds it.
  filler.add_trace(kLargeTrace, kStart - kDayNs, kLargeTraceSpans, batch);
  append(store, std::move(batch));
  return ids;
}

// The body's size; the whole answer is made, as for a client.
std::size_t ask(const HttpRouter& router, const std::string& target) {
  HttpRequest request;
  request.target = target;
  const std::size_t mark = target.find('?');
  request.path = target.substr(0, mark);
  if (mark != std::string::npos) request.query = *parse_query(target.substr(mark + 1));
  auto match = router.match(HttpMethod::kGet, request.path);
  request.path_parameters = std::move(match->parameters);
  std::size_t bytes = 0;
  match->route->handler(std::move(request), HttpResponder([&](HttpResponse&& response) {
                          if (response.status != 200) {
                            fmt::print(stderr, "{}: {}\n", target, response.status);
                            std::exit(1);
                          }
                          if (const auto* text = std::get_if<std::string>(&response.body)) {
                            bytes = text->size();
                            return;
                          }
                          auto& source = std::get<HttpBodySource>(response.body);
                          for (std::string chunk; *source(chunk); chunk.clear()) {
                            bytes += chunk.size();
                          }
                        }));
  return bytes;
}

void measure(const HttpRouter& router, std::string_view what, std::size_t repeat,
             const std::function<std::string()>& target) {
  std::vector<double> times_ms;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < repeat; ++i) {
    const std::string question = target();
    const auto begin = std::chrono::steady_clock::now();
    bytes += ask(router, question);
    times_ms.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin)
            .count());
  }
  std::ranges::sort(times_ms);
  fmt::print("{:<34} {:>6} {:>9.2f} {:>9.2f} {:>9.2f} {:>12}\n", what, repeat,
             times_ms[times_ms.size() / 2], times_ms[times_ms.size() * 99 / 100], times_ms.back(),
             bytes / repeat);
}

void measure_all(const HttpRouter& router, const std::vector<TraceId>& ids, std::size_t repeat) {
  Random random(7);
  const auto search = [&random](std::uint64_t window_ns, std::string_view more) {
    return [&random, window_ns, more = std::string(more)] {
      const std::uint64_t begin = kStart + random.below(kDayNs - window_ns);
      return fmt::format("/api/traces?service=service-{}&limit=20&start={}&end={}{}",
                         random.below(kServices), begin / 1'000, (begin + window_ns) / 1'000, more);
    };
  };
  constexpr std::uint64_t kHour = 3'600ULL * 1'000'000'000;
  fmt::print("{:<34} {:>6} {:>9} {:>9} {:>9} {:>12}\n", "question", "times", "p50 ms", "p99 ms",
             "max ms", "bytes each");
  measure(router, "trace by id, 10 spans", repeat,
          [&] { return "/api/traces/" + to_hex(ids[random.below(ids.size())]); });
  measure(router, "services", repeat, [] { return "/api/services"; });
  measure(router, "trace by id, 50,000 spans", std::max<std::size_t>(repeat / 20, 3),
          [] { return "/api/traces/" + to_hex(kLargeTrace); });
  measure(router, "operations of a service", repeat, [&] {
    return fmt::format("/api/services/service-{}/operations", random.below(kServices));
  });
  measure(router, "search: service, 1 h, 20 traces", repeat, search(kHour, ""));
  measure(router, "search: + operation", repeat, search(kHour, "&operation=operation-3"));
  measure(router, "search: + duration >= 390ms", repeat, search(kHour, "&minDuration=390ms"));
  measure(router, "search: + error=true", repeat, search(kHour, "&tag=error:true"));
  measure(router, "search: + user.tier=gold", repeat, search(kHour, "&tag=user.tier:gold"));
  measure(router, "search: + url.path (1 in 2,000)", repeat,
          search(kDayNs - 1, "&tag=url.path:/api/items/77"));
  measure(router, "search: tag nobody has, 24 h", std::max<std::size_t>(repeat / 10, 3),
          search(kDayNs - 1, "&tag=nothing:here"));
  measure(router, "dependencies, 1 h", std::max<std::size_t>(repeat / 10, 3), [&] {
    return fmt::format("/api/dependencies?endTs={}&lookback=3600000",
                       (kStart + kHour + random.below(kDayNs - kHour)) / 1'000'000);
  });
}

Settings parse(int argc, char** argv) {
  Settings out;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    const auto number = [&](std::size_t& to) {
      std::from_chars(value.data(), value.data() + value.size(), to);
    };
    if (name == "--spans") number(out.spans);
    if (name == "--repeat") number(out.repeat);
    if (name == "--directory") out.directory = value;
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const Settings settings = parse(argc, argv);
  const bool own_directory = settings.directory.empty();
  const std::filesystem::path directory =
      own_directory ? std::filesystem::temp_directory_path() /
                          fmt::format("query_latency.{}", Random::from_system().next())
                    : std::filesystem::path(settings.directory);
  SystemClock clock;
  PosixFileSystem fs;
  TraceStoreOptions options;
  options.directory = directory.string();
  auto store = open_trace_store(fs, clock, std::move(options));
  if (!store) {
    fmt::print(stderr, "{}\n", store.error().message);
    return 1;
  }
  const std::vector<TraceId> ids = fill(**store, settings.spans);
  if (auto ok = (*store)->flush(); !ok) fmt::print(stderr, "flush: {}\n", ok.error().message);
  if (auto ok = (*store)->merge_all(); !ok) fmt::print(stderr, "merge: {}\n", ok.error().message);
  const SpanStoreStats stats = (*store)->stats();
  fmt::print("{} spans in {} parts, {:.1f} bytes each on disk\n\n", stats.spans, stats.parts,
             static_cast<double>(stats.disk_bytes) / static_cast<double>(stats.spans));

  TraceQuery query(**store, clock, {}, nullptr);
  JaegerApi api(query, clock);
  HttpRouter router;
  api.add_routes(router);
  measure_all(router, ids, settings.repeat);
  store->reset();
  if (own_directory) std::filesystem::remove_all(directory);
  return 0;
}
