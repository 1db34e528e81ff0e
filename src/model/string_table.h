#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

// The strings of one batch, each stored once and named by a dense number. Decoders intern into it;
// engines map its numbers to their own dictionaries once per distinct string instead of once per
// span. Thread-confined while it grows; const access from several threads is fine afterwards. Views
// stay valid until clear() or destruction (bytes live in blocks that never move).

namespace binnacle {

/// Number of a string in one StringTable. 0 is always the empty string.
struct StringId {
  std::uint32_t value = 0;
  [[nodiscard]] constexpr bool empty() const noexcept { return value == 0; }
  friend constexpr auto operator<=>(const StringId&, const StringId&) = default;
};

class StringTable {
 public:
  StringTable();
  StringTable(StringTable&&) noexcept = default;
  StringTable& operator=(StringTable&&) noexcept = default;

  /// The number of `text`, copied in when new. Amortised O(length). Holds at most 2^32 - 2 strings
  /// (a request's size limit is far below).
  StringId intern(std::string_view text);
  /// The number of `text`, or kAbsent.
  [[nodiscard]] StringId find(std::string_view text) const noexcept;
  static constexpr StringId kAbsent{0xFFFF'FFFF};

  /// The string with this number; `id.value < size()`.
  [[nodiscard]] std::string_view operator[](StringId id) const noexcept {
    const Entry& e = entries_[id.value];
    return {e.data, e.size_bytes};
  }
  /// Distinct strings, the empty one included.
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  /// Heap memory in use, for budgets.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  /// Back to only the empty string; keeps capacity.
  void clear();

 private:
  struct Entry {
    const char* data;
    std::uint32_t size_bytes;
    std::uint32_t hash;
  };
  struct Block {
    std::unique_ptr<char[]> data;
    std::size_t size_bytes;
  };

  const char* store(std::string_view text);
  void grow_slots();

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  // open addressing; index into entries_ or kFreeSlot
  std::vector<Block> blocks_;
  std::size_t block_ = 0;  // block being filled
  std::size_t block_used_ = 0;
};

}  // namespace binnacle
