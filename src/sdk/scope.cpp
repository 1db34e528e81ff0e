#include "sdk/tick_clock.h"
#include "sdk/type_name.h"

#include <binnacle/apm.h>
#include <binnacle/scope.h>

#include <typeinfo>

namespace binnacle {
inline namespace v1 {

std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::kOk:
      return "ok";
    case Outcome::kError:
      return "error";
    case Outcome::kTimeout:
      return "timeout";
    case Outcome::kCancelled:
      return "cancelled";
    case Outcome::kRejected:
      return "rejected";
  }
  return "error";
}

namespace detail {

namespace {

bool is_failure(Outcome outcome) noexcept {
  return outcome == Outcome::kError || outcome == Outcome::kTimeout;
}

}  // namespace

// A scope that began while the SDK was off has no start, and records no instruments.
OperationScope::OperationScope(std::string_view name, const SpanOptions& options) noexcept
    : exceptions_(std::uncaught_exceptions()),
      start_ticks_(is_enabled() ? sdk::ticks_now() : 0),
      span_(name, options) {}

bool OperationScope::begin_end() noexcept {
  if (is_ended_) return false;
  is_ended_ = true;
  if (std::uncaught_exceptions() > exceptions_ && !has_failed()) {
    outcome_ = Outcome::kError;
    record_unwinding(ref());
  }
  return true;
}

void OperationScope::finish_end() noexcept {
  span_.end();
  span_.deactivate();
}

double OperationScope::elapsed_ms() const noexcept {
  return static_cast<double>(sdk::ticks_now() - start_ticks_) * sdk::ns_per_tick() * 1e-6;
}

void OperationScope::mark_failed(const std::exception& error) noexcept {
  outcome_ = Outcome::kError;
  const sdk::TypeName type(typeid(error));
  error_type_.assign(type.view());
  record_failure(ref(), error);
}

void OperationScope::mark_failed_by_current() noexcept {
  outcome_ = Outcome::kError;
  if (const std::type_info* thrown = abi::__cxa_current_exception_type()) {
    error_type_.assign(sdk::TypeName(*thrown).view());
  }
  record_current_failure(ref());
}

void OperationScope::mark_failed(std::string_view error_type, std::string_view message) noexcept {
  outcome_ = Outcome::kError;
  error_type_.assign(error_type);
  ref().set_attribute("error.type", error_type).set_error(message.empty() ? error_type : message);
}

void OperationScope::mark_outcome(Outcome outcome) noexcept {
  if (is_failure(outcome)) {
    const std::string_view type =
        error_type_.or_else(outcome == Outcome::kTimeout ? "timeout" : "_OTHER");
    mark_failed(type, {});
  }
  outcome_ = outcome;
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
