#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

// A fixed set of threads for work that may block: query handlers, body sources. Owned by
// HttpServer. Internally locked.

namespace binnacle {

class WorkerPool {
 public:
  using Task = std::move_only_function<void()>;

  explicit WorkerPool(std::size_t queue_limit) : queue_limit_(queue_limit) {}
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool() { stop(); }

  void start(std::size_t threads);

  /// Queues what `make()` returns. False, without calling it, when queue_limit tasks wait or the
  /// pool is stopped.
  template <typename Make>
  [[nodiscard]] bool try_submit(Make&& make) {
    {
      const std::lock_guard lock(mutex_);
      if (stopped_ || queue_.size() >= queue_limit_) return false;
      queue_.emplace_back(make());
    }
    wake_.notify_one();
    return true;
  }
  /// For the continuation of work already admitted: not held to the limit. Dropped (destroyed) when
  /// the pool is stopped.
  void submit_continuation(Task task);

  /// Lets running tasks finish, destroys waiting ones, joins. Idempotent.
  void stop();

 private:
  void run();

  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace binnacle
