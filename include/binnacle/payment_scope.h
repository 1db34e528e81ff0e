#pragma once

#include <binnacle/money.h>
#include <binnacle/scope.h>

#include <cstdint>
#include <string_view>

// The processing of a payment. See scope.h for what all scopes share.
//
//   auto payment = binnacle::trace_payment_processing("pay-17", binnacle::Money(4200, "EUR"));
//   payment.provider("stripe").webhook_sent_at(event.created_unix_ns);
//   payment.signature(binnacle::SignatureResult::kValid);
//
// Span "payment process", internal. Instrument: payment.processing.duration (provider, status). The
// amount is content (content.h), its currency is not. An amount in floating point does not compile.

namespace binnacle {
inline namespace v1 {

/// What checking a webhook's signature gave.
enum class SignatureResult : std::uint8_t { kValid, kInvalid, kExpired, kMissing, kMalformed };
/// "valid", "invalid", "expired", "missing", "malformed".
std::string_view to_string(SignatureResult result) noexcept;

class [[nodiscard]] PaymentScope : public detail::ScopeCalls<PaymentScope> {
 public:
  PaymentScope(std::string_view payment_id, const Money& amount) noexcept;
  ~PaymentScope() { end(); }

  PaymentScope& provider(std::string_view name) noexcept;
  /// card, sepa_debit, ...: one of a small set.
  PaymentScope& method(std::string_view name) noexcept;
  /// From the provider's sending of the webhook until now, or as measured.
  PaymentScope& webhook_sent_at(std::int64_t unix_ns) noexcept;
  PaymentScope& webhook_latency_ms(std::int64_t milliseconds) noexcept;
  /// Anything but kValid fails the payment with error.type "signature <result>".
  PaymentScope& signature(SignatureResult result) noexcept;
  /// The provider said no: Outcome::kRejected, payment.decline.reason.
  PaymentScope& declined(std::string_view reason) noexcept;

  /// Records the instrument and ends the span; the destructor does it otherwise.
  void end() noexcept;

 private:
  detail::ShortText<63> provider_;
};

inline PaymentScope trace_payment_processing(std::string_view payment_id,
                                             const Money& amount) noexcept {
  return PaymentScope(payment_id, amount);
}

}  // namespace v1
}  // namespace binnacle
