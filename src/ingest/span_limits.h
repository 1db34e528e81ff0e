#pragma once

#include "ingest/ingest_probe.h"
#include "model/span_batch.h"

#include <cstddef>
#include <cstdint>

// What one span may hold. Enforced where spans enter, so that no engine, query or page meets a span
// that is a thousand times the usual size. What is over a limit is cut off and counted in the
// span's own dropped_* fields, as OpenTelemetry SDKs do with theirs; the span itself is kept. Times
// are never changed. Pure functions.

namespace binnacle {

struct SpanLimits {
  /// Per span, event, link, resource and scope. OpenTelemetry SDKs stop at 128 by default;
  /// flattened LLM conversations (llm.input_messages.N...) reach some hundreds.
  std::size_t attributes = 1024;
  /// Longer keys are dropped; the longest of semantic conventions has 50 bytes.
  std::size_t key_bytes = 1024;
  /// Longer strings and bytes are cut (at a character's start), longer arrays and maps dropped.
  /// Prompts of 200,000 tokens take about 800 KB.
  std::size_t value_bytes = 1024 * 1024;
  std::size_t events = 4096;
  std::size_t links = 4096;
};

/// True if no span of the batch is over a limit. O(spans + events + links + distinct strings).
[[nodiscard]] bool within_limits(const SpanBatch& batch, const SpanLimits& limits) noexcept;

/// A copy with everything over a limit cut off. For batches that are not within_limits: copies all.
[[nodiscard]] SpanBatch cut_to_limits(const SpanBatch& batch, const SpanLimits& limits,
                                      IngestProbe& probe);

}  // namespace binnacle
