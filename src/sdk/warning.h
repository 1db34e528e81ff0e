#pragma once

#include <string_view>

// The SDK's only voice: one line on stderr. Callable from any thread.

namespace binnacle::sdk {

/// Writes "binnacle: <message>\n" with a single system call.
void warn(std::string_view message) noexcept;

/// Whether warn() says anything (it does).
void set_warnings(bool are_written) noexcept;

}  // namespace binnacle::sdk
