#include "sdk/text.h"

#include "sdk/w3c_headers.h"

#include <algorithm>

namespace binnacle::sdk {

std::string lowercase(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

std::vector<std::string> split_names(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    std::string name = lowercase(trim(next_member(list)));
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::string without_credentials(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", host), url.size());
  const std::size_t at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < host) return std::string(url);
  return std::string(url.substr(0, host)).append(url.substr(at + 1));
}

std::string excerpt(std::string_view text, std::size_t limit) {
  std::string result;
  for (const char c : text.substr(0, limit)) result += c >= ' ' && c < 0x7F ? c : ' ';
  return result;
}

}  // namespace binnacle::sdk
