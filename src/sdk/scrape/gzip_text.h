#pragma once

#include <string>
#include <string_view>

// gzip for the pages of the scrape server. Pure; callable from any thread.

namespace binnacle::sdk {

/// `text` as one gzip member (level 1); empty if memory lacks.
std::string gzip_text(std::string_view text);

}  // namespace binnacle::sdk
