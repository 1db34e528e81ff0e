#pragma once

#include <string>
#include <string_view>

// Percent-encoding (RFC 3986, 2.1) as headers use it.

namespace binnacle::sdk {

/// `value` as baggage-octets (W3C Baggage 3.3.1): everything else, and '%', is encoded.
std::string percent_encode(std::string_view value);

/// What is no escape stays as it is. `has_plus`: '+' is a space, as in forms (Jaeger's clients).
std::string percent_decode(std::string_view text, bool has_plus = false);

}  // namespace binnacle::sdk
