#include "base/check.h"
#include "sdk/url_parts.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

// Whatever a URL looks like: what is said about it lies inside it and holds no user name, password,
// query or fragment.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view url(reinterpret_cast<const char*>(data), size);
  const binnacle::sdk::UrlParts parts = binnacle::sdk::split_url(url);
  for (const std::string_view part : {parts.scheme, parts.host, parts.authority, parts.path}) {
    if (part.empty()) continue;
    BINNACLE_CHECK(
        part.data() >= url.data() && part.data() + part.size() <= url.data() + url.size(),
        "parts lie in the URL");
    BINNACLE_CHECK(part.find_first_of("?#;") == std::string_view::npos, "no query in a part");
  }
  BINNACLE_CHECK(parts.host.find_first_of("/\\@%") == std::string_view::npos, "a host is a name");
  BINNACLE_CHECK(parts.authority.find('@') == std::string_view::npos, "nobody is named");
  // What stands before an '@' in the authority is never taken for the host.
  const std::size_t authority_end =
      url.find_first_of("/\\?#;", parts.scheme.empty() ? 0 : parts.scheme.size() + 3);
  const std::size_t at = url.substr(0, authority_end).rfind('@');
  if (at != std::string_view::npos && !parts.host.empty()) {
    BINNACLE_CHECK(parts.host.data() > url.data() + at, "the host follows the user");
  }
  return 0;
}
