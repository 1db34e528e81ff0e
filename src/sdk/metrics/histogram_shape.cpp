#include "sdk/metrics/histogram_shape.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace binnacle::sdk {

std::unique_ptr<HistogramShape> HistogramShape::make(const double* bounds, std::size_t count) {
  std::unique_ptr<HistogramShape> shape(new HistogramShape);
  std::vector<double>& own = shape->bounds_;
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isfinite(bounds[i])) own.push_back(bounds[i] + 0.0);  // -0 becomes 0
  }
  std::sort(own.begin(), own.end());
  own.erase(std::unique(own.begin(), own.end()), own.end());
  if (own.size() > kMaxBounds) own.resize(kMaxBounds);
  shape->bound_count_ = own.size();
  shape->skips_at_ = kBucketsAt + shape->bucket_count();
  own.push_back(std::numeric_limits<double>::infinity());
  for (unsigned bits = 0; bits <= kMostMantissaBits; ++bits) {
    if (shape->build_table(kMantissaBits - bits)) break;
  }
  return shape;
}

/// A table whose every slot holds at most one bound; false if `shift` is too coarse for that, or
/// the table too large.
bool HistogramShape::build_table(unsigned shift) {
  const auto slot_of = [shift](double value) {
    return std::bit_cast<std::int64_t>(value) >> shift;
  };
  const auto positive = std::upper_bound(bounds_.begin(), bounds_.end() - 1, 0.0);
  const auto nonpositive = static_cast<std::size_t>(positive - bounds_.begin());
  if (nonpositive == bound_count_ || bound_count_ > std::numeric_limits<std::uint8_t>::max()) {
    return false;
  }
  const std::int64_t first = slot_of(*positive);
  // Zero has a slot of its own kind: it must not share one with a bound above it.
  if (first <= 0) return false;
  const std::int64_t last = slot_of(bounds_[bound_count_ - 1]) + 1;
  if (static_cast<std::uint64_t>(last - first) >= kMostSlots) return false;
  table_.assign(static_cast<std::size_t>(last - first) + 1, 0);
  std::size_t bucket = nonpositive;  // bounds below the slot
  for (std::int64_t slot = first; slot <= last; ++slot) {
    table_[static_cast<std::size_t>(slot - first)] = static_cast<std::uint8_t>(bucket);
    std::size_t inside = 0;
    while (bucket < bound_count_ && slot_of(bounds_[bucket]) == slot) {
      ++bucket;
      ++inside;
    }
    if (inside > 1) return false;
  }
  shift_ = shift;
  first_slot_ = first;
  last_slot_ = static_cast<std::uint64_t>(last - first);
  return true;
}

std::size_t HistogramShape::find_at_edge(double value) const noexcept {
  if (value <= bounds_.front()) return 0;  // also without bounds: then this is +inf
  if (value > bounds_[bound_count_ - 1]) return bound_count_;
  return static_cast<std::size_t>(std::lower_bound(bounds_.begin(), bounds_.end() - 1, value) -
                                  bounds_.begin());
}

bool HistogramShape::has_bounds(const double* bounds, std::size_t count) const {
  return std::equal(bounds, bounds + count, bounds_.begin(), bounds_.end() - 1);
}

}  // namespace binnacle::sdk
