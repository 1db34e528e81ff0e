#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

// An amount of money as payment systems count it: a whole number of the currency's smallest unit
// (cents of EUR, yen of JPY, thousandths of KWD: ISO 4217), never a floating-point number, which
// could not hold 0.10. A plain value.
//
//   binnacle::Money price(4200, "EUR");        // 42 euros
//   binnacle::Money wrong(42.0, "EUR");        // does not compile

namespace binnacle {
inline namespace v1 {

class Money {
 public:
  /// `currency` is an ISO 4217 code, in any case; what is none becomes ISO's "no currency".
  template <
      typename Integer,
      std::enable_if_t<std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, int> = 0>
  constexpr Money(Integer minor_units, std::string_view currency) noexcept
      : minor_units_(static_cast<std::int64_t>(minor_units)) {
    if (currency.size() != 3) return;
    char code[3] = {};
    for (std::size_t i = 0; i < 3; ++i) {
      const char c = currency[i];
      const bool is_lower = c >= 'a' && c <= 'z';
      if (!is_lower && (c < 'A' || c > 'Z')) return;
      code[i] = is_lower ? static_cast<char>(c - 'a' + 'A') : c;
    }
    for (std::size_t i = 0; i < 3; ++i) currency_[i] = code[i];
  }
  template <typename Real, std::enable_if_t<std::is_floating_point_v<Real>, int> = 0>
  Money(Real minor_units, std::string_view currency) = delete;

  constexpr std::int64_t minor_units() const noexcept { return minor_units_; }
  /// Three upper-case letters; valid as long as this object.
  constexpr std::string_view currency() const noexcept { return {currency_, 3}; }

 private:
  std::int64_t minor_units_;
  // tidy: allow(unfinished) ISO 4217's code for "no currency"
  char currency_[4] = {'X', 'X', 'X', '\0'};
};

}  // namespace v1
}  // namespace binnacle
