#include "sdk/metrics/exponential.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace binnacle::sdk {

namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

std::int32_t read_signed(const Word& word, std::memory_order order = kRelaxed) noexcept {
  return static_cast<std::int32_t>(word.load(order));
}
// Released, so that who sees it also sees that `version` was odd before.
void write_signed(Word& word, std::int32_t value) noexcept {
  word.store(static_cast<std::uint64_t>(std::int64_t{value}), std::memory_order_release);
}

std::size_t place_of(std::int32_t index) noexcept {
  const std::int32_t rest = index % kMaxExponentialBuckets;
  return static_cast<std::size_t>(rest < 0 ? rest + kMaxExponentialBuckets : rest);
}

void clear(ExponentialRing& ring) noexcept {
  write_signed(ring.lowest, 1);
  write_signed(ring.highest, 0);
}

bool is_empty(const ExponentialRing& ring) noexcept {
  return read_signed(ring.lowest) > read_signed(ring.highest);
}

/// By how much the scale must fall for `index` to fit.
std::int32_t excess_of(const ExponentialRing& ring, std::int32_t index) noexcept {
  if (is_empty(ring)) return 0;
  std::int64_t low = std::min(read_signed(ring.lowest), index);
  std::int64_t high = std::max(read_signed(ring.highest), index);
  std::int32_t by = 0;
  while (high - low >= kMaxExponentialBuckets) {
    low >>= 1;
    high >>= 1;
    ++by;
  }
  return by;
}

void merge_down(ExponentialRing& ring, std::int32_t by) noexcept {
  if (is_empty(ring)) return;
  const std::int32_t low = read_signed(ring.lowest);
  const std::int32_t high = read_signed(ring.highest);
  std::uint64_t merged[kMaxExponentialBuckets] = {};
  for (std::int32_t i = low; i <= high; ++i) {
    merged[place_of(i >> by)] += ring.counts[place_of(i)].load(kRelaxed);
  }
  for (std::int32_t i = 0; i < kMaxExponentialBuckets; ++i) {
    ring.counts[i].store(merged[i], std::memory_order_release);
  }
  write_signed(ring.lowest, low >> by);
  write_signed(ring.highest, high >> by);
}

/// Between these two, readers see that the cell is being rebuilt.
void begin_change(ExponentialCell& cell) noexcept {
  cell.version.store(cell.version.load(kRelaxed) + 1, kRelaxed);
}
void end_change(ExponentialCell& cell) noexcept {
  cell.version.store(cell.version.load(kRelaxed) + 1, std::memory_order_release);
}

void start(ExponentialCell& cell) noexcept {
  begin_change(cell);
  write_signed(cell.scale, kMaxExponentialScale);
  clear(cell.positive);
  clear(cell.negative);
  cell.is_started.store(1, std::memory_order_release);
  end_change(cell);
}

void lower_scale(ExponentialCell& cell, std::int32_t by) noexcept {
  begin_change(cell);
  merge_down(cell.positive, by);
  merge_down(cell.negative, by);
  write_signed(cell.scale, read_signed(cell.scale) - by);
  end_change(cell);
}

void count_in(ExponentialCell& cell, ExponentialRing& ring, double magnitude) noexcept {
  std::int32_t index = exponential_index(magnitude, read_signed(cell.scale));
  const std::int32_t by = excess_of(ring, index);
  if (by > 0) {
    lower_scale(cell, by);
    index >>= by;
  }
  Word& count = ring.counts[place_of(index)];
  // A place outside the range still holds zero, or the zero that merging left.
  count.store(count.load(kRelaxed) + 1, kRelaxed);
  if (is_empty(ring)) {
    // Empty is (1 ... 0). Of the two orders one keeps what a reader sees in between empty.
    if (index > 0) {
      write_signed(ring.lowest, index);
      write_signed(ring.highest, index);
    } else {
      write_signed(ring.highest, index);
      write_signed(ring.lowest, index);
    }
  } else if (index < read_signed(ring.lowest)) {
    write_signed(ring.lowest, index);
  } else if (index > read_signed(ring.highest)) {
    write_signed(ring.highest, index);
  }
}

