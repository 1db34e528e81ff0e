#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Views change what instruments look like when they are exported, without touching the code that
// records: rename, drop, other buckets, fewer attributes. Part of Config (config.h). Plain values.
// Source: OpenTelemetry specification, metrics/sdk.md, "View".
//
//   auto& views = config.metrics.views;
//   views.push_back(binnacle::View("http.*").with_attribute_keys({"method", "status_code"}));
//   views.push_back(binnacle::View("db.query.duration").with_bounds({1, 10, 100}));
//   views.push_back(binnacle::View("noisy.counter").dropped());
//
// Every view that selects an instrument makes one stream of it; without a view that selects it, an
// instrument is exported as it is.

namespace binnacle {
inline namespace v1 {

enum class ViewAggregation : std::uint8_t {
  kDefault,  ///< what the instrument's kind suggests
  kDrop,
  kSum,              ///< of a histogram's values too
  kLastValue,        ///< gauges only
  kExplicitBuckets,  ///< `bounds`, else the instrument's own
  kExponential,      ///< base-2 exponential buckets
};

/// Which instruments, and what becomes of them.
struct View {
  /// Names, in which '*' stands for any number of characters and '?' for one.
  std::string instrument_name = "*";
  std::string instrument_unit;  ///< empty: any
  std::string meter_name;       ///< empty: any
  std::string meter_version;    ///< empty: any

  std::string name;         ///< empty: the instrument's
  std::string description;  ///< empty: the instrument's
  ViewAggregation aggregation = ViewAggregation::kDefault;
  std::vector<double> bounds;  ///< for kExplicitBuckets
  bool has_attribute_keys = false;
  std::vector<std::string> attribute_keys;  ///< with has_attribute_keys: only these are kept
  std::vector<std::string> excluded_keys;   ///< these are not kept
  std::size_t cardinality_limit = 0;        ///< 0: 2,000

  View() = default;
  explicit View(std::string instrument) : instrument_name(std::move(instrument)) {}

  View& with_meter(std::string meter, std::string version = {}) {
    meter_name = std::move(meter);
    meter_version = std::move(version);
    return *this;
  }
  View& with_name(std::string text) {
    name = std::move(text);
    return *this;
  }
  View& with_description(std::string text) {
    description = std::move(text);
    return *this;
  }
  View& dropped() {
    aggregation = ViewAggregation::kDrop;
    return *this;
  }
  View& with_aggregation(ViewAggregation value) {
    aggregation = value;
    return *this;
  }
  View& with_bounds(std::vector<double> upper_bounds) {
    aggregation = ViewAggregation::kExplicitBuckets;
    bounds = std::move(upper_bounds);
    return *this;
  }
  View& with_attribute_keys(std::vector<std::string> kept) {
    has_attribute_keys = true;
    attribute_keys = std::move(kept);
    return *this;
  }
  View& without_attribute_keys(std::vector<std::string> excluded) {
    excluded_keys = std::move(excluded);
    return *this;
  }
  View& with_cardinality_limit(std::size_t series) {
    cardinality_limit = series;
    return *this;
  }
};

}  // namespace v1
}  // namespace binnacle
