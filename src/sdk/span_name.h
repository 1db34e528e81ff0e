#pragma once

#include "sdk/fields.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

// A span name of an operation and its object ("chat gpt-4o"), put together on the stack.

namespace binnacle::sdk {

class SpanName {
 public:
  /// Without the blank if `object` is empty. What is longer than 255 bytes is cut.
  SpanName(std::string_view operation, std::string_view object) noexcept {
    append(operation);
    if (object.empty()) return;
    append(" ");
    append(object);
  }
  std::string_view view() const noexcept { return {text_, size_}; }

 private:
  void append(std::string_view text) noexcept {
    text = cut_text(text, sizeof text_ - size_);
    std::memcpy(text_ + size_, text.data(), text.size());
    size_ += text.size();
  }

  std::size_t size_ = 0;
  char text_[255];
};

}  // namespace binnacle::sdk
