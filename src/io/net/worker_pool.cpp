#include "io/net/worker_pool.h"

#include <utility>

namespace binnacle {

void WorkerPool::start(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run(); });
  }
}

void WorkerPool::submit_continuation(Task task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    queue_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void WorkerPool::run() {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
      if (stopped_) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

void WorkerPool::stop() {
  std::deque<Task> abandoned;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    abandoned.swap(queue_);
  }
  wake_.notify_all();
  // Tasks own responders, whose destruction answers: outside the lock.
  abandoned.clear();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace binnacle
