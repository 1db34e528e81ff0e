#pragma once

#include "sdk/metrics/metric_data.h"

#include <cstddef>

// An exponential histogram in the form that text formats have: explicit bounds. Pure.

namespace binnacle::sdk {

/// Bounds that one histogram is shown with at most, the zero bucket's included.
inline constexpr std::size_t kMaxClassicBounds = 40;

/// The same counts with bounds at powers of a base, which is squared (scale - 1) until at most
/// kMaxClassicBounds are needed. Nothing is estimated, only resolution is lost; except that a
/// negative value that lies exactly on a bound is counted above it, since buckets of negative
/// values are closed on the other side. Bounds that no double can hold are left out.
HistogramValue to_classic_buckets(const ExponentialValue& exponential);

}  // namespace binnacle::sdk
