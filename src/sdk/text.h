#pragma once

#include <string>
#include <string_view>
#include <vector>

// Small questions about text that comes from people: environment variables, URLs. Pure functions.

namespace binnacle::sdk {

/// With A-Z as a-z.
std::string lowercase(std::string_view text);

/// The members of a comma-separated list, without spaces, in lower case, without repeats.
std::vector<std::string> split_names(std::string_view list);

/// A URL without user and password, for people to read.
std::string without_credentials(std::string_view url);

/// Printable ASCII of the beginning, for a message.
std::string excerpt(std::string_view text, std::size_t limit);

}  // namespace binnacle::sdk
