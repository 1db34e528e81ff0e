#pragma once

#include "sdk/metrics/cells.h"
#include "sdk/metrics/metric_data.h"

#include <cstddef>
#include <cstdint>
#include <vector>

// Base-2 exponential histograms: the cell that a thread records into, and the totals that
// collecting adds cells up to. Bucket i holds values in (base^i, base^(i+1)] with base =
// 2^(2^-scale); when the values of one sign span more than 160 buckets, the scale goes down and
// neighbours are merged. Source: opentelemetry-specification, metrics/data-model.md,
// "ExponentialHistogram", and metrics/sdk.md, "Base2 Exponential Bucket Histogram Aggregation".

namespace binnacle::sdk {

inline constexpr std::int32_t kMaxExponentialScale = 20;
inline constexpr std::int32_t kMinExponentialScale = -10;
inline constexpr std::int32_t kMaxExponentialBuckets = 160;

/// The bucket of a positive, finite value. Subnormal values count as the least normal one.
std::int32_t exponential_index(double value, std::int32_t scale) noexcept;

/// One sign's buckets: a ring in which index i stands at i modulo 160, so that growing in either
/// direction moves nothing. Lowest and highest index say what is in use (empty: lowest > highest).
struct ExponentialRing {
  Word lowest;   ///< signed
  Word highest;  ///< signed
  Word counts[kMaxExponentialBuckets];
};

/// Written by its thread; `version` is odd while the owner changes the scale, and readers try
/// again.
struct ExponentialCell {
  Word version;
  Word is_started;  ///< rings and scale hold something; zeroed memory does not
  Word sum;
  Word zero_count;
  Word scale;  ///< signed
  ExtremesCell extremes;
  Word skip;
  ExponentialRing positive;
  ExponentialRing negative;
};
inline constexpr std::size_t kExponentialCellWords = sizeof(ExponentialCell) / sizeof(Word);
static_assert(kExponentialCellWords <= kBlockWords);

/// Adds a finite value to a cell that only this thread writes.
void record_exponential(ExponentialCell& cell, std::uint64_t period, double value) noexcept;

/// What cells, and threads that are gone, add up to. Counts never fall, except that buckets merge.
class ExponentialTotals {
 public:
  /// Adds what a cell holds. Its owner may be recording.
  void add(const ExponentialCell& cell);
  void add(const ExponentialTotals& other);
  /// This less an earlier state of the same totals.
  ExponentialTotals minus(const ExponentialTotals& earlier) const;

  std::uint64_t count() const noexcept;
  double sum() const noexcept { return sum_; }
  /// Without extremes.
  ExponentialValue to_value() const;

 private:
  struct Buckets {
    std::int32_t offset = 0;
    std::vector<std::uint64_t> counts;  // begins and ends with a bucket that is not empty
  };

  struct IndexRange {
    std::int32_t low;
    std::int32_t high;
    bool is_empty() const noexcept { return low > high; }
    IndexRange operator>>(std::int32_t by) const noexcept {
      return is_empty() ? *this : IndexRange{low >> by, high >> by};
    }
  };

  static void add_bucket(Buckets& buckets, std::int32_t index, std::uint64_t count);
  static void merge_down(Buckets& buckets, std::int32_t by);
  static IndexRange range_of(const Buckets& buckets) noexcept {
    return {buckets.offset, buckets.offset + static_cast<std::int32_t>(buckets.counts.size()) - 1};
  }
  static std::int32_t excess_of(const Buckets& buckets, IndexRange range);
  std::int32_t make_room(std::int32_t scale, IndexRange positive, IndexRange negative);
  void lower_scale_to(std::int32_t scale);

  std::int32_t scale_ = kMaxExponentialScale;
  std::uint64_t zero_count_ = 0;
  double sum_ = 0;
  Buckets positive_;
  Buckets negative_;
};

}  // namespace binnacle::sdk
