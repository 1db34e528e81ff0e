#include <binnacle/apm.h>
#include <binnacle/handover.h>
#include <binnacle/thread.h>

#include <cstdio>
#include <functional>
#include <future>
#include <mutex>
#include <queue>
#include <thread>

// Work that other threads do for a span is part of its trace: std::async, a queue between threads,
// and threads of its own.

namespace {

int square(int n) {
  const auto span = binnacle::start_active_span("square", {{"n", n}});
  return n * n;
}

// The simplest of executors: it runs what is in its queue when told to.
class Queue {
 public:
  void submit(std::function<void()> work) {
    const std::lock_guard<std::mutex> lock(mutex_);
    // What is current here will be current when the work runs.
    work_.push(binnacle::bind_context(std::move(work)));
  }
  void run() {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (; !work_.empty(); work_.pop()) work_.front()();
  }

 private:
  std::mutex mutex_;
  std::queue<std::function<void()>> work_;
};

}  // namespace

int main() {
  binnacle::init_observability();
  {
    const auto request = binnacle::start_active_span("request");
    auto answer = std::async(std::launch::async, binnacle::bind_context(square), 7);
    Queue queue;
    queue.submit([] { binnacle::current_span().add_event("queued work ran"); });
    std::thread worker = binnacle::traced_thread("worker", [&queue] { queue.run(); });
    worker.join();
    std::printf("%d\n", answer.get());
  }
  binnacle::shutdown();
}
