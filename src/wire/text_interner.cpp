#include "wire/text_interner.h"

#include "codec/utf8.h"

namespace binnacle {

StringId TextInterner::first_seen(StringId id, std::string_view text) {
  if (codec::is_valid_utf8(text)) return id;
  const StringId good = table_.intern(codec::repair_utf8(text));
  repaired_.emplace(id.value, good);
  return good;
}

StringId TextInterner::repaired(StringId id) const {
  const auto found = repaired_.find(id.value);
  return found == repaired_.end() ? id : found->second;
}

StringId TextInterner::intern_bytes(std::string_view data) {
  const std::size_t before = table_.size();
  const StringId id = table_.intern(data);
  // The same bytes may come again as text.
  if (table_.size() != before) first_seen(id, data);
  return id;
}

}  // namespace binnacle
