#include "sdk/warning.h"

#include <sys/uio.h>
#include <unistd.h>

namespace binnacle::sdk {

void warn(std::string_view message) noexcept {
  const auto piece = [](std::string_view text) {
    return iovec{const_cast<char*>(text.data()), text.size()};
  };
  const iovec line[] = {piece("binnacle: "), piece(message), piece("\n")};
  // Nobody can be told if stderr is closed.
  [[maybe_unused]] const ssize_t written = writev(STDERR_FILENO, line, 3);
}

}  // namespace binnacle::sdk
