#include "sdk/type_name.h"

#include <binnacle/traced.h>
#include <cxxabi.h>

#include <typeinfo>

// What a span says when its work was left by an exception (semantic conventions: exceptions on
// spans, and error.type, whose fallback is "_OTHER").

namespace binnacle {
inline namespace v1 {
namespace detail {

void record_failure(const SpanRef& span, const std::exception& error) noexcept {
  if (!span.is_recording()) return;
  const sdk::TypeName type(typeid(error));
  span.record_exception(error).set_error(error.what()).set_attribute("error.type", type.view());
}

void record_current_failure(const SpanRef& span) noexcept {
  if (!span.is_recording()) return;
  const std::type_info* thrown = abi::__cxa_current_exception_type();
  if (thrown == nullptr) return record_unwinding(span);  // a thread's cancellation, or foreign
  const sdk::TypeName type(*thrown);
  span.add_event("exception", {{"exception.type", type.view()}})
      .set_error(type.view())
      .set_attribute("error.type", type.view());
}

void record_unwinding(const SpanRef& span) noexcept {
  if (!span.is_recording()) return;
  constexpr std::string_view kMessage = "left by an exception";
  span.add_event("exception", {{"exception.message", kMessage}})
      .set_error(kMessage)
      .set_attribute("error.type", "_OTHER");
}

}  // namespace detail
}  // namespace v1
}  // namespace binnacle
