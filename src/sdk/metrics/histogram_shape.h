#pragma once

#include "sdk/metrics/cells.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

// The bounds of an explicit histogram, prepared for finding a value's bucket in a handful of
// instructions: a table over the leading bits of a double (its exponent and, as needed, some bits
// of mantissa) says where to begin, and one comparison decides. Immutable; never freed while a
// series uses it. Also the layout of a histogram's cell.

namespace binnacle::sdk {

class HistogramShape {
 public:
  /// More bounds than this are cut off.
  static constexpr std::size_t kMaxBounds = 1024;

  /// Sorts the bounds and drops repeated ones and those that are not finite.
  static std::unique_ptr<HistogramShape> make(const double* bounds, std::size_t count);

  std::size_t bound_count() const noexcept { return bound_count_; }
  std::size_t bucket_count() const noexcept { return bound_count_ + 1; }
  const double* bounds() const noexcept { return bounds_.data(); }
  bool has_bounds(const double* bounds, std::size_t count) const;

  /// The bucket of a finite value: how many bounds are less than it.
  std::size_t find(double value) const noexcept {
    if (!has_table_ || (has_nonpositive_ && !(value > 0))) [[unlikely]]
      return search(value);
    const auto bits = std::bit_cast<std::int64_t>(value);
    std::int64_t slot = (bits >> shift_) - first_slot_;  // negative values come out far below
    slot = slot < 0 ? 0 : slot;
    slot = slot > last_slot_ ? last_slot_ : slot;
    const std::size_t bucket = table_[static_cast<std::size_t>(slot)];
    return bucket + (value > bounds_[bucket] ? 1 : 0);
  }

  /// Words of a cell of this shape: sum, extremes, a count per bucket, a skip per bucket.
  std::size_t cell_words() const noexcept {
    return kBucketsAt + bucket_count() + (bucket_count() + 1) / 2;
  }
  static constexpr std::size_t kExtremesAt = 1;
  static constexpr std::size_t kBucketsAt = kExtremesAt + kExtremesWords;

  static ExtremesCell& extremes(Word* cell) noexcept {
    return *reinterpret_cast<ExtremesCell*>(cell + kExtremesAt);
  }
  ExemplarSkip* skips(Word* cell) const noexcept {
    return reinterpret_cast<ExemplarSkip*>(cell + kBucketsAt + bucket_count());
  }

 private:
  HistogramShape() = default;
  std::size_t search(double value) const noexcept;
  bool build_table(unsigned shift);

  // 2^-8 of an octave tells any two bounds apart that differ by 0.4 %; 1 KB stays in the cache.
  static constexpr unsigned kMantissaBits = 52;
  static constexpr unsigned kMostMantissaBits = 8;
  static constexpr std::size_t kMostSlots = 1024;

  bool has_table_ = false;
  bool has_nonpositive_ = false;
  unsigned shift_ = 0;
  std::int64_t first_slot_ = 0;
  std::int64_t last_slot_ = 0;
  std::size_t bound_count_ = 0;
  std::vector<std::uint8_t> table_;
  std::vector<double> bounds_;  // and +inf at the end
};

}  // namespace binnacle::sdk
