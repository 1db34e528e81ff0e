#include "sdk/metrics/notice.h"

#include <sys/uio.h>
#include <unistd.h>

#include <atomic>

namespace binnacle::sdk {

void notice(std::string_view message) noexcept {
  constexpr int kMaxNotices = 20;
  static std::atomic<int> left{kMaxNotices};
  if (left.fetch_sub(1, std::memory_order_relaxed) <= 0) {
    left.store(0, std::memory_order_relaxed);
    return;
  }
  const auto piece = [](std::string_view text) {
    return iovec{const_cast<char*>(text.data()), text.size()};
  };
  const iovec line[] = {piece("binnacle: "), piece(message), piece("\n")};
  // Nobody can be told if stderr is closed.
  [[maybe_unused]] const ssize_t written = writev(STDERR_FILENO, line, 3);
}

}  // namespace binnacle::sdk