/// A cell's contents at one moment between two changes of its scale.
struct CellCopy {
  struct Ring {
    std::int32_t lowest = 1;
    std::int32_t highest = 0;
    std::uint64_t counts[kMaxExponentialBuckets] = {};
  };
  double sum = 0;
  std::uint64_t zero_count = 0;
  std::int32_t scale = kMaxExponentialScale;
  Ring positive;
  Ring negative;
};

void copy_ring(const ExponentialRing& ring, CellCopy::Ring& out) noexcept {
  // The range before the counts: what is counted outside of it is left for the next time.
  out.lowest = read_signed(ring.lowest, std::memory_order_acquire);
  out.highest = read_signed(ring.highest, std::memory_order_acquire);
  for (std::size_t i = 0; i < std::size(out.counts); ++i) {
    out.counts[i] = ring.counts[i].load(std::memory_order_acquire);
  }
}

/// False if the owner has been changing the scale all the while.
bool copy_cell(const ExponentialCell& cell, CellCopy& out) noexcept {
  // A change takes about a microsecond and is rare: at most 30 in a cell's life.
  constexpr int kTries = 10'000;
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t before = cell.version.load(std::memory_order_acquire);
    if ((before & 1U) != 0) continue;
    if (cell.is_started.load(std::memory_order_acquire) == 0) return false;
    out.scale = read_signed(cell.scale, std::memory_order_acquire);
    out.zero_count = cell.zero_count.load(std::memory_order_acquire);
    out.sum = std::bit_cast<double>(cell.sum.load(std::memory_order_acquire));
    copy_ring(cell.positive, out.positive);
    copy_ring(cell.negative, out.negative);
    if (cell.version.load(std::memory_order_acquire) == before) return true;
  }
  return false;
}

}  // namespace

