#include "sdk/json_text.h"

#include <cstring>

namespace binnacle::sdk {

namespace {

/// Hands the string out piece by piece: runs of plain bytes, and escapes. Stops when told to.
template <typename Take>
bool write_json_string(std::string_view text, Take take) {
  constexpr char kDigits[] = "0123456789abcdef";
  if (!take(std::string_view("\""))) return false;
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    if (!take(text.substr(plain, i - plain))) return false;
    plain = i + 1;
    const char coded[] = {'\\', 'u', '0', '0', kDigits[c >> 4U], kDigits[c & 0xFU]};
    const char marked[] = {'\\', c == '\n' ? 'n' : c == '\t' ? 't' : static_cast<char>(c)};
    const bool is_coded = c < 0x20 && c != '\n' && c != '\t';
    if (!take(is_coded ? std::string_view(coded, 6) : std::string_view(marked, 2))) return false;
  }
  return take(text.substr(plain)) && take(std::string_view("\""));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  write_json_string(text, [&](std::string_view piece) {
    out += piece;
    return true;
  });
}

std::size_t put_json_string(char* out, std::size_t room, std::string_view text) noexcept {
  std::size_t used = 0;
  const bool fits = write_json_string(text, [&](std::string_view piece) {
    if (piece.size() > room - used) return false;
    if (!piece.empty()) std::memcpy(out + used, piece.data(), piece.size());
    used += piece.size();
    return true;
  });
  return fits ? used : 0;
}

}  // namespace binnacle::sdk
