#pragma once

#include <binnacle/context.h>

#include <cstddef>
#include <optional>
#include <string_view>

// The grammar of W3C Trace Context (level 2) and W3C Baggage header values. Pure functions.

namespace binnacle::sdk {

/// Limits of the specifications: Trace Context 3.3.1.1 (32 members), Baggage 3.3.2 (64 members,
/// 8192 bytes). Trace Context wants at least 512 characters of tracestate to be passed on; longer
/// ones up to kMaxTraceStateBytes are, too.
inline constexpr std::size_t kMaxTraceStateMembers = 32;
inline constexpr std::size_t kMaxTraceStateBytes = 4096;
inline constexpr std::size_t kMaxBaggageMembers = 64;
inline constexpr std::size_t kMaxBaggageBytes = 8192;

/// Without spaces and tabs at both ends.
std::string_view trim(std::string_view text) noexcept;

/// A traceparent; nullopt if malformed. Versions from 01 to fe are read by the rules of 00, as far
/// as that goes.
std::optional<SpanContext> parse_traceparent(std::string_view value) noexcept;

/// Whether every member of the list is well-formed, keys are unique and limits are kept.
bool is_valid_trace_state(std::string_view list) noexcept;

/// Whether the list is well-formed and within limits.
bool is_valid_baggage(std::string_view list) noexcept;
/// An RFC 9110 token, as keys of baggage must be.
bool is_token(std::string_view text) noexcept;

/// Of a member of baggage, without white space and properties.
std::string_view baggage_key(std::string_view member) noexcept;
std::string_view baggage_value(std::string_view member) noexcept;

/// Cuts the first member off a comma-separated list.
std::string_view next_member(std::string_view& list) noexcept;

}  // namespace binnacle::sdk
