#pragma once

#include "base/error.h"
#include "base/hash.h"
#include "model/labels.h"
#include "model/sample_batch.h"
#include "store/context.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Time series: identity once, samples by reference. A draft: no engine implements it yet, and it
// may grow until the first one does. Internally locked. Guarantees as in span_store.h.

namespace binnacle {

/// Samples with start_unix_ms <= time <= end_unix_ms (Prometheus' closed ranges).
struct SampleRange {
  std::int64_t start_unix_ms = 0;
  std::int64_t end_unix_ms = 0;
};

/// What the evaluator knows and an engine may use: the function applied and the step, so that it
/// can answer from pre-computed or fewer blocks. Ignoring them is always right.
struct SelectHints {
  std::int64_t step_ms = 0;
  std::int64_t range_ms = 0;
  std::string function;
  std::uint32_t series_limit = 0;  ///< 0: none
};

/// One series after another; thread-confined; pins a snapshot.
class SeriesCursor {
 public:
  SeriesCursor() = default;
  SeriesCursor(const SeriesCursor&) = delete;
  SeriesCursor& operator=(const SeriesCursor&) = delete;
  virtual ~SeriesCursor() = default;
  /// Moves to the next series (ascending labels); false at the end.
  [[nodiscard]] virtual Result<bool> next_series() = 0;
  [[nodiscard]] virtual const Labels& labels() const noexcept = 0;
  /// The next block of the current series, times ascending; false at its end.
  [[nodiscard]] virtual Result<bool> next_block(SeriesBlock& out) = 0;
  [[nodiscard]] virtual Warnings warnings() const = 0;
};

using SamplesCompletion = std::move_only_function<void(Status)>;

class SeriesStore {
 public:
  SeriesStore() = default;
  SeriesStore(const SeriesStore&) = delete;
  SeriesStore& operator=(const SeriesStore&) = delete;
  virtual ~SeriesStore() = default;

  /// The series with this fingerprint (hash128 of its sorted labels under the store's secret seed).
  [[nodiscard]] virtual std::optional<SeriesRef> lookup(const TenantId& tenant,
                                                        Hash128 fingerprint) const = 0;
  /// Finds or creates. kResourceExhausted when the tenant's series limit is reached.
  [[nodiscard]] virtual Result<SeriesRef> create(const WriteContext& context,
                                                 const Labels& labels) = 0;
  /// Durable and visible when `done` is called; all or nothing.
  virtual void append(const WriteContext& context, SampleBatch&& batch, SamplesCompletion done) = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<SeriesCursor>> select(
      const ReadContext& context, std::vector<LabelMatcher> matchers, SampleRange range,
      const SelectHints& hints) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> label_names(
      const ReadContext& context, std::vector<LabelMatcher> matchers, SampleRange range) = 0;
  [[nodiscard]] virtual Result<std::vector<std::string>> label_values(
      const ReadContext& context, std::string_view label, std::vector<LabelMatcher> matchers,
      SampleRange range) = 0;
  [[nodiscard]] virtual Status snapshot_to(const std::string& directory) = 0;
};

}  // namespace binnacle
