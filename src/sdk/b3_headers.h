#pragma once

#include "sdk/remote_context.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// The grammar of B3 (github.com/openzipkin/b3-propagation), single and multiple headers. Pure
// functions.

namespace binnacle::sdk {

/// "{trace id}-{span id}[-{state}[-{parent span id}]]", or the state alone: 0, 1 or d. Ids are 16
/// or 32 lowercase digits; the shorter one is padded on the left. Without a state the decision is
/// left to us. nullopt if malformed.
std::optional<RemoteContext> parse_b3(std::string_view value) noexcept;

/// Empty means absent. x-b3-parentspanid is of no use to us.
struct B3Headers {
  std::string_view trace_id;
  std::string_view span_id;
  std::string_view sampled;  ///< 1 or 0; "true" and "false" were written before B3 was specified
  std::string_view flags;    ///< 1: debug
};
/// nullopt if malformed or nothing is there.
std::optional<RemoteContext> parse_b3_multi(const B3Headers& headers) noexcept;

inline constexpr std::size_t kMaxB3Length = 51;
/// Writes the b3 header of a context; its length, 0 if there is nothing to say.
std::size_t format_b3(const SpanContext& context, std::uint8_t marks, char* out) noexcept;
/// "1", "0", "d", or "" if the decision is left to the receiver.
std::string_view b3_state(const SpanContext& context, std::uint8_t marks) noexcept;

}  // namespace binnacle::sdk
