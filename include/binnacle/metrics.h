#pragma once

#include <binnacle/attribute.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

// Metrics: counters, up-down counters, histograms, gauges, and observable ones that are asked when
// metrics are collected. Handles are small values; copy them, keep them in statics, create them
// before init_observability(): until it runs, and after shutdown(), recording does nothing.
// Everything may be called from any thread. Nothing here throws, and recording neither locks nor
// allocates once a series exists.
//
//   static const binnacle::Histogram latency = binnacle::create_histogram(
//       "db.query.duration", binnacle::InstrumentOptions().with_unit("ms").with_bounds({1, 10,
//       100}));
//   latency.record(12.5, {{"db.table", "offers"}, {"status", "ok"}});
//
//   static const binnacle::BoundCounter hits =                     // the fastest way: ~3 ns
//       binnacle::create_counter("cache.hits").bind({{"cache", "prices"}});
//   hits.add(1);
//
// A series is one set of attributes; their order does not matter. An instrument keeps 2,000 series
// (views may say otherwise); what comes later is counted in one series marked
// otel.metric.overflow=true, so sums stay right. Source: OpenTelemetry specification,
// metrics/api.md and metrics/sdk.md.

namespace binnacle {
inline namespace v1 {

/// Attributes of one measurement beyond this many are dropped and counted.
inline constexpr std::size_t kMaxMetricAttributes = 64;

/// What an instrument is, beside its name. Borrowed: lists and texts must live until the call of
/// create_*(); write them in the same expression.
struct InstrumentOptions {
  std::string_view unit;  ///< UCUM, e.g. "ms", "By", "{token}"; at most 63 ASCII characters
  std::string_view description;
  const double* bounds = nullptr;
  std::size_t bound_count = 0;
  bool has_bounds = false;
  bool is_exponential = false;
  std::string_view meter_name = "binnacle";
  std::string_view meter_version;

  InstrumentOptions& with_unit(std::string_view text) noexcept {
    unit = text;
    return *this;
  }
  InstrumentOptions& with_description(std::string_view text) noexcept {
    description = text;
    return *this;
  }
  /// Upper bounds (inclusive) of a histogram's buckets, ascending. Without: OpenTelemetry's
  /// default, 0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000.
  InstrumentOptions& with_bounds(std::initializer_list<double> list) noexcept {
    return with_bounds(list.begin(), list.size());
  }
  InstrumentOptions& with_bounds(const double* data, std::size_t count) noexcept {
    bounds = data;
    bound_count = count;
    has_bounds = true;
    return *this;
  }
  /// A histogram of base-2 exponential buckets that fit themselves to the data (160 a sign).
  InstrumentOptions& with_exponential_buckets() noexcept {
    is_exponential = true;
    return *this;
  }
  /// The instrumentation scope. Instruments of different meters may share a name.
  InstrumentOptions& with_meter(std::string_view name, std::string_view version = {}) noexcept {
    meter_name = name;
    meter_version = version;
    return *this;
  }
};

namespace detail {

struct MetricInstrument;  // what a name stands for; never freed
struct BoundSeries;       // one set of attributes of it; never freed

enum class InstrumentKind : std::uint8_t {
  kCounter,
  kUpDownCounter,
  kHistogram,
  kGauge,
  kObservableCounter,
  kObservableUpDownCounter,
  kObservableGauge,
};

/// Null if the name is invalid or there are too many instruments (one warning).
MetricInstrument* create_instrument(InstrumentKind kind, bool is_integer, std::string_view name,
                                    const InstrumentOptions& options) noexcept;
/// Null if memory lacks.
BoundSeries* bind_series(MetricInstrument* instrument, const KeyValue* attributes,
                         std::size_t count) noexcept;

void add_integer(BoundSeries* series, std::int64_t value) noexcept;
void add_real(BoundSeries* series, double value) noexcept;
void record_value(BoundSeries* series, double value) noexcept;
void set_integer(BoundSeries* series, std::int64_t value) noexcept;
void set_real(BoundSeries* series, double value) noexcept;

void add_integer(MetricInstrument* instrument, std::int64_t value, const KeyValue* attributes,
                 std::size_t count) noexcept;
void add_real(MetricInstrument* instrument, double value, const KeyValue* attributes,
              std::size_t count) noexcept;
void record_value(MetricInstrument* instrument, double value, const KeyValue* attributes,
                  std::size_t count) noexcept;
void set_integer(MetricInstrument* instrument, std::int64_t value, const KeyValue* attributes,
                 std::size_t count) noexcept;
void set_real(MetricInstrument* instrument, double value, const KeyValue* attributes,
              std::size_t count) noexcept;

/// What the kinds of instruments have in common: a handle, and binding it to attributes.
template <typename Bound>
class InstrumentHandle {
 public:
  /// Records nothing.
  InstrumentHandle() noexcept = default;
  explicit InstrumentHandle(MetricInstrument* instrument) noexcept : instrument_(instrument) {}

  /// The series with exactly these attributes, for recording without looking it up. It is exported
  /// (with zero, if it is a sum) even before anything is recorded.
  Bound bind(std::initializer_list<KeyValue> attributes = {}) const noexcept {
    return bind(attributes.begin(), attributes.size());
  }
  Bound bind(const KeyValue* attributes, std::size_t count) const noexcept {
    return Bound(instrument_ == nullptr ? nullptr : bind_series(instrument_, attributes, count));
  }
  /// False: the name was refused (one warning said why), and recording does nothing.
  bool is_valid() const noexcept { return instrument_ != nullptr; }

 protected:
  MetricInstrument* instrument_ = nullptr;
};

}  // namespace detail

/// A sum of integers that only grows, for one set of attributes. Negative values are dropped and
/// counted.
class BoundCounter {
 public:
  BoundCounter() noexcept = default;
  explicit BoundCounter(detail::BoundSeries* series) noexcept : series_(series) {}
  void add(std::int64_t value) const noexcept {
    if (series_ != nullptr) detail::add_integer(series_, value);
  }

 private:
  detail::BoundSeries* series_ = nullptr;
};

/// A sum of doubles, for one set of attributes.
class BoundDoubleCounter {
 public:
  BoundDoubleCounter() noexcept = default;
  explicit BoundDoubleCounter(detail::BoundSeries* series) noexcept : series_(series) {}
  void add(double value) const noexcept {
    if (series_ != nullptr) detail::add_real(series_, value);
  }

 private:
  detail::BoundSeries* series_ = nullptr;
};

/// Adds integers of either sign.
using BoundUpDownCounter = BoundCounter;
using BoundDoubleUpDownCounter = BoundDoubleCounter;

/// A distribution, for one set of attributes. Values that are not finite are dropped and counted.
class BoundHistogram {
 public:
  BoundHistogram() noexcept = default;
  explicit BoundHistogram(detail::BoundSeries* series) noexcept : series_(series) {}
  void record(double value) const noexcept {
    if (series_ != nullptr) detail::record_value(series_, value);
  }

 private:
  detail::BoundSeries* series_ = nullptr;
};

/// A value that is set, for one set of attributes; the last one counts, whichever thread set it.
class BoundGauge {
 public:
  BoundGauge() noexcept = default;
  explicit BoundGauge(detail::BoundSeries* series) noexcept : series_(series) {}
  void set(double value) const noexcept {
    if (series_ != nullptr) detail::set_real(series_, value);
  }

 private:
  detail::BoundSeries* series_ = nullptr;
};

class BoundIntGauge {
 public:
  BoundIntGauge() noexcept = default;
  explicit BoundIntGauge(detail::BoundSeries* series) noexcept : series_(series) {}
  void set(std::int64_t value) const noexcept {
    if (series_ != nullptr) detail::set_integer(series_, value);
  }

 private:
  detail::BoundSeries* series_ = nullptr;
};

/// A sum of integers that only grows (requests, tokens).
class Counter : public detail::InstrumentHandle<BoundCounter> {
 public:
  using InstrumentHandle::InstrumentHandle;
  void add(std::int64_t value, std::initializer_list<KeyValue> attributes = {}) const noexcept {
    add(value, attributes.begin(), attributes.size());
  }
  void add(std::int64_t value, const KeyValue* attributes, std::size_t count) const noexcept {
    if (instrument_ != nullptr) detail::add_integer(instrument_, value, attributes, count);
  }
};

/// A sum of doubles that only grows (seconds, money).
class DoubleCounter : public detail::InstrumentHandle<BoundDoubleCounter> {
 public:
  using InstrumentHandle::InstrumentHandle;
  void add(double value, std::initializer_list<KeyValue> attributes = {}) const noexcept {
    add(value, attributes.begin(), attributes.size());
  }
  void add(double value, const KeyValue* attributes, std::size_t count) const noexcept {
    if (instrument_ != nullptr) detail::add_real(instrument_, value, attributes, count);
  }
};

/// A sum of integers that may fall (open connections, queued items).
class UpDownCounter : public Counter {
 public:
  using Counter::Counter;
};
class DoubleUpDownCounter : public DoubleCounter {
 public:
  using DoubleCounter::DoubleCounter;
};

/// A distribution (latencies, sizes).
class Histogram : public detail::InstrumentHandle<BoundHistogram> {
 public:
  using InstrumentHandle::InstrumentHandle;
  void record(double value, std::initializer_list<KeyValue> attributes = {}) const noexcept {
    record(value, attributes.begin(), attributes.size());
  }
  void record(double value, const KeyValue* attributes, std::size_t count) const noexcept {
    if (instrument_ != nullptr) detail::record_value(instrument_, value, attributes, count);
  }
};

/// A value that is set (temperature, version, ratio).
class Gauge : public detail::InstrumentHandle<BoundGauge> {
 public:
  using InstrumentHandle::InstrumentHandle;
  void set(double value, std::initializer_list<KeyValue> attributes = {}) const noexcept {
    set(value, attributes.begin(), attributes.size());
  }
  void set(double value, const KeyValue* attributes, std::size_t count) const noexcept {
    if (instrument_ != nullptr) detail::set_real(instrument_, value, attributes, count);
  }
};

class IntGauge : public detail::InstrumentHandle<BoundIntGauge> {
 public:
  using InstrumentHandle::InstrumentHandle;
  void set(std::int64_t value, std::initializer_list<KeyValue> attributes = {}) const noexcept {
    set(value, attributes.begin(), attributes.size());
  }
  void set(std::int64_t value, const KeyValue* attributes, std::size_t count) const noexcept {
    if (instrument_ != nullptr) detail::set_integer(instrument_, value, attributes, count);
  }
};

/// Makes an instrument, or finds the one of the same meter, name (case does not matter), kind and
/// unit. Names: a letter, then up to 254 letters, digits, '_', '.', '-', '/'. A second instrument
/// of the same name but another kind or unit works and is warned of once. Takes a lock, ~1 us.
inline Counter create_counter(std::string_view name,
                              const InstrumentOptions& options = {}) noexcept {
  return Counter(detail::create_instrument(detail::InstrumentKind::kCounter, true, name, options));
}
inline DoubleCounter create_double_counter(std::string_view name,
                                           const InstrumentOptions& options = {}) noexcept {
  return DoubleCounter(
      detail::create_instrument(detail::InstrumentKind::kCounter, false, name, options));
}
inline UpDownCounter create_up_down_counter(std::string_view name,
                                            const InstrumentOptions& options = {}) noexcept {
  return UpDownCounter(
      detail::create_instrument(detail::InstrumentKind::kUpDownCounter, true, name, options));
}
inline DoubleUpDownCounter create_double_up_down_counter(
    std::string_view name, const InstrumentOptions& options = {}) noexcept {
  return DoubleUpDownCounter(
      detail::create_instrument(detail::InstrumentKind::kUpDownCounter, false, name, options));
}
inline Histogram create_histogram(std::string_view name,
                                  const InstrumentOptions& options = {}) noexcept {
  return Histogram(
      detail::create_instrument(detail::InstrumentKind::kHistogram, false, name, options));
}
inline Gauge create_gauge(std::string_view name, const InstrumentOptions& options = {}) noexcept {
  return Gauge(detail::create_instrument(detail::InstrumentKind::kGauge, false, name, options));
}
inline IntGauge create_int_gauge(std::string_view name,
                                 const InstrumentOptions& options = {}) noexcept {
  return IntGauge(detail::create_instrument(detail::InstrumentKind::kGauge, true, name, options));
}

/// Where a callback puts what it observed; valid during the call. Integers stay integers. A set of
/// attributes observed twice in one collection: the last value counts.
class Observer {
 public:
  explicit Observer(void* target) noexcept : target_(target) {}
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  template <typename T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  void observe(T value, std::initializer_list<KeyValue> attributes = {}) noexcept {
    observe(value, attributes.begin(), attributes.size());
  }
  template <typename T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  void observe(T value, const KeyValue* attributes, std::size_t count) noexcept {
    if constexpr (std::is_floating_point_v<T>) {
      put_real(static_cast<double>(value), attributes, count);
    } else {
      put_integer(static_cast<std::int64_t>(value), attributes, count);
    }
  }

 private:
  void put_integer(std::int64_t value, const KeyValue* attributes, std::size_t count) noexcept;
  void put_real(double value, const KeyValue* attributes, std::size_t count) noexcept;

  void* target_;
};

namespace detail {

/// A callable of any type, owned.
struct ObservableCallback {
  void (*call)(void* state, Observer& observer) = nullptr;
  void (*destroy)(void* state) noexcept = nullptr;
  void* state = nullptr;
};

/// Takes the callback over (destroys it at once if it cannot). 0 if nothing was registered.
std::uint64_t register_callback(InstrumentKind kind, std::string_view name,
                                const InstrumentOptions& options,
                                const ObservableCallback& callback) noexcept;
void unregister_callback(std::uint64_t id) noexcept;

template <typename F>
ObservableCallback make_callback(F&& function) {
  using Function = RemoveCvRef<F>;
  ObservableCallback callback;
  callback.state = new (std::nothrow) Function(std::forward<F>(function));
  if (callback.state == nullptr) return callback;
  callback.call = [](void* state, Observer& observer) {
    if constexpr (std::is_invocable_v<Function&, Observer&>) {
      (*static_cast<Function*>(state))(observer);
    } else {
      observer.observe((*static_cast<Function*>(state))());
    }
  };
  callback.destroy = [](void* state) noexcept {
    delete static_cast<Function*>(state);  // tidy: allow(naked-delete) without <memory>
  };
  return callback;
}

}  // namespace detail

/// Keeps a callback registered for as long as it lives. Destroying it waits for a call that is
/// under way (unless it happens inside that very call), so that what the callback refers to may go.
class [[nodiscard]] ObservableHandle {
 public:
  ObservableHandle() noexcept = default;
  explicit ObservableHandle(std::uint64_t id) noexcept : id_(id) {}
  ObservableHandle(ObservableHandle&& other) noexcept : id_(std::exchange(other.id_, 0)) {}
  ObservableHandle& operator=(ObservableHandle&& other) noexcept {
    if (this != &other) {
      unregister();
      id_ = std::exchange(other.id_, 0);
    }
    return *this;
  }
  ObservableHandle(const ObservableHandle&) = delete;
  ObservableHandle& operator=(const ObservableHandle&) = delete;
  ~ObservableHandle() { unregister(); }

  void unregister() noexcept {
    if (id_ != 0) detail::unregister_callback(std::exchange(id_, 0));
  }
  /// Leaves the callback registered for the life of the process.
  void keep() noexcept { id_ = 0; }
  bool is_registered() const noexcept { return id_ != 0; }

 private:
  std::uint64_t id_ = 0;
};

/// Asks `callback` whenever metrics are collected, on the collecting thread: it should return
/// quickly. It takes an Observer&, or takes nothing and returns the value. What it throws is caught
/// and counted. Only moving the callback itself may throw. Several callbacks may share a name.
///
///   auto handle = binnacle::create_observable_gauge("queue.length", {}, [&] { return queue.size();
///   });
template <typename F>
ObservableHandle create_observable_gauge(std::string_view name, const InstrumentOptions& options,
                                         F&& callback) {
  return ObservableHandle(
      detail::register_callback(detail::InstrumentKind::kObservableGauge, name, options,
                                detail::make_callback(std::forward<F>(callback))));
}
/// The callback observes totals, not increments.
template <typename F>
ObservableHandle create_observable_counter(std::string_view name, const InstrumentOptions& options,
                                           F&& callback) {
  return ObservableHandle(
      detail::register_callback(detail::InstrumentKind::kObservableCounter, name, options,
                                detail::make_callback(std::forward<F>(callback))));
}
template <typename F>
ObservableHandle create_observable_up_down_counter(std::string_view name,
                                                   const InstrumentOptions& options, F&& callback) {
  return ObservableHandle(
      detail::register_callback(detail::InstrumentKind::kObservableUpDownCounter, name, options,
                                detail::make_callback(std::forward<F>(callback))));
}

}  // namespace v1
}  // namespace binnacle
