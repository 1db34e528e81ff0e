#include "sdk/warning.h"

#include <sys/uio.h>
#include <unistd.h>

#include <atomic>

namespace binnacle::sdk {

namespace {

std::atomic<bool> g_is_silent{false};

}  // namespace

void set_warnings(bool are_written) noexcept {
  g_is_silent.store(!are_written, std::memory_order_relaxed);
}

void warn(std::string_view message) noexcept {
  if (g_is_silent.load(std::memory_order_relaxed)) return;
  const auto piece = [](std::string_view text) {
    return iovec{const_cast<char*>(text.data()), text.size()};
  };
  const iovec line[] = {piece("binnacle: "), piece(message), piece("\n")};
  // Nobody can be told if stderr is closed.
  [[maybe_unused]] const ssize_t written = writev(STDERR_FILENO, line, 3);
}

}  // namespace binnacle::sdk
