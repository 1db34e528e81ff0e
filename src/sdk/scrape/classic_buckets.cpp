#include "sdk/scrape/classic_buckets.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>

namespace binnacle::sdk {

namespace {

/// First and last occupied index of one sign, at the histogram's own scale.
struct Span {
  bool is_empty = true;
  std::int64_t first = 0;
  std::int64_t last = 0;
};

Span occupied(const ExponentialBuckets& buckets) noexcept {
  Span span;
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    if (buckets.counts[i] == 0) continue;
    const std::int64_t index = buckets.offset + static_cast<std::int64_t>(i);
    if (span.is_empty) span.first = index;
    span.last = index;
    span.is_empty = false;
  }
  return span;
}

/// Bounds around the occupied buckets after `shift` halvings of the scale.
std::size_t bounds_needed(const Span& span, int shift) noexcept {
  if (span.is_empty) return 0;
  return static_cast<std::size_t>((span.last >> shift) - (span.first >> shift)) + 2;
}

double power(std::int64_t index, std::int32_t scale) noexcept {
  return std::exp2(std::ldexp(static_cast<double>(index), -scale));
}

/// Counts by upper bound, for one sign.
void spread(const ExponentialBuckets& buckets, std::int32_t scale, int shift, bool is_negative,
            std::map<double, std::uint64_t>& by_bound) {
  const Span span = occupied(buckets);
  if (span.is_empty) return;
  const std::int32_t coarse = scale - shift;
  const std::int64_t first = span.first >> shift;
  const std::int64_t last = span.last >> shift;
  // The bound below the lowest bucket too, so that it is known where the values begin.
  for (std::int64_t i = first - 1; i <= last; ++i) {
    by_bound.try_emplace(is_negative ? -power(i + 1, coarse) : power(i + 1, coarse), 0);
  }
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    if (buckets.counts[i] == 0) continue;
    const std::int64_t index = (buckets.offset + static_cast<std::int64_t>(i)) >> shift;
    // (base^i, base^(i+1)] mirrored is [-base^(i+1), -base^i).
    by_bound[is_negative ? -power(index, coarse) : power(index + 1, coarse)] += buckets.counts[i];
  }
}

}  // namespace

HistogramValue to_classic_buckets(const ExponentialValue& exponential) {
  HistogramValue out;
  out.count = exponential.count;
  out.sum = exponential.sum;
  out.has_min_max = exponential.has_min_max;
  out.min = exponential.min;
  out.max = exponential.max;
  const Span positive = occupied(exponential.positive);
  const Span negative = occupied(exponential.negative);
  const std::size_t zero = exponential.zero_count > 0 ? 1 : 0;
  int shift = 0;
  while (shift < 62 && bounds_needed(positive, shift) + bounds_needed(negative, shift) + zero >
                           kMaxClassicBounds) {
    ++shift;
  }
  std::map<double, std::uint64_t> by_bound;
  spread(exponential.negative, exponential.scale, shift, true, by_bound);
  if (zero != 0) by_bound[exponential.zero_threshold] += exponential.zero_count;
  spread(exponential.positive, exponential.scale, shift, false, by_bound);
  std::uint64_t beyond = 0;
  for (const auto& [bound, count] : by_bound) {
    if (!std::isfinite(bound) && bound > 0) {
      beyond += count;
      continue;
    }
    // What lies below the smallest bound of a double belongs to that bound.
    out.bounds.push_back(std::max(bound, std::numeric_limits<double>::lowest()));
    out.bucket_counts.push_back(count);
  }
  out.bucket_counts.push_back(beyond);
  return out;
}

}  // namespace binnacle::sdk
