#pragma once

#include "model/string_table.h"

#include <cstdint>
#include <string_view>
#include <unordered_map>

// Interns text from binary formats, where nothing before has made sure that it is UTF-8: the check
// runs once per distinct string, and ill-formed text is stored with U+FFFD in place of what is no
// UTF-8 (as protobuf's Go and Java decoders and browsers do), so that everything behind can write
// it into JSON. Bytes are stored as they are. Thread-confined; the table must outlive it.
//
//   TextInterner text(batch.strings);
//   row.name = text.intern(name);

namespace binnacle {

class TextInterner {
 public:
  explicit TextInterner(StringTable& table) : table_(table) {}

  /// The number of `text`, repaired if it is no UTF-8.
  StringId intern(std::string_view text) {
    const std::size_t before = table_.size();
    const StringId id = table_.intern(text);
    if (table_.size() != before) return first_seen(id, text);
    return repaired_.empty() ? id : repaired(id);
  }

  /// The number of `data` exactly as it is: bytes values and packed values.
  StringId intern_bytes(std::string_view data);

  [[nodiscard]] StringTable& table() noexcept { return table_; }

 private:
  StringId first_seen(StringId id, std::string_view text);
  [[nodiscard]] StringId repaired(StringId id) const;

  StringTable& table_;
  // From the number of ill-formed bytes to that of their repaired text. Nearly always empty.
  std::unordered_map<std::uint32_t, StringId> repaired_;
};

}  // namespace binnacle
