#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// JSON strings, for the few attributes that hold JSON (RFC 8259, section 7). Pure.

namespace binnacle::sdk {

/// Appends `text` in quotation marks.
void append_json_string(std::string& out, std::string_view text);

/// The same into `room` bytes at `out`; the number of bytes written, or 0 if it does not fit.
std::size_t put_json_string(char* out, std::size_t room, std::string_view text) noexcept;

}  // namespace binnacle::sdk
