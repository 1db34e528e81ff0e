#include "sdk/scope_start.h"
#include "sdk/span_name.h"

#include <binnacle/instruments.h>
#include <binnacle/task_scope.h>

namespace binnacle {
inline namespace v1 {

TaskScope::TaskScope(std::string_view task_id, std::string_view task_type,
                     const Context* parent) noexcept
    : ScopeCalls(sdk::SpanName("task", task_type).view(),
                 sdk::scope_options(SpanKind::kInternal, parent)) {
  type_.assign(task_type);
  set_attribute("task.id", task_id).set_attribute("task.type", task_type);
  sdk::set_openinference_kind(ref(), "AGENT");
}

TaskScope& TaskScope::agent(std::string_view name, std::string_view id) noexcept {
  set_attribute("gen_ai.agent.name", name);
  if (!id.empty()) set_attribute("gen_ai.agent.id", id);
  return *this;
}

TaskScope& TaskScope::conversation(std::string_view id) noexcept {
  set_attribute("gen_ai.conversation.id", id);
  if (sdk::uses_openinference()) set_attribute("session.id", id);
  return *this;
}

TaskScope& TaskScope::retry(std::string_view reason) noexcept {
  ++retries_;
  return add_event("task.retry", {{"task.retry.count", retries_}, {"task.retry.reason", reason}});
}

TaskScope& TaskScope::queue_time_ms(std::int64_t milliseconds) noexcept {
  return set_attribute("task.queue_time_ms", milliseconds);
}

void TaskScope::end() noexcept {
  if (!begin_end()) return;
  if (retries_ > 0) set_attribute("task.retry.count", retries_);
  set_attribute("task.outcome", status_label());
  if (is_timed()) {
    const Instruments& record = instruments();
    record.record_task(type_.view(), status_label(), elapsed_ms());
    if (has_failed()) record.record_task_error(type_.view(), error_type());
  }
  finish_end();
}

}  // namespace v1
}  // namespace binnacle
