#pragma once

#include "sdk/span_name.h"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

// The key of an element of a flattened list ("retrieval.documents.3.document.id"), on the stack.

namespace binnacle::sdk {

class IndexedKey {
 public:
  IndexedKey(std::string_view before, std::uint32_t index, std::string_view after) noexcept {
    append(before);
    const auto [end, failed] = std::to_chars(text_ + size_, text_ + sizeof text_, index);
    if (failed == std::errc{}) size_ = static_cast<std::size_t>(end - text_);
    append(after);
  }
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  void append(std::string_view text) noexcept {
    text = text.substr(0, sizeof text_ - size_);
    text.copy(text_ + size_, text.size());
    size_ += text.size();
  }

  std::size_t size_ = 0;
  char text_[96];
};

}  // namespace binnacle::sdk
