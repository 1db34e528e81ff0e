#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <utility>

// One thread with its own event loop. Connections live on one IoThread for life, so that nothing of
// theirs needs a lock; other threads reach them through post(). Internal to io/net (includes Asio).
// Outlives the server where responders still hold it: post() then does nothing.

namespace binnacle {

class HttpConnection;

class IoThread {
 public:
  // One thread runs the context, so its scheduler may skip some wake-ups (concurrency hint 1).
  IoThread()
      : context_(std::make_unique<boost::asio::io_context>(1)),
        work_(std::in_place, context_->get_executor()) {}
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;
  ~IoThread() {
    stop();
    release();
  }

  /// Until stop().
  [[nodiscard]] boost::asio::io_context& context() { return *context_; }

  void start() {
    thread_ = std::thread([this] { context_->run(); });
  }

  /// Runs `task` on the thread; destroys it unrun after stop(). Any thread.
  template <typename Task>
  void post(Task&& task) {
    const std::lock_guard lock(mutex_);
    if (context_) boost::asio::post(*context_, std::forward<Task>(task));
  }

  /// Ends the loop and joins. Idempotent, from one thread. post() then queues what never runs.
  void stop() {
    if (!context_) return;
    work_.reset();
    context_->stop();
    if (thread_.joinable()) thread_.join();
    connections.clear();
  }

  /// After stop(): destroys the loop and what still waits in it. All sockets and timers made from
  /// context() must be gone or owned by what waits.
  void release() {
    // Waiting handlers own responders, whose destruction calls post(): so the context leaves
    // post()'s reach first and is destroyed without the lock.
    std::unique_ptr<boost::asio::io_context> context;
    const std::unique_lock lock(mutex_);
    context.swap(context_);
    // Destroyed in reverse order: the lock first, then the context.
  }

  /// Only on the thread (and in stop(), after it).
  std::unordered_set<std::shared_ptr<HttpConnection>> connections;

 private:
  using WorkGuard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;
  std::mutex mutex_;
  std::unique_ptr<boost::asio::io_context> context_;
  std::optional<WorkGuard> work_;
  std::thread thread_;
};

}  // namespace binnacle
