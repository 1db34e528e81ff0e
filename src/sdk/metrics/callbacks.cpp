#include "sdk/metrics/callbacks.h"

#include <algorithm>
#include <new>

namespace binnacle::sdk {

std::uint64_t CallbackList::add(MetricInstrument& instrument, const ObservableCallback& callback) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMaxCallbacks) return 0;
  entries_.push_back({++last_id_, &instrument, callback});
  return last_id_;
}

void CallbackList::remove(std::uint64_t id) noexcept {
  std::unique_lock lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [id](const Entry& entry) { return entry.id == id; });
  if (found == entries_.end()) return;
  const ObservableCallback callback = found->callback;
  entries_.erase(found);
  if (running_id_ == id && running_thread_ == std::this_thread::get_id()) {
    is_running_doomed_ = true;  // destroyed when the call has ended
    return;
  }
  has_ended_.wait(lock, [&] { return running_id_ != id; });
  lock.unlock();
  callback.destroy(callback.state);
}

void CallbackList::run(ObservationSink& sink) {
  std::vector<Entry> entries;
  {
    const std::lock_guard lock(mutex_);
    entries = entries_;
  }
  for (const Entry& entry : entries) {
    {
      const std::lock_guard lock(mutex_);
      const bool is_registered = std::any_of(entries_.begin(), entries_.end(),
                                             [&](const Entry& e) { return e.id == entry.id; });
      if (!is_registered) continue;
      running_id_ = entry.id;
      running_thread_ = std::this_thread::get_id();
      is_running_doomed_ = false;
    }
    call(entry, sink);
    bool is_doomed = false;
    {
      const std::lock_guard lock(mutex_);
      running_id_ = 0;
      is_doomed = is_running_doomed_;
    }
    has_ended_.notify_all();
    if (is_doomed) entry.callback.destroy(entry.callback.state);
  }
}

void CallbackList::call(const Entry& entry, ObservationSink& sink) noexcept {
  ObserverTarget target{&sink, entry.instrument};
  Observer observer(&target);
  try {
    entry.callback.call(entry.callback.state, observer);
  } catch (...) {  // the host's, of any type
    failures_.fetch_add(1, std::memory_order_relaxed);
  }
}

void CallbackList::renew_in_child() noexcept {
  new (&mutex_) std::mutex;
  new (&has_ended_) std::condition_variable;
  running_id_ = 0;
}

}  // namespace binnacle::sdk

namespace binnacle {
inline namespace v1 {

void Observer::put_integer(std::int64_t value, const KeyValue* attributes,
                           std::size_t count) noexcept {
  const auto& target = *static_cast<sdk::ObserverTarget*>(target_);
  try {
    target.sink->observe(*target.instrument, sdk::Measurement::of(value), attributes, count);
  } catch (const std::bad_alloc&) {  // this value is left out
  }
}

void Observer::put_real(double value, const KeyValue* attributes, std::size_t count) noexcept {
  const auto& target = *static_cast<sdk::ObserverTarget*>(target_);
  try {
    target.sink->observe(*target.instrument, sdk::Measurement::of(value), attributes, count);
  } catch (const std::bad_alloc&) {  // this value is left out
  }
}

}  // namespace v1
}  // namespace binnacle
