#pragma once

#include "sdk/content_policy.h"

#include <binnacle/money.h>

// Amounts on spans. The currency is recorded, the amount is content: captured it is an integer of
// minor units, else a keyed hash (its length would give its size away).

namespace binnacle::sdk {

struct MoneyKey {
  std::string_view minor_units;
  std::string_view currency;
};
inline constexpr MoneyKey kPaymentAmount{"payment.amount.minor_units", "payment.currency"};
inline constexpr MoneyKey kBidAmount{"bid.amount.minor_units", "bid.currency"};

void set_money(const SpanRef& span, const MoneyKey& key, const Money& amount) noexcept;

}  // namespace binnacle::sdk
