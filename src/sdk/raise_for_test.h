#pragma once

#include <utility>

// Throwing, for tests of what happens then: nothing of ours throws, the host's code does.

namespace binnacle::sdk {

template <typename Error>
[[noreturn]] void raise(Error&& error) {
  throw std::forward<Error>(error);  // tidy: allow(throw) plays the host
}

}  // namespace binnacle::sdk
