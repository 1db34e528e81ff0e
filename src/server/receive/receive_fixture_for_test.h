#pragma once

#include "base/clock.h"
#include "ingest/span_ingest.h"
#include "store/faulty_span_store_for_test.h"
#include "store/memory/memory_span_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

// What the tests of receivers share: a memory store behind a fault injector, an ingest in front,
// and recorded bodies.

namespace binnacle {

/// A file of tests/golden/receive.
inline std::string golden(const std::string& name) {
  std::ifstream file(std::string(BINNACLE_SOURCE_DIR) + "/tests/golden/receive/" + name,
                     std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

class ReceiveTest : public ::testing::Test {
 protected:
  /// Names of the stored spans of a trace, in the order of their start, as one text.
  std::string stored_names(TraceId id) {
    auto cursor = memory_->read_traces({}, {&id, 1});
    if (!cursor) return cursor.error().message;
    SpanBatch batch;
    std::vector<std::pair<std::uint64_t, std::string>> spans;
    for (;;) {
      const Result<bool> more = (*cursor)->next(batch);
      if (!more || !*more) break;
      for (std::size_t i = 0; i < batch.size(); ++i) {
        spans.emplace_back(batch.start_unix_ns[i], batch.strings[batch.names[i]]);
      }
    }
    std::sort(spans.begin(), spans.end());
    std::string out;
    for (const auto& [start, name] : spans) out += name + ";";
    return out;
  }
  [[nodiscard]] std::size_t stored_spans() const { return memory_->stats().spans; }

  static constexpr TraceId kRecordedTrace{0x0011223344556677, 0x8899AABBCCDDEEFF};

  SystemClock clock_;
  std::unique_ptr<SpanStore> memory_ = make_memory_span_store(clock_);
  FaultySpanStore store_{*memory_};
  IngestConfig ingest_config_;
};

}  // namespace binnacle
