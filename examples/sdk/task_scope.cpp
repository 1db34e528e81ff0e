#include <binnacle/apm.h>
#include <binnacle/scopes.h>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

// A queue of tasks, each a trace of its own: what type it was, how often it had to be repeated, how
// it ended. One of them fails on purpose.

namespace {

struct Task {
  std::string id;
  std::string type;
  int tries_needed;
};

void attempt(const Task& task, int number) {
  const auto span = binnacle::start_active_span("attempt", {{"attempt.number", number}});
  if (number < task.tries_needed) throw std::runtime_error("the market is closed");
}

void execute(const Task& task) {
  auto scope = binnacle::trace_task_execution(task.id, task.type);
  scope.agent("scout");
  // run() sees the exception that ends the task, and lets it go on.
  scope.run([&] {
    constexpr int kTries = 3;
    for (int number = 1;; ++number) {
      try {
        return attempt(task, number);
      } catch (const std::runtime_error& error) {
        if (number == kTries) throw;
        scope.retry(error.what());
      }
    }
  });
}

}  // namespace

int main() {
  binnacle::init_observability();
  const std::vector<Task> tasks = {
      {"task-1", "price_check", 1}, {"task-2", "price_check", 2}, {"task-3", "seller_review", 99}};
  for (const Task& task : tasks) {
    try {
      execute(task);
      std::printf("%s done\n", task.id.c_str());
    } catch (const std::exception& error) {
      std::printf("%s failed: %s\n", task.id.c_str(), error.what());
    }
  }
  binnacle::shutdown();
}
