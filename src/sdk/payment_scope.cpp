#include "sdk/money_content.h"
#include "sdk/scope_start.h"
#include "sdk/span_name.h"
#include "sdk/tick_clock.h"

#include <binnacle/instruments.h>
#include <binnacle/payment_scope.h>

#include <algorithm>

namespace binnacle {
inline namespace v1 {

std::string_view to_string(SignatureResult result) noexcept {
  switch (result) {
    case SignatureResult::kValid:
      return "valid";
    case SignatureResult::kInvalid:
      return "invalid";
    case SignatureResult::kExpired:
      return "expired";
    case SignatureResult::kMissing:
      return "missing";
    case SignatureResult::kMalformed:
      return "malformed";
  }
  return "invalid";
}

PaymentScope::PaymentScope(std::string_view payment_id, const Money& amount) noexcept
    : ScopeCalls("payment process", sdk::scope_options(SpanKind::kInternal)) {
  set_attribute("payment.id", payment_id);
  sdk::set_money(ref(), sdk::kPaymentAmount, amount);
  sdk::set_openinference_kind(ref(), "TOOL");
}

PaymentScope& PaymentScope::provider(std::string_view name) noexcept {
  provider_.assign(name);
  return set_attribute("payment.provider", name);
}

PaymentScope& PaymentScope::method(std::string_view name) noexcept {
  return set_attribute("payment.method", name);
}

PaymentScope& PaymentScope::webhook_sent_at(std::int64_t unix_ns) noexcept {
  // Clocks of two companies: what arrives before it was sent has taken no time.
  const std::int64_t elapsed_ns = sdk::read_clock_ns(CLOCK_REALTIME) - unix_ns;
  return webhook_latency_ms(std::max<std::int64_t>(elapsed_ns, 0) / 1'000'000);
}

PaymentScope& PaymentScope::webhook_latency_ms(std::int64_t milliseconds) noexcept {
  return set_attribute("payment.webhook.latency_ms", milliseconds);
}

PaymentScope& PaymentScope::signature(SignatureResult result) noexcept {
  const std::string_view text = to_string(result);
  set_attribute("payment.webhook.signature", text);
  if (result == SignatureResult::kValid) return *this;
  const sdk::SpanName reason("signature", text);
  return fail(reason.view());
}

PaymentScope& PaymentScope::declined(std::string_view reason) noexcept {
  set_attribute("payment.decline.reason", reason);
  return set_outcome(Outcome::kRejected);
}

void PaymentScope::end() noexcept {
  if (!begin_end()) return;
  set_attribute("payment.outcome", status_label());
  if (is_timed()) {
    instruments().record_payment(provider_.or_else("unknown"), status_label(), elapsed_ms());
  }
  finish_end();
}

}  // namespace v1
}  // namespace binnacle
