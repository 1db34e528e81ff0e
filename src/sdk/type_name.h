#pragma once

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <typeinfo>

// A type's name as it stands in the source ("std::out_of_range"). Allocates; for exceptions only.

namespace binnacle::sdk {

class TypeName {
 public:
  explicit TypeName(const std::type_info& type) noexcept
      : readable_(abi::__cxa_demangle(type.name(), nullptr, nullptr, nullptr)),
        view_(readable_ != nullptr ? readable_.get() : type.name()) {}

  /// Valid as long as this object.
  std::string_view view() const noexcept { return view_; }

 private:
  struct Free {
    void operator()(char* text) const noexcept { std::free(text); }
  };
  std::unique_ptr<char, Free> readable_;
  std::string_view view_;
};

}  // namespace binnacle::sdk
