#include "sdk/metrics/notice.h"
#include "sdk/metrics/registry.h"
#include "sdk/metrics/wall_clock.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <new>

// How instruments are shown: views make streams, streams hold series, series get places for cells.

namespace binnacle::sdk {

namespace {

/// metrics/sdk.md, "Explicit Bucket Histogram Aggregation".
constexpr double kDefaultBounds[] = {0,   5,   10,   25,   50,   75,   100,  250,
                                     500, 750, 1000, 2500, 5000, 7500, 10000};

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Whether `name` is what `pattern` describes, case aside. Linear: on a mismatch the last '*' takes
/// one character more.
bool matches(std::string_view pattern, std::string_view name) noexcept {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t star_end = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || lower(pattern[p]) == lower(name[n]))) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool selects(const View& view, const MetricInstrument& instrument) noexcept {
  return matches(view.instrument_name, instrument.name) &&
         (view.instrument_unit.empty() || view.instrument_unit == instrument.unit) &&
         (view.meter_name.empty() || view.meter_name == instrument.scope.name) &&
         (view.meter_version.empty() || view.meter_version == instrument.scope.version);
}

Aggregation default_aggregation(const MetricInstrument& instrument, bool is_exponential_default) {
  switch (instrument.kind) {
    case InstrumentKind::kHistogram:
      return instrument.is_exponential || (is_exponential_default && !instrument.has_bounds)
                 ? Aggregation::kExponential
                 : Aggregation::kHistogram;
    case InstrumentKind::kGauge:
    case InstrumentKind::kObservableGauge:
      return Aggregation::kLastValue;
    default:
      return Aggregation::kSum;
  }
}

/// What a view asks for, where it makes sense: distributions need single measurements, and the last
/// of several is none.
Aggregation aggregation_of(const View& view, const MetricInstrument& instrument,
                           Aggregation fallback) {
  const bool is_observable = instrument.kind >= InstrumentKind::kObservableCounter;
  const bool is_gauge = fallback == Aggregation::kLastValue;
  switch (view.aggregation) {
    case ViewAggregation::kDefault:
    case ViewAggregation::kDrop:
      return fallback;
    case ViewAggregation::kSum:
      if (!is_gauge) return Aggregation::kSum;
      break;
    case ViewAggregation::kLastValue:
      if (is_gauge) return Aggregation::kLastValue;
      break;
    case ViewAggregation::kExplicitBuckets:
      if (!is_observable && !is_gauge) return Aggregation::kHistogram;
      break;
    case ViewAggregation::kExponential:
      if (!is_observable && !is_gauge) return Aggregation::kExponential;
      break;
  }
  notice("a view asks for an aggregation that metric '" + instrument.name +
         "' cannot have; it keeps its own");
  return fallback;
}

std::unique_ptr<HistogramShape> shape_of(const MetricInstrument& instrument, const View* view) {
  if (view != nullptr && view->aggregation == ViewAggregation::kExplicitBuckets &&
      !view->bounds.empty()) {
    return HistogramShape::make(view->bounds.data(), view->bounds.size());
  }
  if (instrument.has_bounds) {
    return HistogramShape::make(instrument.bounds.data(), instrument.bounds.size());
  }
  return HistogramShape::make(kDefaultBounds, std::size(kDefaultBounds));
}

std::unique_ptr<Stream> make_stream(const MetricInstrument& instrument, const View* view,
                                    bool is_exponential_default) {
  auto stream = std::make_unique<Stream>();
  stream->name = instrument.name;
  stream->unit = instrument.unit;
  stream->description = instrument.description;
  stream->scope = instrument.scope;
  stream->kind = instrument.kind;
  stream->is_integer = instrument.is_integer;
  stream->aggregation = default_aggregation(instrument, is_exponential_default);
  if (view != nullptr) {
    if (!view->name.empty()) stream->name = view->name;
    if (!view->description.empty()) stream->description = view->description;
    stream->aggregation = aggregation_of(*view, instrument, stream->aggregation);
    stream->has_kept_keys = view->has_attribute_keys;
    stream->kept_keys = view->attribute_keys;
    stream->excluded_keys = view->excluded_keys;
    stream->has_filter = view->has_attribute_keys || !view->excluded_keys.empty();
    if (view->cardinality_limit > 0) stream->cardinality_limit = view->cardinality_limit;
  }
  if (stream->aggregation == Aggregation::kHistogram) stream->shape = shape_of(instrument, view);
  return stream;
}

bool holds(const std::vector<std::string>& keys, std::string_view key) noexcept {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

bool Stream::keeps(std::string_view key) const noexcept {
  return (!has_kept_keys || holds(kept_keys, key)) && !holds(excluded_keys, key);
}

std::size_t Stream::cell_words() const noexcept {
  if (is_observable()) return 0;
  switch (aggregation) {
    case Aggregation::kSum:
      return kSumCellWords;
    case Aggregation::kHistogram:
      return shape->cell_words();
    case Aggregation::kExponential:
      return kExponentialCellWords;
    default:
      return 0;
  }
}

std::size_t Stream::exemplar_places() const noexcept {
  // metrics/sdk.md, "Exemplar defaults".
  constexpr std::size_t kExponentialPlaces = 20;
  switch (aggregation) {
    case Aggregation::kHistogram:
      return shape->bucket_count();
    case Aggregation::kExponential:
      return kExponentialPlaces;
    default:
      return 1;
  }
}

bool MetricRegistry::is_selected(const MetricInstrument& instrument,
                                 const std::vector<View>& views) noexcept {
  return std::any_of(views.begin(), views.end(),
                     [&](const View& view) { return selects(view, instrument); });
}

void MetricRegistry::make_streams(MetricInstrument& instrument) {
  std::vector<std::unique_ptr<Stream>> made;
  bool is_selected = false;
  for (const View& view : settings_.views) {
    if (!selects(view, instrument)) continue;
    is_selected = true;
    if (view.aggregation == ViewAggregation::kDrop) continue;
    made.push_back(make_stream(instrument, &view, settings_.is_exponential_default));
  }
  if (!is_selected) {
    made.push_back(make_stream(instrument, nullptr, settings_.is_exponential_default));
  }
  auto list = std::make_unique<StreamList>();
  list->reserve(made.size());
  std::size_t limit = 0;
  for (auto& stream : made) {
    // Views that leave attributes out have fewer series than there are sets of attributes.
    constexpr std::size_t kSetsPerSeries = 4;
    limit = std::max(limit, stream->cardinality_limit * (stream->has_filter ? kSetsPerSeries : 1));
    list->push_back(stream.release());  // lives for ever: recording threads point at its series
  }
  instrument.bound_limit = limit;
  instrument.is_full.store(instrument.bound.size() >= limit, std::memory_order_relaxed);
  if (const StreamList* old = instrument.streams.load(std::memory_order_relaxed)) {
    retired_streams_.emplace_back(old);
  }
  instrument.streams.store(list.release(), std::memory_order_release);
}

/// A place for the series' cells, the same in every thread; kNoBlock if there is none left.
void MetricRegistry::place_cell(Series& series, std::size_t words) noexcept {
  if (words == 0 || words > kBlockWords) return;
  // Exponential cells fill most of a block; apart from them, the rest packs well.
  constexpr std::size_t kLargeCellWords = kBlockWords / 4;
  Cursor& cursor = cursors_[words > kLargeCellWords ? 1 : 0];
  if (cursor.word + words > kBlockWords) {
    if (next_block_ >= kMaxBlocks) return;
    cursor = {next_block_++, 0};
  }
  series.place.block = cursor.block;
  series.place.word = static_cast<std::uint32_t>(cursor.word);
  cursor.word += words;
}

Series* MetricRegistry::make_series(Stream& stream, const AttributeSet* attributes) {
  if (attributes == nullptr)
    throw std::bad_alloc();  // tidy: allow(throw) caught in this class, like a container's
  auto made = std::make_unique<Series>();
  auto collected = std::make_unique<Collected>();
  if (stream.shape != nullptr) collected->folded.buckets.resize(stream.shape->bucket_count());
  collected->start_unix_ns = unix_now_ns();
  made->stream = &stream;
  made->attributes = attributes;
  made->place.shape = stream.shape.get();
  made->place.series = made.get();
  if (stream.aggregation == Aggregation::kLastValue) made->place.gauge = &made->gauge;
  place_cell(*made, stream.cell_words());
  made->collected = std::move(collected);
  stream.series.push_back(made.get());
  ++series_count_;
  return made.release();  // the stream's, for ever
}

Series* MetricRegistry::overflow_series(Stream& stream) {
  if (Series* old = stream.overflow.load(std::memory_order_relaxed)) return old;
  const KeyValue mark{"otel.metric.overflow", true};
  Series* made = make_series(stream, AttributeSet::make(&mark, 1, hash_attributes(&mark, 1)));
  made->is_overflow = true;
  stream.overflow.store(made, std::memory_order_release);
  return made;
}

/// The lock is held.
Series* MetricRegistry::add_series(Stream& stream, const NormalAttributes& attributes) {
  const std::uint64_t hash = attributes.hash();
  if (Series* old = stream.by_attributes.find(hash, attributes.data(), attributes.size())) {
    return old;
  }
  const bool is_full =
      stream.series.size() + 1 >= stream.cardinality_limit || series_count_ >= kMaxSeries;
  if (is_full || attributes.text_bytes() > kMaxAttributeBytes) {
    Series* overflow = overflow_series(stream);
    if (is_full) stream.is_full.store(true, std::memory_order_release);
    return overflow;
  }
  Series* made =
      make_series(stream, AttributeSet::make(attributes.data(), attributes.size(), hash));
  if (!stream.by_attributes.insert(made))
    throw std::bad_alloc();  // tidy: allow(throw) caught in this class, like a container's
  return made;
}

Series* MetricRegistry::series_of(Stream& stream, const NormalAttributes& attributes) noexcept try {
  const std::uint64_t hash = attributes.hash();
  if (Series* old = stream.by_attributes.find(hash, attributes.data(), attributes.size())) {
    return old;
  }
  if (stream.is_full.load(std::memory_order_acquire)) {
    return stream.overflow.load(std::memory_order_acquire);
  }
  const std::lock_guard lock(mutex_);
  return add_series(stream, attributes);
} catch (const std::exception&) {
  return nullptr;
}

}  // namespace binnacle::sdk
