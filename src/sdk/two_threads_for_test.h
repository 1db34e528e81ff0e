#pragma once

#include <condition_variable>
#include <coroutine>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

// Two named threads, each with a queue, for coroutines that move between them.

namespace binnacle::sdk {

class WorkThread {
 public:
  WorkThread() : thread_([this] { run(); }) {}
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;
  ~WorkThread() {
    post({});
    thread_.join();
  }

  /// An empty function ends the thread.
  void post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
    is_ready_.notify_one();
  }
  std::thread::id id() const { return thread_.get_id(); }

  /// co_await thread.schedule(): go on there.
  auto schedule() {
    struct Awaiter {
      WorkThread& to;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> coroutine) const { to.post(coroutine); }
      void await_resume() const {}
    };
    return Awaiter{*this};
  }

 private:
  void run() {
    for (;;) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex_);
        is_ready_.wait(lock, [this] { return !queue_.empty(); });
        work = std::move(queue_.front());
        queue_.pop_front();
      }
      if (!work) return;
      work();
    }
  }

  std::mutex mutex_;
  std::condition_variable is_ready_;
  std::deque<std::function<void()>> queue_;
  std::thread thread_;  // last: it uses what is above
};

}  // namespace binnacle::sdk
