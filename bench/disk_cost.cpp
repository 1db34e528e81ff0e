// What a stored span costs: bytes in the log and in parts, processor time to store it, and how fast
// it is found again. Two inputs: synthetic spans with 11 attributes (two of high cardinality), and
// the Nezha traces (Online Boutique, real times and ids, no attributes) when $BINNACLE_SHARED has
// them. Prints one line per quantity.
//
//   build/release/bench/disk_cost [spans, default 1000000]

#include "base/clock.h"
#include "base/random.h"
#include "codec/decompress.h"
#include "io/file/posix_file_system.h"
#include "store/trace/trace_store.h"

#include <fmt/format.h>

#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace binnacle {
namespace {

constexpr std::uint64_t kStart = 1'700'000'000'000'000'000;
constexpr std::size_t kBatchSpans = 500;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

struct Timer {
  SystemClock clock;
  std::int64_t begin = clock.steady_now_ns();
  [[nodiscard]] double ms() const {
    return static_cast<double>(clock.steady_now_ns() - begin) / 1e6;
  }
};

void line(std::string_view what, double value, std::string_view unit) {
  fmt::print("  {:<44} {:>12.3f} {}\n", what, value, unit);
}

// --- inputs: batches are made one at a time, so that the process measures the store ---

using NextBatch = std::function<bool(SpanBatch&)>;

NextBatch synthetic(std::uint64_t spans) {
  return [spans, made = std::uint64_t{0}, random = Random(7)](SpanBatch& b) mutable {
    b = SpanBatch();
    if (made >= spans) return false;
    std::uint32_t resources[16];
    const auto text = [&](std::string_view s) { return b.strings.intern(s); };
    for (std::size_t r = 0; r < 16; ++r) {
      const auto begin = static_cast<std::uint32_t>(b.shared_attributes.size());
      b.shared_attributes.emplace_back(text("service.name"),
                                       Value::of_string(text(fmt::format("service-{}", r))));
      b.shared_attributes.emplace_back(text("host.name"),
                                       Value::of_string(text(fmt::format("host-{}", r % 5))));
      resources[r] = b.add_resource(begin);
    }
    const std::uint32_t scope = b.add_scope(0, text("tracer"), text("1.0"));
    b.scopes[scope].attributes = {};
    TraceId trace;
    std::uint64_t trace_start = 0;
    SpanId root;
    for (std::size_t i = 0; i < kBatchSpans; ++i, ++made) {
      if (i % 10 == 0) {
        trace = {random.next(), random.next()};
        trace_start = kStart + made * 100'000 + random.below(1'000'000);
        root = {};
      }
      const auto add = [&](std::string_view key, Value v) {
        b.attributes.emplace_back(text(key), v);
      };
      const auto string = [&](const std::string& s) { return Value::of_string(text(s)); };
      const std::uint64_t route = random.below(30);
      add("http.method", string(route % 3 == 0 ? "POST" : "GET"));
      add("http.route", string(fmt::format("/api/v1/resource-{}/item", route)));
      add("http.status_code", Value::of_int(random.below(50) == 0 ? 500 : 200));
      add("net.peer.ip", string(fmt::format("10.0.{}.{}", random.below(4), random.below(50))));
      add("user.id", string(fmt::format("user-{}", random.below(10'000))));
      add("request.id", string(fmt::format("{:016x}", random.next())));
      add("db.statement", string(fmt::format("SELECT * FROM t{} WHERE id = ?", random.below(20))));
      add("thread.id", Value::of_int(static_cast<std::int64_t>(random.below(64))));
      add("response.bytes", Value::of_int(static_cast<std::int64_t>(random.below(65'536))));
      add("region", string("eu-central-1"));
      add("cache.hit", Value::of_bool(random.below(2) == 0));
      const std::uint64_t start = trace_start + (i % 10) * 1'000'000 + random.below(1'000'000);
      SpanRow row{.trace_id = trace, .span_id = SpanId{random.next()}, .start_unix_ns = start};
      row.parent_span_id = root;
      if (i % 10 == 0) root = row.span_id;
      row.end_unix_ns = start + random.below(20'000'000);
      row.name = text(fmt::format("operation-{}", route));
      row.kind = i % 2 == 0 ? SpanKind::kServer : SpanKind::kClient;
      row.status = random.below(50) == 0 ? StatusCode::kError : StatusCode::kUnset;
      row.resource = resources[random.below(16)];
      row.scope = scope;
      b.append(row);
    }
    return true;
  };
}

std::vector<std::string_view> fields_of(std::string_view csv_line) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t comma = csv_line.find(',');
    out.push_back(csv_line.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    csv_line.remove_prefix(comma + 1);
  }
}

// Nezha's CSV in the order of its lines, which is the order of the collector's export.
NextBatch nezha(std::string csv) {
  return [csv = std::move(csv), at = std::size_t{0}](SpanBatch& b) mutable {
    b = SpanBatch();
    std::map<std::string, std::uint32_t, std::less<>> resources;
    const std::uint32_t scope = b.add_scope(0, b.strings.intern("nezha"), {});
    while (at < csv.size() && b.size() < kBatchSpans) {
      const std::size_t end = std::min(csv.find('\n', at), csv.size());
      const auto f = fields_of(std::string_view(csv).substr(at, end - at));
      at = end + 1;
      if (f.size() < 7 || f[0] == "TraceID") continue;
      auto resource = resources.find(f[3]);
      if (resource == resources.end()) {
        const auto begin = static_cast<std::uint32_t>(b.shared_attributes.size());
        const std::string_view service = f[3].substr(0, f[3].find('-'));
        for (const auto& [key, value] :
             {std::pair{"service.name", service}, std::pair{"k8s.pod.name", f[3]}}) {
          const StringId id = b.strings.intern(key);
          b.shared_attributes.emplace_back(id, Value::of_string(b.strings.intern(value)));
        }
        resource = resources.emplace(f[3], b.add_resource(begin)).first;
      }
      SpanRow row;
      row.trace_id = parse_trace_id(f[0]).value_or(TraceId{});
      row.span_id = parse_span_id(f[1]).value_or(SpanId{});
      row.parent_span_id = parse_span_id(f[2]).value_or(SpanId{});
      row.name = b.strings.intern(f[4]);
      row.start_unix_ns = std::strtoull(std::string(f[5]).c_str(), nullptr, 10);
      row.end_unix_ns = std::strtoull(std::string(f[6]).c_str(), nullptr, 10);
      row.kind = SpanKind::kInternal;
      row.resource = resource->second;
      row.scope = scope;
      b.append(row);
    }
    return !b.empty();
  };
}

std::string nezha_csv() {
  const char* shared = std::getenv("BINNACLE_SHARED");
  if (shared == nullptr) return {};
  const std::filesystem::path folder =
      std::filesystem::path(shared) / "corpus/traces/nezha/ob/trace";
  std::error_code none;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder, none)) {
    files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::string out;
  for (const auto& path : files) {
    std::ifstream in(path, std::ios::binary);
    const std::string packed{std::istreambuf_iterator<char>(in), {}};
    auto text = codec::decompress(codec::Compression::kZstd, packed,
                                  {.max_bytes = 1U << 30, .zstd_window_log_max = 27});
    if (text) out += *text;
  }
  return out;
}

// --- measurements ---

Selection where(FieldKind kind, std::string key, Operand operand) {
  Selection out;
  out.predicate.require({{kind, std::move(key)}, CompareOp::kEq, std::move(operand)});
  return out;
}

class Run {
 public:
  Run() {
    std::string name = (std::filesystem::temp_directory_path() / "disk-cost-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    options_.directory = directory_ + "/spans";
    options_.scheduler.threads = 0;
    options_.head_limit_bytes = 1ULL << 32;
    open();
  }
  ~Run() {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  void ingest(const NextBatch& next) {
    SpanBatch batch;
    double store_cpu = 0;
    double flush_cpu = 0;
    std::uint64_t log_bytes = 0;
    while (next(batch)) {
      spans_ += batch.size();
      traces_.push_back(batch.trace_ids[batch.size() / 2]);
      const double before = cpu_seconds();
      std::promise<bool> done;
      store_->append({}, std::move(batch),
                     [&](Result<AppendResult> r) { done.set_value(r.has_value()); });
      if (!done.get_future().get()) std::abort();
      store_cpu += cpu_seconds() - before;
      if (store_->stats().memory_bytes > options_.flush_bytes) flush(flush_cpu);
    }
    flush(flush_cpu);
    for (const Descriptor& d : store_->describe()) {
      if (d.name == "binnacle_log_bytes_total") log_bytes = d.counter->value();
    }
    const auto n = static_cast<double>(spans_);
    line("append and log, processor", store_cpu / n * 1e6, "us/span");
    line("flush, processor", flush_cpu / n * 1e6, "us/span");
    line("log", static_cast<double>(log_bytes) / n, "B/span");
    line("parts after flushes", part_bytes() / n, "B/span");
    const double before = cpu_seconds();
    if (!store_->merge_all()) std::abort();
    line("merge, processor", (cpu_seconds() - before) / n * 1e6, "us/span");
    line("parts after merging", part_bytes() / n, "B/span");
    line("parts", static_cast<double>(store_->stats().parts), "");
  }

  void reopen() {
    store_.reset();
    const Timer timer;
    open();
    line("open", timer.ms(), "ms");
  }

  // Cold: the first of its kind after open (the kernel's cache is warm). Warm: the median of ten.
  void time(std::string_view what, const std::function<std::size_t()>& query) {
    const Timer cold;
    const std::size_t found = query();
    const double cold_ms = cold.ms();
    std::vector<double> warm;
    for (int i = 0; i < 10; ++i) {
      const Timer timer;
      query();
      warm.push_back(timer.ms());
    }
    std::ranges::sort(warm);
    fmt::print("  {:<44} {:>12.3f} ms (first {:.1f} ms, {} found)\n", what, warm[5], cold_ms,
               found);
  }

  void find(std::string_view what, Selection selection, std::uint32_t limit = 20) {
    TraceSearch search;
    search.selection = std::move(selection);
    search.limit = limit;
    time(what, [&] {
      const auto hits = store_->find_traces({}, search);
      return hits ? hits->hits.size() : 0;
    });
  }

  void trace_by_id() {
    std::size_t n = 0;
    time("trace by id", [&] {
      const TraceId id = traces_[n++ * 7919 % traces_.size()];
      auto cursor = store_->read_traces({}, {&id, 1});
      SpanBatch out;
      std::size_t found = 0;
      while (cursor && (*cursor)->next(out).value_or(false)) found += out.size();
      return found;
    });
  }

  void values(std::string_view what, const Field& field) {
    time(what, [&] {
      const auto values = store_->values({}, field, {}, 100'000);
      return values ? values->entries.size() : 0;
    });
  }

  void aggregate(std::string_view what, SpanAggregation aggregation) {
    time(what, [&] {
      const auto rows = store_->aggregate({}, aggregation);
      return rows ? rows->rows.size() : 0;
    });
  }

 private:
  void open() {
    auto opened = open_trace_store(fs_, clock_, options_);
    if (!opened) {
      fmt::print(stderr, "{}\n", opened.error().message);
      std::abort();
    }
    store_ = std::move(*opened);
  }
  void flush(double& cpu) {
    const double before = cpu_seconds();
    if (!store_->flush()) std::abort();
    cpu += cpu_seconds() - before;
  }
  [[nodiscard]] double part_bytes() const {
    const SpanStoreStats stats = store_->stats();
    return static_cast<double>(stats.disk_bytes - stats.log_bytes);
  }

  SystemClock clock_;
  PosixFileSystem fs_;
  TraceStoreOptions options_;
  std::string directory_;
  std::unique_ptr<TraceStore> store_;
  std::uint64_t spans_ = 0;
  std::vector<TraceId> traces_;
};

void run_synthetic(std::uint64_t spans) {
  fmt::print("synthetic, {} spans, 11 attributes\n", spans);
  Run run;
  run.ingest(synthetic(spans));
  run.reopen();
  run.trace_by_id();
  const auto kSpan = FieldKind::kSpanAttribute;
  run.find("find by service", where(FieldKind::kServiceName, "", std::string("service-3")));
  run.find("find by common attribute",
           where(kSpan, "http.route", std::string("/api/v1/resource-7/item")));
  run.find("find by attribute in 100 spans", where(kSpan, "user.id", std::string("user-77")), 200);
  run.find("find by attribute in no span", where(kSpan, "request.id", std::string("no such")));
  run.find("find by attribute of any place",
           where(FieldKind::kAnyAttribute, "user.id", std::string("user-77")));
  Selection slow;
  slow.predicate.require({{FieldKind::kDuration, ""}, CompareOp::kGt, std::int64_t{19'990'000}});
  run.find("find by duration", slow);
  Selection regex;
  regex.predicate.require({{kSpan, "user.id"}, CompareOp::kRegex, std::string("user-7.*9")});
  run.find("find all by expression", regex, 1'000'000);
  run.values("values of service", {FieldKind::kServiceName, ""});
  run.values("values of an attribute", {kSpan, "http.route"});
  run.aggregate("aggregate by service", {{}, {{FieldKind::kServiceName, ""}}, 60'000'000'000});
}

void run_nezha() {
  std::string csv = nezha_csv();
  if (csv.empty()) {
    fmt::print("nezha: skipped, BINNACLE_SHARED has no such traces\n");
    return;
  }
  fmt::print("nezha\n");
  Run run;
  run.ingest(nezha(std::move(csv)));
  run.reopen();
  run.trace_by_id();
  run.find("find by service", where(FieldKind::kServiceName, "", std::string("cartservice")));
  run.values("values of service", {FieldKind::kServiceName, ""});
}

}  // namespace
}  // namespace binnacle

int main(int argc, char** argv) {
  const std::uint64_t spans = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  binnacle::run_synthetic(spans);
  binnacle::run_nezha();
  return 0;
}
