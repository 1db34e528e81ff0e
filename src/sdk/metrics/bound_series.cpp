#include "sdk/metrics/registry.h"

#include <algorithm>
#include <exception>
#include <new>

// From an instrument and attributes to the series that a measurement counts in.

namespace binnacle::sdk {

namespace {

/// The normal form of kept attributes.
struct Unpacked {
  explicit Unpacked(const AttributeSet& set) {
    items.reserve(set.size());
    for (const AttributeSet::Item& item : set) items.push_back(item.borrow());
  }
  std::vector<KeyValue> items;
};

/// Exported even before something is recorded.
void show(const SeriesList& list) noexcept {
  for (Series* series : list) series->is_bound.store(true, std::memory_order_relaxed);
}

}  // namespace

BoundSeries* MetricRegistry::make_bound(MetricInstrument& instrument,
                                        const AttributeSet* attributes) {
  auto made = std::make_unique<BoundSeries>();
  made->instrument = &instrument;
  made->attributes = attributes;
  if (instrument.kind == InstrumentKind::kCounter) {
    made->least_integer = 0;
    made->least_real = 0;
  }
  resolve(*made);
  return made.release();  // lives for ever: handles point at it
}

/// Finds the series of each stream. The lock is held.
void MetricRegistry::resolve(BoundSeries& bound) {
  const StreamList& streams = *bound.instrument->streams.load(std::memory_order_relaxed);
  auto list = std::make_unique<SeriesList>();
  list->reserve(streams.size());
  for (Stream* stream : streams) {
    if (bound.attributes == nullptr) {
      list->push_back(overflow_series(*stream));
      continue;
    }
    const Unpacked unpacked(*bound.attributes);
    NormalAttributes attributes(unpacked.items.data(), unpacked.items.size());
    attributes.filter([stream](std::string_view key) { return stream->keeps(key); });
    list->push_back(add_series(*stream, attributes));
  }
  if (bound.is_bound) show(*list);
  bound.place.store(fast_place(bound, *list), std::memory_order_release);
  if (const SeriesList* old = bound.series.load(std::memory_order_relaxed)) {
    retired_series_.emplace_back(old);
  }
  bound.series.store(list.release(), std::memory_order_release);
}

/// One stream of the aggregation that the instrument's kind suggests: threads find the cell at
/// once.
const CellPlace* MetricRegistry::fast_place(const BoundSeries& bound,
                                            const SeriesList& list) noexcept {
  if (list.size() != 1) return &kNoPlace;
  const Series& series = *list.front();
  const auto goes_with = [](InstrumentKind kind) {
    switch (kind) {
      case InstrumentKind::kHistogram:
        return Aggregation::kHistogram;
      case InstrumentKind::kGauge:
        return Aggregation::kLastValue;
      default:
        return Aggregation::kSum;
    }
  };
  const bool is_fast = series.stream->aggregation == goes_with(bound.instrument->kind);
  return is_fast ? &series.place : &kNoPlace;
}

/// For sets of attributes that have no room: all count in the overflow series. The lock is held.
BoundSeries* MetricRegistry::overflow_of(MetricInstrument& instrument) {
  if (BoundSeries* old = instrument.overflow.load(std::memory_order_relaxed)) return old;
  BoundSeries* made = make_bound(instrument, nullptr);
  instrument.overflow.store(made, std::memory_order_release);
  return made;
}

const BoundSeries* MetricRegistry::overflow_for(MetricInstrument& instrument) noexcept try {
  if (BoundSeries* old = instrument.overflow.load(std::memory_order_acquire)) return old;
  const std::lock_guard lock(mutex_);
  return overflow_of(instrument);
} catch (const std::exception&) {
  return nullptr;
}

/// The lock is held.
BoundSeries* MetricRegistry::add_bound(MetricInstrument& instrument,
                                       const NormalAttributes& attributes) {
  const std::uint64_t hash = attributes.hash();
  if (AttributeOrder* known = instrument.orders.find(hash, attributes.data(), attributes.size())) {
    return known->target;
  }
  if (instrument.bound.size() >= instrument.bound_limit ||
      attributes.text_bytes() > kMaxAttributeBytes) {
    return nullptr;
  }
  const AttributeSet* set = AttributeSet::make(attributes.data(), attributes.size(), hash);
  if (set == nullptr)
    throw std::bad_alloc();  // tidy: allow(throw) caught in this class, like a container's
  auto order = std::make_unique<AttributeOrder>();
  BoundSeries* made = make_bound(instrument, set);
  instrument.bound.push_back(made);
  *order = {set, made};
  if (!instrument.orders.insert(order.get()))
    throw std::bad_alloc();  // tidy: allow(throw) caught in this class, like a container's
  [[maybe_unused]] const auto* kept = order.release();  // the table's, for ever
  if (attributes.size() == 0) {
    instrument.without_attributes.store(made, std::memory_order_release);
  }
  if (instrument.bound.size() >= instrument.bound_limit) {
    instrument.is_full.store(true, std::memory_order_release);
  }
  return made;
}

/// So that the same attributes in the same order are found at once the next time.
void MetricRegistry::remember_order(MetricInstrument& instrument, BoundSeries& target,
                                    const KeyValue* attributes, std::size_t count) {
  const bool has_arrays =
      std::any_of(attributes, attributes + count, [](const KeyValue& attribute) {
        return attribute.value.kind() >= AttributeKind::kStringArray;
      });
  // Read without the lock too: at the limit, sorting each time is cheaper than locking.
  if (has_arrays || target.orders.load(std::memory_order_relaxed) >= kMaxOrders) return;
  const std::uint64_t hash = hash_attributes(attributes, count);
  const std::lock_guard lock(mutex_);
  if (instrument.orders.find(hash, attributes, count) != nullptr) return;
  auto order = std::make_unique<AttributeOrder>();
  *order = {AttributeSet::make(attributes, count, hash), &target};
  if (order->attributes == nullptr || !instrument.orders.insert(order.get())) return;
  [[maybe_unused]] const auto* kept = order.release();  // the table's, for ever
  target.orders.fetch_add(1, std::memory_order_relaxed);
}

BoundSeries* MetricRegistry::find(MetricInstrument& instrument, const NormalAttributes& attributes,
                                  const KeyValue* as_passed, std::size_t count) noexcept try {
  if (attributes.dropped() > 0) count_dropped_attributes(attributes.dropped());
  AttributeOrder* known =
      instrument.orders.find(attributes.hash(), attributes.data(), attributes.size());
  if (known != nullptr) {
    remember_order(instrument, *known->target, as_passed, count);
    return known->target;
  }
  if (instrument.is_full.load(std::memory_order_acquire)) return nullptr;
  BoundSeries* made = nullptr;
  {
    const std::lock_guard lock(mutex_);
    made = add_bound(instrument, attributes);
  }
  if (made != nullptr) remember_order(instrument, *made, as_passed, count);
  return made;
} catch (const std::exception&) {
  return nullptr;
}

BoundSeries* MetricRegistry::bind(MetricInstrument& instrument, const KeyValue* attributes,
                                  std::size_t count) noexcept try {
  const NormalAttributes normal(attributes, count);
  if (normal.dropped() > 0) count_dropped_attributes(normal.dropped());
  const std::lock_guard lock(mutex_);
  BoundSeries* bound = add_bound(instrument, normal);
  if (bound == nullptr) bound = overflow_of(instrument);
  bound->is_bound = true;
  show(*bound->series.load(std::memory_order_relaxed));
  return bound;
} catch (const std::exception&) {
  return nullptr;
}

/// The lock of shared cells is held.
Word* MetricRegistry::shared_cell_of(Series& series) noexcept {
  if (Word* old = series.shared_cell.load(std::memory_order_relaxed)) return old;
  const std::size_t words = series.stream->cell_words();
  auto* made = new (std::nothrow) Word[words]();  // lives as long as the series: for ever
  series.shared_cell.store(made, std::memory_order_release);
  return made;
}

}  // namespace binnacle::sdk
