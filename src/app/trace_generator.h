#pragma once

#include "base/random.h"
#include "model/span_batch.h"

#include <cstdint>
#include <span>
#include <string_view>

// Made-up traces of an AI marketplace, for demonstrations, load and benches: agents run tasks, call
// LLMs, scan marketplaces, query RAG indexes, take payments. The same seed gives the same spans.
// Thread-confined.
//
//   TraceGenerator generator({.seed = 1});
//   generator.append_trace(start_unix_ns, batch);

namespace binnacle::app {

struct GeneratorOptions {
  std::uint64_t seed = 1;
  /// Spans in one trace: a trace grows by repeating its branches until it has at least this many.
  /// 1 gives the natural size, 8 to 30.
  std::uint32_t spans_per_trace = 1;
  /// Share of operations that fail, on top of each operation's own rate. In [0, 1].
  double error_rate = 0.0;
};

class TraceGenerator {
 public:
  explicit TraceGenerator(const GeneratorOptions& options);

  /// Appends one whole trace whose root starts at `start_unix_ns`. Returns its number of spans.
  std::size_t append_trace(std::uint64_t start_unix_ns, SpanBatch& batch);

 private:
  struct Placed {
    std::uint64_t end_unix_ns;
    bool failed;
  };

  Placed append_operation(std::size_t operation, SpanId parent, std::uint64_t start_unix_ns,
                          int depth, SpanBatch& batch);
  std::uint64_t own_time_ns(double median_us, double spread);
  void append_attributes(std::size_t operation, SpanBatch& batch);
  void append_exception(std::uint64_t time_unix_ns, SpanBatch& batch);
  std::uint32_t resource_of(std::string_view service, SpanBatch& batch);

  GeneratorOptions options_;
  Random random_;
  TraceId trace_id_;
  std::size_t spans_wanted_ = 0;
  std::size_t spans_before_ = 0;
};

}  // namespace binnacle::app
