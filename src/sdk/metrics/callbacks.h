#pragma once

#include "sdk/metrics/attribute_set.h"
#include "sdk/metrics/exemplars.h"

#include <binnacle/metrics.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

// The callbacks of observable instruments. One is never destroyed while it runs, and no lock is
// held while it does, so that callbacks may make instruments, unregister themselves, or take their
// time. Internally locked; run() by one thread at a time (the collection lock sees to that).

namespace binnacle::sdk {

using ::binnacle::v1::detail::MetricInstrument;
using ::binnacle::v1::detail::ObservableCallback;

/// Takes what a callback observes.
class ObservationSink {
 public:
  ObservationSink() = default;
  ObservationSink(const ObservationSink&) = delete;
  ObservationSink& operator=(const ObservationSink&) = delete;
  virtual ~ObservationSink() = default;
  virtual void observe(MetricInstrument& instrument, const Measurement& measurement,
                       const KeyValue* attributes, std::size_t count) = 0;
};

/// What an Observer points at during a call.
struct [[gnu::visibility("hidden")]] ObserverTarget {
  ObservationSink* sink;
  MetricInstrument* instrument;
};

class [[gnu::visibility("hidden")]] CallbackList {
 public:
  /// More than this are refused.
  static constexpr std::size_t kMaxCallbacks = 4096;

  CallbackList() = default;
  CallbackList(const CallbackList&) = delete;
  CallbackList& operator=(const CallbackList&) = delete;

  /// 0 if there are too many.
  std::uint64_t add(MetricInstrument& instrument, const ObservableCallback& callback);
  /// Waits for a call that is under way on another thread.
  void remove(std::uint64_t id) noexcept;
  /// Calls all of them. What they throw is counted.
  void run(ObservationSink& sink);

  std::uint64_t failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

  // Fork handlers: the lock is held across the fork, and in the child nothing is running.
  void lock() noexcept { mutex_.lock(); }
  void unlock() noexcept { mutex_.unlock(); }
  void renew_in_child() noexcept;

 private:
  struct Entry {
    std::uint64_t id = 0;
    MetricInstrument* instrument = nullptr;
    ObservableCallback callback;
  };
  void call(const Entry& entry, ObservationSink& sink) noexcept;

  std::atomic<std::uint64_t> failures_{0};
  std::mutex mutex_;  // guards what follows
  std::condition_variable has_ended_;
  std::vector<Entry> entries_;
  std::uint64_t last_id_ = 0;
  std::uint64_t running_id_ = 0;
  bool is_running_doomed_ = false;  ///< removed from inside its own call
  std::thread::id running_thread_;
};

}  // namespace binnacle::sdk
