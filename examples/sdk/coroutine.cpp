#include <binnacle/apm.h>
#include <binnacle/coroutine.h>

#include <condition_variable>
#include <coroutine>
#include <cstdio>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

// A coroutine that moves between two threads. Its span is current wherever it goes on, and is gone
// from the thread that it leaves.

namespace {

class Worker {
 public:
  ~Worker() {
    post({});
    thread_.join();
  }
  void post(std::coroutine_handle<> coroutine) {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue_.push_back(coroutine);
    ready_.notify_one();
  }
  // co_await worker.schedule(): go on there.
  auto schedule() {
    struct Awaiter {
      Worker& worker;
      bool await_ready() const { return false; }
      void await_suspend(std::coroutine_handle<> coroutine) const { worker.post(coroutine); }
      void await_resume() const {}
    };
    return Awaiter{*this};
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock<std::mutex> lock(mutex_);
      ready_.wait(lock, [this] { return !queue_.empty(); });
      const std::coroutine_handle<> next = queue_.front();
      queue_.pop_front();
      lock.unlock();
      if (!next) return;
      next.resume();
    }
  }

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::coroutine_handle<>> queue_;
  std::thread thread_{[this] { run(); }};
};

binnacle::TracedTask<int> fetch(Worker& network) {
  const auto span = binnacle::start_active_span("fetch");
  co_await network.schedule();
  span.set_attribute("offers", 40);  // on another thread, still the same span
  co_return 40;
}

binnacle::TracedTask<> scan(Worker& network, Worker& cpu) {
  const auto span = binnacle::start_active_span("scan");
  const int offers = co_await binnacle::with_span("wait for page", fetch(network));
  co_await cpu.schedule();
  const auto parse = binnacle::start_active_span("parse");  // a child of "scan"
  parse.set_attribute("offers", offers);
}

}  // namespace

int main() {
  binnacle::init_observability();
  {
    Worker network;
    Worker cpu;
    std::promise<void> done;
    scan(network, cpu).start([&] { done.set_value(); });
    done.get_future().wait();
  }
  std::printf("scanned\n");
  binnacle::shutdown();
}
