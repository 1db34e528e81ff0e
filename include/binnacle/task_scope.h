#pragma once

#include <binnacle/scope.h>

#include <cstdint>
#include <string_view>

// The execution of a task by an agent: see scope.h for what all scopes share.
//
//   auto task = binnacle::trace_task_execution("task-17", "price_arbitrage");
//   task.agent("scout").run([&] { work(); });
//
// Span "task <type>", internal. Instruments: task.execution.time (task_type, status),
// task.completion.total (task_type, status), and if it failed task.error.total (task_type,
// error_type). Attributes: docs/reference/attributes.md.

namespace binnacle {
inline namespace v1 {

class [[nodiscard]] TaskScope : public detail::ScopeCalls<TaskScope> {
 public:
  /// `task_type` is one of a small set: it names the span and is a label.
  TaskScope(std::string_view task_id, std::string_view task_type,
            const Context* parent = nullptr) noexcept;
  ~TaskScope() { end(); }

  /// The agent at work: gen_ai.agent.name, gen_ai.agent.id.
  TaskScope& agent(std::string_view name, std::string_view id = {}) noexcept;
  /// The conversation or session the task belongs to: gen_ai.conversation.id.
  TaskScope& conversation(std::string_view id) noexcept;
  /// Counts an attempt that has to be repeated: event task.retry, attribute task.retry.count.
  TaskScope& retry(std::string_view reason) noexcept;
  /// How long the task waited before it was taken up.
  TaskScope& queue_time_ms(std::int64_t milliseconds) noexcept;

  /// Records the instruments and ends the span; the destructor does it otherwise.
  void end() noexcept;

 private:
  std::int64_t retries_ = 0;
  detail::ShortText<63> type_;
};

inline TaskScope trace_task_execution(std::string_view task_id,
                                      std::string_view task_type) noexcept {
  return TaskScope(task_id, task_type);
}
/// Under a context of your choice; an invalid one starts a new trace.
inline TaskScope trace_task_execution(std::string_view task_id, std::string_view task_type,
                                      const Context& parent) noexcept {
  return TaskScope(task_id, task_type, &parent);
}

}  // namespace v1
}  // namespace binnacle
