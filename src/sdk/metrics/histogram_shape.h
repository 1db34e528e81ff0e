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
    const std::uint64_t slot = slot_of(value);
    return is_in_table(slot) ? find_in_table(slot, value) : find_at_edge(value);
  }
  // The same in steps. A value that is not finite has no slot in the table.
  std::uint64_t slot_of(double value) const noexcept {
    const std::int64_t leading = std::bit_cast<std::int64_t>(value) >> shift_;
    return static_cast<std::uint64_t>(leading - first_slot_);  // below the first: very large
  }
  bool is_in_table(std::uint64_t slot) const noexcept { return slot <= last_slot_; }
  std::size_t find_in_table(std::uint64_t slot, double value) const noexcept {
    const std::size_t bucket = table_[slot];
    return bucket + (value > bounds_[bucket] ? 1 : 0);
  }
  /// Below the first positive bound, above the last one, or there is no table.
  std::size_t find_at_edge(double value) const noexcept;

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
    return reinterpret_cast<ExemplarSkip*>(cell + skips_at_);
  }

 private:
  HistogramShape() = default;
  bool build_table(unsigned shift);

  // 2^-8 of an octave tells any two bounds apart that differ by 0.4 %; 1 KB stays in the cache.
  static constexpr unsigned kMantissaBits = 52;
  static constexpr unsigned kMostMantissaBits = 8;
  static constexpr std::size_t kMostSlots = 1024;

  // What recording reads. Without a table no value has a slot: one bit, less a large number.
  unsigned shift_ = 63;
  std::int64_t first_slot_ = 1 << 20;
  std::uint64_t last_slot_ = 0;
  std::size_t skips_at_ = 0;  ///< words
  std::size_t bound_count_ = 0;
  std::vector<std::uint8_t> table_;
  std::vector<double> bounds_;  // and +inf at the end
};

}  // namespace binnacle::sdk
