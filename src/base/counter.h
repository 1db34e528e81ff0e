#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Counter cells and their descriptor tables (the probe pattern): a folder keeps its counters as
// plain cells in one struct in its `*_probe.h`, with one function that lists descriptors over the
// cells. Logic only increments fields; `app` collects the tables; `server/api` renders them at
// /metrics.
//
//   struct WalProbe { Counter records; Gauge segment_bytes; void describe(std::vector<Descriptor>&)
//   const; };

namespace binnacle {

/// Monotonic count. Any thread; one relaxed add on its own cache line is 5 ns uncontended, so hot
/// loops count locally and add once per batch.
class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// A value that goes up and down. Any thread.
class Gauge {
 public:
  void set(std::int64_t v) noexcept { value_.store(v, std::memory_order_relaxed); }
  void add(std::int64_t n) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// One exposed series: Prometheus family name (with its unit and `_total`), help, labels as
/// rendered
/// (`receiver="otlp_grpc",outcome="ok"` or empty), and the cell. Points into the probe, which must
/// outlive the descriptor.
struct Descriptor {
  std::string_view name;
  std::string_view help;
  std::string labels;
  const Counter* counter = nullptr;  ///< exactly one of the two is set
  const Gauge* gauge = nullptr;
};

}  // namespace binnacle