std::int32_t exponential_index(double value, std::int32_t scale) noexcept {
  value = std::max(value, std::numeric_limits<double>::min());
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const auto exponent = static_cast<std::int32_t>(bits >> 52U) - 1023;
  const bool is_power = (bits << 12U) == 0;
  // Upper bounds are inclusive: a power of two belongs to the bucket below.
  if (scale <= 0) return (is_power ? exponent - 1 : exponent) >> -scale;
  const std::int32_t base = exponent * (std::int32_t{1} << scale);
  if (is_power) return base - 1;
  // The logarithm of the mantissa alone keeps its precision whatever the exponent.
  const double mantissa =
      std::bit_cast<double>((bits & 0xF'FFFF'FFFF'FFFFULL) | 0x3FF0'0000'0000'0000ULL);
  const double position = std::log2(mantissa) * static_cast<double>(std::int64_t{1} << scale);
  const auto inside = static_cast<std::int32_t>(std::ceil(position)) - 1;
  return base + std::clamp(inside, 0, (std::int32_t{1} << scale) - 1);
}

void record_exponential(ExponentialCell& cell, std::uint64_t period, double value) noexcept {
  if (cell.is_started.load(kRelaxed) == 0) [[unlikely]]
    start(cell);
  if (value > 0) {
    count_in(cell, cell.positive, value);
  } else if (value < 0) {
    count_in(cell, cell.negative, -value);
  } else {
    add_to(cell.zero_count, 1);
  }
  add_real_to(cell.sum, value);
  record_extremes(cell.extremes, period, value);
}

void ExponentialTotals::add_bucket(Buckets& buckets, std::int32_t index, std::uint64_t count) {
  if (count == 0) return;
  if (buckets.counts.empty()) {
    buckets.offset = index;
    buckets.counts.assign(1, 0);
  } else if (index < buckets.offset) {
    buckets.counts.insert(buckets.counts.begin(), static_cast<std::size_t>(buckets.offset - index),
                          0);
    buckets.offset = index;
  }
  const auto at = static_cast<std::size_t>(index - buckets.offset);
  if (at >= buckets.counts.size()) buckets.counts.resize(at + 1);
  buckets.counts[at] += count;
}

void ExponentialTotals::merge_down(Buckets& buckets, std::int32_t by) {
  if (by == 0 || buckets.counts.empty()) return;
  Buckets merged;
  for (std::size_t i = 0; i < buckets.counts.size(); ++i) {
    add_bucket(merged, (buckets.offset + static_cast<std::int32_t>(i)) >> by, buckets.counts[i]);
  }
  buckets = std::move(merged);
}

void ExponentialTotals::lower_scale_to(std::int32_t scale) {
  if (scale >= scale_) return;
  merge_down(positive_, scale_ - scale);
  merge_down(negative_, scale_ - scale);
  scale_ = scale;
}

/// By how much the scale must fall before `range`, at the current scale, fits beside `buckets`.
std::int32_t ExponentialTotals::excess_of(const Buckets& buckets, IndexRange range) {
  if (range.is_empty()) return 0;
  if (!buckets.counts.empty()) {
    const std::int32_t last = buckets.offset + static_cast<std::int32_t>(buckets.counts.size()) - 1;
    range = {std::min(range.low, buckets.offset), std::max(range.high, last)};
  }
  std::int32_t by = 0;
  for (; std::int64_t{range.high} - range.low >= kMaxExponentialBuckets; ++by) {
    range = {range.low >> 1, range.high >> 1};
  }
  return by;
}

/// Lowers the scale, as far as needed, for buckets of these ranges and `scale` to be added; by how
/// much their indices are to be shifted.
std::int32_t ExponentialTotals::make_room(std::int32_t scale, IndexRange positive,
                                          IndexRange negative) {
  lower_scale_to(scale);
  const std::int32_t shift = scale - scale_;
  const std::int32_t by =
      std::max(excess_of(positive_, positive >> shift), excess_of(negative_, negative >> shift));
  lower_scale_to(scale_ - by);
  return scale - scale_;
}

void ExponentialTotals::add(const ExponentialCell& cell) {
  CellCopy copy;
  if (!copy_cell(cell, copy)) return;
  const std::int32_t by = make_room(copy.scale, {copy.positive.lowest, copy.positive.highest},
                                    {copy.negative.lowest, copy.negative.highest});
  const auto add_ring = [by](const CellCopy::Ring& ring, Buckets& to) {
    for (std::int32_t i = ring.lowest; i <= ring.highest; ++i) {
      add_bucket(to, i >> by, ring.counts[place_of(i)]);
    }
  };
  add_ring(copy.positive, positive_);
  add_ring(copy.negative, negative_);
  zero_count_ += copy.zero_count;
  sum_ += copy.sum;
}

void ExponentialTotals::add(const ExponentialTotals& other) {
  const std::int32_t by =
      make_room(other.scale_, range_of(other.positive_), range_of(other.negative_));
  const auto add_all = [by](const Buckets& from, Buckets& to) {
    for (std::size_t i = 0; i < from.counts.size(); ++i) {
      add_bucket(to, (from.offset + static_cast<std::int32_t>(i)) >> by, from.counts[i]);
    }
  };
  add_all(other.positive_, positive_);
  add_all(other.negative_, negative_);
  zero_count_ += other.zero_count_;
  sum_ += other.sum_;
}

ExponentialTotals ExponentialTotals::minus(const ExponentialTotals& earlier) const {
  ExponentialTotals before = earlier;
  before.lower_scale_to(scale_);
  ExponentialTotals difference;
  difference.scale_ = scale_;
  const auto subtract = [](const Buckets& now, const Buckets& then, Buckets& out) {
    for (std::size_t i = 0; i < now.counts.size(); ++i) {
      const std::int32_t index = now.offset + static_cast<std::int32_t>(i);
      const std::int64_t at = std::int64_t{index} - then.offset;
      const bool was_there = at >= 0 && at < static_cast<std::int64_t>(then.counts.size());
      add_bucket(out, index,
                 now.counts[i] - (was_there ? then.counts[static_cast<std::size_t>(at)] : 0));
    }
  };
  subtract(positive_, before.positive_, difference.positive_);
  subtract(negative_, before.negative_, difference.negative_);
  difference.zero_count_ = zero_count_ - before.zero_count_;
  difference.sum_ = sum_ - before.sum_;
  return difference;
}

std::uint64_t ExponentialTotals::count() const noexcept {
  std::uint64_t count = zero_count_;
  for (const std::uint64_t n : positive_.counts) count += n;
  for (const std::uint64_t n : negative_.counts) count += n;
  return count;
}

ExponentialValue ExponentialTotals::to_value() const {
  ExponentialValue value;
  value.count = count();
  value.sum = sum_;
  value.scale = scale_;
  value.zero_count = zero_count_;
  value.positive = {positive_.offset, positive_.counts};
  value.negative = {negative_.offset, negative_.counts};
  return value;
}

}  // namespace binnacle::sdk
