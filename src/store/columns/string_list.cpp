#include "store/columns/string_list.h"

#include "store/columns/int_column.h"

namespace binnacle::columns {

void append_strings(std::string& out, std::span<const std::string_view> strings) {
  std::vector<std::uint64_t> lengths;
  lengths.reserve(strings.size());
  std::uint64_t total = 0;
  for (const std::string_view s : strings) {
    lengths.push_back(s.size());
    total += s.size();
  }
  put_varint(out, strings.size());
  append_ints(out, lengths);
  out.reserve(out.size() + total);
  for (const std::string_view s : strings) out.append(s);
}

bool read_strings(ByteReader& reader, std::uint64_t limit, std::vector<std::string_view>& strings) {
  strings.clear();
  const std::uint64_t count = reader.count(limit);
  std::vector<std::uint64_t> lengths;
  if (!read_ints(reader, count, lengths)) return false;
  strings.reserve(count);
  for (const std::uint64_t length : lengths) {
    strings.push_back(reader.bytes(length));
    if (reader.failed()) return false;
  }
  return true;
}

}  // namespace binnacle::columns
