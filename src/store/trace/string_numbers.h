#pragma once

#include "model/string_table.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// How strings are named inside encoded spans: numbers below the dictionary's size are the
// dictionary's (of the part), the rest count the block's own strings in order of first use - so a
// column of values that occur once each is 0, 1, 2, ... and costs nothing. A log record has the
// dictionary {""}. Thread-confined helpers of one encode or decode.

namespace binnacle::trace {

/// Writing side.
class StringNumbering {
 public:
  StringNumbering(const StringTable& strings, const StringTable& dictionary)
      : strings_(&strings),
        dictionary_(&dictionary),
        number_of_(strings.size(), kUnnumbered),
        next_(static_cast<std::uint32_t>(dictionary.size())) {}

  std::uint64_t number(StringId id) {
    std::uint32_t& known = number_of_[id.value];
    if (known == kUnnumbered) [[unlikely]] {
      known = first_use(id);
    }
    return known;
  }
  /// The block's own strings, in the order of their numbers.
  [[nodiscard]] const std::vector<std::string_view>& own() const noexcept { return own_; }

 private:
  static constexpr std::uint32_t kUnnumbered = 0xFFFF'FFFF;
  std::uint32_t first_use(StringId id) {
    const std::string_view text = (*strings_)[id];
    if (const StringId in = dictionary_->find(text); in != StringTable::kAbsent) return in.value;
    own_.push_back(text);
    return next_++;
  }

  const StringTable* strings_;
  const StringTable* dictionary_;
  std::vector<std::uint32_t> number_of_;
  std::vector<std::string_view> own_;
  std::uint32_t next_;
};

/// Reading side: interns a string into the batch when its number is first met.
class StringResolver {
 public:
  StringResolver(std::span<const std::string_view> dictionary,
                 std::span<const std::string_view> own, StringTable& out)
      : dictionary_(dictionary), own_(own), out_(&out) {
    id_of_.resize(dictionary.size() + own.size(), kUnresolved);
  }

  /// False if there is no such number.
  bool resolve(std::uint64_t number, StringId& id) {
    if (number >= id_of_.size()) return false;
    std::uint32_t& known = id_of_[number];
    if (known == kUnresolved) [[unlikely]] {
      known = out_->intern(text(number)).value;
    }
    id = StringId{known};
    return true;
  }
  /// The text behind a number below size().
  [[nodiscard]] std::string_view text(std::uint64_t number) const {
    return number < dictionary_.size() ? dictionary_[number] : own_[number - dictionary_.size()];
  }
  [[nodiscard]] std::size_t size() const noexcept { return id_of_.size(); }

 private:
  static constexpr std::uint32_t kUnresolved = 0xFFFF'FFFF;
  std::span<const std::string_view> dictionary_;
  std::span<const std::string_view> own_;
  StringTable* out_;
  std::vector<std::uint32_t> id_of_;
};

}  // namespace binnacle::trace
