#pragma once

#include "sdk/metrics/cells.h"
#include "sdk/metrics/metric_data.h"

#include <binnacle/context.h>
#include <binnacle/metrics.h>

#include <cstddef>
#include <cstdint>
#include <vector>

// Exemplars: single measurements with the span they were taken in. A skip counter in every cell
// decides which measurements are looked at (the first of each interval between collections, then
// every 256th), so that the others pay one decrement. A series has one place per bucket of an
// explicit histogram, 20 for an exponential one, one else; the last measurement that was looked at
// stays there. Source: opentelemetry-specification, metrics/sdk.md, "Exemplar".

namespace binnacle::sdk {

using ::binnacle::v1::detail::BoundSeries;

enum class ExemplarPolicy : std::uint8_t {
  kTraceBased,  ///< measurements inside a sampled span
  kAlwaysOn,
  kAlwaysOff,
};

/// A value as it was recorded.
struct Measurement {
  bool is_integer = false;
  std::int64_t integer = 0;
  double real = 0;

  static Measurement of(std::int64_t value) noexcept {
    return {true, value, static_cast<double>(value)};
  }
  static Measurement of(double value) noexcept { return {false, 0, value}; }
};

/// What is kept of one; `lock` guards the rest.
struct ExemplarPlace {
  std::atomic<bool> lock{false};
  std::uint64_t period = 0;  ///< the interval between collections; 0: nothing yet
  std::int64_t time_unix_ns = 0;
  Measurement measurement;
  SpanContext span;
  const BoundSeries* source = nullptr;  ///< whose attributes it had
};

/// The places of one series. Writers never wait: a place that is taken at the moment is skipped.
class ExemplarReservoir {
 public:
  /// Places of all series together: 1 MiB. Further series have none.
  static constexpr std::size_t kLimitBytes = std::size_t{1} << 20U;

  explicit ExemplarReservoir(std::size_t places) : places_(places) {}

  void offer(std::size_t place, const Measurement& measurement, const SpanContext& span,
             const BoundSeries& source) noexcept;
  /// Those of intervals after `period`, without filtered attributes; `sources` gets what each was
  /// recorded through.
  std::vector<Exemplar> after(std::uint64_t period, std::vector<const BoundSeries*>& sources);
  std::size_t size() const noexcept { return places_.size(); }

 private:
  std::vector<ExemplarPlace> places_;
};

/// The series' reservoir, made at the first use.
class ExemplarStore {
 public:
  ExemplarStore() = default;
  ExemplarStore(const ExemplarStore&) = delete;
  ExemplarStore& operator=(const ExemplarStore&) = delete;

  /// Null if there is none yet.
  ExemplarReservoir* get() const noexcept { return reservoir_.load(std::memory_order_acquire); }
  ExemplarReservoir* get_or_make(std::size_t places) noexcept;
  /// Forgets it without freeing it: somebody may be writing.
  void abandon() noexcept { reservoir_.store(nullptr, std::memory_order_relaxed); }

 private:
  std::atomic<ExemplarReservoir*> reservoir_{nullptr};
};

/// Which measurements may become exemplars in this run.
extern std::atomic<ExemplarPolicy> g_exemplar_policy;
/// The span that is active on the calling thread; set by whoever knows, null if nobody does.
extern std::atomic<SpanContext (*)() noexcept> g_current_span;

/// `skip` has run out: looks at the measurement, and says how many to pass next. Out of line and
/// rare; may allocate the series' places once.
void consider_exemplar(ExemplarStore& store, std::size_t places, std::size_t place,
                       ExemplarSkip& skip, const Measurement& measurement,
                       const BoundSeries& source) noexcept;

}  // namespace binnacle::sdk
