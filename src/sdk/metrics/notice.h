#pragma once

#include <string_view>

// One line on stderr about a mistake in how metrics are used. At most 20 in a process's life: they
// come from mistakes in code, which repeat. Thread-safe; a single write.

namespace binnacle::sdk {

void notice(std::string_view message) noexcept;

}  // namespace binnacle::sdk
