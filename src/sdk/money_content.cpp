#include "sdk/money_content.h"

#include <charconv>
#include <cstring>

namespace binnacle::sdk {

void set_money(const SpanRef& span, const MoneyKey& key, const Money& amount) noexcept {
  if (!span.is_recording()) return;
  span.set_attribute(key.currency, amount.currency());
  char text[32];  // "-9223372036854775808 EUR"
  char* end = std::to_chars(text, text + sizeof text, amount.minor_units()).ptr;
  const std::string_view digits(text, static_cast<std::size_t>(end - text));
  if (captures_content()) {
    // The hook sees the digits; what it makes of them is recorded as it is, number or not.
    if (const auto kept = capture(key.minor_units, digits)) {
      if (*kept == digits) {
        span.set_attribute(key.minor_units, amount.minor_units());
      } else {
        span.set_attribute(key.minor_units, *kept);
      }
      return;
    }
  }
  *end++ = ' ';
  std::memcpy(end, amount.currency().data(), amount.currency().size());
  end += amount.currency().size();
  set_hash(span, "content.amount.hash", content_hash({text, static_cast<std::size_t>(end - text)}));
}

}  // namespace binnacle::sdk
