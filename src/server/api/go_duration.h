#pragma once

#include "base/error.h"

#include <cstdint>
#include <string_view>

// Durations as Jaeger's API takes them: Go's time.ParseDuration ("300ms", "-1.5h", "2h45m").

namespace binnacle {

/// Nanoseconds. Accepts an optional sign, then one or more decimal numbers each with a unit of ns,
/// us, µs (U+00B5), μs (U+03BC), ms, s, m or h; "0" needs no unit. Fractions below a nanosecond are
/// cut off. kInvalidArgument for anything else, and beyond ±292 years; the message has the text and
/// an example.
[[nodiscard]] Result<std::int64_t> parse_go_duration(std::string_view text);

}  // namespace binnacle
