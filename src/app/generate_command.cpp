#include "app/commands.h"
#include "app/progress.h"
#include "app/span_sender.h"
#include "app/trace_generator.h"
#include "wire/otlp/encode.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>

namespace binnacle::app {
namespace {

// About 0.5 MB of protobuf: well below every receiver's limit.
constexpr std::size_t kBatchSpans = 1'000;

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdout) std::fclose(file);
  }
};

// Where generated batches go: a server, or a file of OTLP JSON lines.
class Sink {
 public:
  static Result<Sink> open(const GenerateOptions& options) {
    Sink sink;
    if (options.output.empty()) {
      sink.sender_ = std::make_unique<SpanSender>(options.to, 30 * kNanosPerSecond);
      return sink;
    }
    sink.file_.reset(options.output == "-" ? stdout : std::fopen(options.output.c_str(), "wbe"));
    if (!sink.file_) return fail(ErrorCode::kUnavailable, "cannot write " + options.output);
    return sink;
  }

  Status write(const SpanBatch& batch) {
    if (sender_) {
      auto counts = sender_->send(batch);
      if (!counts) return std::unexpected(counts.error());
      if (counts->rejected > 0) return fail(ErrorCode::kInvalidArgument, counts->first_reason);
      return {};
    }
    std::string line = otlp::encode_json(batch);
    line.push_back('\n');
    if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) {
      return fail(ErrorCode::kUnavailable, "write failed");
    }
    return {};
  }

 private:
  std::unique_ptr<SpanSender> sender_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

// Waits until `due_steady_ns` on the clock.
void wait_until(const Clock& clock, std::int64_t due_steady_ns) {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const std::int64_t left_ns = due_steady_ns - clock.steady_now_ns();
  if (left_ns > 0) never.wait_for(lock, std::chrono::nanoseconds(left_ns));
}

}  // namespace

int generate_traces(const GenerateOptions& options) {
  const SystemClock clock;
  auto sink = Sink::open(options);
  if (!sink) {
    fmt::print(stderr, "{}\n", sink.error().message);
    return kExitBad;
  }
  TraceGenerator generator({options.seed, options.spans_per_trace, options.error_rate});
  Random random(options.seed ^ 0x7472616365ULL);
  Progress progress(clock, false);
  const std::int64_t begin = clock.steady_now_ns();
  std::uint64_t spans = 0;
  SpanBatch batch;
  for (std::uint64_t i = 0; i < options.traces; ++i) {
    if (options.traces_per_second > 0) {
      wait_until(clock, begin + static_cast<std::int64_t>(static_cast<double>(i) * 1e9 /
                                                          options.traces_per_second));
    }
    const auto age =
        options.span_age_ns > 0 ? random.below(static_cast<std::uint64_t>(options.span_age_ns)) : 0;
    spans += generator.append_trace(static_cast<std::uint64_t>(clock.unix_now_ns()) - age, batch);
    const bool is_due =
        batch.size() >= kBatchSpans || options.traces_per_second > 0 || i + 1 == options.traces;
    if (!is_due) continue;
    if (auto written = sink->write(batch); !written) {
      fmt::print(stderr, "{} (after {} traces)\n", written.error().message, i);
      return kExitBad;
    }
    batch.clear();
    progress.show(fmt::format("{} of {} traces, {} spans", i + 1, options.traces, spans));
  }
  const double seconds = static_cast<double>(clock.steady_now_ns() - begin) / 1e9;
  fmt::print(stderr, "{} traces, {} spans in {:.2f} s ({:.0f} spans/s)\n", options.traces, spans,
             seconds, static_cast<double>(spans) / std::max(seconds, 1e-9));
  return kExitGood;
}

}  // namespace binnacle::app
